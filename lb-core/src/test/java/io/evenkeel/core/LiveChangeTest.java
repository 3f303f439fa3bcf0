package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a balancer picks by changes while it runs, all or nothing. */
class LiveChangeTest {

  private final VirtualTime time = new VirtualTime();

  private LoadBalancerBuilder builder(int servers) {
    return LoadBalancer.builder()
        .servers(Servers.numbered(servers))
        .seed(7)
        .clock(time)
        .scheduler(time);
  }

  static Collection<String> names() {
    return Selectors.names();
  }

  @Test
  void settings_areThoseOfTheBuilder_thenThoseOfTheChange() {
    Selector.Factory random = Selectors.random();
    LoadBalancer balancer =
        builder(3)
            .selector(random)
            .maxConcurrent(5)
            .panicThreshold(0.25)
            .slowStart(Duration.ofSeconds(9), 2)
            .build();
    assertThat(balancer.settings())
        .isEqualTo(new BalancerSettings(random, 5, 0.25, Duration.ofSeconds(9), 2));

    Selector.Factory least = Selectors.leastConnections();
    assertThat(
            balancer
                .change()
                .selector(least)
                .maxConcurrent(Integer.MAX_VALUE)
                .panicThreshold(0)
                .slowStart(Duration.ZERO, 1)
                .apply())
        .isTrue();
    assertThat(balancer.settings())
        .isEqualTo(new BalancerSettings(least, Integer.MAX_VALUE, 0, Duration.ZERO, 1));
    assertThat(balancer.change().apply()).isFalse();
    assertThat(balancer.change().maxConcurrent(Integer.MAX_VALUE).panicThreshold(0).apply())
        .isFalse();
  }

  @Test
  void badNumbers_areRefusedAtTheSetter() {
    BalancerChange change = builder(2).build().change();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> change.maxConcurrent(0))
        .withMessage("maxConcurrent: 0 (expected: >= 1)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> change.panicThreshold(1.5))
        .withMessage("panicThreshold: 1.5 (expected: 0 to 1)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> change.slowStart(Duration.ofSeconds(-1), 1));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> change.slowStart(Duration.ofSeconds(1), 0));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> change.servers(List.of()))
        .withMessage("servers: none (expected: at least one)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> change.servers(List.of(Servers.server(0), Servers.server(0))));
    assertThat(change.apply()).isFalse();
  }

  @ParameterizedTest
  @MethodSource("names")
  void sameSelectorByName_goesOnWhereItWas(String name) {
    Map<String, String> options = Map.of("bounded", "0.5", "sticky_ttl", "1m");
    LoadBalancer untouched = builder(5).selector(Selectors.named(name, options)).build();
    LoadBalancer changed = builder(5).selector(Selectors.named(name, options)).build();
    for (int i = 0; i < 60; i++) {
      assertThat(changed.change().selector(Selectors.named(name, options)).apply()).isFalse();
      if (i % 10 == 5) { // a snapshot more, of the same selector
        assertThat(changed.change().panicThreshold(i / 100.0).apply()).isTrue();
        assertThat(untouched.update(Servers.server(4).withMetadata("turn", "" + i))).isTrue();
        assertThat(changed.update(Servers.server(4).withMetadata("turn", "" + i))).isTrue();
      }
      Query query = Query.forHash(Mix.mix64(i));
      assertThat(Servers.pick(changed, query)).isEqualTo(Servers.pick(untouched, query));
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void otherSelector_seesWhatIsInFlight_andLeasesOfBeforeEnd(String name) {
    for (String next : Selectors.names()) {
      LoadBalancer balancer = builder(4).selector(Selectors.named(name)).build();
      List<Lease> open = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        open.add(balancer.acquire(Query.forHash(Mix.mix64(i))));
      }
      balancer.change().selector(Selectors.named(next, Map.of("bounded", "0.1"))).apply();
      for (int i = 0; i < 8; i++) {
        open.add(balancer.acquire(Query.forHash(Mix.mix64(100 + i))));
      }
      for (int i = 0; i < open.size(); i++) {
        if (i % 3 == 0) {
          open.get(i).success();
        } else if (i % 3 == 1) {
          open.get(i).failure(new IllegalStateException("refused"));
        }
        open.get(i).close();
      }
      assertThat(balancer.nodes()).allMatch(node -> node.inFlight() == 0);
      BalancerStats stats = balancer.stats();
      assertThat(stats.picks()).isEqualTo(16);
      assertThat(stats.successes() + stats.failures() + stats.neutral()).isEqualTo(16);
    }
  }

  @Test
  void leastConnectionsAndBounded_areRightFromTheFirstPick() {
    LoadBalancer balancer = builder(40).build(); // enough for a tree
    List<Lease> open = new ArrayList<>();
    for (int i = 0; i < 40 * 3; i++) {
      open.add(balancer.acquire());
    }
    Lease one = open.remove(57);
    one.close();
    balancer.change().selector(Selectors.leastConnections()).apply();
    assertThat(Servers.pick(balancer)).isEqualTo(one.server().id());
    Lease other = open.remove(11);
    other.close(); // over the selector before, and told to the tree of now
    open.add(balancer.acquire());
    open.add(balancer.acquire());
    assertThat(balancer.nodes()).allMatch(node -> node.inFlight() == 3);

    balancer.change().selector(Selectors.random().bounded(0.001)).apply();
    for (int i = 0; i < 39; i++) { // each of which finds a capacity of 4
      open.add(balancer.acquire());
    }
    assertThat(balancer.nodes()).allMatch(node -> node.inFlight() <= 4);
    open.forEach(Lease::close);
    assertThat(balancer.nodes()).allMatch(node -> node.inFlight() == 0);
  }

  /** Turns are of one line for all selectors, so that no one is passed over for long. */
  @Test
  void leastConnections_comingBack_servesEveryoneInTurn() {
    AtomicReference<Selector> held = new AtomicReference<>();
    Selector.Factory least =
        (candidates, previous) -> {
          held.set(Selectors.leastConnections().create(candidates, previous));
          return held.get();
        };
    LoadBalancer balancer = builder(5).selector(least).build();
    Servers.picks(balancer, 1_003);
    balancer.change().selector(Selectors.random()).apply();
    balancer.change().selector(Selectors.leastConnections().bounded(3)).apply();
    for (int i = 0; i < 3; i++) { // late picks over the first selector
      Node late = held.get().select(Query.any());
      assertThat(late).isNotNull();
    }
    for (int round = 0; round < 4; round++) {
      assertThat(Servers.counts(Servers.picks(balancer, 15)).values())
          .allSatisfy(count -> assertThat(count).isBetween(2, 4));
    }
  }

  @Test
  void selectorThatCannotBeBuilt_changesNothing() {
    AtomicInteger clockReads = new AtomicInteger();
    NanoClock clock =
        () -> {
          clockReads.incrementAndGet();
          return time.nanoTime();
        };
    List<BalancerEvent> events = new ArrayList<>();
    LoadBalancer balancer =
        LoadBalancer.builder()
            .servers(Servers.numbered(6))
            .seed(3)
            .clock(clock)
            .maxConcurrent(9)
            .listener(events::add)
            .build();
    LoadBalancer untouched =
        LoadBalancer.builder().servers(Servers.numbered(6)).seed(3).maxConcurrent(9).build();
    BalancerSettings before = balancer.settings();
    List<Node> nodes = balancer.nodes();
    Selector.Factory broken =
        (candidates, previous) -> {
          Selectors.peakEwma().create(candidates, null);
          Selectors.leastConnections().create(candidates, null);
          throw new IllegalStateException("broken");
        };
    for (Selector.Factory bad : List.of(Selectors.maglev(5), broken)) {
      BalancerChange change =
          balancer
              .change()
              .servers(
                  List.of(
                      Servers.server(0).withWeight(5).withMaxConcurrent(2),
                      Servers.server(1),
                      Servers.server(2),
                      Servers.server(3),
                      Servers.server(7),
                      Servers.server(8)))
              .selector(bad)
              .maxConcurrent(1)
              .panicThreshold(1)
              .slowStart(Duration.ofMinutes(1), 1);
      assertThatThrownBy(change::apply)
          .isInstanceOfAny(IllegalArgumentException.class, IllegalStateException.class);
      assertThat(balancer.settings()).isEqualTo(before);
      assertThat(balancer.nodes()).isEqualTo(nodes);
      assertThat(nodes).allMatch(node -> node.maxConcurrent() == 9 && node.weight() == 1);
      assertThat(balancer.warnings()).isEmpty();
      assertThat(events).isEmpty();
    }
    int reads = clockReads.get();
    assertThat(Servers.picks(balancer, 13)).isEqualTo(Servers.picks(untouched, 13));
    assertThat(clockReads).describedAs("nobody measures").hasValue(reads);
  }

  @Test
  void factoryThatChangesTheBalancer_isRefused() {
    LoadBalancer balancer = builder(2).build();
    Selector.Factory meddler =
        (candidates, previous) -> {
          balancer.change().maxConcurrent(3).apply();
          return query -> null;
        };
    assertThatIllegalStateException().isThrownBy(balancer.change().selector(meddler)::apply);
    assertThat(balancer.settings().maxConcurrent()).isEqualTo(Integer.MAX_VALUE);
  }

  @Test
  void newSelector_getsNothingOfAnOtherFactorys_andItsOwnFromThenOn() {
    List<Selector> seen = new ArrayList<>();
    Selector.Factory own =
        (candidates, previous) -> {
          seen.add(previous);
          return query -> candidates.eligible().get(0);
        };
    LoadBalancer balancer = builder(2).build();
    balancer.change().selector(own).apply();
    balancer.change().panicThreshold(0.1).apply();
    assertThat(seen).hasSize(2);
    assertThat(seen.get(0)).isNull();
    assertThat(seen.get(1)).isNotNull();
  }

  @Test
  void latency_isMeasuredWhileSomebodyReadsIt_andPeaksCountWhileTheyDo() {
    LoadBalancer balancer = builder(1).build();
    Node node = balancer.nodes().get(0);
    use(balancer, 10);
    assertThat(balancer.stats().servers().get(0).ewma()).isNull();

    balancer.change().selector(Selectors.leastResponseTime()).apply();
    use(balancer, 100);
    use(balancer, 900);
    assertThat(node.latency()).isNotNull();
    assertThat(node.latency().cost() / 1e6).isLessThan(900); // a mean
    Lease open = balancer.acquire();
    balancer.change().selector(Selectors.peakEwma()).apply();
    use(balancer, 900);
    assertThat(node.latency().cost() / 1e6).isEqualTo(900); // a peak

    balancer.change().selector(Selectors.random()).apply();
    assertThat(balancer.stats().servers().get(0).ewma()).isNull();
    open.failure(new IllegalStateException("late")); // measured from the beginning, not to the end
    open.close();
    use(balancer, 5);
    assertThat(balancer.stats().servers().get(0).ewma()).isNull();

    Lease unmeasured = balancer.acquire();
    balancer.change().selector(Selectors.peakEwma()).apply();
    unmeasured.success();
    unmeasured.close();
    assertThat(balancer.stats().servers().get(0).ewma()).isNull();
    use(balancer, 7);
    assertThat(balancer.stats().servers().get(0).ewma()).isEqualTo(Duration.ofMillis(7));
    assertThat(node.inFlight()).isZero();
  }

  private void use(LoadBalancer balancer, int millis) {
    try (Lease lease = balancer.acquire()) {
      time.advance(Duration.ofMillis(millis));
      lease.success();
    }
  }

  @Test
  void panicThreshold_comesIntoForceAtOnce_withItsWarnings() {
    LoadBalancer balancer = builder(4).build();
    try (BlockOwner health = balancer.claim(Block.PROBE_DOWN)) {
      health.set("s0", "down");
      health.set("s1", "down");
      balancer.change().panicThreshold(0.6).apply();
      assertThat(balancer.isPanicking()).isTrue();
      assertThat(balancer.eligibleCount()).isEqualTo(4);
      balancer.change().panicThreshold(0.9).apply();
      assertThat(balancer.warnings())
          .extracting(Warning::name)
          .containsExactly("panic_hides_failures");
      balancer.change().panicThreshold(0).apply();
      assertThat(balancer.isPanicking()).isFalse();
      assertThat(balancer.eligibleCount()).isEqualTo(2);
      assertThat(balancer.warnings()).isEmpty();
    }
  }

  @Test
  void slowStart_begins_changesAndEnds() {
    LoadBalancer balancer = builder(2).selector(Selectors.weightedRoundRobin()).build();
    balancer.change().slowStart(Duration.ofSeconds(100), 1).apply();
    assertThat(weights(balancer)).containsExactly(1.0, 1.0); // who serves is held back by nothing
    balancer.add(Servers.server(2));
    assertThat(weights(balancer)).containsExactly(1.0, 1.0, 0.1);
    time.advance(Duration.ofSeconds(50));
    assertThat(weights(balancer).get(2)).isBetween(0.48, 0.5);

    balancer.change().slowStart(Duration.ofSeconds(200), 1).apply();
    assertThat(weights(balancer).get(2)).isBetween(0.24, 0.26); // from where it began
    balancer.change().selector(Selectors.weightedRandom()).apply();
    assertThat(weights(balancer).get(2)).isBetween(0.24, 0.26);
    time.advance(Duration.ofSeconds(50));
    assertThat(weights(balancer).get(2)).isBetween(0.48, 0.51);

    balancer.change().slowStart(Duration.ZERO, 1).apply();
    assertThat(weights(balancer)).containsExactly(1.0, 1.0, 1.0);
    time.advance(Duration.ofSeconds(10)); // the last timer's
    assertThat(time.pending()).isZero();
    balancer.change().slowStart(Duration.ofSeconds(100), 1).apply();
    assertThat(weights(balancer)).containsExactly(1.0, 1.0, 1.0);
    assertThat(balancer.warnings()).isEmpty();
    balancer.change().selector(Selectors.roundRobin()).apply();
    assertThat(balancer.warnings())
        .extracting(Warning::name)
        .containsExactly("slow_start_without_weights");
  }

  @Test
  void shorterSlowStart_isSteppedAtItsOwnPace() {
    LoadBalancer balancer =
        builder(1).selector(Selectors.weightedRandom()).slowStart(Duration.ofHours(10), 1).build();
    balancer.add(Servers.server(1));
    time.advance(Duration.ofMillis(1)); // a step of it is 12 min
    balancer.change().slowStart(Duration.ofSeconds(10), 1).apply();
    time.advance(Duration.ofSeconds(5));
    assertThat(weights(balancer).get(1)).isBetween(0.4, 0.51);
    time.advance(Duration.ofSeconds(6));
    assertThat(weights(balancer).get(1)).isEqualTo(1);
    assertThat(time.pending()).isZero();
    balancer.close();
  }

  private static List<Double> weights(LoadBalancer balancer) {
    return balancer.nodes().stream().map(Node::effectiveWeight).toList();
  }

  @Test
  void loweredLimit_admitsNothingNew_untilThereIsRoom() {
    LoadBalancer balancer = builder(1).build();
    List<Lease> open = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      open.add(balancer.acquire());
    }
    balancer.change().maxConcurrent(3).apply();
    assertThat(balancer.nodes().get(0).maxConcurrent()).isEqualTo(3);
    assertThat(balancer.stats().servers().get(0).maxConcurrent()).isEqualTo(3);
    for (int left = 5; left >= 3; left--) {
      assertThat(balancer.tryAcquire(Query.any())).isNull();
      open.remove(0).close();
    }
    open.add(balancer.acquire());
    assertThat(balancer.tryAcquire(Query.any())).isNull();
    assertThat(balancer.explain(Query.any()).toString()).contains("3 in flight");
    balancer.change().maxConcurrent(4).apply();
    open.add(balancer.acquire());
    open.forEach(Lease::close);
    assertThat(balancer.nodes().get(0).inFlight()).isZero();
  }

  @Test
  void serversOwnLimit_goesBeforeTheBalancers() {
    LoadBalancer balancer =
        LoadBalancer.builder()
            .servers(
                Servers.server(0).withMaxConcurrent(2),
                Servers.server(1),
                Servers.server(2).withMaxConcurrent(7))
            .maxConcurrent(4)
            .build();
    assertThat(limits(balancer)).containsExactly(2, 4, 7);
    List<Lease> open = new ArrayList<>();
    for (Lease lease = balancer.tryAcquire(Query.any());
        lease != null;
        lease = balancer.tryAcquire(Query.any())) {
      open.add(lease);
    }
    assertThat(balancer.nodes()).extracting(Node::inFlight).containsExactly(2, 4, 7);

    balancer.change().maxConcurrent(1).apply();
    assertThat(limits(balancer)).containsExactly(2, 1, 7);
    balancer.update(Servers.server(0).withMaxConcurrent(3));
    assertThat(limits(balancer)).containsExactly(3, 1, 7);
    open.add(balancer.acquire());
    assertThat(balancer.nodes().get(0).inFlight()).isEqualTo(3);
    balancer.update(Servers.server(2).withMaxConcurrent(0));
    balancer.add(Servers.server(3).withMaxConcurrent(8));
    balancer.add(Servers.server(4));
    assertThat(limits(balancer)).containsExactly(3, 1, 1, 8, 1);
    open.forEach(Lease::close);
    assertThat(balancer.nodes()).allMatch(node -> node.inFlight() == 0);
  }

  private static List<Integer> limits(LoadBalancer balancer) {
    return balancer.stats().servers().stream().map(ServerStats::maxConcurrent).toList();
  }

  @Test
  void limitUnderAGate_isKept_andStaysWithoutIt() {
    LoadBalancer balancer = builder(1).build();
    Node node = balancer.nodes().get(0);
    OutcomeListener nobody =
        new OutcomeListener() {
          @Override
          public void onSuccess(long latencyNanos) {}

          @Override
          public void onFailure(FailureKind kind, Throwable cause) {}
        };
    AtomicInteger asked = new AtomicInteger();
    Gate open =
        new Gate() {
          @Override
          public OutcomeListener tryEnter() {
            asked.incrementAndGet();
            return nobody;
          }

          @Override
          public String refusal() {
            return null;
          }
        };
    try (BlockOwner owner = balancer.claim(Block.CIRCUIT_OPEN)) {
      owner.gate(node, open);
      balancer.change().maxConcurrent(2).apply();
      Lease one = balancer.acquire();
      Lease two = balancer.acquire();
      assertThat(asked).describedAs("the gate is asked still").hasValue(2);
      assertThat(balancer.tryAcquire(Query.any())).isNull();
      owner.gate(node, null);
      assertThat(balancer.tryAcquire(Query.any())).isNull();
      one.close();
      two.close();
    }
  }

  @Test
  void listeners_hearOnceAllOfItIsInForce() {
    LoadBalancer balancer = builder(2).build();
    List<String> heard = new ArrayList<>();
    balancer.addListener(
        event -> {
          heard.add(event.getClass().getSimpleName() + " " + event.server().id());
          assertThat(balancer.settings().maxConcurrent()).isEqualTo(3);
          assertThat(balancer.nodes()).hasSize(2).allMatch(node -> node.maxConcurrent() >= 3);
        });
    balancer
        .change()
        .servers(List.of(Servers.server(1).withMaxConcurrent(4), Servers.server(5)))
        .maxConcurrent(3)
        .apply();
    assertThat(heard).containsExactly("ServerRemoved s0", "ServerUpdated s1", "ServerAdded s5");
  }

  @Test
  void countsBlocksAndDrains_stay() {
    LoadBalancer balancer = builder(3).build();
    Servers.picks(balancer, 9);
    balancer.drain("s1");
    try (BlockOwner health = balancer.claim(Block.PROBE_DOWN)) {
      health.set("s2", "down");
      List<Consumer<BalancerChange>> changes =
          List.of(
              change -> change.selector(Selectors.maglev()),
              change -> change.maxConcurrent(3),
              change -> change.panicThreshold(0.2),
              change -> change.slowStart(Duration.ofSeconds(1), 1),
              change -> change.servers(Servers.numbered(3)));
      changes.forEach(
          named -> {
            BalancerChange change = balancer.change();
            named.accept(change);
            change.apply();
          });
      assertThat(Servers.node(balancer, "s1").blocks()).containsExactly(Block.DRAINING);
      assertThat(Servers.node(balancer, "s2").blocks()).containsExactly(Block.PROBE_DOWN);
      assertThat(Servers.picks(balancer, 5)).containsOnly("s0");
      assertThat(balancer.nodes()).extracting(Node::picks).containsExactly(8L, 3L, 3L);
    }
  }
}
