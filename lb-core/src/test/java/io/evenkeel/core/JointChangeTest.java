package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Changes of several balancers are one: all or none. */
class JointChangeTest {

  private static final Selector.Factory BROKEN =
      (candidates, previous) -> {
        throw new IllegalStateException("broken");
      };

  private final AtomicInteger clockReads = new AtomicInteger();
  private final List<BalancerEvent> events = new ArrayList<>();

  private LoadBalancer balancer() {
    return LoadBalancer.builder()
        .servers(Servers.numbered(4))
        .seed(7)
        .clock(
            () -> {
              clockReads.incrementAndGet();
              return 0;
            })
        .listener(events::add)
        .build();
  }

  /** Of everything, and to everything. */
  private static BalancerChange change(LoadBalancer balancer) {
    return balancer
        .change()
        .servers(
            List.of(
                Servers.server(1).withWeight(5).withMaxConcurrent(2),
                Servers.server(2),
                Servers.server(9)))
        .selector(Selectors.peakEwma())
        .maxConcurrent(3)
        .panicThreshold(0.5)
        .slowStart(Duration.ofMinutes(1), 1);
  }

  @Test
  void allOfIt_whereAllCanBeMade() {
    LoadBalancer one = balancer();
    LoadBalancer two = balancer();
    assertThat(BalancerChange.applyAll(List.of(change(two), change(one)))).isTrue();
    for (LoadBalancer balancer : List.of(one, two)) {
      assertThat(balancer.nodes())
          .extracting(node -> node.server().id())
          .containsExactly("s1", "s2", "s9");
      assertThat(balancer.settings().maxConcurrent()).isEqualTo(3);
    }
    assertThat(events).hasSize(2 * 4); // two removed, one changed, one added
    assertThat(
            BalancerChange.applyAll(
                List.of(
                    change(two).selector(two.settings().selector()),
                    one.change().maxConcurrent(3))))
        .isFalse();
    assertThat(BalancerChange.applyAll(List.of())).isFalse();
  }

  /** Those before and those after the one that is refused. */
  @Test
  void nothingOfIt_whereOneCannot() {
    for (int refused = 0; refused < 3; refused++) {
      LoadBalancer untouched = balancer();
      List<LoadBalancer> balancers = List.of(balancer(), balancer(), balancer());
      List<BalancerChange> changes = new ArrayList<>();
      for (LoadBalancer balancer : balancers) {
        balancer.drain("s3");
        changes.add(change(balancer));
      }
      untouched.drain("s3");
      assertThat(Servers.picks(untouched, 2)).hasSize(2);
      balancers.forEach(balancer -> assertThat(Servers.picks(balancer, 2)).hasSize(2));
      changes.get(refused).selector(BROKEN);
      List<List<Node>> nodes = balancers.stream().map(LoadBalancer::nodes).toList();
      events.clear();

      assertThatIllegalStateException()
          .isThrownBy(() -> BalancerChange.applyAll(changes))
          .withMessage("broken");

      assertThat(events).isEmpty();
      int reads = clockReads.get();
      List<String> picks = Servers.picks(untouched, 7);
      for (int i = 0; i < 3; i++) {
        LoadBalancer balancer = balancers.get(i);
        assertThat(balancer.nodes()).isEqualTo(nodes.get(i));
        assertThat(balancer.settings()).isEqualTo(untouched.settings());
        assertThat(balancer.nodes())
            .allMatch(node -> node.weight() == 1 && node.maxConcurrent() == Integer.MAX_VALUE)
            .allMatch(
                node -> node.blocks().contains(Block.DRAINING) == node.server().id().equals("s3"));
        assertThat(balancer.warnings()).isEmpty();
        assertThat(Servers.picks(balancer, 7)).describedAs("the rotation").isEqualTo(picks);
      }
      assertThat(clockReads).describedAs("nobody measures").hasValue(reads);
    }
  }

  @Test
  void twoOfOneBalancer_areRefused() {
    LoadBalancer one = balancer();
    List<BalancerChange> twice =
        List.of(one.change().maxConcurrent(1), one.change().maxConcurrent(2));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> BalancerChange.applyAll(twice))
        .withMessage("changes: two of one balancer (expected: one of each)");
    assertThat(one.settings().maxConcurrent()).isEqualTo(Integer.MAX_VALUE);
  }

  @Test
  void sourcesThatHaveBegun_areClosed_whereAnotherCannotBegin_orASelectorRefuses() {
    List<String> log = new ArrayList<>();
    ServerSource good =
        sink -> {
          log.add("start");
          sink.update(List.of(Servers.server(8)));
          return () -> log.add("close");
        };
    ServerSource bad =
        sink -> {
          throw new IllegalArgumentException("no such file");
        };
    LoadBalancer one = balancer();
    LoadBalancer two = balancer();
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                BalancerChange.applyAll(
                    List.of(one.change().source(good), two.change().source(bad))))
        .withMessage("no such file");
    assertThat(log).containsExactly("start", "close");
    assertThatThrownBy(
            () ->
                BalancerChange.applyAll(
                    List.of(one.change().source(good), two.change().selector(BROKEN))))
        .hasMessage("broken");
    assertThat(log).containsExactly("start", "close", "start", "close");
    assertThat(one.nodes()).hasSize(4);

    assertThat(
            BalancerChange.applyAll(
                List.of(one.change().source(good), two.change().maxConcurrent(1))))
        .isTrue();
    assertThat(one.nodes()).hasSize(1);
    one.close();
    assertThat(log).endsWith("start", "close");
  }

  /** What clears up after a change throws an Error: all of the change is made all the same. */
  @Test
  void errorWhileASelectorClearsUp_leavesNothingHalfDone() {
    boolean[] broken = new boolean[1];
    List<String> log = new ArrayList<>();
    ServerSource source =
        sink -> {
          sink.update(List.of(Servers.server(1).withWeight(9), Servers.server(8)));
          return () -> log.add("close");
        };
    LoadBalancer one = balancer();
    LoadBalancer two =
        LoadBalancer.builder()
            .servers(Servers.numbered(3))
            .selector(StickySelector.factory(Selectors.roundRobin(), Duration.ofMinutes(1), 10))
            .clock(
                () -> {
                  if (broken[0]) {
                    throw new AssertionError("a broken clock");
                  }
                  return 0;
                })
            .build();
    two.acquire("x").close();
    broken[0] = true;
    assertThat(
            BalancerChange.applyAll(
                List.of(
                    one.change().source(source).selector(Selectors.leastConnections()),
                    two.change().servers(List.of(Servers.server(3))))))
        .isTrue();
    assertThat(one.nodes()).extracting(node -> node.server().id()).containsExactly("s1", "s8");
    assertThat(one.nodes().get(0).server().weight()).isEqualTo(9);
    assertThat(two.nodes()).extracting(node -> node.server().id()).containsExactly("s3");
    assertThat(log).describedAs("the source is followed").isEmpty();
    List<String> taken = new ArrayList<>();
    for (int i = 0; i < 10; i++) { // and kept
      taken.add(one.acquire().server().id());
    }
    assertThat(Servers.counts(taken))
        .describedAs("loads are told to the selector in force")
        .containsExactlyInAnyOrderEntriesOf(Map.of("s1", 9, "s8", 1));
    one.close();
    assertThat(log).containsExactly("close");
  }

  /** A listener may change whom it likes: no lock is held then, of no balancer of the change. */
  @Test
  void listeners_mayChangeTheOthers() {
    LoadBalancer one = balancer();
    LoadBalancer two = balancer();
    one.addListener(event -> two.maintain("s1"));
    two.addListener(event -> one.maintain("s2"));
    assertThat(BalancerChange.applyAll(List.of(change(one), change(two)))).isTrue();
    assertThat(Servers.node(two, "s1").blocks()).containsExactly(Block.MAINTENANCE);
    assertThat(Servers.node(one, "s2").blocks()).containsExactly(Block.MAINTENANCE);
  }

  /**
   * Named in any order, by several threads, some of them refused: nobody waits for ever, and
   * balancers that are only ever changed together are alike in the end.
   */
  @Test
  void inAnyOrder_byManyThreads_theyStayAlike() throws Exception {
    long seed = Threads.seed();
    List<LoadBalancer> all = List.of(balancer(), balancer(), balancer());
    AtomicInteger made = new AtomicInteger();
    AtomicInteger refused = new AtomicInteger();
    Threads.run(
        4,
        index -> {
          SplittableRandom random = new SplittableRandom(seed + index);
          for (int i = 0; i < 2_000; i++) {
            int limit = 1 + random.nextInt(1_000);
            List<BalancerChange> changes = new ArrayList<>();
            for (LoadBalancer balancer : all) {
              changes.add(
                  random.nextInt(changes.size() + 1), balancer.change().maxConcurrent(limit));
            }
            if (random.nextInt(4) == 0) {
              changes.get(random.nextInt(3)).selector(BROKEN);
            }
            try {
              boolean unused = BalancerChange.applyAll(changes);
              made.incrementAndGet();
            } catch (IllegalStateException e) {
              refused.incrementAndGet();
            }
          }
        });
    assertThat(made.get()).describedAs("seed " + seed).isPositive();
    assertThat(refused.get()).isPositive();
    assertThat(all.stream().map(balancer -> balancer.settings().maxConcurrent()).distinct())
        .describedAs("seed " + seed)
        .hasSize(1);
  }
}
