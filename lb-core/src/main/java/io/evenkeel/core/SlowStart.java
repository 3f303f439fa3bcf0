package io.evenkeel.core;

import java.time.Duration;

/**
 * How a server that has just become eligible gets up to its weight: after a share t of the window
 * it has max({@value #LEAST_SHARE}, t^(1/aggression)) of it, as in Envoy. Immutable.
 *
 * @param windowNanos above 0; 0 for no slow start
 */
record SlowStart(long windowNanos, double aggression) {

  static final SlowStart OFF = new SlowStart(0, 1);
  static final double LEAST_SHARE = 0.1;

  /** Of a {@link Node#eligibleSince}: it is not. */
  static final long NOT_ELIGIBLE = Long.MIN_VALUE;

  /** Of a {@link Node#eligibleSince}: for so long that it has all its weight. */
  static final long LONG_AGO = Long.MIN_VALUE + 1;

  /** Weights are whole numbers: while someone has only a share, all are taken times this. */
  private static final int SCALE = 100;

  private static final int STEPS = 50;
  private static final long SHORTEST_STEP_NANOS = 100_000_000;

  /** Checked. */
  static SlowStart of(Duration window, double aggression) {
    if (window.isZero() || window.isNegative()) {
      throw new IllegalArgumentException("slowStart: " + window + " (expected: > 0)");
    }
    if (!(aggression > 0 && aggression < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("aggression: " + aggression + " (expected: > 0)");
    }
    return new SlowStart(Timers.nanos(window), aggression);
  }

  boolean isOn() {
    return windowNanos > 0;
  }

  /** How long to wait before shares are worked out again. */
  long stepNanos() {
    return Math.max(windowNanos / STEPS, SHORTEST_STEP_NANOS);
  }

  /**
   * Since when a node is eligible, as of a new snapshot.
   *
   * @param isFirst whether there was no server before, so that nobody could take a larger share
   */
  long since(Node node, boolean isFirst, long nowNanos) {
    if (!node.isEligible()) {
      return NOT_ELIGIBLE;
    }
    long before = node.eligibleSince();
    if (before == NOT_ELIGIBLE) {
      return isFirst ? LONG_AGO : Math.max(LONG_AGO + 1, nowNanos);
    }
    return before != LONG_AGO && nowNanos - before >= windowNanos ? LONG_AGO : before;
  }

  /** Its share of its weight now, {@value #LEAST_SHARE} to 1. */
  double share(long since, long nowNanos) {
    if (since == LONG_AGO || since == NOT_ELIGIBLE) { // not eligible, and picked: in a panic
      return 1;
    }
    double t = Math.max(0, nowNanos - since) / (double) windowNanos;
    return Math.min(1, Math.max(LEAST_SHARE, Math.pow(t, 1 / aggression)));
  }

  /** Above 0 for any weight above 0: a server always starts. */
  static int scaled(int weight, double share) {
    return weight == 0 ? 0 : (int) Math.max(1, Math.round(weight * SCALE * share));
  }
}
