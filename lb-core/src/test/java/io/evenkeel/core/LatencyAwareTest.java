package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicLong;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Costs are what the formula says, and who fails fast, is unknown or slow gets no stampede. */
class LatencyAwareTest {

  private final VirtualTime time = new VirtualTime();

  @Property(tries = 500)
  void decay_isTheExponential(@ForAll @IntRange(min = 0) int micros, @ForAll boolean longer) {
    long nanos = micros * (longer ? 200L : 1L) * 1_000;
    double exact = Math.exp(-nanos / 10e9);
    assertThat(Decay.after(nanos)).isCloseTo(exact, within(1e-7 * exact));
  }

  @Test
  void peak_replacesAtOnce_andIsForgottenWithTime() {
    Latency peaks = new Latency(time, true);
    Latency mean = new Latency(time, false);
    for (Latency latency : List.of(peaks, mean)) {
      sample(latency, 10);
      assertThat(latency.cost()).isEqualTo(10e6);
    }
    sample(peaks, 30);
    assertThat(peaks.cost()).isEqualTo(30e6);
    time.advance(Duration.ofMillis(9_990));
    sample(peaks, 10);
    assertThat(peaks.cost()).isCloseTo(10e6 + 20e6 * Math.exp(-1), within(10.0));
    sample(mean, 30);
    assertThat(mean.cost()).isBetween(22e6, 23e6);
  }

  @Test
  void failure_counts10Times_cancellation5Times_theLargerOfLatencyAndCost() {
    Latency latency = new Latency(time, true);
    sample(latency, 10);
    latency.failed(time.nanoTime(), new Exception("refused"));
    assertThat(latency.cost()).isEqualTo(100e6);
    latency.failed(time.nanoTime(), new CancellationException());
    assertThat(latency.cost()).isEqualTo(500e6);
    for (int i = 0; i < 50; i++) {
      latency.failed(time.nanoTime(), new Exception("refused"));
    }
    assertThat(latency.cost()).isEqualTo(Latency.MAX_SECONDS * 1e9);
  }

  /** As of one that was cancelled before anybody could say whether it is any good. */
  @Test
  void firstSample_ofAFailureOrACancellation_costsAtLeastSoMuch() {
    Latency failed = new Latency(time, true);
    Latency cancelled = new Latency(time, true);
    long start = time.nanoTime();
    time.advance(Duration.ofMillis(1));
    failed.failed(start, new Exception("refused"));
    cancelled.failed(start, new CancellationException());
    assertThat(failed.cost()).isEqualTo(Latency.FAILURE_MILLIS * 1e6);
    assertThat(cancelled.cost()).isEqualTo(Latency.CANCELLATION_MILLIS * 1e6);
    cancelled.failed(time.nanoTime(), new CancellationException());
    assertThat(cancelled.cost()).isEqualTo(5 * Latency.CANCELLATION_MILLIS * 1e6);
    Latency slow = new Latency(time, true);
    time.advance(Duration.ofSeconds(1));
    slow.failed(start, new CancellationException());
    assertThat(slow.cost()).isEqualTo(5 * 1_001e6);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void successOfAnHour_aFailureAfterIt_doesNotMakeItCheaper(boolean peaks) {
    Latency latency = new Latency(time, peaks);
    sample(latency, Duration.ofHours(1).toMillis());
    double before = latency.cost();
    latency.failed(time.nanoTime(), new Exception("refused"));
    assertThat(latency.cost()).isEqualTo(before).isEqualTo(Latency.MAX_SECONDS * 1e9);
  }

  @Test
  void cancellation_wrappedOrAnInterrupt_isOne() {
    for (Throwable cause :
        List.of(new CompletionException(new CancellationException()), new InterruptedException())) {
      Latency latency = new Latency(time, true);
      sample(latency, 10);
      latency.failed(time.nanoTime(), cause);
      assertThat(latency.cost()).as(cause.toString()).isEqualTo(50e6);
    }
  }

  /** One server fails at once, known before or not: it is tried now and then, never preferred. */
  @Property(tries = 60)
  void fastFailures_doNotAttractTraffic(
      @ForAll boolean peaks,
      @ForAll @IntRange(min = 2, max = 8) int n,
      @ForAll @IntRange(min = 1, max = 200) int millis,
      @ForAll long seed) {
    VirtualTime time = new VirtualTime();
    LoadBalancer balancer = balancer(peaks ? "peak_ewma" : "least_response_time", n, seed, time);
    int failures = 0;
    for (int i = 0; i < 3_000; i++) {
      try (Lease lease = balancer.acquire()) {
        if (lease.server().id().equals("s0")) {
          failures++;
          lease.failure(new Exception("refused"));
        } else {
          time.advance(Duration.ofMillis(millis));
          lease.success();
        }
      }
    }
    assertThat(failures).isBetween(1, 60);
  }

  @ParameterizedTest
  @ValueSource(strings = {"peak_ewma", "least_response_time"})
  void unknownServers_areProbedOnce_notStampeded(String name) {
    LoadBalancer balancer = balancer(name, 3, 1, time);
    for (int i = 0; i < 50; i++) { // everyone known, whatever two are drawn
      Lease lease = balancer.acquire();
      time.advance(Duration.ofMillis(10));
      lease.success();
      lease.close();
    }
    balancer.add(Servers.named("new"));
    int probes = 0;
    for (int i = 0; i < 60; i++) {
      // Held open: the new one has not answered yet.
      probes += balancer.acquire().server().id().equals("new") ? 1 : 0;
    }
    assertThat(probes).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"peak_ewma", "least_response_time"})
  void slowServer_getsLess_andIsTriedAgainWhenItIsForgotten(String name) {
    LoadBalancer balancer = balancer(name, 2, 1, time);
    int[] picks = new int[2];
    for (int i = 0; i < 10_000; i++) {
      try (Lease lease = balancer.acquire()) {
        int server = lease.server().id().equals("s0") ? 0 : 1;
        picks[server]++;
        time.advance(Duration.ofMillis(server == 0 ? 100 : 10));
        lease.success();
      }
    }
    assertThat(picks[0]).isBetween(2, 500);
  }

  /** Two servers are always both looked at: that one is drawn more often would mean nothing. */
  @ParameterizedTest
  @ValueSource(strings = {"peak_ewma", "least_response_time"})
  void weights3And1_equalLatency_heldLoad_getPicks3And1(String name) {
    LoadBalancer balancer =
        LoadBalancer.builder()
            .servers(Servers.server(0).withWeight(3), Servers.server(1).withWeight(1))
            .selector(Selectors.named(name))
            .seed(1)
            .clock(time)
            .build();
    assertThat(shareOfFirst(balancer)).isBetween(2.7, 3.3);
  }

  @ParameterizedTest
  @ValueSource(strings = {"peak_ewma", "least_response_time"})
  void halfWayThroughItsSlowStart_aServerGetsHalfOfWhatTheOtherGets(String name) {
    LoadBalancer balancer =
        LoadBalancer.builder()
            .servers(Servers.server(0))
            .selector(Selectors.named(name))
            .seed(1)
            .clock(time)
            .scheduler(time)
            .slowStart(Duration.ofHours(1))
            .build();
    balancer.add(Servers.server(1));
    time.advance(Duration.ofMinutes(30));
    assertThat(shareOfFirst(balancer)).isBetween(1.8, 2.2);
  }

  /** How often as many picks it gets as the other, with 1,000 requests in service in turn. */
  private double shareOfFirst(LoadBalancer balancer) {
    Deque<Lease> inService = new ArrayDeque<>();
    int[] picks = new int[2];
    for (int i = 0; i < 20_000; i++) {
      if (inService.size() == 1_000) {
        Lease done = inService.remove();
        done.success();
        done.close();
      }
      Lease lease = balancer.acquire();
      inService.add(lease);
      picks[lease.server().id().equals("s0") ? 0 : 1]++;
      time.advance(Duration.ofNanos(1_000));
    }
    return picks[0] / (double) picks[1];
  }

  @Test
  void clock_isReadOnlyWhereLatencyIs() {
    AtomicLong reads = new AtomicLong();
    for (String name : Selectors.names()) {
      reads.set(0);
      LoadBalancer balancer = balancer(name, 3, 1, reads::incrementAndGet);
      reads.set(0);
      try (Lease lease = balancer.acquire()) {
        lease.success();
      }
      boolean measures = name.equals("peak_ewma") || name.equals("least_response_time");
      assertThat(reads).as(name).hasValue(measures ? 2 : 0);
    }
  }

  @Test
  void manyThreads_samplesOfOneLatency_costIsThatLatencyAndNoPeakIsLost() throws Exception {
    AtomicLong clock = new AtomicLong(1);
    Latency latency = new Latency(clock::get, true);
    Threads.run(
        6,
        index -> {
          for (int i = 0; i < 20_000; i++) {
            long now = clock.addAndGet(1_000);
            latency.succeeded(now - 50_000_000);
          }
        });
    assertThat(latency.cost()).isBetween(50e6, 171e6); // time goes on while a thread sleeps
    Threads.run(6, index -> latency.succeeded(clock.get() - (index + 1) * 1_000_000_000L));
    assertThat(latency.cost()).isEqualTo(6e9);
  }

  private void sample(Latency latency, long millis) {
    long start = time.nanoTime();
    time.advance(Duration.ofMillis(millis));
    latency.succeeded(start);
  }

  private static LoadBalancer balancer(String name, int n, long seed, NanoClock clock) {
    return LoadBalancer.builder()
        .servers(Servers.numbered(n))
        .selector(Selectors.named(name))
        .seed(seed)
        .clock(clock)
        .build();
  }
}
