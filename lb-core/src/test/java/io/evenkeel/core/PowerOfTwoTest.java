package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** Two choices are two different servers, the better one is taken, and ties are even. */
class PowerOfTwoTest {

  private static final Selector.Factory TWO = Selectors.powerOfTwo();

  /** Drawn with replacement, the loaded one of two would get a quarter. */
  @Test
  void twoServers_theLoadedOne_getsNothing() {
    LoadBalancer balancer = Servers.balancer(TWO, 2, 3);
    balancer.nodes().get(1).tryPick();
    assertThat(Servers.counts(Servers.picks(balancer, 1_000))).containsOnly(Map.entry("s0", 1_000));
  }

  /** The one with the highest load is the better of no pair, whatever its weight in the draw. */
  @Property(tries = 100)
  void theWorstOfAll_isNeverPicked(
      @ForAll @Size(min = 2, max = 12) List<@IntRange(min = 1, max = 100) Integer> weights,
      @ForAll long seed) {
    LoadBalancer balancer = Servers.weighted(TWO, weights, seed);
    Node worst = balancer.nodes().get(0);
    for (int i = 0; i < 100 * worst.weight(); i++) {
      worst.tryPick(); // more than 100 for each unit of weight; the others are idle
    }
    assertThat(Servers.picks(balancer, 500)).doesNotContain("s0");
  }

  @Property(tries = 100)
  void drawTwo_anyWeights_givesTwoDifferentOnes(
      @ForAll @Size(min = 2, max = 12)
          List<@IntRange(min = 1, max = Server.MAX_WEIGHT) Integer> weights,
      @ForAll long seed) {
    LoadBalancer balancer = Servers.weighted(TWO, weights, seed);
    Candidates candidates = new Candidates(balancer.nodes(), balancer.nodes(), seed);
    Lottery lottery = Lottery.byWeight(candidates);
    for (int i = 0; i < 500; i++) {
      long pair = lottery.drawTwo(Query.any());
      int one = (int) (pair >>> 32);
      int two = (int) pair;
      assertThat(one).isNotEqualTo(two).isBetween(0, weights.size() - 1);
      assertThat(two).isBetween(0, weights.size() - 1);
    }
  }

  @Test
  void allIdle_picks_areEven() {
    LoadBalancer balancer = Servers.balancer(TWO, 5, 3);
    assertThat(Servers.counts(Servers.picks(balancer, 50_000)).values())
        .hasSize(5)
        .allSatisfy(count -> assertThat(count).isBetween(9_400, 10_600));
  }

  /** As many clients as fill the servers: each takes the next when its last one is served. */
  @Test
  void weights3And1_closedLoop_getPicks3And1() {
    LoadBalancer balancer = Servers.weighted(TWO, List.of(3, 1), 3);
    Map<String, Integer> counts = new HashMap<>();
    Deque<Lease> inService = new ArrayDeque<>();
    for (int i = 0; i < 8_000; i++) {
      if (inService.size() == 16) {
        inService.remove().close();
      }
      Lease lease = balancer.acquire();
      counts.merge(lease.server().id(), 1, Integer::sum);
      inService.add(lease);
    }
    assertThat(counts.get("s0") / (double) counts.get("s1")).isBetween(2.7, 3.3);
  }

  @Test
  void manyServersUnderLoad_inFlight_followsTheWeights() {
    LoadBalancer balancer = Servers.weighted(TWO, List.of(1, 1, 1, 1, 2, 2, 2, 4, 8, 8, 20, 50), 3);
    for (int i = 0; i < 5_000; i++) {
      balancer.acquire();
    }
    assertThat(balancer.nodes())
        .allSatisfy(node -> assertThat(node.inFlight() / 50.0 / node.weight()).isBetween(0.8, 1.2));
  }

  @Test
  void manyServersUnderLoad_theFullest_isHardlyFullerThanTheMean() {
    LoadBalancer two = Servers.balancer(TWO, 1_000, 3);
    for (int i = 0; i < 10_000; i++) {
      two.acquire();
    }
    // One choice gives about 22 here; two give ln ln n / ln 2 more than the mean.
    assertThat(two.nodes()).allSatisfy(node -> assertThat(node.inFlight()).isLessThan(15));
  }
}
