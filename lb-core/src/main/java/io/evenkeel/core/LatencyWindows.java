package io.evenkeel.core;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.IntCountsHistogram;
import org.jspecify.annotations.Nullable;

/**
 * How long the successful uses of one node took, of the current window of time and the one before.
 * Time is cut into windows of one length, counted from when the balancer was built.
 *
 * <p><b>Threads.</b> A node has one plain histogram, a stripe, until two threads meet on it; then
 * it has more, up to about one for each core. A thread takes the first stripe, from one that its id
 * names, that it can lock by one compare-and-set; only while all are taken does it try again. That
 * takes half the time and half the memory of HdrHistogram's own concurrent histograms. A reader
 * locks one stripe after the other, each for the microseconds in which it adds it up. A use that
 * ends meanwhile takes another stripe, or waits if there is none: a reader adds no stripes, or
 * watching would make memory grow.
 *
 * <p><b>Memory.</b> Nothing before the first sample. A histogram grows with the largest latency
 * that it has seen: 1.5 KB up to 0.26 ms, and half a KB more for each doubling. A stripe has one,
 * and a second one once its first window is over. From then on recording allocates nothing.
 */
final class LatencyWindows {

  /** Below this latencies are not told apart. */
  private static final long UNIT_NANOS = 1_024;

  private static final int DIGITS = 2;

  private static final int MAX_STRIPES =
      Math.min(64, Integer.highestOneBit(2 * Runtime.getRuntime().availableProcessors() - 1));

  private static final VarHandle HOLDER;

  static {
    try {
      HOLDER = MethodHandles.lookup().findVarHandle(Stripe.class, "holder", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /**
   * What all nodes of a balancer have in common.
   *
   * @param originNanos on the clock: when the first window began
   * @param windowNanos its length, above 0
   */
  record Timing(NanoClock clock, long originNanos, long windowNanos) {

    private long windowAt(long nanos) {
      return Math.floorDiv(nanos - originNanos, windowNanos);
    }
  }

  private final Timing timing;

  /**
   * None before the first sample, then a power of two. Replaced under this object's monitor by a
   * longer one that begins with the same; read by anyone.
   */
  private volatile Stripe[] stripes = {};

  LatencyWindows(Timing timing) {
    this.timing = timing;
  }

  /** Now, on the balancer's clock; never 0. */
  long now() {
    long now = timing.clock.nanoTime();
    return now == 0 ? 1 : now;
  }

  /**
   * One more latency.
   *
   * @param nanos negative counts as 0
   * @param now when the use ended, on the balancer's clock
   */
  void record(long nanos, long now) {
    long window = timing.windowAt(now);
    int thread = (int) Thread.currentThread().getId();
    while (true) {
      Stripe[] all = stripes;
      boolean readersOnly = all.length > 0;
      for (int i = 0; i < all.length; i++) {
        Stripe stripe = all[(thread + i) & (all.length - 1)];
        int holder = stripe.tryHold(Stripe.WRITER);
        if (holder == Stripe.FREE) {
          try {
            stripe.add(Math.max(0, nanos), window);
          } finally {
            stripe.release();
          }
          return;
        }
        readersOnly &= holder == Stripe.READER;
      }
      if (readersOnly || !grow(all)) {
        pause();
      }
    }
  }

  /** Not a spin: where threads outnumber cores, the holder may be waiting for this one. */
  @SuppressWarnings("ThreadPriorityCheck")
  private static void pause() {
    Thread.yield();
  }

  /** Whether there are more stripes than there were. */
  private synchronized boolean grow(Stripe[] seen) {
    if (stripes != seen) {
      return true;
    }
    if (seen.length >= MAX_STRIPES) {
      return false;
    }
    Stripe[] more = new Stripe[Math.max(1, 2 * seen.length)];
    System.arraycopy(seen, 0, more, 0, seen.length);
    for (int i = seen.length; i < more.length; i++) {
      more[i] = new Stripe();
    }
    stripes = more;
    return true;
  }

  /** What {@link #stats} adds up in: one for many nodes, of one thread. */
  static Histogram scratch() {
    Histogram scratch = new Histogram(UNIT_NANOS, 2 * UNIT_NANOS, DIGITS);
    scratch.setAutoResize(true);
    return scratch;
  }

  /**
   * Of the current window and the one before; null if there is no sample in them.
   *
   * @param scratch is overwritten
   */
  ServerStats.@Nullable Latencies stats(long now, Histogram scratch) {
    Stripe[] all = stripes;
    if (all.length == 0) {
      return null;
    }
    scratch.reset();
    long window = timing.windowAt(now);
    for (Stripe stripe : all) {
      while (stripe.tryHold(Stripe.READER) != Stripe.FREE) {
        pause();
      }
      try {
        stripe.addTo(scratch, window);
      } finally {
        stripe.release();
      }
    }
    long count = scratch.getTotalCount();
    return count == 0
        ? null
        : new ServerStats.Latencies(
            count,
            percentile(scratch, 50),
            percentile(scratch, 90),
            percentile(scratch, 95),
            percentile(scratch, 99),
            Duration.ofNanos(scratch.getMaxValue()));
  }

  private static Duration percentile(Histogram histogram, double percentile) {
    return Duration.ofNanos(histogram.getValueAtPercentile(percentile));
  }

  /** In bytes, with all that hangs on it; for the tests. */
  synchronized long footprint() {
    long bytes = 0;
    for (Stripe stripe : stripes) {
      bytes += stripe.current.getEstimatedFootprintInBytes();
      bytes += stripe.before == null ? 0 : stripe.before.getEstimatedFootprintInBytes();
    }
    return bytes;
  }

  /** Two windows' histograms, and who is at them. */
  private static final class Stripe {

    static final int FREE = 0;
    static final int WRITER = 1;
    static final int READER = 2;

    /** Atomic, by {@link #HOLDER}; guards the rest. */
    @SuppressWarnings("unused")
    private volatile int holder;

    /** Which window {@link #current} is of. */
    private long window = Long.MIN_VALUE;

    private IntCountsHistogram current = empty();

    /** Of the window before that; null if there was none yet. */
    private @Nullable IntCountsHistogram before;

    private static IntCountsHistogram empty() {
      IntCountsHistogram histogram = new IntCountsHistogram(UNIT_NANOS, 2 * UNIT_NANOS, DIGITS);
      histogram.setAutoResize(true);
      return histogram;
    }

    /** Who holds it: free if the caller does now. */
    int tryHold(int by) {
      return (int) HOLDER.compareAndExchange(this, FREE, by);
    }

    void release() {
      holder = FREE;
    }

    void add(long nanos, long now) {
      if (now > window) { // not if it ended a window ago, and this thread has slept since
        turn(now);
      }
      if (current.getTotalCount() < Integer.MAX_VALUE) { // no count can go beyond that
        current.recordValue(nanos);
      }
    }

    private void turn(long now) {
      if (current.getTotalCount() > 0) {
        IntCountsHistogram old = current;
        current = before == null ? empty() : before;
        before = old;
        current.reset();
        if (window + 1 != now) {
          before.reset();
        }
      }
      window = now;
    }

    void addTo(Histogram sum, long now) {
      if (window + 1 >= now) {
        sum.add(current);
      }
      if (window >= now && before != null) {
        sum.add(before);
      }
    }
  }
}
