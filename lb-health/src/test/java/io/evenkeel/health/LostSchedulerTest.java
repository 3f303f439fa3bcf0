package io.evenkeel.health;

import static io.evenkeel.core.Block.CIRCUIT_OPEN;
import static io.evenkeel.core.Block.EJECTED;
import static io.evenkeel.core.Block.PROBE_DOWN;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.evenkeel.core.NanoClock;
import org.junit.jupiter.api.Test;

/** A scheduler that was handed in and is shut down first: nobody stays out for want of a timer. */
class LostSchedulerTest {

  private final Fleet fleet = new Fleet(3);

  private OutlierDetector detector() {
    OutlierPolicy policy = OutlierPolicy.builder().maxEjectedShare(1).jitter(0).build();
    OutlierDetector.Builder builder = OutlierDetector.builder(fleet.balancer).policy(policy);
    return builder.clock(fleet.time).scheduler(fleet.time).start();
  }

  private CircuitBreakers breakers() {
    return CircuitBreakers.builder(fleet.balancer).clock(fleet.time).scheduler(fleet.time).start();
  }

  @Test
  void detector_ejectsNobodyAnyMore() {
    OutlierDetector detector = detector();
    fleet.settle();
    fleet.time.shutdown();

    fleet.fail(0, 5);

    assertThat(fleet.isUsable(0)).isTrue();
    fleet.fail(1, 5);
    assertThat(fleet.isUsable(1)).isTrue();
    assertThat(detector.stats().ejections()).isOne();
    assertThat(detector.stats().ejected()).isZero();
    fleet.balancer.claim(EJECTED).close();
    detector.close();
  }

  @Test
  void detector_whoIsOut_comesBackAtTheNextTimer() {
    OutlierDetector detector = detector();
    fleet.fail(0, 5);
    fleet.settle();
    assertThat(fleet.node(0).blocks()).containsExactly(EJECTED);
    fleet.time.shutdown();

    fleet.time.advance(ofSeconds(30));

    assertThat(fleet.isUsable(0)).isTrue();
    assertThat(fleet.node(0).blocks()).isEmpty();
    detector.close();
  }

  @Test
  void breakers_openNoMore() {
    CircuitBreakers breakers = breakers();
    fleet.settle();
    fleet.time.shutdown();

    fleet.fail(0, 5);

    assertThat(fleet.isUsable(0)).isTrue();
    fleet.fail(1, 5);
    assertThat(fleet.isUsable(1)).isTrue();
    fleet.balancer.claim(CIRCUIT_OPEN).close();
    breakers.close();
  }

  @Test
  void breakers_whoIsOut_comesBackAtTheNextTimer() {
    CircuitBreakers breakers = breakers();
    fleet.fail(0, 5);
    fleet.settle();
    assertThat(fleet.node(0).blocks()).containsExactly(CIRCUIT_OPEN);
    fleet.time.shutdown();

    fleet.time.advance(ofSeconds(10));

    assertThat(fleet.isUsable(0)).isTrue();
    assertThat(fleet.node(0).blocks()).isEmpty();
    breakers.close();
  }

  /** As is one of the user's own that throws. */
  @Test
  void start_clockThrows_claimsNothing() {
    NanoClock clock =
        () -> {
          throw new IllegalStateException("no time");
        };
    assertThatIllegalStateException()
        .isThrownBy(() -> HealthMonitor.builder(fleet.balancer).clock(clock).start());
    assertThatIllegalStateException()
        .isThrownBy(() -> OutlierDetector.builder(fleet.balancer).clock(clock).start());
    assertThatIllegalStateException()
        .isThrownBy(() -> CircuitBreakers.builder(fleet.balancer).clock(clock).start());
    fleet.balancer.claim(PROBE_DOWN).close();
    fleet.balancer.claim(EJECTED).close();
    fleet.balancer.claim(CIRCUIT_OPEN).close();
  }

  @Test
  void start_onOneThatIsShutDown_isRefused_andClaimsNothing() {
    fleet.time.shutdown();
    String message = "scheduler: shut down (expected: one that takes tasks)";
    assertThatIllegalStateException().isThrownBy(this::detector).withMessage(message);
    assertThatIllegalStateException().isThrownBy(this::breakers).withMessage(message);
    assertThatIllegalStateException()
        .isThrownBy(() -> HealthMonitor.builder(fleet.balancer).scheduler(fleet.time).start())
        .withMessage(message);
    fleet.balancer.claim(EJECTED).close();
    fleet.balancer.claim(CIRCUIT_OPEN).close();
  }
}
