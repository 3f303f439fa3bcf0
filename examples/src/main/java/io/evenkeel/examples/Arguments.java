package io.evenkeel.examples;

import io.evenkeel.core.Server;

/** What the examples' command lines have in common. */
final class Arguments {

  private Arguments() {}

  /** A server from {@code HOST:PORT}. */
  static Server server(String argument) {
    int colon = argument.lastIndexOf(':');
    return Server.of(argument.substring(0, colon), Integer.parseInt(argument.substring(colon + 1)));
  }
}
