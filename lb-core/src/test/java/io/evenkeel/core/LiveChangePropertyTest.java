package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/**
 * Whatever changes between picks, in whatever order: leases are counted where they were taken, a
 * pick keeps to what is in force, and a change that is refused leaves no trace.
 */
class LiveChangePropertyTest {

  private static final List<String> NAMES = List.copyOf(Selectors.names());

  private final VirtualTime time = new VirtualTime();
  private final Map<Lease, Node> open = new HashMap<>();
  private final ArrayDeque<Lease> order = new ArrayDeque<>();

  @Property(tries = 150)
  void randomChanges_keepEveryPromise(@ForAll long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    LoadBalancer balancer =
        LoadBalancer.builder()
            .servers(Servers.numbered(4))
            .seed(seed)
            .clock(time)
            .scheduler(time)
            .build();
    for (int step = 0; step < 300; step++) {
      switch (random.nextInt(10)) {
        case 0 -> change(balancer, random);
        case 1 -> refused(balancer, random);
        case 2 -> operate(balancer, random);
        case 3, 4, 5 -> end(random);
        default -> pick(balancer, random);
      }
      time.advance(Duration.ofMillis(random.nextInt(50)));
      checkCounts(balancer);
    }
    while (!order.isEmpty()) {
      end(random);
    }
    assertThat(balancer.nodes()).allMatch(node -> node.inFlight() == 0);
    BalancerStats stats = balancer.stats();
    assertThat(stats.inFlight()).isZero();
    assertThat(stats.successes() + stats.failures() + stats.neutral()).isEqualTo(stats.picks());
  }

  private static List<Server> servers(SplittableRandom random) {
    List<Server> servers = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      if (random.nextInt(3) > 0 || (i == 5 && servers.isEmpty())) {
        servers.add(
            Servers.server(i)
                .withWeight(random.nextInt(4))
                .withTier(random.nextInt(2))
                .withZone(random.nextBoolean() ? "east" : null)
                .withMaxConcurrent(random.nextInt(4)));
      }
    }
    return servers;
  }

  private static BalancerChange someChange(LoadBalancer balancer, SplittableRandom random) {
    BalancerChange change = balancer.change();
    if (random.nextBoolean()) {
      change.servers(servers(random));
    }
    if (random.nextBoolean()) {
      Map<String, String> options = new HashMap<>();
      if (random.nextInt(3) == 0) {
        options.put("bounded", "0.25");
      }
      if (random.nextInt(3) == 0) {
        options.put("zone", "east");
      }
      if (random.nextInt(3) == 0) {
        options.put("subset", "1/2");
      }
      if (random.nextInt(3) == 0) {
        options.put("sticky_ttl", "200ms");
      }
      change.selector(Selectors.named(NAMES.get(random.nextInt(NAMES.size())), options));
    }
    if (random.nextBoolean()) {
      change.maxConcurrent(random.nextBoolean() ? Integer.MAX_VALUE : 1 + random.nextInt(5));
    }
    if (random.nextBoolean()) {
      change.panicThreshold(random.nextInt(5) / 4.0);
    }
    if (random.nextBoolean()) {
      change.slowStart(Duration.ofMillis(random.nextInt(3) * 500L), 1);
    }
    return change;
  }

  private static void change(LoadBalancer balancer, SplittableRandom random) {
    BalancerChange change = someChange(balancer, random);
    boolean unused = change.apply();
    assertThat(change.apply()).describedAs("once made, it changes nothing").isFalse();
  }

  private static void refused(LoadBalancer balancer, SplittableRandom random) {
    BalancerSettings settings = balancer.settings();
    List<Node> nodes = balancer.nodes();
    List<String> before = describe(balancer);
    Selector.Factory broken =
        (candidates, previous) -> {
          for (String name : NAMES) {
            Selectors.named(name).bounded(0.3).create(candidates, null);
          }
          throw new IllegalStateException("broken");
        };
    try {
      boolean unused = someChange(balancer, random).selector(broken).apply();
      throw new AssertionError("it was not refused");
    } catch (IllegalStateException expected) {
      assertThat(balancer.settings()).isEqualTo(settings);
      assertThat(balancer.nodes()).isEqualTo(nodes);
      assertThat(describe(balancer)).isEqualTo(before);
    }
  }

  private static List<String> describe(LoadBalancer balancer) {
    return balancer.nodes().stream()
        .map(
            node ->
                node
                    + " weight "
                    + node.weight()
                    + " of "
                    + node.effectiveWeight()
                    + " limit "
                    + node.maxConcurrent()
                    + " picks "
                    + node.picks()
                    + " measured "
                    + (node.latency() != null))
        .toList();
  }

  private static void operate(LoadBalancer balancer, SplittableRandom random) {
    List<Node> nodes = balancer.nodes();
    String id = nodes.get(random.nextInt(nodes.size())).server().id();
    if (random.nextBoolean()) {
      balancer.drain(id);
    } else {
      balancer.resume(id);
    }
  }

  private void pick(LoadBalancer balancer, SplittableRandom random) {
    Map<Node, Integer> inFlight = new HashMap<>();
    balancer.nodes().forEach(node -> inFlight.put(node, node.inFlight()));
    Query query = random.nextBoolean() ? Query.any() : Query.forHash(Mix.mix64(random.nextInt(20)));
    Lease lease = balancer.tryAcquire(query);
    if (lease == null) {
      assertThat(balancer.nodes())
          .allMatch(
              node ->
                  !node.isEligibleInPanic()
                      || (!balancer.isPanicking() && !node.isEligible())
                      || node.inFlight() >= node.maxConcurrent());
      return;
    }
    Node node = lease.node();
    assertThat(inFlight).describedAs("a member").containsKey(node);
    assertThat(node.has(Block.DRAINING)).isFalse();
    assertThat(node.weight()).isPositive();
    assertThat(inFlight.get(node)).isLessThan(node.maxConcurrent());
    open.put(lease, node);
    order.add(lease);
  }

  private void end(SplittableRandom random) {
    Lease lease = random.nextBoolean() ? order.pollFirst() : order.pollLast();
    if (lease != null) {
      switch (random.nextInt(3)) {
        case 0 -> lease.success();
        case 1 -> lease.failure(new IllegalStateException("no"));
        default -> {}
      }
      lease.close();
      open.remove(lease);
    }
  }

  private void checkCounts(LoadBalancer balancer) {
    Map<Node, Long> expected = new HashMap<>();
    open.values().forEach(node -> expected.merge(node, 1L, Long::sum));
    for (Node node : balancer.nodes()) {
      assertThat((long) node.inFlight()).isEqualTo(expected.getOrDefault(node, 0L));
      int own = node.server().maxConcurrent();
      assertThat(node.maxConcurrent())
          .isEqualTo(own == 0 ? balancer.settings().maxConcurrent() : own);
    }
  }

  /** A change that keeps selector and members keeps every turn. */
  @Property(tries = 50)
  void otherSettings_keepTheRotation(@ForAll long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int n = 1 + random.nextInt(6);
    LoadBalancer balancer = Servers.balancer(Selectors.roundRobin(), n, seed);
    List<String> picks = new ArrayList<>();
    for (int i = 0; i < 10 * n; i++) {
      if (random.nextInt(3) == 0) {
        boolean unused =
            balancer
                .change()
                .selector(Selectors.named("round_robin"))
                .maxConcurrent(1 + random.nextInt(5))
                .panicThreshold(random.nextInt(5) / 4.0)
                .slowStart(Duration.ofSeconds(random.nextInt(3)), 1)
                .apply();
      }
      picks.add(Servers.pick(balancer));
    }
    for (int i = n; i < picks.size(); i++) {
      assertThat(picks.get(i)).isEqualTo(picks.get(i - n));
    }
  }
}
