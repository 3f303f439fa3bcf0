package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Many threads pick, close, fail, add, remove, drain, block and change weights for a while: nothing
 * is lost, nothing ineligible is picked, and all counters come back to zero.
 */
class BalancerSoakTest {

  private static final int THREADS = 8;
  private static final int MAX_CONCURRENT = 30;

  /** Of all selectors together. */
  private static final Duration SOAK = Duration.ofSeconds(20);

  static Collection<String> names() {
    return Selectors.names();
  }

  @ParameterizedTest
  @MethodSource("names")
  void picksUnderEveryKindOfChange_allCountersReturnToZero(String name) throws Exception {
    long seed = Threads.seed();
    LoadBalancer balancer =
        LoadBalancer.builder()
            .servers(Servers.numbered(6))
            .selector(Selectors.named(name))
            .seed(seed)
            .maxConcurrent(MAX_CONCURRENT)
            .slowStart(Duration.ofMillis(200))
            .build();
    balancer.add(Servers.named("weightless").withWeight(0));
    balancer.add(Servers.named("drained"));
    balancer.drain("drained");
    balancer.add(Servers.named("backup").withTier(1));
    BlockOwner prober = balancer.claim(Block.PROBE_DOWN);
    BlockOwner ejector = balancer.claim(Block.EJECTED);

    Set<Node> everPicked = ConcurrentHashMap.newKeySet();
    Set<Node> everMembers = ConcurrentHashMap.newKeySet();
    everMembers.addAll(balancer.nodes());
    LongAdder picks = new LongAdder();
    LongAdder successes = new LongAdder();
    LongAdder failures = new LongAdder();
    long end = System.nanoTime() + SOAK.toNanos() / names().size();
    Threads.run(
        THREADS,
        index -> {
          Random random = new Random(seed + index);
          List<Lease> open = new ArrayList<>();
          try {
            while (System.nanoTime() - end < 0) {
              if (random.nextInt(200) == 0) {
                change(balancer, prober, ejector, random);
                everMembers.addAll(balancer.nodes());
              }
              Lease lease = balancer.tryAcquire(Query.any());
              if (lease == null) {
                continue;
              }
              picks.increment();
              everPicked.add(lease.node());
              everMembers.add(lease.node()); // it may have been a member for a moment only
              assertThat(lease.node().inFlight()).isLessThanOrEqualTo(MAX_CONCURRENT);
              open.add(lease);
              if (random.nextBoolean()) {
                Lease done = open.remove(random.nextInt(open.size()));
                switch (random.nextInt(3)) {
                  case 0 -> {
                    done.success();
                    successes.increment();
                  }
                  case 1 -> {
                    done.failure(new Exception("test"));
                    failures.increment();
                  }
                  default -> {}
                }
                done.close();
                done.close();
              }
              if (open.size() > 20) {
                open.forEach(Lease::close);
                open.clear();
              }
            }
          } finally {
            open.forEach(Lease::close);
          }
        });

    assertThat(everPicked)
        .as("seed %d", seed)
        .noneMatch(node -> node.server().id().equals("weightless"))
        .noneMatch(node -> node.server().id().equals("drained"))
        .allSatisfy(node -> assertThat(node.inFlight()).isZero());
    assertThat(everMembers.stream().mapToLong(Node::picks).sum()).isEqualTo(picks.sum());
    assertThat(everMembers.stream().mapToLong(Node::successes).sum()).isEqualTo(successes.sum());
    assertThat(everMembers.stream().mapToLong(Node::failures).sum()).isEqualTo(failures.sum());

    prober.close();
    ejector.close();
    assertThat(Servers.node(balancer, "drained").blocks()).containsExactly(Block.DRAINING);
  }

  private static void change(
      LoadBalancer balancer, BlockOwner prober, BlockOwner ejector, Random random) {
    int i = random.nextInt(6);
    String id = "s" + i;
    try {
      switch (random.nextInt(6)) {
        case 0 -> {
          if (!balancer.remove(id)) {
            balancer.add(Servers.server(i));
          }
        }
        case 1 -> {
          if (!balancer.drain(id)) {
            balancer.resume(id);
          }
        }
        case 2 -> {
          if (!balancer.maintain(id)) {
            balancer.resume(id);
          }
        }
        case 3 -> balancer.update(Servers.server(i).withWeight(random.nextInt(4)));
        case 4 -> {
          if (!prober.set(id, "refused")) {
            prober.clear(id, "connected");
          }
        }
        default -> {
          if (!ejector.set(id, "failing")) {
            ejector.clear(id, "time served");
          }
        }
      }
    } catch (IllegalArgumentException e) {
      // Another thread removed or added it meanwhile: that much is refused, and nothing else.
      assertThat(e).hasMessageContaining("'" + id + "' is");
    }
  }
}
