package io.evenkeel.core;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * How long a node takes, as one number of nanoseconds, the cost: a mean that forgets with time (τ =
 * 10 s), however much or little traffic there is. With each sample of latency rtt, Δ after the one
 * before,
 *
 * <pre>cost ← rtt·(1 − e^(−Δ/τ)) + cost·e^(−Δ/τ)</pre>
 *
 * <p>A node without a sample yet takes the first as it is. Where peaks count (Finagle's peak EWMA),
 * a sample above the cost replaces it at once. A failure always does: it counts as 10 times the
 * larger of latency and cost, a cancellation 5 times: whatever {@link FailureKind} takes for one. A
 * failure as the very first sample costs at least {@value #FAILURE_MILLIS} ms, a cancellation
 * {@value #CANCELLATION_MILLIS} ms, so that failing fast never looks good, not even to begin with.
 * A cost is at most {@value #MAX_SECONDS} s, so that even a burst of failures is forgotten in
 * minutes; a longer latency counts as that, or a failure after it would make the cost less.
 *
 * <p><b>Comparing.</b> Unless there are new samples a cost decays toward 0, that a node which was
 * found slow once is tried again some day. As every cost decays at the same rate, who is cheaper
 * does not depend on the time of asking: {@link #compare} brings the older of two costs to the time
 * of the younger and reads no clock.
 *
 * <p><b>Threads.</b> Both fields are volatile and changed by compare-and-set alone; whoever has to
 * repeat one does so because another has got on. An update claims the time since the last update by
 * moving {@link #updated} on, and then applies it to the cost together with its sample. Between the
 * two, others may claim the time after and apply theirs first. So the updates may reach the cost in
 * another order than that of their times, but no time is counted twice, none is lost, and no peak
 * is overwritten unseen. A comparison may see the new time with the old cost, and takes that for a
 * little dearer than it is, for the time between two instructions.
 */
final class Latency {

  static final int FAILURE_FACTOR = 10;
  static final int CANCELLATION_FACTOR = 5;
  static final int FAILURE_MILLIS = 100;
  static final int CANCELLATION_MILLIS = 50;
  static final int MAX_SECONDS = 600;

  private static final double MAX_NANOS = MAX_SECONDS * 1e9;

  /** The cost of who has not answered yet; real ones are 1 or more. */
  private static final double UNKNOWN = 0;

  private static final VarHandle COST;
  private static final VarHandle UPDATED;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      COST = lookup.findVarHandle(Latency.class, "cost", long.class);
      UPDATED = lookup.findVarHandle(Latency.class, "updated", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final NanoClock clock;

  /** Written under the balancer's change lock, read by anyone. */
  private volatile boolean peaks;

  /** The bits of a double, as of {@link #updated}. Atomic, by {@link #COST}. */
  private volatile long cost;

  /** When the cost was updated last. Atomic, by {@link #UPDATED}; never goes back. */
  private volatile long updated;

  /**
   * Of one node.
   *
   * @param peaks whether a sample above the cost replaces it
   */
  Latency(NanoClock clock, boolean peaks) {
    this.clock = clock;
    this.peaks = peaks;
    this.updated = clock.nanoTime();
  }

  /**
   * Has the latency of every member measured from now on, and gives that of the eligible ones, in
   * their order. Under the balancer's change lock, before the snapshot that reads it is published.
   */
  static Latency[] measure(Candidates candidates, boolean peaks) {
    Latency[] unused = candidates.measure(candidates.members(), peaks);
    return candidates.measure(candidates.eligible(), peaks);
  }

  void countPeaks(boolean count) {
    if (peaks != count) {
      peaks = count;
    }
  }

  /** The time at which a use begins; never 0. */
  long now() {
    long now = clock.nanoTime();
    return now == 0 ? 1 : now;
  }

  /** Says how long it took. */
  long succeeded(long startNanos) {
    long now = clock.nanoTime();
    succeeded(startNanos, now);
    return now - startNanos;
  }

  /** The same for who has read the clock already. */
  void succeeded(long startNanos, long now) {
    add((double) Math.max(1, now - startNanos), now, 1);
  }

  void failed(long startNanos, Throwable cause) {
    long now = clock.nanoTime();
    boolean cancelled = FailureKind.of(cause) == FailureKind.CANCELLED;
    add(
        (double) Math.max(1, now - startNanos),
        now,
        cancelled ? CANCELLATION_FACTOR : FAILURE_FACTOR);
  }

  /** A factor above 1 is a failure's. */
  private void add(double measured, long now, int factor) {
    double rtt = Math.min(MAX_NANOS, measured);
    double kept = Decay.after(claimTimeUntil(now));
    long seen = cost;
    while (!COST.weakCompareAndSet(
        this, seen, Double.doubleToRawLongBits(next(seen, rtt, kept, factor)))) {
      seen = cost;
    }
  }

  private double next(long seen, double rtt, double kept, int factor) {
    double before = Double.longBitsToDouble(seen);
    if (factor > 1) {
      double least = before == UNKNOWN ? leastMillis(factor) * 1e6 : 0;
      return Math.min(MAX_NANOS, Math.max(least, factor * Math.max(rtt, before)));
    }
    if (before == UNKNOWN || (peaks && rtt > before)) {
      return rtt;
    }
    return rtt + (before - rtt) * kept;
  }

  private static int leastMillis(int factor) {
    return factor == FAILURE_FACTOR ? FAILURE_MILLIS : CANCELLATION_MILLIS;
  }

  /** How much later now is than the last update, which is now. */
  private long claimTimeUntil(long now) {
    for (long last = updated; now - last > 0; last = updated) {
      if (UPDATED.weakCompareAndSet(this, last, now)) {
        return now - last;
      }
    }
    return 0;
  }

  /** As of the last sample, in nanoseconds; 0 if there is none. */
  double cost() {
    return Double.longBitsToDouble(cost);
  }

  /**
   * One cost · factor beside another, both brought to one time: negative if the first is less,
   * positive if it is more, 0 if they tie.
   *
   * <p>The unknown: one that is idle is better than any, so that it is found out; while someone is
   * about that it is worse than any, so that nobody else goes where nothing is known.
   *
   * @param idle whether the first node has nothing in flight
   */
  static int compare(
      Latency one,
      double factor,
      boolean idle,
      Latency two,
      double otherFactor,
      boolean otherIdle) {
    double a = Double.longBitsToDouble(one.cost);
    double b = Double.longBitsToDouble(two.cost);
    if (a == UNKNOWN || b == UNKNOWN) {
      int rankA = a != UNKNOWN ? 0 : idle ? -1 : 1;
      int rankB = b != UNKNOWN ? 0 : otherIdle ? -1 : 1;
      return rankA != rankB ? rankA - rankB : Double.compare(factor, otherFactor);
    }
    a *= factor;
    b *= otherFactor;
    long later = one.updated - two.updated;
    // The older decays: where it is the smaller anyway, by how much does not matter.
    if (later >= 0) {
      return a > b ? 1 : Double.compare(a, b * Decay.after(later));
    }
    return a < b ? -1 : Double.compare(a * Decay.after(-later), b);
  }
}
