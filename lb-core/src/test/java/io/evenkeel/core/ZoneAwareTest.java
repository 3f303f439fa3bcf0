package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** The shares of the zones are those of the definition; keys keep theirs. */
class ZoneAwareTest {

  private static final int PICKS = 20_000;

  /** One server in each of zones z0, z1, …, of these weights; what a client in z0 sends to each. */
  private static LoadBalancer zones(List<Integer> weights, long seed) {
    LoadBalancerBuilder builder =
        LoadBalancer.builder().seed(seed).selector(Selectors.roundRobin().zoneAware("z0"));
    for (int i = 0; i < weights.size(); i++) {
      builder.servers(Servers.server(i).withZone("z" + i).withWeight(weights.get(i)));
    }
    return builder.build();
  }

  private static double[] expected(List<Integer> weights) {
    int zones = (int) weights.stream().filter(w -> w > 0).count();
    double sum = weights.stream().mapToInt(w -> w).sum();
    double[] shares = new double[weights.size()];
    if (weights.get(0) == 0) {
      for (int i = 0; i < shares.length; i++) {
        shares[i] = weights.get(i) / sum;
      }
      return shares;
    }
    shares[0] = Math.min(1, zones * weights.get(0) / sum);
    double surplus = 0;
    for (int weight : weights) {
      surplus += Math.max(0, weight / sum - 1.0 / zones);
    }
    for (int i = 1; i < shares.length && shares[0] < 1; i++) {
      shares[i] = (1 - shares[0]) * Math.max(0, weights.get(i) / sum - 1.0 / zones) / surplus;
    }
    return shares;
  }

  /** Within 0.03, some 8 standard deviations of a share of {@value #PICKS} picks. */
  @Property(tries = 60)
  void shares_areThoseOfTheDefinition_withKeysAndWithout(
      @ForAll @Size(min = 1, max = 5) List<@IntRange(min = 0, max = 9) Integer> weights,
      @ForAll long seed) {
    if (weights.stream().allMatch(w -> w == 0)) {
      return;
    }
    LoadBalancer balancer = zones(weights, seed);
    double[] expected = expected(weights);
    Random random = new Random(seed);
    for (boolean isKeyed : new boolean[] {false, true}) {
      Map<String, Integer> counts = new HashMap<>();
      for (int i = 0; i < PICKS; i++) {
        Query query = isKeyed ? Query.forHash(random.nextLong()) : Query.any();
        counts.merge(Servers.pick(balancer, query), 1, Integer::sum);
      }
      for (int i = 0; i < expected.length; i++) {
        double share = counts.getOrDefault("s" + i, 0) / (double) PICKS;
        assertThat(share).as("zone %d, keys %s", i, isKeyed).isCloseTo(expected[i], within(0.03));
        if (expected[i] == 0 || expected[i] == 1) {
          assertThat(share).isEqualTo(expected[i]);
        }
      }
    }
  }

  /** With a client in each zone, every zone gets its share of the weight, to a hair. */
  @Property(tries = 200)
  void definition_evensOutOverTheZones(
      @ForAll @Size(min = 1, max = 6) List<@IntRange(min = 1, max = 50) Integer> weights) {
    int n = weights.size();
    double[] sums = new double[n];
    for (int own = 0; own < n; own++) {
      List<Integer> rotated = new ArrayList<>(weights);
      Collections.rotate(rotated, -own);
      double[] shares = expected(rotated);
      for (int i = 0; i < n; i++) {
        sums[(i + own) % n] += shares[i] / n;
      }
    }
    double sum = weights.stream().mapToInt(w -> w).sum();
    for (int i = 0; i < n; i++) {
      assertThat(sums[i]).isCloseTo(weights.get(i) / sum, within(1e-9));
    }
  }

  @Test
  void key_keepsItsServer_andGoesHomeOnlyAsItsZoneGrows() {
    LoadBalancer balancer = zones(List.of(1, 3, 2), 1); // half stays
    Map<Long, String> before = new HashMap<>();
    LongStream.range(0, 2_000)
        .forEach(key -> before.put(key, Servers.pick(balancer, Query.forHash(Mix.mix64(key)))));
    before.forEach(
        (key, id) -> {
          Query query = Query.forHash(Mix.mix64(key));
          assertThat(Servers.pick(balancer, query)).isEqualTo(id);
          assertThat(balancer.explain(query).next().id()).isEqualTo(id);
        });
    balancer.update(Servers.server(0).withZone("z0").withWeight(4)); // all stays
    before.forEach(
        (key, id) ->
            assertThat(Servers.pick(balancer, Query.forHash(Mix.mix64(key)))).isEqualTo("s0"));
    balancer.update(Servers.server(0).withZone("z0").withWeight(1));
    before.forEach(
        (key, id) ->
            assertThat(Servers.pick(balancer, Query.forHash(Mix.mix64(key)))).isEqualTo(id));
  }

  @Test
  void ownZoneDown_orTried_othersAreUsed_andBack() {
    LoadBalancer balancer = zones(List.of(5, 1, 1), 1);
    assertThat(Servers.counts(Servers.picks(balancer, 100))).containsOnlyKeys("s0");
    assertThat(balancer.explain(Query.any()).next().id()).isEqualTo("s0");
    Query retry = Query.any().excluding(Servers.node(balancer, "s0"));
    Set<String> reached = new HashSet<>();
    for (int i = 0; i < 100; i++) {
      reached.add(Servers.pick(balancer, retry));
    }
    assertThat(reached).containsExactlyInAnyOrder("s1", "s2");
    balancer.drain("s0");
    assertThat(Servers.counts(Servers.picks(balancer, 100))).containsOnlyKeys("s1", "s2");
    assertThat(balancer.explain(Query.any()).next()).isNull(); // that is chance
    balancer.resume("s0");
    assertThat(Servers.counts(Servers.picks(balancer, 100))).containsOnlyKeys("s0");
  }

  @Test
  void serversWithoutAZone_areNobodysOwn() {
    LoadBalancer balancer =
        LoadBalancer.builder()
            .servers(Servers.server(0), Servers.server(1).withZone("a"))
            .selector(Selectors.roundRobin().zoneAware("a"))
            .build();
    assertThat(Servers.counts(Servers.picks(balancer, 50))).containsOnlyKeys("s1");
    balancer.drain("s1");
    assertThat(Servers.counts(Servers.picks(balancer, 50))).containsOnlyKeys("s0");
  }

  /** A change elsewhere does not restart a zone's rotation. */
  @Test
  void rotation_goesOnThroughChanges() {
    LoadBalancerBuilder builder =
        LoadBalancer.builder().seed(3).selector(Selectors.roundRobin().zoneAware("a"));
    for (int i = 0; i < 5; i++) {
      builder.servers(Servers.server(i).withZone("a"));
    }
    LoadBalancer balancer = builder.servers(Servers.server(5).withZone("b")).build();
    Map<String, Integer> counts = new HashMap<>();
    for (int i = 0; i < 100; i++) {
      counts.merge(Servers.pick(balancer), 1, Integer::sum);
      boolean unused = balancer.drain("s5") || balancer.resume("s5");
    }
    assertThat(counts.values()).containsOnly(20);
  }

  @Test
  void zoneThatIsNone_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Selectors.random().zoneAware(" "))
        .withMessage("zone: ' ' (expected: not blank)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Selectors.random().zoneAware(null))
        .withMessage("zone: null (expected: not blank)");
  }
}
