package io.evenkeel.health;

import static io.evenkeel.core.Block.EJECTED;
import static io.evenkeel.core.Block.PROBE_DOWN;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.BlockOwner;
import io.evenkeel.core.Lease;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Selector;
import io.evenkeel.core.Selectors;
import io.evenkeel.core.Server;
import io.evenkeel.core.Warning;
import io.evenkeel.health.OutlierPolicy.SuccessRate;
import io.evenkeel.health.OutlierStats.Standing;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** The detector on a clock that stands still. */
class OutlierDetectorTest {

  private final Fleet fleet = new Fleet(10);

  @Test
  void failuresInARow_ejectAtOnce_blockFollows_andTimeBringsBack() {
    OutlierDetector detector = start(policy());
    fleet.fail(3, 4);
    fleet.use(3, true);
    fleet.fail(3, 4);
    assertThat(fleet.isUsable(3)).isTrue();

    fleet.time.advance(ofSeconds(7));
    fleet.fail(3, 1);
    assertThat(fleet.isUsable(3)).isFalse(); // nothing has run on the scheduler since
    assertThat(fleet.node(3).blocks()).isEmpty();
    fleet.settle();
    assertThat(fleet.node(3).blocks()).containsExactly(EJECTED);
    assertThat(detector.stats().servers().get("s3"))
        .isEqualTo(
            new Standing(
                true,
                Duration.ZERO,
                1,
                ofSeconds(30),
                "5 failures in a row, the last: java.io.IOException: no"));

    fleet.time.advance(ofMillis(29_999));
    assertThat(fleet.isUsable(3)).isFalse();
    fleet.time.advance(ofMillis(1));
    assertThat(fleet.isUsable(3)).isTrue();
    assertThat(fleet.news)
        .containsExactly(
            "s3 EJECTED: 5 failures in a row, the last: java.io.IOException: no;"
                + " in use for 7s; ejection 1, for 30s",
            "s3 free of EJECTED: time served; ejected for 30s");
    assertThat(detector.stats().ejected()).isZero();
    assertThat(detector.stats().ejections()).isEqualTo(1);
  }

  @Test
  void failureShareAndCancellations() {
    OutlierPolicy share =
        policy().withoutConsecutiveFailures().failureShare(0.5, OutcomeWindow.ofCount(10)).build();
    start(share);
    for (int i = 0; i < 5; i++) {
      fleet.use(0, false);
      fleet.use(0, true);
    }
    for (int i = 0; i < 100; i++) {
      Lease lease = fleet.lease(0);
      lease.failure(new CancellationException()); // says nothing about the server
      lease.close();
    }
    assertThat(fleet.isUsable(0)).isTrue();
    fleet.fail(0, 2); // the first takes the place of a failure, the second that of a success
    assertThat(fleet.isUsable(0)).isFalse();
  }

  @Test
  void ejectionsGrow_andTimeInUseForgives() {
    start(policy());
    List<Integer> lengths = new ArrayList<>();
    for (int n = 0; n < 3; n++) {
      fleet.fail(0, 5);
      int seconds = 0;
      for (; !fleet.isUsable(0); seconds++) {
        fleet.time.advance(ofSeconds(1));
      }
      lengths.add(seconds);
    }
    fleet.time.advance(ofSeconds(90));
    fleet.fail(0, 5);
    fleet.time.advance(ofSeconds(29));
    assertThat(fleet.isUsable(0)).isFalse();
    fleet.time.advance(ofSeconds(1));
    assertThat(fleet.isUsable(0)).isTrue();
    assertThat(lengths).containsExactly(30, 60, 90);
  }

  @Test
  void leasesOfBefore_areNotHeldAgainstAServerThatIsOut_norWhenItIsBack() {
    start(policy());
    List<Lease> early = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      early.add(fleet.lease(0));
    }
    fleet.fail(0, 5);
    fleet.time.advance(ofSeconds(20));
    early.subList(0, 6).forEach(lease -> lease.failure(new IllegalStateException()));
    fleet.time.advance(ofSeconds(10));
    fleet.fail(0, 4);
    assertThat(fleet.isUsable(0)).isTrue();
  }

  @Test
  void back_nothingOfBeforeCounts() {
    start(policy().consecutiveFailures(6).failureShare(0.5, OutcomeWindow.ofCount(8)));
    fleet.succeed(0, 3);
    fleet.fail(0, 5); // 5 of the last 8, and 5 in a row, of 6
    assertThat(fleet.isUsable(0)).isFalse();
    fleet.time.advance(ofSeconds(30));
    fleet.fail(0, 5);
    assertThat(fleet.isUsable(0)).isTrue();
    fleet.fail(0, 1);
    assertThat(fleet.isUsable(0)).isFalse();
  }

  @Test
  void limit_isTheShareRoundedDown_andTheRestStays() {
    OutlierDetector detector = start(policy().maxEjectedShare(0.29));
    for (int i = 0; i < 10; i++) {
      fleet.fail(i, 5);
    }
    fleet.settle();
    assertThat(fleet.balancer.eligibleCount()).isEqualTo(8);
    OutlierStats stats = detector.stats();
    assertThat(stats.ejected()).isEqualTo(2);
    assertThat(stats.mayBeEjected()).isEqualTo(2);
    assertThat(stats.overLimit()).isEqualTo(8);
    assertThat(fleet.isUsable(2)).isTrue();

    fleet.time.advance(ofSeconds(30));
    fleet.fail(7, 5);
    assertThat(fleet.isUsable(7)).isFalse();
  }

  @Test
  void fewServers_noneIsEjected_unlessOneAtLeastMayBe() {
    Fleet few = new Fleet(3);
    OutlierDetector detector = start(few, policy().build());
    few.settle();
    few.fail(0, 50);
    assertThat(few.isUsable(0)).isTrue();
    assertThat(few.balancer.warnings())
        .containsExactly(
            new Warning(
                "few_servers_for_ejection",
                "maxEjectedShare 0.1 of 3 servers is less than one, so that none is ever ejected;"
                    + " see ejectsOneAtLeast"));
    detector.close();
    assertThat(few.balancer.warnings()).isEmpty();

    start(few, policy().ejectsOneAtLeast(true).build());
    few.settle();
    few.fail(0, 5);
    few.fail(1, 50);
    assertThat(few.isUsable(0)).isFalse();
    assertThat(few.isUsable(1)).isTrue();
    assertThat(few.balancer.warnings()).isEmpty();
  }

  @Test
  void serversLeave_thoseOutBeyondTheLimit_comeBack() {
    Fleet many = new Fleet(20);
    OutlierDetector detector = start(many, policy().build());
    many.fail(0, 5);
    many.time.advance(ofSeconds(5));
    many.fail(1, 5);
    many.settle();
    assertThat(many.balancer.eligibleCount()).isEqualTo(18);

    many.balancer.update(IntStream.range(0, 19).mapToObj(Fleet::server).toList());
    many.settle();
    assertThat(many.isUsable(0)).isTrue(); // it would have been the next
    assertThat(many.isUsable(1)).isFalse();
    assertThat(many.news)
        .contains("s0 free of EJECTED: fewer servers may be out now; ejected for 5s");

    many.balancer.remove("s1"); // who is gone is not out
    many.settle();
    assertThat(detector.stats().ejected()).isZero();
    many.fail(5, 5);
    assertThat(many.isUsable(5)).isFalse();
  }

  @Test
  void cameBackEarlyAndIsOutAgain_theFirstTimerDoesNotBringItBack() {
    Fleet many = new Fleet(20);
    start(many, policy().build());
    many.fail(0, 5);
    many.fail(1, 5);
    many.balancer.update(IntStream.range(0, 19).mapToObj(Fleet::server).toList());
    many.time.advance(ofSeconds(20));
    assertThat(many.isUsable(0)).isTrue();
    many.balancer.add(Fleet.server(19));
    many.fail(0, 5); // for 60 s
    many.time.advance(ofSeconds(59));
    assertThat(many.isUsable(0)).isFalse();
    many.time.advance(ofSeconds(1));
    assertThat(many.isUsable(0)).isTrue();
  }

  @Test
  void serverOfTheSameId_beginsAnew() {
    start(policy());
    fleet.fail(0, 5);
    fleet.balancer.remove("s0"); // before anything ran
    fleet.balancer.add(Fleet.server(0));
    fleet.settle();
    assertThat(fleet.isUsable(0)).isTrue();
    fleet.fail(0, 4);
    fleet.time.advance(ofSeconds(30));
    assertThat(fleet.isUsable(0)).isTrue();
    assertThat(fleet.news).isEmpty();
    fleet.fail(0, 1);
    fleet.settle();
    fleet.balancer.update(Server.of("10.9.9.9", 80).withId("s0")); // another machine
    fleet.settle();
    assertThat(fleet.isUsable(0)).isTrue();
    assertThat(fleet.news).last().asString().contains("its address changed");
  }

  @Test
  void successRates_theWorstIsEjected_andItTakesPeersWithTraffic() {
    OutlierPolicy policy =
        policy()
            .withoutConsecutiveFailures()
            .successRate(SuccessRate.DEFAULT)
            .interval(ofSeconds(10))
            .build();
    OutlierDetector detector = start(policy);
    fleet.settle();
    for (int i = 0; i < 6; i++) {
      fleet.succeed(i, i == 0 ? 60 : 99);
      fleet.fail(i, i == 0 ? 40 : 1);
    }
    fleet.time.advance(ofMillis(9_999));
    assertThat(detector.stats().ejected()).isZero();
    fleet.time.advance(ofMillis(1));
    assertThat(fleet.isUsable(0)).isFalse();
    assertThat(detector.stats().servers().get("s0").cause())
        .startsWith("60.0 % of 100 succeeded, less than");

    // What was counted is of that interval alone: half as much is not enough in the next.
    fleet.time.advance(ofSeconds(30));
    for (int i = 0; i < 6; i++) {
      fleet.succeed(i, 30);
      fleet.fail(i, i == 0 ? 20 : 1);
    }
    fleet.time.advance(ofSeconds(10));
    for (int i = 0; i < 6; i++) {
      fleet.succeed(i, 30);
      fleet.fail(i, i == 0 ? 20 : 1);
    }
    fleet.time.advance(ofSeconds(10));
    assertThat(detector.stats().ejections()).isEqualTo(1);
  }

  @Test
  void fewServersForSuccessRate_isAWarningUntilThereAreEnough() {
    Fleet few = new Fleet(4);
    start(few, policy().ejectsOneAtLeast(true).successRate(new SuccessRate(1.9, 5, 10)).build());
    few.settle();
    assertThat(few.balancer.warnings())
        .containsExactly(
            new Warning(
                "few_servers_for_success_rate",
                "success rates are compared of 5 servers or more, and there are 4"));
    few.balancer.add(Fleet.server(4));
    few.settle();
    assertThat(few.balancer.warnings()).isEmpty();
    few.balancer.remove("s4");
    few.settle();
    assertThat(few.balancer.warnings()).hasSize(1);
  }

  @Test
  void otherOwnersBlocks_stay_andSoDoesTheEjection() {
    BlockOwner prober = fleet.balancer.claim(PROBE_DOWN);
    start(policy());
    fleet.fail(0, 5);
    fleet.settle();
    prober.set("s0", "refused");
    prober.clear("s0", "connected");
    assertThat(fleet.node(0).blocks()).containsExactly(EJECTED);
    prober.set("s0", "refused");
    fleet.time.advance(ofSeconds(30));
    assertThat(fleet.node(0).blocks()).containsExactly(PROBE_DOWN);
    assertThat(fleet.isUsable(0)).isFalse();
  }

  @Test
  void back_withSlowStart() {
    Fleet slow = new Fleet(10, LoadBalancer.builder().slowStart(ofSeconds(10)));
    slow.settle();
    start(slow, policy().build());
    slow.fail(0, 5);
    slow.settle();
    slow.time.advance(ofSeconds(30));
    assertThat(slow.isUsable(0)).isTrue();
    assertThat(slow.node(0).effectiveWeight()).isEqualTo(0.1);
    assertThat(slow.node(1).effectiveWeight()).isEqualTo(1);
  }

  @Test
  void close_bringsEverybodyBack_andLeavesNoTimer() {
    OutlierDetector detector =
        start(policy().successRate(SuccessRate.DEFAULT).maxEjectedShare(0.5).build());
    fleet.fail(0, 5);
    fleet.settle();
    fleet.fail(1, 5);
    detector.close();
    detector.close();
    assertThat(fleet.isUsable(0)).isTrue();
    assertThat(fleet.isUsable(1)).isTrue();
    assertThat(fleet.node(0).blocks()).isEmpty();
    fleet.settle();
    assertThat(fleet.time.pending()).isZero();
    fleet.fail(2, 50);
    assertThat(fleet.isUsable(2)).isTrue();
    start(policy()); // the next may begin
  }

  @Test
  void balancerThatCannotBeTold_isToldLater() {
    AtomicBoolean isBroken = new AtomicBoolean();
    Selector.Factory moody =
        (candidates, previous) -> {
          if (isBroken.get()) {
            throw new IllegalStateException("on purpose");
          }
          return Selectors.roundRobin().create(candidates, previous);
        };
    LoadBalancer balancer =
        LoadBalancer.builder()
            .servers(IntStream.range(0, 10).mapToObj(Fleet::server).toList())
            .selector(moody)
            .build();
    OutlierDetector.builder(balancer)
        .policy(policy().consecutiveFailures(1).build())
        .clock(fleet.time)
        .scheduler(fleet.time)
        .start();
    isBroken.set(true);
    Lease lease = balancer.acquire();
    lease.failure(new IllegalStateException());
    fleet.time.advance(ofSeconds(10));
    assertThat(lease.node().blocks()).isEmpty();
    isBroken.set(false);
    fleet.time.advance(ofSeconds(1));
    assertThat(lease.node().blocks()).containsExactly(EJECTED);
    isBroken.set(true);
    fleet.time.advance(ofSeconds(60));
    assertThat(lease.node().blocks()).containsExactly(EJECTED);
    isBroken.set(false);
    fleet.time.advance(ofSeconds(1));
    assertThat(lease.node().blocks()).isEmpty();
  }

  /**
   * Uses, time and servers that come and go, in any order: never are more blocked than the share of
   * those that are there, once the detector has heard of it; who is not out can be used.
   */
  @Property(tries = 150)
  void anySequence_neverMoreOutThanTheLimit(
      @ForAll @Size(max = 150) List<@IntRange(max = 9_999) Integer> steps,
      @ForAll @IntRange(max = 60) int percent,
      @ForAll boolean oneAtLeast) {
    Fleet any = new Fleet(12);
    OutlierPolicy policy =
        policy()
            .consecutiveFailures(2)
            .maxEjectedShare(percent / 100.0)
            .ejectsOneAtLeast(oneAtLeast)
            .build();
    OutlierDetector detector = start(any, policy);
    for (int step : steps) {
      int i = step / 10 % 16;
      boolean isMember =
          any.balancer.nodes().stream().anyMatch(n -> n.server().id().equals("s" + i));
      switch (step % 10) {
        case 0 -> any.time.advance(ofSeconds(step / 160));
        case 1 -> any.settle();
        case 2 -> {
          if (isMember && any.balancer.nodes().size() > 1) {
            any.balancer.remove("s" + i);
            any.settle();
          } else if (!isMember) {
            any.balancer.add(Fleet.server(i));
          }
        }
        case 3 -> any.use(i, true);
        default -> any.fail(i, 2);
      }
      int n = any.balancer.nodes().size();
      int limit = Math.max(percent * n / 100, oneAtLeast ? 1 : 0);
      long blocked =
          any.balancer.nodes().stream().filter(node -> node.blocks().contains(EJECTED)).count();
      long unusable = IntStream.range(0, 16).filter(s -> !any.isUsable(s)).count() - (16 - n);
      assertThat(blocked).isLessThanOrEqualTo(limit);
      assertThat(unusable).isLessThanOrEqualTo(limit);
      assertThat(detector.stats().ejected()).isLessThanOrEqualTo(limit);
    }
    any.time.advance(ofSeconds(400));
    assertThat(any.balancer.eligibleCount()).isEqualTo(any.balancer.nodes().size());
  }

  private OutlierDetector start(OutlierPolicy.Builder policy) {
    return start(fleet, policy.build());
  }

  private OutlierDetector start(OutlierPolicy policy) {
    return start(fleet, policy);
  }

  private static OutlierDetector start(Fleet fleet, OutlierPolicy policy) {
    return OutlierDetector.builder(fleet.balancer)
        .policy(policy)
        .clock(fleet.time)
        .scheduler(fleet.time)
        .seed(1)
        .start();
  }

  /** No jitter, so that times can be said. */
  private static OutlierPolicy.Builder policy() {
    return OutlierPolicy.builder().jitter(0);
  }
}
