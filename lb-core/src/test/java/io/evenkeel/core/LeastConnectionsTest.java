package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.lang.ref.WeakReference;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** The smallest (in flight + 1) / weight wins, and those that tie take even turns. */
class LeastConnectionsTest {

  private static final Selector.Factory LEAST = Selectors.leastConnections();

  @Test
  void allIdle_picks_areEven() {
    LoadBalancer balancer = Servers.balancer(LEAST, 7, 3);
    assertThat(Servers.counts(Servers.picks(balancer, 700)).values()).hasSize(7).containsOnly(100);
  }

  /** Wherever the two idle ones stand among the loaded ones, each gets half. */
  @Property(tries = 100)
  void tieWithGaps_picks_areEvenAmongThoseThatTie(
      @ForAll @IntRange(max = 7) int one, @ForAll @IntRange(max = 7) int other, @ForAll long seed) {
    LoadBalancer balancer = Servers.balancer(LEAST, 8, seed);
    for (Node node : balancer.nodes()) {
      int i = balancer.nodes().indexOf(node);
      for (int load = 0; i != one && i != other && load < 5; load++) {
        node.tryPick();
      }
    }
    Map<String, Integer> counts = Servers.counts(Servers.picks(balancer, 1_000));
    assertThat(counts.values()).containsOnly(one == other ? 1_000 : 500);
  }

  /** Held two at a time, the ties are of n and of n − 1 by turns: no rhythm may favour anyone. */
  @Property(tries = 100)
  void heldSeveralAtATime_picks_staysEven(
      @ForAll @IntRange(min = 2, max = 9) int n,
      @ForAll @IntRange(min = 1, max = 8) int held,
      @ForAll long seed) {
    LoadBalancer balancer = Servers.balancer(LEAST, n, seed);
    Map<String, Integer> counts = new HashMap<>();
    int rounds = 40 * n;
    for (int round = 0; round < rounds; round++) {
      Deque<Lease> leases = new ArrayDeque<>();
      for (int i = 0; i < held; i++) {
        Lease lease = balancer.acquire();
        counts.merge(lease.server().id(), 1, Integer::sum);
        leases.add(lease);
      }
      leases.forEach(Lease::close);
    }
    assertThat(counts.values())
        .hasSize(n)
        .allSatisfy(count -> assertThat(count).isBetween(40 * held - 1, 40 * held + 1));
  }

  @Test
  void rebuildStorm_oneServerFlipsAfterEveryPick_theOthersStayEven() {
    LoadBalancer balancer = Servers.balancer(LEAST, 5, 3);
    Map<String, Integer> counts = new HashMap<>();
    for (int i = 0; i < 1_000; i++) {
      counts.merge(Servers.pick(balancer), 1, Integer::sum);
      if (!balancer.drain("s2")) {
        balancer.resume("s2");
      }
    }
    int flipping = counts.remove("s2");
    assertThat(flipping).isBetween(100, 250);
    int rest = 1_000 - flipping;
    assertThat(counts.values())
        .hasSize(4)
        .allSatisfy(count -> assertThat(count).isBetween(rest / 4 - 1, rest / 4 + 1));
  }

  @Property(tries = 200)
  void anyLoadsAndWeights_pick_hasTheSmallestLoadForItsWeight(
      @ForAll @Size(min = 1, max = 8) List<@IntRange(max = 20) Integer> loads,
      @ForAll @Size(8) List<@IntRange(min = 1, max = Server.MAX_WEIGHT) Integer> weights) {
    LoadBalancerBuilder builder = LoadBalancer.builder().selector(LEAST);
    for (int i = 0; i < loads.size(); i++) {
      builder.servers(Servers.server(i).withWeight(weights.get(i)));
    }
    LoadBalancer balancer = builder.build();
    double smallest = Double.MAX_VALUE;
    for (int i = 0; i < loads.size(); i++) {
      for (int load = 0; load < loads.get(i); load++) {
        balancer.nodes().get(i).tryPick();
      }
      smallest = Math.min(smallest, (loads.get(i) + 1.0) / weights.get(i));
    }
    int picked = Integer.parseInt(Servers.pick(balancer).substring(1));
    assertThat((loads.get(picked) + 1.0) / weights.get(picked)).isEqualTo(smallest);
  }

  @Test
  void heldLeases_fillServersInProportionToTheirWeights() {
    LoadBalancer balancer =
        LoadBalancer.builder()
            .selector(LEAST)
            .servers(
                Servers.server(0).withWeight(1),
                Servers.server(1).withWeight(2),
                Servers.server(2).withWeight(5))
            .build();
    Lease[] leases = new Lease[80];
    Arrays.setAll(leases, i -> balancer.acquire());
    assertThat(balancer.nodes()).extracting(Node::inFlight).containsExactly(10, 20, 50);
    Arrays.stream(leases).forEach(Lease::close);
  }

  @Test
  void manyThreads_picks_reachEveryoneAndLeaveNothingInFlight() throws Exception {
    long seed = Threads.seed();
    LoadBalancer balancer = Servers.balancer(LEAST, 6, seed);
    Threads.run(
        8,
        index -> {
          for (int i = 0; i < 12_000; i++) {
            balancer.acquire().close();
          }
        });
    assertThat(balancer.nodes())
        .as("seed %d", seed)
        .allSatisfy(node -> assertThat(node.picks()).isPositive())
        .allSatisfy(node -> assertThat(node.inFlight()).isZero());
    assertThat(balancer.nodes().stream().mapToLong(Node::picks).sum()).isEqualTo(8 * 12_000);
  }

  /** Blocked servers, idle ones, open leases: after the next change nothing keeps who has left. */
  @Test
  void serverThatLeft_isForgotten() {
    LoadBalancer balancer = Servers.balancer(LEAST, 2, 3);
    balancer.maintain("s0");
    balancer.update(Servers.server(1).withTier(1));
    balancer.add(Servers.named("first"));
    balancer.add(Servers.named("second"));
    Lease held = balancer.acquire();
    List<WeakReference<Node>> left = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      String id = "n" + i;
      balancer.add(Servers.named(id));
      balancer.acquire().close();
      left.add(new WeakReference<>(Servers.node(balancer, id)));
      balancer.remove(id);
      balancer.acquire().close();
    }
    balancer.add(Servers.named("last"));
    Threads.await(
        () -> {
          System.gc();
          return left.stream().allMatch(node -> node.get() == null);
        });
    held.close();
  }

  /** A change that is refused, even twice, leaves the selector in force as it was. */
  @Test
  void changesRefused_loadIsStillSeen() {
    boolean[] broken = {false};
    LoadBalancer balancer =
        Servers.balancer(
            (candidates, previous) -> {
              Selector selector = LEAST.create(candidates, previous);
              if (broken[0]) {
                throw new IllegalStateException("not now");
              }
              return selector;
            },
            20,
            3);
    broken[0] = true;
    for (int i = 0; i < 3; i++) {
      assertThatIllegalStateException().isThrownBy(() -> balancer.add(Servers.named("new")));
    }
    List<Lease> leases = IntStream.range(0, 40).mapToObj(i -> balancer.acquire()).toList();
    assertThat(balancer.nodes()).allSatisfy(node -> assertThat(node.inFlight()).isEqualTo(2));
    leases.forEach(Lease::close);
  }
}
