package io.evenkeel.health;

import java.util.Arrays;

/**
 * How many of the outcomes in a window are failures. A plain machine: it is told the time, and is
 * not safe for use by several threads.
 */
abstract class FailureWindow {

  /** Of how many parts a window by time is made. */
  static final int PARTS = 10;

  /** A share of doubles, as 0.55 · 100, may come out above what it is. */
  private static final double ROUNDING = 1e-9;

  static FailureWindow of(OutcomeWindow window, long nowNanos) {
    return window.isByTime()
        ? new ByTime(window.time().toNanos(), nowNanos)
        : new ByCount(window.count());
  }

  abstract void record(boolean isFailure, long nowNanos);

  /** In the window as of the last record. */
  abstract long total();

  abstract long failures();

  abstract void clear();

  /** Whether more than this share of so many at least are failures. */
  final boolean exceeds(double share, int minimum) {
    long total = total();
    return total >= minimum && (double) failures() > share * (double) total * (1 + ROUNDING);
  }

  /** The last so many: a ring of bits. */
  private static final class ByCount extends FailureWindow {

    private final int size;
    private final long[] bits;
    private int next;
    private int total;
    private int failures;

    ByCount(int size) {
      this.size = size;
      this.bits = new long[(size + Long.SIZE - 1) / Long.SIZE];
    }

    @Override
    void record(boolean isFailure, long nowNanos) {
      int word = next / Long.SIZE;
      long bit = 1L << next; // modulo the size of a long
      boolean was = (bits[word] & bit) != 0; // what falls out of it, if it is full
      if (was != isFailure) {
        bits[word] ^= bit;
        failures += isFailure ? 1 : -1;
      }
      next = next + 1 == size ? 0 : next + 1;
      total = Math.min(size, total + 1);
    }

    @Override
    long total() {
      return total;
    }

    @Override
    long failures() {
      return failures;
    }

    @Override
    void clear() {
      Arrays.fill(bits, 0);
      next = 0;
      total = 0;
      failures = 0;
    }
  }

  /** The last so long: a ring of parts of it, with a count each. */
  private static final class ByTime extends FailureWindow {

    private final long partNanos;
    private final long originNanos;
    private final long[] totals = new long[PARTS];
    private final long[] failed = new long[PARTS];

    /** The number of the part under way, from the origin. */
    private long current;

    private long total;
    private long failures;

    ByTime(long windowNanos, long originNanos) {
      this.partNanos = windowNanos / PARTS;
      this.originNanos = originNanos;
    }

    @Override
    void record(boolean isFailure, long nowNanos) {
      moveTo((nowNanos - originNanos) / partNanos);
      int i = (int) (current % PARTS);
      totals[i]++;
      total++;
      if (isFailure) {
        failed[i]++;
        failures++;
      }
    }

    /** A time before the part under way, as of a thread that was held up, counts in that part. */
    private void moveTo(long part) {
      if (part - current >= PARTS) {
        clear();
        current = part;
      }
      while (current < part) {
        current++;
        int i = (int) (current % PARTS);
        total -= totals[i];
        failures -= failed[i];
        totals[i] = 0;
        failed[i] = 0;
      }
    }

    @Override
    long total() {
      return total;
    }

    @Override
    long failures() {
      return failures;
    }

    @Override
    void clear() {
      Arrays.fill(totals, 0);
      Arrays.fill(failed, 0);
      total = 0;
      failures = 0;
    }
  }
}
