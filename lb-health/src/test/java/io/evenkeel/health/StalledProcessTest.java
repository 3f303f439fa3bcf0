package io.evenkeel.health;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import io.evenkeel.core.VirtualTime;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** This process stands still while a check is under way, as for a collection or in a debugger. */
class StalledProcessTest {

  private static final Server A = Server.of("10.0.0.1", 80);
  private static final Duration TIMEOUT = ofSeconds(3);

  private final VirtualTime time = new VirtualTime();
  private final FakeProbe probe = new FakeProbe();
  private final LoadBalancer balancer = LoadBalancer.builder().servers(A).build();

  /** By so much is the clock ahead of the scheduler: its tasks come late by that. */
  private long stalledNanos;

  private final HealthMonitor monitor =
      HealthMonitor.builder(balancer)
          .probe(probe)
          .policy(HealthPolicy.builder().interval(ofSeconds(10)).timeout(TIMEOUT).jitter(0).build())
          .clock(() -> time.nanoTime() + stalledNanos)
          .scheduler(time)
          .start();

  /** One check under way whose time is all but up, and then nothing for so long. */
  private void stall(Duration duration) {
    while (probe.calls.isEmpty()) {
      time.advance(ofMillis(1));
    }
    time.advance(TIMEOUT.minusMillis(2));
    stalledNanos += duration.toNanos();
    time.advance(ofMillis(2));
  }

  @Test
  void answerThatCameMeanwhile_isHeard() {
    stall(ofSeconds(2));
    assertThat(probe.last().answer()).isNotDone();

    probe.last().answer().complete(ProbeResult.success());
    time.advance(ofSeconds(2));

    assertThat(balancer.eligibleCount()).isOne();
    assertThat(monitor.health(A.id()).status()).isEqualTo(ServerHealth.Status.UP);
  }

  @Test
  void noAnswer_countsAfterAsMuchTimeAgain() {
    stall(ofSeconds(2));
    time.advance(ofMillis(1_990));
    assertThat(balancer.eligibleCount()).isOne();

    time.advance(ofMillis(10));

    assertThat(balancer.eligibleCount()).isZero();
    assertThat(probe.last().answer()).isCancelled();
  }

  @Test
  void noAnswer_longStall_countsAfterTheTimeoutAgain_whateverStallsThen() {
    stall(ofSeconds(60));
    time.advance(TIMEOUT.minusMillis(10));
    assertThat(balancer.eligibleCount()).isOne();

    stalledNanos += ofSeconds(60).toNanos();
    time.advance(ofMillis(10));

    assertThat(balancer.eligibleCount()).isZero();
  }

  @Test
  void littleLate_countsAtOnce() {
    stall(ofMillis(300));
    assertThat(balancer.eligibleCount()).isZero();
  }
}
