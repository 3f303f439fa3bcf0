package io.evenkeel.health;

import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/** What policies ask of their numbers: one line, {@code name: value (expected: …)}. */
final class Require {

  /** The longest time in a policy. */
  static final Duration LONGEST = Duration.ofDays(1);

  private static final Duration SHORTEST = Duration.ofMillis(1);

  private Require() {}

  static int atLeast(String name, int value, int least) {
    if (value < least) {
      throw refused(name, value, ">= " + least);
    }
    return value;
  }

  static int inRange(String name, int value, int least, int most) {
    if (value < least || value > most) {
      throw refused(name, value, least + " to " + most);
    }
    return value;
  }

  /** Of a time: 1 ms to 24 h. */
  static Duration time(String name, Duration value) {
    return inRange(name, value, SHORTEST, LONGEST);
  }

  static Duration inRange(String name, Duration value, Duration least, Duration most) {
    Objects.requireNonNull(value, name);
    if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
      throw refused(name, HealthPolicy.text(value), text(least) + " to " + text(most));
    }
    return value;
  }

  /** 0 to 1. */
  static double share(String name, double value) {
    if (!(value >= 0 && value <= 1)) { // not a number, too
      throw refused(name, value, "0 to 1");
    }
    return value;
  }

  /** Of a share that is to be exceeded: 0 to below 1, for there is no more than all of them. */
  static double exceedable(String name, double value) {
    if (!(value >= 0 && value < 1)) {
      throw refused(name, value, "0 to below 1");
    }
    return value;
  }

  /** Of a scheduler that was handed in, if one was. */
  static void running(@Nullable ScheduledExecutorService scheduler) {
    if (scheduler != null && scheduler.isShutdown()) {
      throw new IllegalStateException("scheduler: shut down (expected: one that takes tasks)");
    }
  }

  static IllegalArgumentException refused(String name, Object value, String expected) {
    return new IllegalArgumentException(name + ": " + value + " (expected: " + expected + ")");
  }

  /** A duration as people write it, to a millisecond: 3s, 1m30.5s. */
  static String text(Duration duration) {
    Duration shown = Duration.ofMillis(duration.toMillis());
    return shown.toString().substring("PT".length()).toLowerCase(Locale.ROOT);
  }

  static String text(long nanos) {
    return text(Duration.ofNanos(nanos));
  }
}
