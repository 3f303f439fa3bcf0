package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Exact proportions in the smooth order, whatever changes; nobody starves. */
class WeightedRoundRobinTest {

  private static final Selector.Factory WEIGHTED = Selectors.weightedRoundRobin();

  /** With this seed a rotation begins at its beginning. */
  private static final long FROM_THE_START = 0;

  @Test
  void weights5And1And1_picks_areInTheSmoothOrder() {
    LoadBalancer balancer = Servers.weighted(WEIGHTED, List.of(5, 1, 1), FROM_THE_START);
    List<String> cycle = List.of("s0", "s0", "s1", "s0", "s2", "s0", "s0");
    assertThat(Servers.picks(balancer, 7)).isEqualTo(cycle);
    assertThat(Servers.picks(balancer, 7)).isEqualTo(cycle);
  }

  /** Exactly what the straightforward O(n) form gives, for two cycles. */
  @Property(tries = 500)
  void anyWeights_picks_areTheReferenceOrder(
      @ForAll @Size(min = 1, max = 12) List<@IntRange(min = 1, max = 40) Integer> weights) {
    LoadBalancer balancer = Servers.weighted(WEIGHTED, weights, FROM_THE_START);
    int picks = 2 * weights.stream().mapToInt(Integer::intValue).sum();
    assertThat(Servers.picks(balancer, picks)).isEqualTo(reference(weights, picks));
  }

  @Property(tries = 200)
  void anySeed_anyCycle_hasExactlyTheWeights(
      @ForAll @Size(min = 1, max = 12) List<@IntRange(min = 1, max = 40) Integer> weights,
      @ForAll long seed) {
    LoadBalancer balancer = Servers.weighted(WEIGHTED, weights, seed);
    int sum = weights.stream().mapToInt(Integer::intValue).sum();
    for (int k = 1; k <= 3; k++) {
      assertCounts(Servers.counts(Servers.picks(balancer, sum)), weights);
    }
  }

  @Test
  void otherSeeds_beginElsewhere() {
    List<String> firsts =
        IntStream.range(0, 50)
            .mapToObj(seed -> Servers.weighted(WEIGHTED, List.of(1, 1, 1, 1, 2), seed))
            .map(Servers::pick)
            .toList();
    assertThat(firsts).contains("s0", "s1", "s2", "s3", "s4");
  }

  @Test
  void weight0_getsNothing() {
    LoadBalancer balancer = Servers.weighted(WEIGHTED, List.of(3, 0, 1), 1);
    assertThat(Servers.counts(Servers.picks(balancer, 400)))
        .containsOnly(Map.entry("s0", 300), Map.entry("s2", 100));
  }

  @Test
  void manyThreads_overWholeCycles_exactProportions() throws Exception {
    List<Integer> weights = List.of(5, 1, 1, 10, 3);
    LoadBalancer balancer = Servers.weighted(WEIGHTED, weights, Threads.seed());
    Threads.run(
        8,
        index -> {
          for (int i = 0; i < 20 * 1_000; i++) {
            balancer.acquire().close();
          }
        });
    for (int i = 0; i < weights.size(); i++) {
      assertThat(balancer.nodes().get(i).picks()).isEqualTo(weights.get(i) * 8_000L);
    }
  }

  /** Rebuilt after every pick, nothing else changed: nobody's share moves. */
  @Property(tries = 100)
  void rebuiltAfterEveryPick_keepsTheProportions(
      @ForAll @Size(min = 1, max = 8) List<@IntRange(min = 1, max = 20) Integer> weights,
      @ForAll long seed) {
    LoadBalancer balancer = Servers.weighted(WEIGHTED, weights, seed);
    List<Node> nodes = balancer.nodes();
    Candidates same = new Candidates(nodes, nodes, seed);
    Selector rebuilt = WEIGHTED.create(same, null);
    int sum = weights.stream().mapToInt(Integer::intValue).sum();
    Map<String, Integer> counts = new HashMap<>();
    for (int i = 0; i < 3 * sum; i++) {
      Node node = rebuilt.select(Query.any());
      counts.merge(node.server().id(), 1, Integer::sum);
      rebuilt = WEIGHTED.create(same, rebuilt);
    }
    for (int i = 0; i < weights.size(); i++) {
      assertThat(counts.get("s" + i)).isBetween(3 * weights.get(i) - 1, 3 * weights.get(i) + 1);
    }
  }

  /**
   * Servers flip, or come and go, between any two picks: who stays gets the sum of its shares. One
   * that is removed takes with it what it was owed or owed, of which each other has part of a turn.
   */
  @Property(tries = 200)
  void anyChangesAtAnyTime_whoIsAlwaysThere_getsItsShares(
      @ForAll @Size(min = 3, max = 10) List<@IntRange(min = 1, max = 30) Integer> weights,
      @ForAll long seed,
      @ForAll boolean removing,
      @ForAll @IntRange(min = 1, max = 20) int picksBetween) {
    int slack = 3;
    Random random = new Random(seed);
    LoadBalancer balancer = Servers.weighted(WEIGHTED, weights, seed);
    double due0 = 0;
    double due1 = 0;
    Map<String, Integer> counts = new HashMap<>();
    for (int i = 0; i < 1_500; i++) {
      if (random.nextInt(picksBetween) == 0) {
        slack += removing && i % 2 == 0 ? 1 : 0;
        flip(balancer, 2 + random.nextInt(weights.size() - 2), removing, weights);
      }
      double sum = balancer.nodes().stream().filter(Node::isEligible).mapToInt(Node::weight).sum();
      due0 += weights.get(0) / sum;
      due1 += weights.get(1) / sum;
      counts.merge(Servers.pick(balancer), 1, Integer::sum);
      assertThat(counts.getOrDefault("s0", 0)).isBetween((int) due0 - slack, (int) due0 + slack);
      assertThat(counts.getOrDefault("s1", 0)).isBetween((int) due1 - slack, (int) due1 + slack);
    }
  }

  private static void flip(LoadBalancer balancer, int i, boolean removing, List<Integer> weights) {
    String id = "s" + i;
    if (balancer.nodes().stream().noneMatch(node -> node.server().id().equals(id))) {
      balancer.add(Servers.server(i).withWeight(weights.get(i)));
    } else if (removing) {
      balancer.remove(id);
    } else if (!balancer.drain(id)) {
      balancer.resume(id);
    }
  }

  @Test
  void everyoneOutAndBack_rotationGoesOn() {
    LoadBalancer balancer = Servers.weighted(WEIGHTED, List.of(1, 1, 1, 1), FROM_THE_START);
    List<String> picks = new ArrayList<>(Servers.picks(balancer, 2));
    balancer.nodes().forEach(node -> balancer.drain(node.server().id()));
    balancer.nodes().forEach(node -> balancer.resume(node.server().id()));
    picks.addAll(Servers.picks(balancer, 2));
    assertThat(picks).containsExactly("s0", "s1", "s2", "s3");
  }

  /**
   * Picks go on over the old selector while a change is built that does not matter to the turns:
   * all shares stay exact but for a turn or two.
   */
  @Property(tries = 100)
  void picksWhileAChangeIsBuilt_areTurnsOfTheNewCycle(
      @ForAll @Size(min = 3, max = 8) List<@IntRange(min = 1, max = 20) Integer> weights,
      @ForAll long seed) {
    Random random = new Random(seed);
    LoadBalancer[] balancer = new LoadBalancer[1];
    Map<String, Integer> counts = new HashMap<>();
    balancer[0] =
        Servers.weighted(
            (candidates, previous) -> {
              Selector next = WEIGHTED.create(candidates, previous);
              for (int i = previous == null ? 0 : 1 + random.nextInt(5); i > 0; i--) {
                counts.merge(Servers.pick(balancer[0]), 1, Integer::sum);
              }
              return next;
            },
            weights,
            seed);
    for (int i = 0; i < 300; i++) {
      // Nothing that matters to the turns.
      balancer[0].update(Servers.server(0).withWeight(weights.get(0)).withZone("z" + i % 2));
      counts.merge(Servers.pick(balancer[0]), 1, Integer::sum);
    }
    double sum = weights.stream().mapToInt(Integer::intValue).sum();
    int picks = counts.values().stream().mapToInt(Integer::intValue).sum();
    for (int i = 0; i < weights.size(); i++) {
      double due = picks * weights.get(i) / sum;
      assertThat((double) counts.get("s" + i)).isBetween(due - 2, due + 2);
    }
  }

  /**
   * A change of zone, of another tier, of who is not eligible: the order is not worked out anew.
   */
  @Test
  void changeOfNothingThatMatters_keepsTheOrder() {
    List<Node> nodes = Servers.weighted(WEIGHTED, List.of(5, 1, 1, 3), 3).nodes();
    List<Node> eligible = nodes.subList(0, 3);
    Selector before = create(nodes, eligible, new int[] {5, 1, 1}, null);
    before.select(Query.any());
    Selector after = create(nodes.subList(0, 3), eligible, new int[] {500, 100, 100}, before);
    assertThat(turns(after)).isSameAs(turns(before));
    Selector other = create(nodes, eligible, new int[] {5, 1, 2}, after);
    assertThat(turns(other)).isNotSameAs(turns(after));
    Selector swapped =
        create(
            nodes, List.of(nodes.get(0), nodes.get(1), nodes.get(3)), new int[] {5, 1, 2}, other);
    assertThat(turns(swapped)).isNotSameAs(turns(other));
  }

  /** Many different weights would make a cycle dear to build: 24 million steps for these. */
  @Test
  void cyclesDearToBuild_areSpreads_ordinaryOnesAreNot() {
    assertThat(length(IntStream.rangeClosed(1, 361).toArray())).isZero();
    assertThat(length(IntStream.rangeClosed(1, 100).toArray())).isEqualTo(5_050);
    assertThat(length(IntStream.generate(() -> 1).limit(20_000).toArray())).isEqualTo(20_000);
    assertThat(length(IntStream.range(0, 1_000).map(i -> 1 + i % 10).toArray())).isEqualTo(5_500);
    assertThat(length(new int[] {65_535, 1})).isEqualTo(65_536);
    assertThat(length(new int[] {65_536, 1})).isZero();
    assertThat(length(new int[] {6_553_500, 100})).isEqualTo(65_536);
  }

  private static int length(int[] weights) {
    List<Node> nodes = Servers.balancer(WEIGHTED, weights.length, 1).nodes();
    return turns(create(nodes, nodes, weights, null)).length();
  }

  private static WeightedRoundRobinSelector.Turns turns(Selector selector) {
    return ((WeightedRoundRobinSelector) selector).turns();
  }

  private static Selector create(
      List<Node> members, List<Node> eligible, int[] weights, @Nullable Selector previous) {
    Environment environment = Environment.seeded(3, NanoClock.system());
    return WEIGHTED.create(new Candidates(members, eligible, weights, environment), previous);
  }

  /** From a cycle to a spread and back after every pick: who is always there gets its share. */
  @Test
  void cyclesAndSpreadsInTurn_whoIsAlwaysThere_getsItsShare() {
    LoadBalancer balancer = Servers.weighted(WEIGHTED, List.of(3, 2, 1, 2, 400_009), 3);
    balancer.drain("s4");
    Map<String, Integer> counts = new HashMap<>();
    for (int i = 0; i < 3_000; i++) {
      counts.merge(Servers.pick(balancer), 1, Integer::sum); // s4 has all but everything
      balancer.resume("s4");
      Servers.pick(balancer);
      balancer.drain("s4");
    }
    for (int i = 0; i < 4; i++) {
      double due = 3_000 * List.of(3, 2, 1, 2).get(i) / 8.0;
      assertThat((double) counts.get("s" + i)).isBetween(due - 10, due + 10);
    }
  }

  /** Weights of too long a cycle: within 1 % over 10,000 picks, and a few turns at any time. */
  @Property(tries = 100)
  void longCycles_counts_deviateByAFewTurns(
      @ForAll @Size(min = 2, max = 40)
          List<@IntRange(min = 1, max = Server.MAX_WEIGHT) Integer> weights,
      @ForAll long seed) {
    List<Integer> various = new ArrayList<>(weights);
    various.add(999_983); // a prime: no common divisor
    LoadBalancer balancer = Servers.weighted(WEIGHTED, various, seed);
    Map<String, Integer> counts = Servers.counts(Servers.picks(balancer, 10_000));
    double sum = various.stream().mapToLong(Integer::longValue).sum();
    for (int i = 0; i < various.size(); i++) {
      double due = 10_000.0 * various.get(i) / sum;
      double slack = Math.max(5, 0.01 * due);
      assertThat((double) counts.getOrDefault("s" + i, 0)).isBetween(due - slack, due + slack);
    }
  }

  @Test
  void longCycles_nobodyStarves_norIsServedInBursts() {
    int n = 1_000;
    List<Integer> weights = IntStream.range(0, n).mapToObj(i -> 1_000 + 7 * i).toList();
    LoadBalancer balancer = Servers.weighted(WEIGHTED, weights, 3);
    double sum = weights.stream().mapToInt(Integer::intValue).sum();
    int[] last = new int[n];
    for (int turn = 0; turn < 50_000; turn++) {
      int i = Integer.parseInt(Servers.pick(balancer).substring(1));
      double meanWait = sum / weights.get(i);
      assertThat(turn - last[i]).isLessThan((int) (2.7 * meanWait) + 1);
      if (last[i] > 0) {
        assertThat(turn - last[i]).isGreaterThan((int) (meanWait / 3.7));
      }
      last[i] = turn;
    }
    assertThat(last).doesNotContain(0);
  }

  @Test
  void longCycles_storm_whoIsAlwaysThere_getsItsShare() {
    LoadBalancer balancer =
        Servers.weighted(WEIGHTED, List.of(100_003, 200_003, 300_007, 400_009), 3);
    Map<String, Integer> counts = new HashMap<>();
    for (int i = 0; i < 10_000; i++) {
      counts.merge(Servers.pick(balancer), 1, Integer::sum);
      if (!balancer.drain("s3")) {
        balancer.resume("s3");
      }
    }
    double inBoth = 5_000 / 1_000_022.0 + 5_000 / 600_013.0;
    assertThat((double) counts.get("s0")).isBetween(100_003 * inBoth - 20, 100_003 * inBoth + 20);
    assertThat((double) counts.get("s1")).isBetween(200_003 * inBoth - 20, 200_003 * inBoth + 20);
  }

  /** One server has nearly all turns and was tried: the rest are still reached, by weight. */
  @Test
  void retry_pastAServerWithNearlyAllTurns_reachesTheOthersByWeight() {
    LoadBalancer balancer = Servers.weighted(WEIGHTED, List.of(60_000, 1, 3), 3);
    Query query = Query.any().excluding(balancer.nodes().get(0));
    Map<String, Integer> counts = new HashMap<>();
    for (int i = 0; i < 4_000; i++) {
      counts.merge(Servers.pick(balancer, query), 1, Integer::sum);
    }
    assertThat(counts).containsOnlyKeys("s1", "s2");
    assertThat(counts.get("s2")).isBetween(2_800, 3_200);
  }

  private static void assertCounts(Map<String, Integer> counts, List<Integer> weights) {
    for (int i = 0; i < weights.size(); i++) {
      assertThat(counts.getOrDefault("s" + i, 0)).isEqualTo(weights.get(i));
    }
  }

  /** nginx's, word for word: every claim grows by its weight, the largest pays the sum. */
  private static List<String> reference(List<Integer> weights, int picks) {
    int[] claims = new int[weights.size()];
    int sum = weights.stream().mapToInt(Integer::intValue).sum();
    List<String> order = new ArrayList<>();
    for (int turn = 0; turn < picks; turn++) {
      int best = 0;
      for (int i = 0; i < claims.length; i++) {
        claims[i] += weights.get(i);
        best = claims[i] > claims[best] ? i : best;
      }
      claims[best] -= sum;
      order.add("s" + best);
    }
    return order;
  }
}
