package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Nobody gets more than its capacity while anybody has room, and keys overflow in their order. */
class BoundedTest {

  private static final List<String> EPSILONS = List.of("0.001", "0.1", "0.25", "1", "7.3");

  /** The definition, in decimals: how many a node of this weight may have. */
  private static long capacity(String epsilon, long total, long weight, long sum) {
    return new BigDecimal(epsilon)
        .add(BigDecimal.ONE)
        .multiply(BigDecimal.valueOf((total + 1) * weight))
        .divide(BigDecimal.valueOf(sum), 0, RoundingMode.CEILING)
        .longValueExact();
  }

  @Property(tries = 200)
  void skewedKeys_getTheFirstInTheirOrderThatHasRoom(
      @ForAll @IntRange(min = 1, max = 12) int n,
      @ForAll @IntRange(min = 1, max = 4) int weights,
      @ForAll @IntRange(min = 0, max = 4) int epsilon,
      @ForAll long seed) {
    String text = EPSILONS.get(epsilon);
    Random random = new Random(seed);
    List<Integer> weight = random.ints(n, 1, weights + 1).boxed().toList();
    Selector.Factory keyed = KeyedFake::create;
    LoadBalancer balancer = Servers.weighted(keyed.bounded(Double.parseDouble(text)), weight, seed);
    List<Lease> leases = new ArrayList<>();
    for (int i = 0; i < 150; i++) {
      if (!leases.isEmpty() && random.nextInt(3) == 0) {
        leases.remove(random.nextInt(leases.size())).close();
        continue;
      }
      if (n > 1 && random.nextInt(20) == 0) {
        boolean unused = balancer.drain("s0") || balancer.resume("s0");
      }
      Query query = Query.forHash(random.nextInt(4) == 0 ? random.nextLong() : 42); // a hot key
      List<Node> eligible = balancer.nodes().stream().filter(Node::isEligible).toList();
      long total = eligible.stream().mapToLong(Node::inFlight).sum();
      long sum = eligible.stream().mapToLong(Node::weight).sum();
      Node expected =
          KeyedFake.order(eligible, query.keyHash()).stream()
              .filter(node -> node.inFlight() < capacity(text, total, node.weight(), sum))
              .findFirst()
              .orElseThrow();
      assertThat(balancer.explain(query).next()).isEqualTo(expected.server());
      Lease lease = balancer.acquire(query);
      assertThat(lease.node()).isSameAs(expected);
      leases.add(lease);
    }
  }

  /** Also around selectors that do not know of it: asked again, or passed over in the end. */
  @Property(tries = 150)
  void anySelector_nobodyGetsMoreThanItsCapacity(
      @ForAll @IntRange(min = 1, max = 30) int n,
      @ForAll @IntRange(min = 1, max = 4) int weights,
      @ForAll @IntRange(min = 0, max = 4) int epsilon,
      @ForAll long seed) {
    String text = EPSILONS.get(epsilon);
    Random random = new Random(seed);
    List<Integer> weight = random.ints(n, 1, weights + 1).boxed().toList();
    long sum = weight.stream().mapToLong(w -> w).sum();
    List<Selector.Factory> inner =
        List.of(
            Selectors.roundRobin(),
            Selectors.leastConnections(),
            Selectors.weightedRandom(),
            Selectors.ringHash(),
            Selectors.maglev(1_009),
            Selectors.rendezvous(),
            Selectors.ipHash(),
            Selectors.ringHash().sticky(Duration.ofMinutes(1), 100),
            (candidates, previous) -> query -> firstUntried(candidates, query));
    LoadBalancer balancer =
        Servers.weighted(
            inner.get(random.nextInt(inner.size())).bounded(Double.parseDouble(text)),
            weight,
            seed);
    List<Lease> leases = new ArrayList<>();
    for (int i = 0; i < 150; i++) {
      if (!leases.isEmpty() && random.nextInt(3) == 0) {
        leases.remove(random.nextInt(leases.size())).close();
        continue;
      }
      long total = leases.size();
      Lease lease = balancer.acquire(random.nextInt(3));
      leases.add(lease);
      assertThat((long) lease.node().inFlight())
          .isLessThanOrEqualTo(capacity(text, total, lease.node().weight(), sum));
    }
  }

  private static Node firstUntried(Candidates candidates, Query query) {
    return candidates.eligible().stream()
        .filter(node -> !query.isTried(node))
        .findFirst()
        .orElse(null);
  }

  /** While nothing is given back, T threads take a node T − 1 above its capacity at most. */
  @Test
  void manyThreadsOneHotKey_atMostAllButOneAbove() throws Exception {
    long seed = Threads.seed();
    int threads = 4;
    int each = 300;
    for (int round = 0; round < 20; round++) {
      Selector.Factory keyed = round % 2 == 0 ? KeyedFake::create : Selectors.random();
      List<Integer> weights = round % 4 < 2 ? List.of(1, 1, 1, 1, 1) : List.of(1, 2, 3, 1, 9);
      LoadBalancer balancer = Servers.weighted(keyed.bounded(0.25), weights, seed + round);
      Threads.run(
          threads,
          index -> {
            for (int i = 0; i < each; i++) {
              Lease unused = balancer.acquire(42);
            }
          });
      int all = threads * each;
      long sum = weights.stream().mapToLong(w -> w).sum();
      for (Node node : balancer.nodes()) {
        assertThat((long) node.inFlight())
            .as("seed %d", seed + round)
            .isLessThanOrEqualTo(capacity("0.25", all - 1, node.weight(), sum) + threads - 1);
      }
    }
  }

  @Test
  void hotKey_staysWithinItsCapacityAndComesBack() {
    Selector.Factory keyed = KeyedFake::create;
    LoadBalancer balancer = Servers.balancer(keyed.bounded(0.25), 4, 1);
    List<Lease> leases = IntStream.range(0, 40).mapToObj(i -> balancer.acquire(7)).toList();
    List<Node> order = KeyedFake.order(balancer.nodes(), 7);
    assertThat(order.stream().map(Node::inFlight)).containsExactly(13, 13, 12, 2);
    leases.forEach(Lease::close);
    try (Lease lease = balancer.acquire(7)) {
      assertThat(lease.node()).isSameAs(order.get(0));
    }
  }

  @Test
  void aroundARing_picksAllocateNothing() {
    List<Node> nodes = IntStream.range(0, 50).mapToObj(i -> node(i)).toList();
    Selector selector =
        Selectors.ringHash().bounded(0.25).create(new Candidates(nodes, nodes, 1), null);
    nodes.subList(0, 30).forEach(node -> assertThat(node.tryPick(10)).isTrue()); // some are full
    Query[] queries =
        IntStream.range(0, 64).mapToObj(i -> Query.forHash(Mix.mix64(i))).toArray(Query[]::new);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long thread = Thread.currentThread().getId();
    long least = Long.MAX_VALUE;
    for (int round = 0; round < 20; round++) { // the first ones load classes
      long before = threads.getThreadAllocatedBytes(thread);
      for (int i = 0; i < 10_000; i++) {
        Node unused = selector.select(queries[i & 63]);
      }
      least = Math.min(least, threads.getThreadAllocatedBytes(thread) - before);
    }
    assertThat(least).isLessThan(10_000); // below a byte a pick: the measuring's own
  }

  /** Of weights that differ, too. */
  private static Node node(int i) {
    return new Node(Servers.server(i).withWeight(1 + i % 3));
  }

  @Test
  void retry_whereAllThatAreLeftAreFull_stillGetsOne() {
    Selector.Factory keyed = KeyedFake::create;
    LoadBalancer balancer = Servers.balancer(keyed.bounded(0.1), 2, 1);
    Query but0 = Query.forHash(7).excluding(Servers.node(balancer, "s0"));
    for (int i = 0; i < 10; i++) {
      assertThat(balancer.acquire(but0).server().id()).isEqualTo("s1");
    }
    Query butBoth = but0.excluding(Servers.node(balancer, "s1"));
    assertThat(balancer.tryAcquire(butBoth)).isNull();
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, -0.25, Double.NaN, Double.POSITIVE_INFINITY})
  void epsilonOutOfRange_isRefused(double epsilon) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Selectors.random().bounded(epsilon))
        .withMessage("epsilon: " + epsilon + " (expected: a number above 0, as 0.25)");
  }
}
