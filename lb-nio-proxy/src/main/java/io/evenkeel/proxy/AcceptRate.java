package io.evenkeel.proxy;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How many clients a second the loops of a proxy may take in, together: the generic cell rate
 * algorithm (ITU-T I.371), which needs one number. Safe for use by any thread.
 *
 * <p>Who takes a turn that is not there yet has it, and waits for it: first come, first served.
 * Loops that each tried again later would not share: whose timers tick a little before the other's
 * would have every turn.
 */
final class AcceptRate {

  /** As much may come at once after a pause: what makes up for a timer that goes off late. */
  static final long BURST_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

  static final int UNLIMITED = Integer.MAX_VALUE;

  private volatile long nanosEach;

  /** How often the rate was changed. Written by one thread at a time. */
  private volatile int changes;

  /** When the next one would come if all came evenly. */
  private final AtomicLong nextNanos;

  /**
   * Begins with a full burst.
   *
   * @param perSecond {@link #UNLIMITED} for any number
   */
  AcceptRate(int perSecond, long nowNanos) {
    nanosEach = nanosEach(perSecond);
    nextNanos = new AtomicLong(nowNanos);
  }

  private static long nanosEach(int perSecond) {
    return perSecond == UNLIMITED ? 0 : TimeUnit.SECONDS.toNanos(1) / perSecond;
  }

  /** Begins anew, with a full burst: turns that were taken before are none any more. */
  @SuppressWarnings("NonAtomicVolatileUpdate") // one thread at a time
  void change(int perSecond, long nowNanos) {
    nanosEach = nanosEach(perSecond);
    nextNanos.set(nowNanos);
    changes++;
  }

  /** Tells turns of this rate from those of rates before. */
  int changes() {
    return changes;
  }

  boolean isUnlimited() {
    return nanosEach == 0;
  }

  /** Takes a turn; in how many nanoseconds it comes, 0 for at once. */
  long take(long nowNanos) {
    long each = nanosEach;
    if (each == 0) {
      return 0;
    }
    long next;
    long from;
    do {
      next = nextNanos.get();
      from = next - nowNanos < 0 ? nowNanos : next;
    } while (!nextNanos.compareAndSet(next, from + each));
    return Math.max(0, from - nowNanos - Math.max(0, BURST_NANOS - each));
  }

  /** A turn that was taken is not needed. */
  void giveBack() {
    nextNanos.addAndGet(-nanosEach);
  }
}
