package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Percentage.withPercentage;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Percentiles of the last 10 to 20 seconds. */
class ObservedLatencyTest {

  private static final long MS = 1_000_000;
  private static final long SECOND = 1_000 * MS;

  private final ObservedLatency latency = new ObservedLatency();

  /** Wraps around on the way. */
  private final long start = new VirtualTime(Long.MAX_VALUE - 5 * SECOND).nanoTime();

  @Test
  void tooFewSamples_nothingIsKnown() {
    for (int i = 0; i < ObservedLatency.ENOUGH - 1; i++) {
      latency.record(MS, start);
    }
    assertThat(latency.atPercentile(95, start)).isNegative();
    latency.record(MS, start);
    assertThat(latency.atPercentile(95, start)).as("looked a moment ago").isNegative();
    assertThat((double) latency.atPercentile(95, start + SECOND)).isCloseTo(MS, withPercentage(1));
  }

  @Test
  void percentiles_toOnePercent_andSeveralAtOnce() {
    for (int i = 1; i <= 1_000; i++) {
      latency.record(i * MS, start);
    }
    for (double percentile : new double[] {50, 95, 99, 50}) {
      assertThat((double) latency.atPercentile(percentile, start))
          .isCloseTo(percentile * 10 * MS, withPercentage(1.1));
    }
  }

  @Test
  void oldTraffic_isForgotten() {
    for (int i = 0; i < 1_000; i++) {
      latency.record(500 * MS, start);
    }
    long later = start + 10 * SECOND;
    for (int i = 0; i < 1_000; i++) {
      latency.record(MS, later);
    }
    assertThat((double) latency.atPercentile(95, later)).isCloseTo(500 * MS, withPercentage(1.1));
    latency.record(MS, later + 10 * SECOND);
    assertThat((double) latency.atPercentile(95, later + 10 * SECOND))
        .isCloseTo(MS, withPercentage(1.1));
    assertThat(latency.atPercentile(95, later + 60 * SECOND)).isNegative();
  }

  @Test
  void anyLatency_isTaken() {
    for (long nanos : new long[] {-5, 0, 1, Long.MAX_VALUE}) {
      for (int i = 0; i < 100; i++) {
        latency.record(nanos, start);
      }
    }
    assertThat(latency.atPercentile(60, start)).isZero();
    assertThat((double) latency.atPercentile(99, start)).isCloseTo(3_600e9, withPercentage(1.1));
  }

  @Test
  void manyThreads_atTheTurnOfWindows_neverFindNonsense() throws Exception {
    AtomicLong clock = new AtomicLong(start);
    Threads.run(
        6,
        index -> {
          for (int i = 0; i < 30_000; i++) {
            long now = clock.addAndGet(SECOND / 500);
            latency.record((1 + i % 100) * MS, now);
            long found = latency.atPercentile(95, now);
            if (found >= 0) {
              assertThat(found).isBetween(MS, 102 * MS);
            }
          }
        });
  }
}
