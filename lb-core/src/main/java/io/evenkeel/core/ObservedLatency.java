package io.evenkeel.core;

import java.util.concurrent.atomic.AtomicBoolean;
import org.HdrHistogram.AtomicHistogram;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * How long the calls of a balancer take, for who hedges at a percentile of that: the last 10 to 20
 * seconds, to 1 %, looked at anew once a second. Safe for use by any thread; nobody waits.
 *
 * <p>Samples go into the current histogram. After {@value #WINDOW_SECONDS} s it becomes the one
 * before, and a new one is current; nothing is ever reset, so a thread that is late writes into one
 * that nobody reads any more. What is read is a copy of the two.
 */
final class ObservedLatency {

  /** With fewer samples than these nothing is known. */
  static final int ENOUGH = 100;

  static final int WINDOW_SECONDS = 10;

  private static final long WINDOW_NANOS = WINDOW_SECONDS * 1_000_000_000L;
  private static final long VIEW_NANOS = 1_000_000_000L;
  private static final long MAX_MICROS = 3_600_000_000L;
  private static final int DIGITS = 2;

  private record Windows(AtomicHistogram current, AtomicHistogram before, long sinceNanos) {}

  /** The percentile that was asked for last is worked out. */
  private record View(Histogram samples, long atNanos, double percentile, long nanos) {}

  /** Null before the first sample. Written by who has {@link #turning}. */
  private volatile @Nullable Windows windows;

  /** Null before the first look. Written by who has {@link #turning}. */
  private volatile @Nullable View view;

  /** Held by the one who turns the windows or looks anew; the others go on with what there is. */
  private final AtomicBoolean turning = new AtomicBoolean();

  void record(long latencyNanos, long now) {
    Windows in = windows;
    if (in == null || now - in.sinceNanos >= WINDOW_NANOS) {
      if (turning.compareAndSet(false, true)) {
        try {
          in = turn(now);
        } finally {
          turning.set(false);
        }
      }
    }
    if (in != null) {
      in.current.recordValue(Math.min(MAX_MICROS, Math.max(0, latencyNanos / 1_000)));
    }
  }

  /**
   * What this share of calls took at most.
   *
   * @param percentile 0 to 100
   * @return nanoseconds; negative while there are fewer than {@value #ENOUGH} samples
   */
  long atPercentile(double percentile, long now) {
    View known = view;
    if (known == null || now - known.atNanos >= VIEW_NANOS) {
      if (turning.compareAndSet(false, true)) {
        try {
          known = look(percentile, now);
        } finally {
          turning.set(false);
        }
      }
    }
    if (known == null) {
      return -1;
    }
    return known.percentile == percentile ? known.nanos : nanos(known.samples, percentile);
  }

  private Windows turn(long now) {
    Windows old = windows;
    long age = old == null ? Long.MAX_VALUE : now - old.sinceNanos;
    if (old != null && age < WINDOW_NANOS) {
      return old;
    }
    Windows next =
        new Windows(
            new AtomicHistogram(MAX_MICROS, DIGITS),
            old != null && age < 2 * WINDOW_NANOS
                ? old.current
                : new AtomicHistogram(MAX_MICROS, DIGITS),
            now);
    windows = next;
    return next;
  }

  private View look(double percentile, long now) {
    Windows turned = turn(now);
    Histogram samples = new Histogram(MAX_MICROS, DIGITS);
    samples.add(turned.before);
    samples.add(turned.current);
    View next = new View(samples, now, percentile, nanos(samples, percentile));
    view = next;
    return next;
  }

  private static long nanos(Histogram samples, double percentile) {
    return samples.getTotalCount() < ENOUGH ? -1 : samples.getValueAtPercentile(percentile) * 1_000;
  }
}
