package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** The limit of leases on one server, and the panic threshold. */
class LimitsTest {

  private static List<Server> servers(int n) {
    List<Server> servers = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      servers.add(Server.of("10.0.0." + i, 80));
    }
    return servers;
  }

  @Test
  void maxConcurrent_isNeverExceeded_andAllOfItIsUsed() {
    for (String selector : Selectors.names()) {
      for (int n : new int[] {1, 3, 40}) {
        LoadBalancer balancer =
            LoadBalancer.builder()
                .servers(servers(n))
                .selector(Selectors.named(selector))
                .maxConcurrent(2)
                .build();
        List<Lease> leases = new ArrayList<>();
        for (int i = 0; i < 2 * n; i++) {
          leases.add(balancer.acquire());
        }
        assertThat(balancer.nodes()).as(selector).allMatch(node -> node.inFlight() == 2);
        assertThatThrownBy(balancer::acquire)
            .isInstanceOf(NoServerAvailableException.class)
            .hasMessageContaining("at its limit");
        leases.remove(0).close();
        leases.add(balancer.acquire());
        leases.forEach(Lease::close);
        assertThat(balancer.nodes()).allMatch(node -> node.inFlight() == 0);
      }
    }
  }

  /** Leases held until this many are out, of a balancer with one lease a server. */
  private static List<Node> held(LoadBalancer balancer, int count) {
    List<Node> nodes = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      nodes.add(balancer.acquire(7).node());
    }
    return nodes;
  }

  /**
   * Far more at their limit than a selector used to be asked for: it is still the one to choose.
   */
  @Test
  void manyAtTheirLimit_subsetZoneAndTheKeysOrderAreKept() {
    LoadBalancerBuilder builder = LoadBalancer.builder().maxConcurrent(1).seed(3);
    List<Server> servers = servers(60);
    for (int i = 0; i < 60; i++) {
      builder.servers(servers.get(i).withZone(i < 30 ? "a" : "b"));
    }
    LoadBalancer subset = builder.selector(Selectors.roundRobin().subset(1, 30)).build();
    assertThat(held(subset, 30))
        .containsExactlyInAnyOrderElementsOf(SubsetSelector.subset(subset.nodes(), 1, 30));
    LoadBalancer zone = builder.selector(Selectors.maglev().zoneAware("a")).build();
    assertThat(held(zone, 30)).allMatch(node -> "a".equals(node.server().zone()));
    LoadBalancer ring = builder.selector(Selectors.ringHash().bounded(99)).build();
    List<Node> order = new ArrayList<>();
    Query query = Query.forHash(7);
    for (int i = 0; i < 60; i++) {
      order.add(Servers.node(ring, Servers.pick(ring, query)));
      query = query.excluding(order.get(i));
    }
    assertThat(held(ring, 60)).isEqualTo(order);
  }

  /** As many as the threshold asks for is not below it, though 0.55 · 100 is above 55 in binary. */
  @Test
  void exactlyAsManyAsTheThreshold_isNoPanic() {
    for (int percent = 1; percent <= 100; percent++) {
      assertThat(Snapshot.isPanic(percent, 100, percent / 100.0)).isFalse();
      assertThat(Snapshot.isPanic(percent - 1, 100, percent / 100.0)).isTrue();
    }
  }

  @Test
  void maxConcurrent_acrossThreads_isNeverExceeded() throws Exception {
    LoadBalancer balancer = LoadBalancer.builder().servers(servers(3)).maxConcurrent(1).build();
    AtomicInteger exceeded = new AtomicInteger();
    AtomicInteger served = new AtomicInteger();
    AtomicInteger[] inUse = {new AtomicInteger(), new AtomicInteger(), new AtomicInteger()};
    Threads.run(
        8,
        t -> {
          for (int i = 0; i < 20_000; i++) {
            Lease lease = balancer.tryAcquire(Query.any());
            if (lease == null) {
              continue;
            }
            try (lease) {
              int index = balancer.nodes().indexOf(lease.node());
              exceeded.addAndGet(inUse[index].incrementAndGet() > 1 ? 1 : 0);
              served.incrementAndGet();
              inUse[index].decrementAndGet();
            }
          }
        });
    assertThat(exceeded).hasValue(0);
    assertThat(served.get()).isPositive();
    assertThat(balancer.nodes()).allMatch(node -> node.inFlight() == 0);
  }

  @Test
  void maxConcurrent_overflowGoesToTheBackup() {
    LoadBalancer balancer =
        LoadBalancer.builder()
            .servers(servers(2).get(0), servers(2).get(1).withTier(1))
            .maxConcurrent(1)
            .build();
    Lease first = balancer.acquire();
    Lease second = balancer.acquire();
    assertThat(first.server().tier()).isZero();
    assertThat(second.server().tier()).isEqualTo(1);
    first.close();
    second.close();
  }

  @Test
  void panic_belowTheThreshold_healthIsNotAsked_theOperatorIs() {
    List<Server> servers = servers(10);
    LoadBalancer balancer = LoadBalancer.builder().servers(servers).panicThreshold(0.5).build();
    BlockOwner owner = balancer.claim(Block.PROBE_DOWN);
    balancer.drain(servers.get(9).id());
    for (int i = 0; i < 4; i++) {
      owner.set(servers.get(i).id(), "a test");
    }
    assertThat(balancer.isPanicking()).isFalse(); // 5 of 9
    assertThat(balancer.eligibleCount()).isEqualTo(5);

    owner.set(servers.get(4).id(), "a test");
    assertThat(balancer.isPanicking()).isTrue(); // 4 of 9
    assertThat(balancer.eligibleCount()).isEqualTo(9);
    for (int i = 0; i < 90; i++) {
      balancer.acquire().close();
    }
    assertThat(balancer.nodes().subList(0, 9)).allMatch(node -> node.picks() == 10);
    assertThat(balancer.nodes().get(9).picks()).isZero();

    owner.close();
    assertThat(balancer.isPanicking()).isFalse();
  }

  @Test
  void panic_offByDefault() {
    LoadBalancer balancer = LoadBalancer.builder().servers(servers(2)).build();
    BlockOwner owner = balancer.claim(Block.PROBE_DOWN);
    servers(2).forEach(server -> owner.set(server.id(), "a test"));
    assertThat(balancer.isPanicking()).isFalse();
    assertThatThrownBy(balancer::acquire).isInstanceOf(NoServerAvailableException.class);
  }

  @Test
  void badSettings_areNamedWithWhatIsAllowed() {
    LoadBalancerBuilder builder = LoadBalancer.builder();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.maxConcurrent(0))
        .withMessage("maxConcurrent: 0 (expected: >= 1)");
    for (double bad : new double[] {-0.1, 1.1, Double.NaN}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> builder.panicThreshold(bad))
          .withMessageStartingWith("panicThreshold: ");
    }
  }
}
