package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.sun.management.ThreadMXBean;
import io.evenkeel.core.ServerStats.Latencies;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** Percentiles are those of the last windows, whoever records and reads at once. */
class LatencyWindowsTest {

  private static final long MINUTE = 60_000_000_000L;

  private final VirtualTime time = new VirtualTime();
  private final LatencyWindows windows =
      new LatencyWindows(new LatencyWindows.Timing(time, time.nanoTime(), MINUTE));

  @Property(tries = 200)
  void percentiles_areNotBelowTheTrueOnes_andAtMostOnePercentAbove(
      @ForAll @Size(min = 1, max = 300) List<@LongRange(max = 100_000_000_000L) Long> nanos) {
    LatencyWindows fresh = new LatencyWindows(new LatencyWindows.Timing(time, 0, MINUTE));
    nanos.forEach(sample -> fresh.record(sample, 0));
    Latencies latencies = fresh.stats(0, LatencyWindows.scratch());
    List<Long> sorted = nanos.stream().sorted().toList();
    assertThat(latencies.count()).isEqualTo(nanos.size());
    assertClose(latencies.p50(), sorted, 0.50);
    assertClose(latencies.p90(), sorted, 0.90);
    assertClose(latencies.p95(), sorted, 0.95);
    assertClose(latencies.p99(), sorted, 0.99);
    assertClose(latencies.max(), sorted, 1.00);
  }

  private static void assertClose(Duration found, List<Long> sorted, double share) {
    int rank = (int) Math.ceil(share * sorted.size() - 1e-9);
    long exact = sorted.get(Math.max(1, rank) - 1);
    assertThat(found.toNanos()).isBetween(exact, exact + Math.max(1_024, exact / 100));
  }

  @Test
  void windows_theCurrentAndTheOneBefore_count() {
    assertThat(stats()).isNull();
    record(1_000_000);
    time.advance(Duration.ofSeconds(59));
    record(2_000_000);
    assertThat(stats().count()).isEqualTo(2);
    time.advance(Duration.ofSeconds(1)); // the next window begins
    assertThat(stats().count()).as("nothing in it yet").isEqualTo(2);
    record(3_000_000);
    assertThat(stats().count()).isEqualTo(3);
    time.advance(Duration.ofMinutes(1));
    assertThat(stats().count()).as("the first is over").isEqualTo(1);
    record(4_000_000);
    assertThat(stats().count()).isEqualTo(2);
    assertThat(stats().max()).isBetween(Duration.ofMillis(4), Duration.ofNanos(4_040_000));
    time.advance(Duration.ofMinutes(2));
    assertThat(stats()).as("idle for long").isNull();
    record(5_000_000);
    assertThat(stats().count()).isEqualTo(1);
    assertThat(stats().p50()).isGreaterThanOrEqualTo(Duration.ofMillis(5));
  }

  @Test
  void sampleThatComesLate_countsInTheWindowThatIsUnderWay() {
    time.advance(Duration.ofMinutes(5));
    record(1_000);
    windows.record(2_000, time.nanoTime() - MINUTE); // its thread slept between clock and record
    assertThat(stats().count()).isEqualTo(2);
  }

  @Test
  void extremes_areRecorded() {
    record(-5);
    record(0);
    record(Long.MAX_VALUE / 2);
    assertThat(stats().count()).isEqualTo(3);
    assertThat(stats().max().toDays()).isGreaterThan(50_000);
  }

  @Test
  void manyThreads_recordingAndReading_loseNothing() throws Exception {
    int writers = 6;
    int each = 30_000;
    AtomicInteger writing = new AtomicInteger(writers);
    Threads.run(
        writers + 1,
        index -> {
          if (index == writers) {
            long before = 0;
            while (writing.get() > 0) {
              Latencies latencies = stats();
              long now = latencies == null ? 0 : latencies.count();
              assertThat(now).isGreaterThanOrEqualTo(before);
              before = now;
            }
            return;
          }
          try {
            for (int i = 0; i < each; i++) {
              windows.record(1_000L * (1 + i), time.nanoTime());
            }
          } finally {
            writing.decrementAndGet();
          }
        });
    assertThat(stats().count()).isEqualTo((long) writers * each);
    assertThat(stats().p50()).isBetween(Duration.ofNanos(15_000_000), Duration.ofNanos(15_300_000));
  }

  @Test
  void memory_nothingAtFirst_andAFewKilobytesForUpToATenthOfASecond() {
    assertThat(windows.footprint()).isZero();
    for (int i = 0; i < 3; i++) {
      record(100_000_000);
      time.advance(Duration.ofMinutes(1));
    }
    assertThat(windows.footprint()).isBetween(8_000L, 13_500L);
  }

  /** Of an uncontended use, recorded or not: what a lease takes, and nothing else. */
  @Test
  void recording_allocatesNothing() {
    LoadBalancer balancer =
        LoadBalancer.builder()
            .servers(Servers.numbered(3))
            .recordLatency(Duration.ofMillis(1)) // windows turn many times meanwhile
            .build();
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    int uses = 100_000;
    use(balancer, uses);
    long before = threads.getThreadAllocatedBytes(Thread.currentThread().getId());
    use(balancer, uses);
    long bytes = threads.getThreadAllocatedBytes(Thread.currentThread().getId()) - before;
    assertThat(bytes / uses).isLessThanOrEqualTo(40); // 32, and once a histogram that grows
  }

  private static void use(LoadBalancer balancer, int uses) {
    for (int i = 0; i < uses; i++) {
      try (Lease lease = balancer.acquire()) {
        lease.success();
      }
    }
  }

  @Test
  void windowOfNoLength_isRefused() {
    for (Duration none : List.of(Duration.ZERO, Duration.ofSeconds(-1))) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> LoadBalancer.builder().recordLatency(none))
          .withMessage("window: " + none + " (expected: > 0)");
    }
    LoadBalancer.builder()
        .servers(Servers.numbered(1))
        .recordLatency(Duration.ofSeconds(Long.MAX_VALUE))
        .build();
  }

  private void record(long nanos) {
    windows.record(nanos, time.nanoTime());
  }

  private Latencies stats() {
    return windows.stats(time.nanoTime(), LatencyWindows.scratch());
  }
}
