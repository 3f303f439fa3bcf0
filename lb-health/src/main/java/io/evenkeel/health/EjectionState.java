package io.evenkeel.health;

/**
 * Where one server stands with its ejections. An immutable value; {@link #eject} and {@link #back}
 * are pure functions of state, policy, time and chance.
 *
 * <pre>
 * state        eject                                          back
 * ----------   --------------------------------------------   ----------
 * in use n     ejected m, m = 1 + what is left of n: one      –
 *              less for each base time in use since
 * ejected m    –                                              in use m
 * </pre>
 *
 * <p>An ejection lasts m base times, at most the longest, less its jitter. m does not grow beyond
 * what makes the longest, so that a server that was out for a day is forgiven as soon as another.
 *
 * @param times how often it was ejected, less what time in use has taken off
 * @param sinceNanos since when it is in use or ejected, on the detector's clock
 * @param lengthNanos how long it is ejected; 0 in use
 */
record EjectionState(int times, long sinceNanos, long lengthNanos) {

  static EjectionState inUse(long nowNanos) {
    return new EjectionState(0, nowNanos, 0);
  }

  /** How long it has been so; not negative, should the clock have been read before. */
  long ageNanos(long nowNanos) {
    return Math.max(0, nowNanos - sinceNanos);
  }

  /**
   * Of one in use.
   *
   * @param chance 0 to below 1, evenly
   */
  EjectionState eject(long nowNanos, double chance, OutlierPolicy policy) {
    long base = policy.ejectionTime().toNanos();
    long longest = policy.maxEjectionTime().toNanos();
    long forgiven = ageNanos(nowNanos) / base;
    long most = (longest + base - 1) / base;
    int next = (int) Math.min(most, Math.max(0, times - forgiven) + 1);
    double whole = Math.min((double) longest, (double) base * next);
    long length = Math.max(1, (long) (whole * (1 - policy.jitter() * chance)));
    return new EjectionState(next, nowNanos, length);
  }

  /** Of an ejected one. */
  EjectionState back(long nowNanos) {
    return new EjectionState(times, nowNanos, 0);
  }
}
