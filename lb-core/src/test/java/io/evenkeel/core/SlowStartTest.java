package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who becomes eligible gets up to its weight little by little, and never from nothing. */
class SlowStartTest {

  private static final Duration WINDOW = Duration.ofSeconds(50); // looked at every second
  private final VirtualTime time = new VirtualTime();

  private LoadBalancerBuilder builder(Selector.Factory selector) {
    return LoadBalancer.builder()
        .servers(Servers.numbered(3))
        .selector(selector)
        .seed(7)
        .clock(time)
        .scheduler(time)
        .slowStart(WINDOW);
  }

  private final LoadBalancer balancer = builder(Selectors.weightedRoundRobin()).build();

  private double weight(String id) {
    return Servers.node(balancer, id).effectiveWeight();
  }

  @Test
  void serversFromTheBeginning_haveAllTheirWeight() {
    assertThat(balancer.nodes()).allSatisfy(node -> assertThat(node.effectiveWeight()).isOne());
    assertThat(time.pending()).isZero();
  }

  @Property(tries = 50)
  void addedServer_hasItsShareOfTheWeight_atEveryStep(
      @ForAll @IntRange(min = 1, max = Server.MAX_WEIGHT) int weight,
      @ForAll @DoubleRange(min = 0.2, max = 5) double aggression) {
    VirtualTime own = new VirtualTime();
    LoadBalancer one =
        LoadBalancer.builder()
            .servers(Servers.numbered(2))
            .clock(own)
            .scheduler(own)
            .slowStart(WINDOW, aggression)
            .build();
    one.add(Servers.named("new").withWeight(weight));
    Node node = Servers.node(one, "new");
    for (int second = 0; second < 50; second++) {
      double share = Math.max(0.1, Math.pow(second / 50.0, 1 / aggression));
      assertThat(node.effectiveWeight()).isCloseTo(weight * share, within(weight * 1e-9));
      own.advance(Duration.ofSeconds(1));
    }
    assertThat(node.effectiveWeight()).isEqualTo(weight);
    assertThat(own.pending()).as("timers left").isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"weighted_round_robin", "weighted_random", "least_connections"})
  void halfWay_aServerGetsHalfAShare(String name) {
    LoadBalancer one = builder(Selectors.named(name)).build();
    one.add(Servers.named("new"));
    time.advance(WINDOW.dividedBy(2));
    List<Lease> leases = IntStream.range(0, 3_500).mapToObj(i -> one.acquire()).toList();
    int slack = name.equals("weighted_random") ? 100 : 2;
    assertThat(Servers.node(one, "new").inFlight()).isBetween(500 - slack, 500 + slack);
    leases.forEach(Lease::close);
  }

  @Test
  void smallestWeight_atTheVeryStart_isPicked() {
    LoadBalancer small = builder(Selectors.weightedRoundRobin()).build();
    small.add(Servers.named("new"));
    Map<String, Integer> counts = Servers.counts(Servers.picks(small, 310));
    assertThat(counts).containsEntry("new", 10).containsEntry("s0", 100);
  }

  @Test
  void backFromADrain_startsAgain() {
    balancer.drain("s1");
    time.advance(WINDOW.multipliedBy(3));
    balancer.resume("s1");
    assertThat(weight("s1")).isEqualTo(0.1);
    assertThat(weight("s0")).isEqualTo(1);
    time.advance(WINDOW.dividedBy(2));
    assertThat(weight("s1")).isEqualTo(0.5);
  }

  @Test
  void backFromAHealthBlock_startsAgain_fromTheLastBlockOn() {
    BlockOwner probe = balancer.claim(Block.PROBE_DOWN);
    BlockOwner ejection = balancer.claim(Block.EJECTED);
    probe.set("s1", "test");
    ejection.set("s1", "test");
    probe.clear("s1", "test");
    time.advance(WINDOW);
    ejection.clear("s1", "test");
    assertThat(weight("s1")).isEqualTo(0.1);
    time.advance(WINDOW);
    assertThat(weight("s1")).isEqualTo(1);
  }

  @Test
  void refreshInBetween_doesNotBeginAnew() {
    balancer.add(Servers.named("new"));
    time.advance(WINDOW.dividedBy(2));
    balancer.update(Servers.named("new").withWeight(4).withZone("z"));
    assertThat(weight("new")).isEqualTo(2);
    balancer.update(List.of(Servers.named("new").withWeight(2), Servers.server(1)));
    assertThat(weight("new")).isEqualTo(1);
    balancer.drain("s1");
    time.advance(WINDOW.dividedBy(2));
    assertThat(weight("new")).isEqualTo(2);
  }

  @Test
  void weightFromZero_starts_andToZero_isNothing() {
    balancer.update(Servers.server(1).withWeight(0));
    assertThat(weight("s1")).isZero();
    time.advance(WINDOW);
    balancer.update(Servers.server(1).withWeight(10));
    assertThat(weight("s1")).isEqualTo(1);
  }

  @Test
  void removedWhileItStarts_leavesNoTimer() {
    balancer.add(Servers.named("new"));
    balancer.remove("new");
    time.advance(Duration.ofSeconds(2));
    assertThat(time.pending()).isZero();
  }

  @Test
  void selectorFactoryThatThrowsAtAStep_isTriedAgain() {
    boolean[] broken = {false};
    LoadBalancer one =
        builder(
                (candidates, previous) -> {
                  if (broken[0]) {
                    throw new IllegalStateException("not now");
                  }
                  return Selectors.random().create(candidates, previous);
                })
            .build();
    one.add(Servers.named("new"));
    broken[0] = true;
    time.advance(Duration.ofSeconds(10));
    assertThat(Servers.node(one, "new").effectiveWeight()).isEqualTo(0.1);
    broken[0] = false;
    time.advance(Duration.ofSeconds(15));
    assertThat(Servers.node(one, "new").effectiveWeight()).isEqualTo(0.5);
  }

  /** The change is made, so those who listen must hear of it, whatever becomes of the timer. */
  @Test
  void schedulerThatThrows_theChangeIsMadeAndHeardOf() {
    List<BalancerEvent> heard = new ArrayList<>();
    ScheduledThreadPoolExecutor broken =
        new ScheduledThreadPoolExecutor(0) {
          @Override
          public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
            throw new IllegalStateException("out of order");
          }
        };
    LoadBalancer one =
        builder(Selectors.weightedRoundRobin()).scheduler(broken).listener(heard::add).build();
    one.add(Servers.named("new"));
    assertThat(heard).hasSize(1);
    assertThat(one.nodes()).hasSize(4);
    broken.shutdownNow();
  }

  @Test
  void badArguments_areNamed() {
    LoadBalancerBuilder any = LoadBalancer.builder();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> any.slowStart(Duration.ZERO))
        .withMessage("slowStart: PT0S (expected: > 0)");
    for (double bad : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> any.slowStart(WINDOW, bad))
          .withMessage("aggression: " + bad + " (expected: > 0)");
    }
  }
}
