package io.evenkeel.health;

import static io.evenkeel.core.Block.PROBE_DOWN;
import static io.evenkeel.health.CircuitBreaker.Status.CLOSED;
import static io.evenkeel.health.CircuitBreaker.Status.HALF_OPEN;
import static io.evenkeel.health.CircuitBreaker.Status.OPEN;
import static java.time.Duration.ofHours;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.evenkeel.core.Lease;
import io.evenkeel.health.OutlierPolicy.SuccessRate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** Monitor, detector and breakers take another policy while they run, and forget nothing. */
class LiveUpdateTest {

  private static final ProbeResult UP = ProbeResult.success();
  private static final ProbeResult DOWN = ProbeResult.failure("no");

  private final Fleet fleet = new Fleet(10);

  // ---- monitor ----

  private HealthMonitor monitor(Probe probe, HealthPolicy policy) {
    return HealthMonitor.builder(fleet.balancer)
        .probe(probe)
        .policy(policy)
        .clock(fleet.time)
        .scheduler(fleet.time)
        .seed(1)
        .start();
  }

  private static HealthPolicy.Builder checks(Duration interval) {
    return HealthPolicy.builder()
        .interval(interval)
        .timeout(interval.dividedBy(2))
        .jitter(0)
        .backoffMultiplier(1);
  }

  private static Probe always(ProbeResult result, List<String> calls) {
    return (server, context) -> {
      calls.add(server.id() + " " + context.timeout());
      return CompletableFuture.completedFuture(result);
    };
  }

  @Test
  void otherProbe_isAsked_andStatesResultsAndCountsStay() {
    List<String> first = new ArrayList<>();
    List<String> second = new ArrayList<>();
    HealthPolicy policy = checks(ofSeconds(10)).unhealthyThreshold(3).build();
    HealthMonitor monitor = monitor(always(UP, first), policy);
    fleet.time.advance(ofSeconds(30));
    assertThat(first).hasSize(30);
    monitor.update(always(DOWN, second), policy);
    fleet.time.advance(ofSeconds(20));
    assertThat(first).hasSize(30);
    assertThat(second).hasSize(20);
    ServerHealth health = monitor.health("s0");
    assertThat(health.status()).isEqualTo(ServerHealth.Status.UP);
    assertThat(health.checks()).isEqualTo(5);
    assertThat(health.failures()).isEqualTo(2);
    assertThat(health.inARow()).isEqualTo(2);
    assertThat(monitor.stats().checks()).isEqualTo(50);
    fleet.time.advance(ofSeconds(10));
    assertThat(fleet.balancer.nodes()).allMatch(node -> node.blocks().contains(PROBE_DOWN));

    monitor.update(always(UP, first), policy);
    assertThat(fleet.balancer.nodes()).allMatch(node -> node.blocks().contains(PROBE_DOWN));
    fleet.time.advance(ofSeconds(20));
    assertThat(fleet.balancer.nodes()).allMatch(node -> node.blocks().isEmpty());
  }

  @Test
  void otherThreshold_countsWhatWasInARowBefore() {
    HealthMonitor monitor =
        monitor(
            always(DOWN, new ArrayList<>()),
            checks(ofSeconds(10)).firstResultDecides(false).unhealthyThreshold(100).build());
    fleet.time.advance(ofSeconds(50));
    assertThat(fleet.balancer.eligibleCount()).isEqualTo(10);
    monitor.update(
        always(DOWN, new ArrayList<>()), checks(ofSeconds(10)).unhealthyThreshold(6).build());
    fleet.time.advance(ofSeconds(10));
    assertThat(fleet.balancer.eligibleCount()).isZero();
  }

  @Test
  void shorterInterval_isKeptFromNowOn_spreadOverIt() {
    List<String> calls = new ArrayList<>();
    Probe probe = always(UP, calls);
    HealthMonitor monitor = monitor(probe, checks(ofHours(2)).build());
    fleet.time.advance(ofHours(2));
    assertThat(calls).hasSize(10);
    monitor.update(probe, checks(ofSeconds(10)).build());
    fleet.time.advance(ofSeconds(5));
    assertThat(calls.size() - 10).describedAs("not all at once").isBetween(1, 9);
    fleet.time.advance(ofSeconds(5));
    assertThat(calls).hasSize(20);
    assertThat(calls).endsWith(calls.get(19)).last().asString().endsWith(" PT5S");
    fleet.time.advance(ofSeconds(100));
    assertThat(calls).hasSize(120);
    monitor.update(probe, checks(ofHours(2)).build());
    fleet.time.advance(ofSeconds(10)); // those that were due are done
    assertThat(calls).hasSize(130);
    fleet.time.advance(ofHours(1));
    assertThat(calls).hasSize(130);
    assertThat(fleet.time.pending()).isEqualTo(10);
    monitor.close();
    assertThat(fleet.time.pending()).isZero();
  }

  @Test
  void checkUnderWay_hasTheTimeThatItBeganWith_andCounts() {
    FakeProbe silent = new FakeProbe();
    HealthMonitor monitor = monitor(silent, checks(ofSeconds(10)).build());
    while (silent.calls.isEmpty()) {
      fleet.time.advance(ofMillis(1));
    }
    FakeProbe.Call first = silent.calls.get(0);
    fleet.time.advance(ofMillis(100));
    FakeProbe other = new FakeProbe();
    monitor.update(other, checks(ofSeconds(2)).build());
    fleet.time.advance(ofMillis(4_899));
    assertThat(first.answer()).isNotDone();
    fleet.time.advance(ofMillis(1));
    assertThat(first.answer()).isCancelled();
    assertThat(monitor.health(first.server().id()).failures()).isEqualTo(1);
    monitor.close();
    assertThatIllegalStateException()
        .isThrownBy(() -> monitor.update(silent, checks(ofSeconds(2)).build()));
  }

  @Test
  void equalPolicyAndProbe_changeNothing_notEvenWhenChecksAreDue() {
    List<String> calls = new ArrayList<>();
    List<String> untouched = new ArrayList<>();
    Probe probe = always(UP, calls);
    HealthMonitor monitor = monitor(probe, checks(ofSeconds(10)).build());
    Fleet other = new Fleet(10);
    HealthMonitor same =
        HealthMonitor.builder(other.balancer)
            .probe(always(UP, untouched))
            .policy(checks(ofSeconds(10)).build())
            .clock(other.time)
            .scheduler(other.time)
            .seed(1)
            .start();
    for (int i = 0; i < 200; i++) {
      monitor.update(probe, checks(ofSeconds(10)).build());
      fleet.time.advance(ofMillis(300));
      other.time.advance(ofMillis(300));
      assertThat(calls).isEqualTo(untouched);
    }
    assertThat(calls).hasSize(60);
    same.close();
  }

  // ---- detector ----

  private OutlierDetector detector(OutlierPolicy.Builder policy) {
    return OutlierDetector.builder(fleet.balancer)
        .policy(policy.build())
        .clock(fleet.time)
        .scheduler(fleet.time)
        .seed(1)
        .start();
  }

  private static OutlierPolicy.Builder outliers() {
    return OutlierPolicy.builder().jitter(0).maxEjectedShare(0.5);
  }

  @Test
  void failuresInARow_countOn_andWhoIsOutStaysOut() {
    OutlierDetector detector = detector(outliers());
    fleet.fail(0, 5);
    fleet.fail(1, 3);
    fleet.settle();
    fleet.time.advance(ofSeconds(10));
    detector.update(outliers().consecutiveFailures(4).ejectionTime(ofSeconds(1)).build());
    fleet.settle();
    assertThat(detector.stats().ejected()).isEqualTo(1);
    assertThat(fleet.isUsable(0)).isFalse();
    fleet.fail(1, 1);
    assertThat(fleet.isUsable(1)).isFalse();
    fleet.time.advance(ofSeconds(1));
    assertThat(fleet.isUsable(1)).describedAs("by the new time").isTrue();
    fleet.time.advance(ofSeconds(18));
    assertThat(fleet.isUsable(0)).describedAs("by the time it was told").isFalse();
    fleet.time.advance(ofSeconds(1));
    assertThat(fleet.isUsable(0)).isTrue();
    assertThat(detector.stats().ejections()).isEqualTo(2);
  }

  @Test
  void window_countsOnWhereItIsTheSame_andBeginsEmptyWhereItIsNot() {
    OutcomeWindow window = OutcomeWindow.ofCount(10);
    OutlierPolicy.Builder share = outliers().withoutConsecutiveFailures().failureShare(0.5, window);
    OutlierDetector detector = detector(share);
    fleet.succeed(0, 5);
    fleet.fail(0, 4);
    detector.update(share.failureShare(0.4, window).build());
    fleet.fail(0, 1); // 5 of 10
    assertThat(fleet.isUsable(0)).isFalse();

    fleet.succeed(1, 5);
    fleet.fail(1, 4);
    detector.update(share.failureShare(0.4, OutcomeWindow.ofTime(ofSeconds(10), 4)).build());
    fleet.fail(1, 3);
    assertThat(fleet.isUsable(1)).isTrue();
    fleet.fail(1, 1);
    assertThat(fleet.isUsable(1)).isFalse();

    fleet.fail(2, 3);
    fleet.time.advance(ofSeconds(11)); // it is told the time now
    fleet.fail(2, 3);
    assertThat(fleet.isUsable(2)).isTrue();
  }

  @Test
  void smallerShare_bringsThoseBackWhoHaveLeastLeft() {
    OutlierDetector detector = detector(outliers());
    for (int i = 0; i < 4; i++) {
      fleet.fail(i, 5);
      fleet.time.advance(ofSeconds(1));
    }
    detector.update(outliers().maxEjectedShare(0.2).build());
    fleet.settle();
    assertThat(fleet.isUsable(0)).isTrue();
    assertThat(fleet.isUsable(1)).isTrue();
    assertThat(fleet.isUsable(2)).isFalse();
    assertThat(fleet.isUsable(3)).isFalse();
    assertThat(fleet.news)
        .contains("s0 free of EJECTED: fewer servers may be out now;" + " ejected for 4s");
    detector.update(outliers().maxEjectedShare(0.05).build());
    fleet.settle();
    assertThat(fleet.balancer.warnings())
        .extracting(warning -> warning.name())
        .containsExactly("few_servers_for_ejection");
    assertThat(detector.stats().ejected()).isZero();
  }

  @Test
  void successRates_areComparedFromWhenTheyAreAskedFor_overAWholeInterval() {
    OutlierDetector detector = detector(outliers().consecutiveFailures(1_000));
    fleet.fail(0, 500); // counted by nobody
    SuccessRate rate = new SuccessRate(1.9, 5, 50);
    OutlierPolicy.Builder compares =
        outliers().consecutiveFailures(1_000).successRate(rate).interval(ofSeconds(4));
    detector.update(compares.build());
    useAll(-1);
    fleet.time.advance(ofSeconds(4));
    assertThat(detector.stats().ejected()).describedAs("all did well since").isZero();
    useAll(3);
    fleet.time.advance(ofSeconds(4));
    assertThat(fleet.isUsable(3)).isFalse();

    detector.update(compares.interval(ofSeconds(60)).build());
    useAll(4);
    fleet.time.advance(ofSeconds(8)); // the old interval is over twice
    assertThat(fleet.isUsable(4)).isTrue();
    fleet.time.advance(ofSeconds(52));
    assertThat(fleet.isUsable(4)).isFalse();
    detector.update(outliers().build());
    useAll(5);
    fleet.time.advance(ofMinutes(5));
    assertThat(fleet.isUsable(5)).isTrue();
    detector.close();
    assertThat(fleet.time.pending()).isZero();
    assertThatIllegalStateException().isThrownBy(() -> detector.update(compares.build()));
  }

  private void useAll(int failing) {
    for (int i = 0; i < 10; i++) {
      for (int n = 0; n < 60; n++) {
        fleet.use(i, i != failing);
      }
    }
  }

  @Test
  void serverOfLater_isJudgedByThePolicyOfThen() {
    OutlierDetector detector = detector(outliers());
    detector.update(outliers().consecutiveFailures(2).build());
    fleet.balancer.add(Fleet.server(10));
    fleet.settle();
    fleet.fail(10, 2);
    assertThat(fleet.isUsable(10)).isFalse();
    CircuitBreakers breakers = breakers(circuits());
    breakers.update(circuits().consecutiveFailures(1).build());
    fleet.balancer.add(Fleet.server(11));
    fleet.settle();
    fleet.fail(11, 1);
    assertThat(breakers.state("s11").status()).isEqualTo(OPEN);
  }

  // ---- breakers ----

  private CircuitBreakers breakers(CircuitPolicy.Builder policy) {
    return CircuitBreakers.builder(fleet.balancer)
        .policy(policy.build())
        .clock(fleet.time)
        .scheduler(fleet.time)
        .seed(1)
        .start();
  }

  private static CircuitPolicy.Builder circuits() {
    return CircuitPolicy.builder().jitter(0);
  }

  @Test
  void circuits_stayAsTheyStand_andGoByTheNewPolicyNext() {
    CircuitBreakers breakers = breakers(circuits().trials(3));
    fleet.fail(0, 5);
    fleet.fail(1, 4);
    fleet.time.advance(ofSeconds(4));
    breakers.update(circuits().openTime(ofSeconds(60)).trials(1).build());
    assertThat(breakers.state("s0").status()).isEqualTo(OPEN);
    assertThat(breakers.state("s0").retryAfter()).isEqualTo(ofSeconds(6));
    fleet.fail(1, 1);
    assertThat(breakers.state("s1").retryAfter()).isEqualTo(ofSeconds(60));
    fleet.time.advance(ofSeconds(6));
    assertThat(breakers.state("s0").status()).isEqualTo(HALF_OPEN);
    fleet.succeed(0, 1);
    assertThat(breakers.state("s0").status()).describedAs("one trial is enough").isEqualTo(CLOSED);
    breakers.close();
    assertThatIllegalStateException().isThrownBy(() -> breakers.update(circuits().build()));
  }

  @Test
  void halfOpenPeriod_hasTheTrialsThatItBeganWith() {
    for (int[] trials : new int[][] {{3, 1}, {1, 3}}) {
      Fleet own = new Fleet(2);
      CircuitBreakers breakers =
          CircuitBreakers.builder(own.balancer)
              .policy(circuits().trials(trials[0]).build())
              .clock(own.time)
              .scheduler(own.time)
              .start();
      own.fail(0, 5);
      own.time.advance(ofSeconds(10));
      List<Lease> leases = new ArrayList<>();
      for (int i = 0; i < trials[0]; i++) {
        leases.add(own.lease(0));
        if (i == 0) {
          breakers.update(circuits().trials(trials[1]).build());
        }
      }
      assertThat(leases).doesNotContainNull();
      assertThat(own.lease(0)).isNull();
      for (Lease lease : leases) {
        assertThat(breakers.state("s0").status()).isEqualTo(HALF_OPEN);
        lease.success();
        lease.close();
      }
      assertThat(breakers.state("s0").status()).isEqualTo(CLOSED);
    }
  }

  // ---- who is equal ----

  @Test
  void policiesAndProbes_areEqualByWhatTheySay() {
    assertThat(outliers().build())
        .isEqualTo(outliers().build())
        .hasSameHashCodeAs(outliers().build());
    assertThat(outliers().build()).isNotEqualTo(outliers().ejectionTime(ofSeconds(9)).build());
    assertThat(outliers().build()).isNotEqualTo(outliers().ejectsOneAtLeast(true).build());
    Predicate<Throwable> any = cause -> true;
    assertThat(outliers().countsAsFailure(any).build())
        .isEqualTo(outliers().countsAsFailure(any).build())
        .isNotEqualTo(outliers().build());
    OutcomeWindow window = OutcomeWindow.ofTime(ofSeconds(3), 4);
    assertThat(circuits().failureShare(0.5, window).build())
        .isEqualTo(circuits().failureShare(0.5, OutcomeWindow.ofTime(ofSeconds(3), 4)).build())
        .hasSameHashCodeAs(circuits().failureShare(0.5, window).build())
        .isNotEqualTo(circuits().failureShare(0.6, window).build())
        .isNotEqualTo(circuits().build());
    assertThat(circuits().trials(2).build()).isNotEqualTo(circuits().trials(3).build());

    assertThat(Probes.tcp()).isEqualTo(Probes.tcp());
    assertThat(Probes.agent(5)).isEqualTo(Probes.agent(5)).isNotEqualTo(Probes.agent(6));
    assertThat(Probes.sendExpect("a", "b"))
        .isEqualTo(Probes.sendExpect("a", "b"))
        .isNotEqualTo(Probes.sendExpect("c", "b"))
        .isNotEqualTo(Probes.sendExpect("a", "c"));
    assertThat(Probes.http("/a").withMethod("HEAD").withTls())
        .isEqualTo(Probes.http("/a").withTls().withMethod("HEAD"))
        .hasSameHashCodeAs(Probes.http("/a").withTls().withMethod("HEAD"))
        .isNotEqualTo(Probes.http("/a").withTlsTrustingAnyone().withMethod("HEAD"))
        .isNotEqualTo(Probes.http("/a").withMethod("HEAD"))
        .isNotEqualTo(Probes.http("/b").withMethod("HEAD").withTls());
  }
}
