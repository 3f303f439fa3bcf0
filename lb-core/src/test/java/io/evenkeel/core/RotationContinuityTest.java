package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Changes of members or health neither restart a rotation nor give anyone a double share. */
class RotationContinuityTest {

  @Test
  void addServer_midRotation_goesOnWhereItWas() {
    for (int picksBefore = 0; picksBefore < 4; picksBefore++) {
      LoadBalancer balancer = Servers.balancer(Selectors.roundRobin(), 4, 7);
      List<String> picks = new ArrayList<>(Servers.picks(balancer, picksBefore + 1));
      int last = Integer.parseInt(picks.get(picksBefore).substring(1));
      balancer.add(Servers.server(4));
      assertThat(Servers.pick(balancer)).isIn("s" + (last + 1) % 4, "s" + (last + 1) % 5);
    }
  }

  @Test
  void deadServer_itsSuccessor_getsNoDoubleShare() {
    LoadBalancer balancer = Servers.balancer(Selectors.roundRobin(), 4, 7);
    balancer.drain("s1");
    Map<String, Integer> counts = Servers.counts(Servers.picks(balancer, 3 * 1_000));
    assertThat(counts).containsOnlyKeys("s0", "s2", "s3");
    assertThat(counts.values()).containsOnly(1_000);
  }

  /** The next in line dies: its successor takes the turn, and then everyone else comes first. */
  @Property(tries = 100)
  void nextInLineDies_rotation_goesOnBehindIt(
      @ForAll @IntRange(min = 3, max = 12) int n,
      @ForAll @IntRange(min = 1, max = 30) int picksBefore,
      @ForAll boolean remove,
      @ForAll long seed) {
    LoadBalancer balancer = Servers.balancer(Selectors.roundRobin(), n, seed);
    List<String> before = Servers.picks(balancer, picksBefore);
    int last = Integer.parseInt(before.get(picksBefore - 1).substring(1));
    String due = "s" + (last + 1) % n;
    if (remove) {
      balancer.remove(due);
    } else {
      balancer.drain(due);
    }
    List<String> expected = new ArrayList<>();
    for (int i = 2; i <= n; i++) {
      expected.add("s" + (last + i) % n);
    }
    assertThat(Servers.picks(balancer, n - 1)).isEqualTo(expected);
  }

  /** Whoever is always eligible is never more than one pick away from the others who are. */
  @Property(tries = 100)
  void rebuildStorm_oneServerFlipsAfterEveryPick_theOthersStayEven(
      @ForAll @IntRange(min = 2, max = 12) int n, @ForAll long seed) {
    LoadBalancer balancer = Servers.balancer(Selectors.roundRobin(), n, seed);
    Map<String, Integer> counts = new HashMap<>();
    for (int i = 0; i < 60 * n; i++) {
      counts.merge(Servers.pick(balancer), 1, Integer::sum);
      if (!balancer.drain("s0")) {
        balancer.resume("s0");
      }
    }
    int flipping = counts.getOrDefault("s0", 0);
    counts.remove("s0");
    int most = counts.values().stream().max(Integer::compare).orElseThrow();
    int least = counts.values().stream().min(Integer::compare).orElseThrow();
    assertThat(counts).hasSize(n - 1);
    assertThat(most - least).isLessThanOrEqualTo(1);
    assertThat(flipping).isLessThanOrEqualTo(most + 1);
  }

  @Property(tries = 100)
  void rebuildStorm_anyServersFlip_thoseAlwaysEligibleStayEven(
      @ForAll @Size(min = 20, max = 200) List<@IntRange(max = 5) Integer> flips,
      @ForAll long seed) {
    LoadBalancer balancer = Servers.balancer(Selectors.roundRobin(), 9, seed);
    Map<String, Integer> counts = new HashMap<>(Map.of("s6", 0, "s7", 0, "s8", 0));
    for (int flip : flips) {
      counts.merge(Servers.pick(balancer), 1, Integer::sum);
      if (!balancer.drain("s" + flip)) {
        balancer.resume("s" + flip);
      }
    }
    List<Integer> always = List.of(counts.get("s6"), counts.get("s7"), counts.get("s8"));
    assertThat(always.stream().max(Integer::compare).orElseThrow())
        .isLessThanOrEqualTo(always.stream().min(Integer::compare).orElseThrow() + 1);
  }

  /** The returning server is next in the list, so it is next in line; nobody takes its place. */
  @Test
  void serverBackBeforeItsTurn_afterAFlap_keepsItsTurn() {
    LoadBalancer balancer = Servers.balancer(Selectors.roundRobin(), 3, 7);
    while (!Servers.pick(balancer).equals("s1")) {
      // up to where s2 is due
    }
    balancer.drain("s2");
    balancer.resume("s2");
    assertThat(Servers.pick(balancer)).isEqualTo("s2");
  }

  @Test
  void outageOfEveryone_thenRecoveryInListOrder_doesNotRestartAtTheFront() {
    LoadBalancer balancer = Servers.balancer(Selectors.roundRobin(), 4, 7);
    Map<String, Integer> counts = new HashMap<>();
    for (int i = 0; i < 40; i++) {
      counts.merge(Servers.pick(balancer), 1, Integer::sum);
      Servers.numbered(4).forEach(server -> balancer.drain(server.id()));
      assertThat(balancer.tryAcquire(Query.any())).isNull();
      Servers.numbered(4).forEach(server -> balancer.resume(server.id()));
    }
    assertThat(counts).hasSize(4);
    assertThat(counts.values()).containsOnly(10);
  }

  @Test
  void refusedChange_midRotation_leavesTheRotationAlone() {
    LoadBalancer balancer = Servers.balancer(Selectors.roundRobin(), 3, 7);
    List<String> first = Servers.picks(balancer, 4);
    assertThatThrownBy(() -> balancer.add(Servers.server(1)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(Servers.pick(balancer)).isEqualTo(first.get(1));
  }

  /** Picks go on over the old selector while the new one is built; none of them is forgotten. */
  @ParameterizedTest
  @ValueSource(strings = {"round_robin", "weighted_round_robin"})
  void picksWhileAChangeIsBuilt_rotation_goesOnBehindTheLastOfThem(String name) {
    LoadBalancer[] balancer = new LoadBalancer[1];
    List<String> meanwhile = new ArrayList<>();
    int[] picks = new int[1];
    balancer[0] =
        Servers.balancer(
            (candidates, previous) -> {
              Selector next = Selectors.named(name).create(candidates, previous);
              if (previous != null) {
                meanwhile.addAll(Servers.picks(balancer[0], picks[0]));
              }
              return next;
            },
            5,
            7);
    for (int i = 0; i < 20; i++) {
      picks[0] = 1 + i % 7;
      meanwhile.clear();
      if (!balancer[0].remove("backup")) {
        balancer[0].add(Servers.named("backup").withTier(1));
      }
      int last = Integer.parseInt(meanwhile.get(meanwhile.size() - 1).substring(1));
      assertThat(Servers.pick(balancer[0])).isEqualTo("s" + (last + 1) % 5);
    }
  }

  /** As when discovery adds servers one by one: no pick yet, so there is nothing to go on from. */
  @ParameterizedTest
  @ValueSource(strings = {"round_robin", "weighted_round_robin"})
  void balancersThatGrowBeforeTheirFirstPick_doNotAllStartOnTheSameServer(String name) {
    Set<String> starts = new HashSet<>();
    for (long seed = 0; seed < 200; seed++) {
      LoadBalancer balancer = Servers.balancer(Selectors.named(name), 1, seed);
      for (int i = 1; i < 5; i++) {
        balancer.add(Servers.server(i));
      }
      starts.add(Servers.pick(balancer));
    }
    assertThat(starts).hasSize(5);
  }

  @Test
  void balancersOfDifferentSeeds_firstPick_spreadsOverTheServers() {
    for (String name : Selectors.names()) {
      Set<String> starts = new HashSet<>();
      LongStream.range(0, 200)
          .forEach(
              seed -> starts.add(Servers.pick(Servers.balancer(Selectors.named(name), 5, seed))));
      assertThat(starts).as(name).hasSize(5);
    }
  }

  @Test
  void balancersOfNoSeed_firstPick_isNotAlwaysTheSame() {
    Set<String> starts = new HashSet<>();
    for (int i = 0; i < 200; i++) {
      starts.add(Servers.pick(LoadBalancer.builder().servers(Servers.numbered(5)).build()));
    }
    assertThat(starts).hasSizeGreaterThan(1);
  }

  @Property(tries = 50)
  void sameSeed_picks_repeat(@ForAll long seed, @ForAll @IntRange(min = 1, max = 9) int n) {
    for (String name : Selectors.names()) {
      assertThat(Servers.picks(Servers.balancer(Selectors.named(name), n, seed), 50))
          .as(name)
          .isEqualTo(Servers.picks(Servers.balancer(Selectors.named(name), n, seed), 50));
    }
  }
}
