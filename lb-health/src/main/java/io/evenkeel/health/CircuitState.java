package io.evenkeel.health;

/**
 * Where a circuit stands. An immutable value; {@link #next} is a pure function of state, input,
 * time and chance.
 *
 * <pre>
 * state       input        next
 * ---------   ----------   ---------------------------------------------------------------
 * CLOSED      TRIP         OPEN, once
 * OPEN n      TIME         HALF_OPEN with all trials free, if its open time is over
 * HALF_OPEN   ADMIT        one trial less free, if one is
 * HALF_OPEN   SUCCESS      one more succeeded; CLOSED, if all have
 * HALF_OPEN   FAILURE      OPEN, once more
 * HALF_OPEN   NEUTRAL      the trial is free again
 * HALF_OPEN   TIME         OPEN, once more, if none is free and the last was taken too long ago
 * </pre>
 *
 * <p>All else changes nothing. SUCCESS, FAILURE and NEUTRAL are those of this period's own trials.
 * The open time is the policy's, doubled for each time in a row that it opened, at most the
 * longest, less its jitter.
 *
 * @param sinceNanos since when it has this status
 * @param times how often it opened since it was closed last; 0 while closed
 * @param openNanos how long it stays open; 0 where it is not
 * @param period counts its half-open periods, this one included
 * @param trials how many must succeed in this period; 0 where it is not half-open
 * @param free trials that may still be taken
 * @param succeeded trials that went well
 * @param takenNanos when the last trial was taken
 */
record CircuitState(
    CircuitBreaker.Status status,
    long sinceNanos,
    int times,
    long openNanos,
    long period,
    int trials,
    int free,
    int succeeded,
    long takenNanos) {

  enum Input {
    TRIP,
    TIME,
    ADMIT,
    SUCCESS,
    FAILURE,
    NEUTRAL
  }

  private static final int MOST_DOUBLINGS = 62;

  static CircuitState closed(long nowNanos) {
    return closed(nowNanos, 0);
  }

  private static CircuitState closed(long nowNanos, long period) {
    return new CircuitState(CircuitBreaker.Status.CLOSED, nowNanos, 0, 0, period, 0, 0, 0, 0);
  }

  /**
   * The state after an input.
   *
   * @param chance 0 to below 1, evenly
   */
  CircuitState next(Input input, long nowNanos, double chance, CircuitPolicy policy) {
    return switch (status) {
      case CLOSED -> input == Input.TRIP ? open(nowNanos, chance, policy) : this;
      case OPEN -> input == Input.TIME && isOver(nowNanos) ? halfOpen(nowNanos, policy) : this;
      case HALF_OPEN ->
          switch (input) {
            case ADMIT -> free > 0 ? trials(free - 1, succeeded, nowNanos) : this;
            case NEUTRAL -> trials(free + 1, succeeded, takenNanos);
            case SUCCESS ->
                succeeded + 1 == trials
                    ? closed(nowNanos, period)
                    : trials(free, succeeded + 1, takenNanos);
            case FAILURE -> open(nowNanos, chance, policy);
            case TIME -> isStuck(nowNanos, policy) ? open(nowNanos, chance, policy) : this;
            case TRIP -> this;
          };
    };
  }

  /** Closed; its trials of before are of another period than those to come. */
  CircuitState reset(long nowNanos) {
    return closed(nowNanos, period);
  }

  /** How long until its open time is over; 0 if it is, or it is not open. */
  long leftNanos(long nowNanos) {
    return Math.max(0, openNanos - ageNanos(nowNanos));
  }

  /** How long it has had this status; not negative, should the clock have been read before. */
  long ageNanos(long nowNanos) {
    return Math.max(0, nowNanos - sinceNanos);
  }

  private boolean isOver(long nowNanos) {
    return nowNanos - sinceNanos >= openNanos;
  }

  private boolean isStuck(long nowNanos, CircuitPolicy policy) {
    return free == 0 && nowNanos - takenNanos >= policy.trialTimeout().toNanos();
  }

  private CircuitState open(long nowNanos, double chance, CircuitPolicy policy) {
    int next = Math.min(MOST_DOUBLINGS, times + 1);
    double doubled = policy.openTime().toNanos() * (double) (1L << (next - 1));
    double whole = Math.min((double) policy.maxOpenTime().toNanos(), doubled);
    long length = Math.max(1, (long) (whole * (1 - policy.jitter() * chance)));
    return new CircuitState(CircuitBreaker.Status.OPEN, nowNanos, next, length, period, 0, 0, 0, 0);
  }

  private CircuitState halfOpen(long nowNanos, CircuitPolicy policy) {
    return new CircuitState(
        CircuitBreaker.Status.HALF_OPEN,
        nowNanos,
        times,
        0,
        period + 1,
        policy.trials(),
        policy.trials(),
        0,
        nowNanos);
  }

  private CircuitState trials(int nowFree, int nowSucceeded, long nowTakenNanos) {
    return new CircuitState(
        status, sinceNanos, times, openNanos, period, trials, nowFree, nowSucceeded, nowTakenNanos);
  }
}
