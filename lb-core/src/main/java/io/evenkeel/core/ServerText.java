package io.evenkeel.core;

import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** How a server is written in one line: what {@link Server#parse} reads. */
final class ServerText {

  private static final String SYNTAX =
      "HOST:PORT[,weight=N][,tier=N][,zone=Z][,max_concurrent=N][,id=NAME]";

  private ServerText() {}

  static Server parse(@Nullable String text) {
    if (text == null) {
      throw new IllegalArgumentException("server: null (expected: " + SYNTAX + ")");
    }
    String[] parts = text.split(",", -1);
    HostPort address = address(text, parts[0]);
    Server server = Server.of(address.host(), address.port());
    Set<String> seen = new HashSet<>();
    for (int i = 1; i < parts.length; i++) {
      int equals = parts[i].indexOf('=');
      if (equals < 0) {
        throw wrong(text, "'" + parts[i] + "' is no KEY=VALUE (expected: " + SYNTAX + ")");
      }
      String key = parts[i].substring(0, equals);
      if (!seen.add(key)) {
        throw wrong(text, key + " is given twice (expected: once)");
      }
      server = with(text, server, key, parts[i].substring(equals + 1));
    }
    return server;
  }

  private static HostPort address(String text, String part) {
    try {
      return HostPort.parse(part, 1);
    } catch (IllegalArgumentException e) {
      throw wrong(text, e.getMessage() + " (expected: " + SYNTAX + ", IPv6 as in [::1]:80)");
    }
  }

  private static Server with(String text, Server server, String key, String value) {
    try {
      return switch (key) {
        case "weight" -> server.withWeight(number(key, value, Server.MAX_WEIGHT));
        case "tier" -> server.withTier(number(key, value, Integer.MAX_VALUE));
        case "max_concurrent" -> server.withMaxConcurrent(number(key, value, Integer.MAX_VALUE));
        case "zone" -> server.withZone(value);
        case "id" -> server.withId(value);
        default ->
            throw new IllegalArgumentException(
                "unknown key '" + key + "' (expected: weight, tier, zone, max_concurrent or id)");
      };
    } catch (IllegalArgumentException e) {
      throw wrong(text, String.valueOf(e.getMessage()));
    }
  }

  private static int number(String key, String value, int highest) {
    if (value.matches("\\d{1,10}")) {
      long n = Long.parseLong(value);
      if (n <= highest) {
        return (int) n;
      }
    }
    throw new IllegalArgumentException(
        key + " '" + value + "' (expected: a whole number, 0 to " + highest + ")");
  }

  private static IllegalArgumentException wrong(String text, String what) {
    return new IllegalArgumentException("'" + text + "': " + what);
  }
}
