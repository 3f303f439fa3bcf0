package io.evenkeel.benchmarks.simulation;

import java.time.Duration;

/**
 * When one client's requests arrive: independently of each other and of how the ones before went (a
 * Poisson process, an open loop), at a rate that may rise in bursts. All clients' bursts come at
 * the same times.
 *
 * @param period how long from the beginning of one burst to the next; zero for none
 * @param burst how long a burst lasts
 * @param factor the rate in a burst, as a multiple of the rate outside
 */
record Arrivals(Duration period, Duration burst, double factor) {

  /** The same rate all the time. */
  static Arrivals steady() {
    return new Arrivals(Duration.ZERO, Duration.ZERO, 1);
  }

  /**
   * When the next one arrives, in nanoseconds.
   *
   * @param now when the last one did
   * @param meanGap nanoseconds from one to the next, on average over a whole period
   */
  double next(double now, double meanGap, Chance chance) {
    double left = chance.exponential() * meanGap;
    if (period.isZero()) {
      return now + left;
    }
    double whole = period.toNanos();
    double high = burst.toNanos();
    double base = whole / (whole + high * (factor - 1)); // rates beside the mean rate
    double begin = now - now % whole;
    for (double time = now; ; ) {
      boolean inBurst = time < begin + high;
      double rate = inBurst ? base * factor : base;
      double end = inBurst ? begin + high : begin + whole;
      if (left <= (end - time) * rate) {
        return time + left / rate;
      }
      left -= (end - time) * rate;
      time = end;
      if (!inBurst) {
        begin = end;
      }
    }
  }
}
