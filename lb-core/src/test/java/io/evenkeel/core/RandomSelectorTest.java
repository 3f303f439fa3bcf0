package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Chance gives every server its share, the same in every run from one seed. */
class RandomSelectorTest {

  private static final int PICKS = 40_000;

  @Property(tries = 50)
  void random_picks_areEvenWhateverTheWeights(
      @ForAll @Size(min = 1, max = 20) List<@IntRange(min = 1, max = 1_000) Integer> weights,
      @ForAll long seed) {
    LoadBalancer balancer = Servers.weighted(Selectors.random(), weights, seed);
    Map<String, Integer> counts = Servers.counts(Servers.picks(balancer, PICKS));
    for (int i = 0; i < weights.size(); i++) {
      assertShare(counts.getOrDefault("s" + i, 0), 1.0 / weights.size());
    }
  }

  @Property(tries = 50)
  void weightedRandom_picks_areInProportionToTheWeights(
      @ForAll @Size(min = 1, max = 20) List<@IntRange(min = 1, max = 1_000) Integer> weights,
      @ForAll long seed) {
    LoadBalancer balancer = Servers.weighted(Selectors.weightedRandom(), weights, seed);
    Map<String, Integer> counts = Servers.counts(Servers.picks(balancer, PICKS));
    double sum = weights.stream().mapToInt(Integer::intValue).sum();
    for (int i = 0; i < weights.size(); i++) {
      assertShare(counts.getOrDefault("s" + i, 0), weights.get(i) / sum);
    }
  }

  /** One server has been tried: the others' chances keep their proportion, by either way. */
  @ParameterizedTest
  @ValueSource(ints = {1, 1_000_000})
  void weightedRandom_retry_keepsTheProportionOfTheRest(int weightOfTheTried) {
    LoadBalancer balancer =
        Servers.weighted(Selectors.weightedRandom(), List.of(1, weightOfTheTried, 3), 7);
    Query query = Query.any().excluding(Servers.node(balancer, "s1"));
    Map<String, Integer> counts = new HashMap<>();
    for (int i = 0; i < PICKS; i++) {
      counts.merge(Servers.pick(balancer, query), 1, Integer::sum);
    }
    assertThat(counts).containsOnlyKeys("s0", "s2");
    assertShare(counts.get("s2"), 0.75);
  }

  @Test
  void extremeWeights_lightServersAreStillReached() {
    List<Integer> weights = List.of(1, Server.MAX_WEIGHT, 1_000);
    LoadBalancer balancer = Servers.weighted(Selectors.weightedRandom(), weights, 7);
    Map<String, Integer> counts = Servers.counts(Servers.picks(balancer, 1_000_000));
    assertThat(counts.get("s2")).isBetween(850, 1_150);
  }

  @ParameterizedTest
  @ValueSource(strings = {"random", "weighted_random", "power_of_two"})
  void sameSeed_onOneThread_givesTheSamePicks_evenAcrossChanges(String name) {
    assertThat(story(name, 5)).isEqualTo(story(name, 5)).isNotEqualTo(story(name, 6));
  }

  private static List<String> story(String name, long seed) {
    LoadBalancer balancer = Servers.weighted(Selectors.named(name), List.of(1, 2, 3, 4), seed);
    List<String> picks = Servers.picks(balancer, 50);
    balancer.drain("s2");
    picks.addAll(Servers.picks(balancer, 50));
    balancer.resume("s2");
    picks.addAll(Servers.picks(balancer, 50));
    return picks;
  }

  /**
   * Bernstein's inequality, which holds for small means too: a count is further than
   * √(2·variance·t) + 2t/3 from its mean with a chance of at most 2·e^(−t), for t = 22 one in a
   * billion.
   */
  private static void assertShare(int count, double share) {
    double t = 22;
    double slack = Math.sqrt(2 * PICKS * share * (1 - share) * t) + 2 * t / 3;
    assertThat((double) count).isBetween(PICKS * share - slack, PICKS * share + slack);
  }
}
