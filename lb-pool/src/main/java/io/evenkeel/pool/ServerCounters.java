package io.evenkeel.pool;

import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * What happened to one server's connections. Guarded by the lock of {@link ServerConnections}, but
 * for {@link #used}, {@link #unused} and {@link #waited}, which any thread may call at any time.
 */
final class ServerCounters {

  /** Below this, times are not told apart. */
  private static final long UNIT_NANOS = 1_024;

  private static final int DIGITS = 2;

  private final Map<CloseReason, Long> closed = new EnumMap<>(CloseReason.class);

  /** Of those who waited and got a connection. Grown by what it has seen. */
  private final ConcurrentHistogram waits =
      growing(new ConcurrentHistogram(UNIT_NANOS, 2 * UNIT_NANOS, DIGITS));

  /** Borrowed, and not used: found to be dead, or granted to one who had gone. */
  private final LongAdder unused = new LongAdder();

  private final @Nullable ConcurrentHistogram uses;

  long created;
  long connectFailures;
  long leaks;
  long detached;

  ServerCounters(boolean recordsUses) {
    uses =
        recordsUses ? growing(new ConcurrentHistogram(UNIT_NANOS, 2 * UNIT_NANOS, DIGITS)) : null;
  }

  private static <H extends Histogram> H growing(H histogram) {
    histogram.setAutoResize(true);
    return histogram;
  }

  void closed(CloseReason reason) {
    closed.merge(reason, 1L, Long::sum);
  }

  void waited(long nanos) {
    waits.recordValue(Math.max(0, nanos));
  }

  void unused() {
    unused.increment();
  }

  void used(long nanos) {
    if (uses != null) {
      uses.recordValue(Math.max(0, nanos));
    }
  }

  PoolStats.OfServer stats(
      String serverId, int idle, int active, int waiting, int connecting, long borrowed) {
    Map<CloseReason, Long> reasons = new EnumMap<>(CloseReason.class);
    for (CloseReason reason : CloseReason.values()) {
      reasons.put(reason, closed.getOrDefault(reason, 0L));
    }
    Histogram all = waits.copy();
    long used = Math.max(0, borrowed - unused.sum());
    long atOnce = used - all.getTotalCount();
    if (atOnce > 0) {
      all.recordValueWithCount(0, atOnce);
    }
    return new PoolStats.OfServer(
        serverId,
        idle,
        active,
        waiting,
        connecting,
        used,
        created,
        connectFailures,
        leaks,
        detached,
        Map.copyOf(reasons),
        times(all),
        uses == null ? null : times(uses.copy()));
  }

  private static PoolStats.@Nullable Times times(Histogram histogram) {
    long count = histogram.getTotalCount();
    return count == 0
        ? null
        : new PoolStats.Times(
            count,
            percentile(histogram, 50),
            percentile(histogram, 90),
            percentile(histogram, 95),
            percentile(histogram, 99),
            Duration.ofNanos(histogram.getMaxValue()));
  }

  private static Duration percentile(Histogram histogram, double percentile) {
    return Duration.ofNanos(histogram.getValueAtPercentile(percentile));
  }
}
