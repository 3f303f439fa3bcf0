package io.evenkeel.proxy;

import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.IntCountsHistogram;
import org.jspecify.annotations.Nullable;

/**
 * How long something took: how often and how long in all since the start, and a histogram of the
 * current minute and the one before. Event loop only.
 *
 * <p>Takes no memory for histograms before the first time; then one, and a second one once its
 * first minute is over, each as large as the longest time asks for. From then on recording
 * allocates nothing.
 */
final class TimeWindows {

  static final long WINDOW_NANOS = TimeUnit.MINUTES.toNanos(1);

  /** Below this times are not told apart. */
  private static final long UNIT_NANOS = 1_024;

  private final int digits;
  private long count;
  private long totalNanos;

  /** Which window {@link #current} is of. */
  private long window = Long.MIN_VALUE;

  private @Nullable IntCountsHistogram current;

  /** Of the window before that; null if there was none yet. */
  private @Nullable IntCountsHistogram before;

  /**
   * None yet.
   *
   * @param digits 2 for times that are at most 1 % too long, 1 for 7 % in an eighth of the memory
   */
  TimeWindows(int digits) {
    this.digits = digits;
  }

  /** One more that took so long, negative counting as 0, and ended now. */
  void record(long nanos, long nowNanos) {
    long time = Math.max(0, nanos);
    count++;
    totalNanos += time;
    IntCountsHistogram histogram = of(windowAt(nowNanos));
    if (histogram.getTotalCount() < Integer.MAX_VALUE) { // no count can go beyond that
      histogram.recordValue(time);
    }
  }

  private IntCountsHistogram of(long now) {
    IntCountsHistogram histogram = current;
    if (histogram == null) {
      histogram = new IntCountsHistogram(UNIT_NANOS, 2 * UNIT_NANOS, digits);
      histogram.setAutoResize(true);
    } else if (now > window) {
      IntCountsHistogram old = histogram;
      histogram = before == null ? new IntCountsHistogram(histogram) : before;
      histogram.reset();
      if (window + 1 != now) {
        old.reset();
      }
      before = old;
    } else {
      return histogram;
    }
    current = histogram;
    window = now;
    return histogram;
  }

  private static long windowAt(long nanos) {
    return Math.floorDiv(nanos, WINDOW_NANOS);
  }

  /** What the windows of several loops come to. */
  static final class Sum {

    private final Histogram histogram;
    private long count;
    private long totalNanos;

    Sum(int digits) {
      histogram = new Histogram(UNIT_NANOS, 2 * UNIT_NANOS, digits);
      histogram.setAutoResize(true);
    }

    /** Called where the windows may be read: on their loop. */
    void add(TimeWindows windows, long nowNanos) {
      count += windows.count;
      totalNanos += windows.totalNanos;
      long now = windowAt(nowNanos);
      if (windows.current != null && windows.window + 1 >= now) {
        histogram.add(windows.current);
      }
      if (windows.before != null && windows.window >= now) {
        histogram.add(windows.before);
      }
    }

    ProxyStats.Times times() {
      return ProxyStats.Times.of(count, totalNanos, histogram);
    }
  }
}
