package io.evenkeel.core;

import java.time.Duration;

/** The ranges of settings. */
final class Bounds {

  private Bounds() {}

  /** The value, if it is in its range. */
  static Duration check(String name, Duration value, Duration lowest, Duration highest) {
    if (value.compareTo(lowest) < 0 || value.compareTo(highest) > 0) {
      throw new IllegalArgumentException(
          name + ": " + value + " (expected: " + lowest + " to " + highest + ")");
    }
    return value;
  }
}
