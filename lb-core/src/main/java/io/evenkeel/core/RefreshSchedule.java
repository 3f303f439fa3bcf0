package io.evenkeel.core;

import java.time.Duration;

/**
 * When to ask again; pure but for chance. An answer is asked for again when its time to live is
 * over, within bounds. A failure is tried again after 1 s, then 2 s, 4 s and so on, up to 30 s, and
 * never later than the upper bound. Each is moved by up to 10 % either way, so that many clients
 * that started together do not ask together for ever. That comes after the bounds: at a bound they
 * would all meet again.
 *
 * @param minNanos how soon an answer is asked for again at the earliest; above 0
 * @param maxNanos how soon at the latest; at least {@code minNanos}
 */
record RefreshSchedule(long minNanos, long maxNanos, Randomness random) {

  private static final long FIRST_RETRY_NANOS = Duration.ofSeconds(1).toNanos();
  private static final long LAST_RETRY_NANOS = Duration.ofSeconds(30).toNanos();
  private static final int DOUBLINGS = 5;

  /** Every so often, whatever the answer says. */
  static RefreshSchedule every(Duration interval, Randomness random) {
    return new RefreshSchedule(interval.toNanos(), interval.toNanos(), random);
  }

  /**
   * How long to wait after an answer.
   *
   * @param ttlNanos how long it may be relied on, 0 or more
   */
  long afterAnswer(long ttlNanos) {
    return jittered(Math.min(Math.max(ttlNanos, minNanos), maxNanos));
  }

  /**
   * How long to wait after a failure.
   *
   * @param inARow which one it is since the last answer, 1 or more
   */
  long afterFailure(long inARow) {
    long doubled = FIRST_RETRY_NANOS << Math.min(inARow - 1, DOUBLINGS);
    return jittered(Math.min(doubled, Math.min(LAST_RETRY_NANOS, maxNanos)));
  }

  private long jittered(long nanos) {
    long tenth = nanos / 10;
    return nanos - tenth + random.next(2 * tenth + 1);
  }
}
