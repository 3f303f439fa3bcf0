package io.evenkeel.health;

import static io.evenkeel.core.Block.CIRCUIT_OPEN;
import static io.evenkeel.core.Block.EJECTED;
import static io.evenkeel.core.Block.PROBE_DOWN;
import static io.evenkeel.health.CircuitBreaker.Status.CLOSED;
import static io.evenkeel.health.CircuitBreaker.Status.HALF_OPEN;
import static io.evenkeel.health.CircuitBreaker.Status.OPEN;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.BlockOwner;
import io.evenkeel.core.Explanation;
import io.evenkeel.core.Lease;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Query;
import io.evenkeel.core.Server;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** The breakers of a balancer on a clock that stands still. */
class CircuitBreakersTest {

  private final Fleet fleet = new Fleet(3);

  @Test
  void openCircuit_whoseServerMoves_isLoggedOnce() {
    CircuitBreakers breakers = start(policy());
    fleet.fail(0, 5);
    fleet.settle();
    PrintStream before = System.err;
    ByteArrayOutputStream log = new ByteArrayOutputStream();
    System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
    try {
      fleet.balancer.update(Server.of("10.0.0.9", 9).withId("s0"));
      fleet.settle();
    } finally {
      System.setErr(before);
    }
    assertThat(breakers.state("s0").status()).isEqualTo(CLOSED);
    assertThat(
            log.toString(StandardCharsets.UTF_8)
                .lines()
                .filter(l -> l.contains("its address changed")))
        .singleElement()
        .asString()
        .contains("CIRCUIT_OPEN cleared");
  }

  @Test
  void wholeLife_ofACircuit() {
    CircuitBreakers breakers = start(policy().trials(2));
    fleet.time.advance(ofSeconds(3));
    fleet.fail(0, 5);
    assertThat(fleet.isUsable(0)).isFalse(); // nothing has run on the scheduler since
    assertThat(fleet.node(0).blocks()).isEmpty();
    fleet.settle();
    assertThat(fleet.node(0).blocks()).containsExactly(CIRCUIT_OPEN);
    assertThat(breakers.state("s0").status()).isEqualTo(OPEN);
    assertThat(breakers.state("s0").retryAfter()).isEqualTo(ofSeconds(10));
    assertThat(breakers.state("s1").status()).isEqualTo(CLOSED);

    fleet.time.advance(ofMillis(9_999));
    assertThat(fleet.isUsable(0)).isFalse();
    fleet.time.advance(ofMillis(1));
    assertThat(fleet.node(0).blocks()).isEmpty();
    assertThat(breakers.state("s0").status()).isEqualTo(HALF_OPEN);
    Lease first = fleet.lease(0);
    Lease second = fleet.lease(0);
    assertThat(fleet.lease(0)).isNull();
    assertThat(fleet.balancer.explain(Query.any()).servers().get(0))
        .isEqualTo(
            new Explanation.Standing(
                fleet.node(0).server(),
                Explanation.Verdict.AT_LIMIT,
                "circuit half-open, its trials under way"));
    first.success();
    assertThat(fleet.lease(0)).isNull();
    second.failure(new IllegalStateException("no"));
    assertThat(fleet.isUsable(0)).isFalse();
    fleet.time.advance(ofSeconds(20));
    fleet.succeed(0, 2);
    assertThat(breakers.state("s0").status()).isEqualTo(CLOSED);
    List<Lease> many = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      many.add(fleet.lease(0));
    }
    assertThat(many).doesNotContainNull();
    assertThat(fleet.news)
        .containsExactly(
            "s0 CIRCUIT_OPEN: 5 failures in a row, the last: java.io.IOException: no;"
                + " closed for 3s; tried again in 10s",
            "s0 free of CIRCUIT_OPEN: time for 2 trials; open for 10s",
            "s0 CIRCUIT_OPEN: a trial failed after 1 of 2 had succeeded:"
                + " java.lang.IllegalStateException: no; half-open for 0s; tried again in 20s",
            "s0 free of CIRCUIT_OPEN: time for 2 trials; open for 20s");
  }

  @Test
  void trialWithoutAWord_orCancelled_isGivenBack() {
    start(policy().trials(1));
    fleet.fail(0, 5);
    fleet.time.advance(ofSeconds(10));
    for (int i = 0; i < 20; i++) {
      Lease neutral = fleet.lease(0);
      assertThat(fleet.lease(0)).isNull();
      if (i % 2 == 0) {
        neutral.failure(new CancellationException());
      }
      neutral.close();
    }
    fleet.use(0, true);
    assertThat(fleet.lease(0)).isNotNull();
    assertThat(fleet.lease(0)).isNotNull();
  }

  @Test
  void leasesOfBefore_areNoTrials() {
    CircuitBreakers breakers = start(policy().trials(1));
    List<Lease> early = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      early.add(fleet.lease(0));
    }
    fleet.fail(0, 5);
    fleet.time.advance(ofSeconds(10));
    Lease trial = fleet.lease(0);
    early.get(0).success();
    early.get(1).failure(new IllegalStateException());
    early.get(2).close();
    assertThat(breakers.state("s0").status()).isEqualTo(HALF_OPEN);
    assertThat(fleet.lease(0)).isNull();
    trial.failure(new IllegalStateException());
    assertThat(breakers.state("s0").status()).isEqualTo(OPEN);
    trial.success();
    trial.close();
    assertThat(breakers.state("s0").timesOpened()).isEqualTo(2);
  }

  @Test
  void trialsThatHang_openItAgain() {
    CircuitBreakers breakers = start(policy().trials(1).trialTimeout(ofSeconds(30)));
    fleet.fail(0, 5);
    fleet.time.advance(ofSeconds(10));
    Lease hangs = fleet.lease(0);
    fleet.time.advance(ofSeconds(30));
    assertThat(fleet.lease(0)).isNull(); // who asks finds out
    assertThat(breakers.state("s0").status()).isEqualTo(OPEN);
    fleet.time.advance(ofSeconds(20));
    hangs.close();
    assertThat(breakers.state("s0").freeTrials()).isEqualTo(1);
  }

  @Test
  void allOpen_failsFast_andSaysWhy() {
    start(policy());
    for (int i = 0; i < 3; i++) {
      fleet.fail(i, 5);
    }
    assertThatThrownBy(fleet.balancer::acquire)
        .hasMessage("no server available of 3: s0 circuit open, s1 circuit open, s2 circuit open");
    fleet.settle();
    assertThatThrownBy(fleet.balancer::acquire).hasMessageContaining("s1 CIRCUIT_OPEN (5 failures");
  }

  @Test
  void otherOwners_andTheirGates_standForThemselves() {
    BlockOwner prober = fleet.balancer.claim(PROBE_DOWN);
    OutlierDetector detector =
        OutlierDetector.builder(fleet.balancer)
            .policy(OutlierPolicy.builder().jitter(0).ejectsOneAtLeast(true).build())
            .clock(fleet.time)
            .scheduler(fleet.time)
            .start();
    CircuitBreakers breakers = start(policy());
    fleet.fail(0, 5);
    fleet.settle();
    assertThat(fleet.node(0).blocks()).containsExactly(EJECTED, CIRCUIT_OPEN);
    prober.set("s0", "refused");
    prober.clear("s0", "connected");
    fleet.time.advance(ofSeconds(10));
    assertThat(fleet.node(0).blocks()).containsExactly(EJECTED);
    assertThat(breakers.state("s0").status()).isEqualTo(HALF_OPEN);
    assertThat(fleet.isUsable(0)).isFalse();
    assertThat(breakers.state("s0").freeTrials()).isEqualTo(3);
    fleet.time.advance(ofSeconds(20));
    assertThat(fleet.node(0).blocks()).isEmpty();
    fleet.succeed(0, 3);
    assertThat(breakers.state("s0").status()).isEqualTo(CLOSED);
    assertThat(detector.stats().ejected()).isZero();
  }

  @Test
  void panic_goesPastCircuits_andItsLeasesAreNoTrials() {
    Fleet panicky = new Fleet(2, LoadBalancer.builder().panicThreshold(0.9));
    CircuitBreakers breakers = start(panicky, policy().trials(1));
    panicky.fail(0, 5);
    panicky.settle();
    assertThat(panicky.balancer.isPanicking()).isTrue();
    assertThat(panicky.use(0, true)).isTrue();
    assertThat(breakers.state("s0").status()).isEqualTo(OPEN);
  }

  @Test
  void serverOfTheSameId_andAnotherAddress_beginAnew() {
    CircuitBreakers breakers = start(policy());
    fleet.fail(0, 5);
    fleet.balancer.remove("s0"); // before anything ran
    fleet.balancer.add(Fleet.server(0));
    fleet.settle();
    assertThat(fleet.isUsable(0)).isTrue();
    fleet.time.advance(ofSeconds(100));
    assertThat(fleet.news).isEmpty();

    fleet.fail(0, 5);
    fleet.settle();
    fleet.balancer.update(Server.of("10.9.9.9", 80).withId("s0"));
    fleet.settle();
    assertThat(breakers.state("s0").status()).isEqualTo(CLOSED);
    assertThat(fleet.node(0).blocks()).isEmpty();
    assertThat(fleet.isUsable(0)).isTrue();
    fleet.time.advance(ofSeconds(100));
    assertThat(breakers.state("s0").status()).isEqualTo(CLOSED);
  }

  @Test
  void close_endsAllCircuits_andLeavesNoTimer() {
    CircuitBreakers breakers = start(policy());
    fleet.fail(0, 5);
    fleet.fail(1, 5);
    fleet.time.advance(ofSeconds(10));
    Lease trial = fleet.lease(1);
    fleet.fail(2, 5);
    breakers.close();
    breakers.close();
    trial.failure(new IllegalStateException());
    trial.close();
    for (int i = 0; i < 3; i++) {
      assertThat(fleet.node(i).blocks()).isEmpty();
      assertThat(fleet.isUsable(i)).isTrue();
      assertThat(fleet.node(i).inFlight()).isZero();
    }
    fleet.settle();
    assertThat(fleet.time.pending()).isZero();
    start(policy()); // the next may begin
  }

  /** Any uses at any times: trials taken beside a count kept by hand, blocks as circuits say. */
  @Property(tries = 200)
  void anySequence_exactlyAsManyTrials_andBlocksThatFit(
      @ForAll @Size(max = 150) List<@IntRange(max = 999) Integer> steps,
      @ForAll @IntRange(min = 1, max = 4) int trials) {
    Fleet any = new Fleet(1);
    CircuitBreakers breakers = start(any, policy().consecutiveFailures(2).trials(trials));
    List<Lease> open = new ArrayList<>();
    for (int step : steps) {
      CircuitStats before = breakers.state("s0");
      switch (step % 6) {
        case 0, 1 -> {
          Lease lease = any.lease(0);
          assertThat(lease != null).isEqualTo(before.status() == CLOSED || before.freeTrials() > 0);
          if (lease != null) {
            open.add(lease);
            int free = breakers.state("s0").freeTrials();
            assertThat(free).isEqualTo(Math.max(0, before.freeTrials() - 1));
          }
        }
        case 2 -> any.time.advance(ofSeconds(step % 13));
        default -> {
          if (!open.isEmpty()) {
            Lease lease = open.remove(step / 6 % open.size());
            if (step % 6 == 3) {
              lease.success();
            } else if (step % 6 == 4) {
              lease.failure(new IllegalStateException());
            }
            lease.close();
          }
        }
      }
      any.settle();
      assertThat(any.node(0).blocks().contains(CIRCUIT_OPEN))
          .isEqualTo(breakers.state("s0").status() == OPEN);
      assertThat(breakers.state("s0").freeTrials()).isBetween(0, trials);
    }
    open.forEach(Lease::close);
    any.time.advance(ofSeconds(1_000));
    for (int i = 0; i < trials; i++) {
      any.use(0, true);
    }
    assertThat(breakers.state("s0").status()).isEqualTo(CLOSED);
    assertThat(any.node(0).inFlight()).isZero();
  }

  private CircuitBreakers start(CircuitPolicy.Builder policy) {
    return start(fleet, policy);
  }

  private static CircuitBreakers start(Fleet fleet, CircuitPolicy.Builder policy) {
    return CircuitBreakers.builder(fleet.balancer)
        .policy(policy.build())
        .clock(fleet.time)
        .scheduler(fleet.time)
        .seed(1)
        .start();
  }

  /** No jitter, so that times can be said. */
  private static CircuitPolicy.Builder policy() {
    return CircuitPolicy.builder().jitter(0);
  }
}
