package io.evenkeel.health;

import java.time.Duration;

/**
 * Which outcomes a share of failures is taken of: the last so many, or those of the last so long.
 * An immutable value.
 *
 * <p>Takes, for each server, a bit for each outcome of a window by count, and 20 numbers for one by
 * time.
 *
 * @param count how many outcomes; 0 if it goes by time
 * @param time how long; zero if it goes by count
 * @param minimum how many outcomes there must be before anything is said about them
 */
public record OutcomeWindow(int count, Duration time, int minimum) {

  /** The most that {@link #ofCount} takes. */
  static final int MOST = 100_000;

  private static final Duration SHORTEST = Duration.ofMillis(10);
  private static final Duration LONGEST = Duration.ofDays(1);

  /**
   * As the two methods below make them.
   *
   * @throws IllegalArgumentException if a number is out of range
   */
  public OutcomeWindow {
    if (time.isZero()) {
      Require.inRange("count", count, 1, MOST);
      Require.inRange("minimum", minimum, 1, count);
    } else {
      Require.inRange("count", count, 0, 0);
      Require.inRange("time", time, SHORTEST, LONGEST);
      Require.atLeast("minimum", minimum, 1);
    }
  }

  /**
   * The last outcomes, once there are so many.
   *
   * @param count 1 to 100,000
   * @throws IllegalArgumentException if it is out of range
   */
  public static OutcomeWindow ofCount(int count) {
    return new OutcomeWindow(count, Duration.ZERO, count);
  }

  /**
   * The outcomes of the last so long, to a tenth of that: those of the tenth under way and the nine
   * before. Reads the clock for each outcome.
   *
   * @param time 10 ms to 24 h
   * @param minimum how many there must be in it, 1 or more, before anything is said: without, one
   *     failure in a quiet time would be 100 %
   * @throws IllegalArgumentException if a number is out of range
   */
  public static OutcomeWindow ofTime(Duration time, int minimum) {
    Require.inRange("time", time, SHORTEST, LONGEST);
    return new OutcomeWindow(0, time, minimum);
  }

  boolean isByTime() {
    return count == 0;
  }

  @Override
  public String toString() {
    return isByTime()
        ? "the last " + Require.text(time) + " if there are " + minimum
        : "the last " + count + (minimum == count ? "" : " if there are " + minimum);
  }
}
