package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Picks by several threads, while one changes everything that can be changed. */
class LiveChangeStressTest {

  private static final int PICKERS = 3;

  private static final List<String> NAMES = List.copyOf(Selectors.names());

  /** Hands its list over at once, and again whenever it is told to. */
  private static final class Lists implements ServerSource {
    private volatile Sink sink;

    @Override
    public AutoCloseable start(Sink sink) {
      this.sink = sink;
      sink.update(Servers.numbered(8));
      return () -> {};
    }
  }

  @Test
  @SuppressWarnings("ThreadPriorityCheck") // yields for speed, not for order
  void everythingChanges_noLeaseIsLost_nothingDrainedIsPicked() throws Exception {
    long seed = Threads.seed();
    System.out.println("LiveChangeStressTest -Dseed=" + seed);
    LoadBalancer balancer = LoadBalancer.builder().servers(Servers.numbered(8)).build();
    AtomicBoolean over = new AtomicBoolean();
    AtomicLong taken = new AtomicLong();
    AtomicLong refused = new AtomicLong();
    Set<Node> everyone = ConcurrentHashMap.newKeySet();
    Threads.run(
        PICKERS + 1,
        index -> {
          SplittableRandom random = new SplittableRandom(seed + index);
          if (index == PICKERS) {
            try {
              for (int i = 0; i < 1_000; i++) {
                change(balancer, random);
                everyone.addAll(balancer.nodes());
              }
            } finally {
              over.set(true);
            }
            return;
          }
          ArrayDeque<Lease> held = new ArrayDeque<>();
          while (!over.get()) {
            Lease lease = balancer.tryAcquire(Query.forHash(random.nextLong()));
            if (lease == null) {
              refused.incrementAndGet();
            } else {
              taken.incrementAndGet();
              held.add(lease);
              everyone.add(lease.node());
            }
            while (held.size() > random.nextInt(6)) {
              end(held.remove(), random);
            }
            Thread.yield(); // who changes waits for them, on a machine with few cores
          }
          held.forEach(Lease::close);
        });
    assertThat(everyone).allMatch(node -> node.inFlight() == 0);
    BalancerStats stats = balancer.stats();
    assertThat(stats.picks()).isEqualTo(taken.get());
    assertThat(stats.refused()).isEqualTo(refused.get());
    assertThat(stats.successes() + stats.failures() + stats.neutral()).isEqualTo(taken.get());
    assertThat(stats.inFlight()).isZero();

    // The trees, totals and limits of the end are right.
    balancer
        .change()
        .selector(Selectors.leastConnections())
        .maxConcurrent(2)
        .panicThreshold(0)
        .slowStart(Duration.ZERO, 1) // a server that has just come would have a small weight
        .servers(Servers.numbered(8))
        .apply();
    balancer.nodes().forEach(node -> balancer.resume(node.server().id()));
    for (int i = 0; i < 16; i++) {
      balancer.acquire();
      int least = balancer.nodes().stream().mapToInt(Node::inFlight).min().orElseThrow();
      assertThat(balancer.nodes()).allMatch(node -> node.inFlight() <= least + 1);
    }
    assertThat(balancer.tryAcquire(Query.any())).isNull();
    balancer.close();
  }

  private static void end(Lease lease, SplittableRandom random) {
    if (random.nextBoolean()) {
      lease.success();
    } else {
      lease.failure(new IllegalStateException("no"));
    }
    lease.close();
  }

  private static void change(LoadBalancer balancer, SplittableRandom random) throws Exception {
    switch (random.nextInt(8)) {
      case 0 -> drainAndLook(balancer, random);
      case 1 -> {
        Lists lists = new Lists();
        boolean unused = balancer.change().source(lists).apply();
        lists.sink.update(Servers.numbered(6 + random.nextInt(3)));
      }
      case 2 -> {
        int n = 5 + random.nextInt(4);
        boolean unused =
            balancer
                .change()
                .servers(
                    Servers.numbered(n).stream()
                        .map(server -> server.withMaxConcurrent(random.nextInt(3)))
                        .toList())
                .apply();
      }
      case 3 -> {
        boolean unused = balancer.change().maxConcurrent(1 + random.nextInt(4)).apply();
      }
      case 4 -> {
        boolean unused =
            balancer
                .change()
                .slowStart(Duration.ofMillis(random.nextInt(3)), 1)
                .panicThreshold(random.nextInt(3) / 4.0)
                .apply();
      }
      default -> {
        String name = NAMES.get(random.nextInt(NAMES.size()));
        Map<String, String> options =
            random.nextBoolean() ? Map.of("bounded", "0.3") : Map.of("sticky_ttl", "1s");
        boolean unused = balancer.change().selector(Selectors.named(name, options)).apply();
      }
    }
  }

  /** Once a drain is done, no change of anything else lets a lease in before it is resumed. */
  private static void drainAndLook(LoadBalancer balancer, SplittableRandom random)
      throws Exception {
    List<Node> nodes = balancer.nodes();
    Node node = nodes.get(random.nextInt(nodes.size()));
    String id = node.server().id();
    int left = balancer.drain(id, Duration.ofMinutes(1)).toCompletableFuture().get();
    assertThat(left).isZero();
    long picks = node.picks();
    for (int i = 0; i < 3; i++) {
      boolean unused =
          balancer
              .change()
              .selector(Selectors.named(NAMES.get(random.nextInt(NAMES.size()))))
              .maxConcurrent(1 + random.nextInt(4))
              .servers(nodes.stream().map(Node::server).toList())
              .apply();
      assertThat(node.inFlight()).isZero();
      assertThat(node.picks()).isEqualTo(picks);
    }
    balancer.resume(id);
  }

  /** k · n picks over n servers are k each, though settings change all the while. */
  @Test
  void settingsChange_theRotationStaysExact() throws Exception {
    int n = 5;
    int each = 20_000;
    LoadBalancer balancer = LoadBalancer.builder().servers(Servers.numbered(n)).build();
    AtomicLong left = new AtomicLong(PICKERS);
    long[] changes = new long[1];
    Threads.run(
        PICKERS + 1,
        index -> {
          if (index == PICKERS) {
            for (int i = 0; left.get() > 0; i++) {
              boolean unused =
                  balancer
                      .change()
                      .selector(Selectors.named("round_robin", Map.of()))
                      .maxConcurrent(1_000 + i % 7)
                      .panicThreshold(i % 5 / 10.0)
                      .slowStart(Duration.ofSeconds(i % 3), 1)
                      .apply();
              changes[0]++;
            }
            return;
          }
          for (int i = 0; i < n * each; i++) {
            balancer.acquire().close();
          }
          left.decrementAndGet();
        });
    assertThat(changes[0]).isPositive();
    long[] picks = balancer.nodes().stream().mapToLong(Node::picks).toArray();
    assertThat(picks).describedAs(Arrays.toString(picks)).containsOnly((long) PICKERS * each);
  }
}
