package io.evenkeel.core;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * How many retries and hedges a balancer's calls may make together, so that retries never multiply
 * the load of servers that fail because they have too much of it. After Finagle's {@code
 * RetryBudget}; gRPC's retry throttling (gRFC A6) serves the same end.
 *
 * <p><b>The bound.</b> Whenever a retry is granted at t, with it the retries granted in (t −
 * window, t] are at most
 *
 * <pre>ratio · calls begun in (t − window, t] + minPerSecond · window</pre>
 *
 * <p>So, over any stretch of time, retries are at most ratio · the calls in it and in the window
 * before it, plus minPerSecond · window for each window that was begun. The floor is there from the
 * first moment.
 *
 * <p><b>How.</b> Time is cut into slots of a tenth of the window. A retry is counted for 11 slots,
 * which are never shorter than the window, a call for 10, which are never longer. A call that
 * begins raises one of a few counters and reads no clock, but every {@value #SAMPLED}th for each
 * thread. What the counters gained since they were last looked at is counted for the slot of that
 * last look: a call may be forgotten a little early, never late. The time between two looks is
 * short where there are many calls; where there are few, the floor is what counts.
 *
 * <p><b>Threads.</b> Retries are granted under a lock that is held for some additions; calls take
 * it once a slot.
 */
final class RetryBudget {

  private static final int CALL_SLOTS = 10;
  private static final int SLOTS = CALL_SLOTS + 1;
  private static final int SAMPLED = 16;

  /** Between two counters, that they do not share a cache line: 128 bytes. */
  private static final int SPREAD = 16;

  /**
   * What is granted.
   *
   * @param ratio retries for each call
   * @param minPerSecond retries granted whatever the traffic
   */
  record Numbers(double ratio, double minPerSecond, Duration window) {

    private static final Duration SHORTEST = Duration.ofSeconds(1);
    private static final Duration LONGEST = Duration.ofSeconds(60);

    /** After the bounds, which it is checked with. */
    static final Numbers DEFAULT = new Numbers(0.2, 10, Duration.ofSeconds(10));

    Numbers {
      if (!(ratio >= 0 && ratio <= 1_000)) {
        throw new IllegalArgumentException("ratio: " + ratio + " (expected: 0 to 1000)");
      }
      if (!(minPerSecond >= 0 && minPerSecond <= 1_000_000)) {
        throw new IllegalArgumentException(
            "minPerSecond: " + minPerSecond + " (expected: 0 to 1000000)");
      }
      if (window.compareTo(SHORTEST) < 0 || window.compareTo(LONGEST) > 0) {
        throw new IllegalArgumentException("window: " + window + " (expected: 1 s to 60 s)");
      }
    }
  }

  private final NanoClock clock;
  private final double ratio;
  private final double floor;
  private final long slotNanos;
  private final int stripes;
  private final AtomicLongArray begun;

  /** Calls by slot, retries by slot. Guarded by this, as are the next two. */
  private final long[] calls = new long[SLOTS];

  private final long[] retries = new long[SLOTS];

  /** The calls that are counted in slots, of all that ever were. */
  private long counted;

  /** The number of the current slot, counted from the first. */
  private long slot;

  /** When the current slot began. Written under this, read by anyone. */
  private volatile long slotStart;

  /** Of one balancer. */
  RetryBudget(NanoClock clock, Numbers numbers) {
    long windowNanos = numbers.window.toNanos();
    this.clock = clock;
    this.ratio = numbers.ratio;
    this.floor = numbers.minPerSecond * (windowNanos / 1e9);
    this.slotNanos = windowNanos / CALL_SLOTS;
    int cores = Math.min(64, Runtime.getRuntime().availableProcessors());
    this.stripes = Integer.highestOneBit(2 * cores - 1);
    this.begun = new AtomicLongArray(stripes * SPREAD);
    this.slotStart = clock.nanoTime();
  }

  /** A call begins. */
  void deposit() {
    long mine = Mix.mix64(Thread.currentThread().getId()) & (stripes - 1);
    long before = begun.getAndIncrement((int) mine * SPREAD);
    if (before % SAMPLED == 0) {
      long now = clock.nanoTime();
      if (now - slotStart >= slotNanos) {
        settle(now);
      }
    }
  }

  /**
   * Asks for one retry.
   *
   * @return negative if there is none to be had; otherwise what {@link #refund} takes
   */
  long tryWithdraw() {
    long now = clock.nanoTime();
    synchronized (this) {
      settle(now);
      long made = 0;
      long callsBegun = 0;
      for (int i = 0; i < SLOTS; i++) {
        made += retries[i];
        callsBegun += calls[i];
      }
      callsBegun -= calls[index(slot + 1)]; // the oldest: only retries are counted for so long
      if (made + 1 > ratio * callsBegun + floor) {
        return -1;
      }
      retries[index(slot)]++;
      return slot;
    }
  }

  /** A retry that was granted was not made. */
  synchronized void refund(long granted) {
    if (slot - granted < SLOTS) {
      retries[index(granted)]--;
    }
  }

  /** Counts the calls since the last time, and moves on to the slot of now. */
  private synchronized void settle(long now) {
    long total = 0;
    for (int i = 0; i < stripes; i++) {
      total += begun.get(i * SPREAD);
    }
    calls[index(slot)] += total - counted;
    counted = total;
    long elapsed = now - slotStart;
    if (elapsed < slotNanos) { // or negative, where another was faster
      return;
    }
    long steps = elapsed / slotNanos;
    for (long i = Math.max(1, steps - SLOTS + 1); i <= steps; i++) {
      calls[index(slot + i)] = 0;
      retries[index(slot + i)] = 0;
    }
    slot += steps;
    slotStart += steps * slotNanos;
  }

  private static int index(long slot) {
    return (int) (slot % SLOTS);
  }
}
