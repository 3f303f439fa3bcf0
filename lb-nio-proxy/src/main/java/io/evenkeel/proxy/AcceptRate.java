package io.evenkeel.proxy;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How many clients a second the loops of a proxy may take in, together: the generic cell rate
 * algorithm (ITU-T I.371), which needs one number. Safe for use by any thread.
 */
final class AcceptRate {

  /** As much may come at once after a pause: what makes up for a timer that goes off late. */
  static final long BURST_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

  static final int UNLIMITED = Integer.MAX_VALUE;

  private final long nanosEach;

  /** When the next one would come if all came evenly. */
  private final AtomicLong nextNanos;

  /**
   * Begins with a full burst.
   *
   * @param perSecond {@link #UNLIMITED} for any number
   */
  AcceptRate(int perSecond, long nowNanos) {
    nanosEach = perSecond == UNLIMITED ? 0 : TimeUnit.SECONDS.toNanos(1) / perSecond;
    nextNanos = new AtomicLong(nowNanos);
  }

  boolean isUnlimited() {
    return nanosEach == 0;
  }

  /** Takes a turn: 0 if it is there; else in how many nanoseconds there may be one. */
  long take(long nowNanos) {
    if (isUnlimited()) {
      return 0;
    }
    while (true) {
      long next = nextNanos.get();
      long early = next - nowNanos - Math.max(0, BURST_NANOS - nanosEach);
      if (early > 0) {
        return early;
      }
      long from = next - nowNanos < 0 ? nowNanos : next;
      if (nextNanos.compareAndSet(next, from + nanosEach)) {
        return 0;
      }
    }
  }

  /** Nobody came for the turn that was taken last. */
  void giveBack() {
    nextNanos.addAndGet(-nanosEach);
  }
}
