package io.evenkeel.core;

import java.util.Objects;

/**
 * Something in a balancer's configuration that cannot work as it is meant: see {@link
 * LoadBalancer#warnings()}.
 *
 * @param name what kind of mistake it is; the same in every release, for programs and searches
 * @param text what is wrong and why, in a sentence, for people
 */
public record Warning(String name, String text) {

  /** Neither may be null. */
  public Warning {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(text, "text");
  }

  @Override
  public String toString() {
    return name + ": " + text;
  }
}
