package io.evenkeel.server.config;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Durations as people write them: a whole number with {@code ms}, {@code s}, {@code m} or {@code
 * h}.
 */
public final class Durations {

  /** The longest one, a year: so that nanoseconds in a {@code long} have room for sums. */
  public static final Duration LONGEST = Duration.ofDays(365);

  private static final Pattern WRITTEN = Pattern.compile("(\\d{1,12})(ms|s|m|h)");

  private Durations() {}

  /**
   * Reads one, from {@code 0s} to {@link #LONGEST}.
   *
   * @throws IllegalArgumentException if it is none; the message says what one looks like
   */
  public static Duration parse(String text) {
    Matcher written = WRITTEN.matcher(text);
    if (!written.matches()) {
      throw unreadable(text);
    }
    long n = Long.parseLong(written.group(1));
    Duration duration =
        switch (written.group(2)) {
          case "ms" -> Duration.ofMillis(n);
          case "s" -> Duration.ofSeconds(n);
          case "m" -> Duration.ofMinutes(n);
          default -> Duration.ofHours(n);
        };
    if (duration.compareTo(LONGEST) > 0) {
      throw unreadable(text);
    }
    return duration;
  }

  /** As {@link #parse} reads it, in the largest unit that loses nothing; below 1 ms is cut off. */
  public static String format(Duration duration) {
    long millis = duration.toMillis();
    if (millis == 0 || millis % 1_000 != 0) {
      return millis == 0 ? "0s" : millis + "ms";
    }
    long seconds = millis / 1_000;
    if (seconds % 60 != 0) {
      return seconds + "s";
    }
    return seconds % 3_600 == 0 ? seconds / 3_600 + "h" : seconds / 60 + "m";
  }

  private static IllegalArgumentException unreadable(String text) {
    return new IllegalArgumentException(
        "'" + text + "' (expected: a duration such as 500ms, 5s, 2m or 1h, up to 8760h)");
  }
}
