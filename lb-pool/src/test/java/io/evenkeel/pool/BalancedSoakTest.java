package io.evenkeel.pool;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.Block;
import io.evenkeel.core.BlockOwner;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.NoServerAvailableException;
import io.evenkeel.core.Node;
import io.evenkeel.core.Server;
import io.evenkeel.core.Threads;
import io.evenkeel.pool.CheckedConnector.Connection;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Phaser;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Sixteen threads use a pool behind a balancer while servers are blocked, drained, moved, removed
 * and added, connects fail or hang, connections are dead. Every now and then all stop, some with a
 * use in their hands: then a node's requests in flight are exactly the uses of its server that are
 * out. For a sixth of the time of {@link PoolSoakTest}.
 */
class BalancedSoakTest {

  private static final int THREADS = 16;
  private static final int USES = 60;
  private static final long SECONDS = Math.max(1, Long.getLong("soak.seconds", 60) / 6);

  private final CheckedConnector connector =
      new CheckedConnector(3) {
        @Override
        void beforeConnect(Server server) throws Exception {
          int chance = ThreadLocalRandom.current().nextInt(20);
          if (chance == 0) {
            LockSupport.parkNanos(10_000_000);
          }
          if (chance <= 1) {
            throw new IOException("refused");
          }
        }

        @Override
        public boolean isAlive(Connection connection) {
          if (ThreadLocalRandom.current().nextInt(10) == 0) {
            connection.dead = true;
          }
          return super.isAlive(connection);
        }
      };

  private final ConnectionPool<Connection> pool =
      ConnectionPool.builder(connector)
          .policy(
              PoolPolicy.builder()
                  .maxPerServer(3)
                  .minPerServer(1)
                  .maxTotal(12)
                  .maxWaiting(4)
                  .whenFull(PoolPolicy.WhenFull.DROP_IDLE_ELSEWHERE)
                  .idleTimeout(Duration.ofMillis(50))
                  .maxLifetime(Duration.ofMillis(200))
                  .connectBackoff(Duration.ofMillis(5), Duration.ofMillis(50))
                  .build())
          .build();

  private final LoadBalancer balancer =
      LoadBalancer.builder()
          .servers(server(0), server(1), server(2), server(3), server(4), server(5))
          .build();
  private final BlockOwner prober = balancer.claim(Block.PROBE_DOWN);

  /** Every node there ever was, for one that has left may have requests in flight. */
  private final Set<Node> nodes = ConcurrentHashMap.newKeySet();

  /** Uses that are out, by server id. */
  private final Map<String, AtomicInteger> out = new ConcurrentHashMap<>();

  private final AtomicLong successes = new AtomicLong();
  private final AtomicLong served = new AtomicLong();
  private volatile boolean isOver;

  private static Server server(int i) {
    return Server.of("10.0.0." + i, 80).withId("s" + i);
  }

  @Test
  @Timeout(600)
  void requestsInFlight_areTheUsesThatAreOut_andNothingIsLeft() throws Exception {
    long seed = Threads.seed();
    long end = System.nanoTime() + SECONDS * 1_000_000_000L;
    nodes.addAll(balancer.nodes());
    BalancedPool<Connection> balanced = BalancedPool.of(balancer, pool);
    List<String> breaches = new ArrayList<>();
    AtomicInteger forced = new AtomicInteger();
    AtomicInteger held = new AtomicInteger();
    Phaser together =
        new Phaser(THREADS + 1) {
          @Override
          protected boolean onAdvance(int phase, int parties) {
            // All others wait here, and see what is written here once they go on.
            compare(breaches);
            if (System.nanoTime() - end > 0 || !breaches.isEmpty()) {
              isOver = true;
              held.set(pool.stats().active());
              connector.mayForce = true;
              forced.set(pool.close(Duration.ZERO));
            }
            return parties == 0;
          }
        };
    Threads.run(
        THREADS + 1,
        index -> {
          Random random = new Random(seed + index);
          try {
            while (!isOver) {
              if (index == THREADS) {
                disturb(random);
                together.arriveAndAwaitAdvance();
              } else {
                for (int i = 0; i < USES; i++) {
                  use(balanced, random, null);
                }
                use(balanced, random, together);
              }
            }
          } finally {
            together.arriveAndDeregister();
          }
        });
    assertThat(breaches).as("seed %d", seed).isEmpty();
    assertThat(forced.get()).as("seed %d", seed).isEqualTo(held.get());
    assertThat(nodes).allSatisfy(node -> assertThat(node.inFlight()).isZero());
    assertThat(out.values()).allSatisfy(uses -> assertThat(uses).hasValue(0));
    assertThat(nodes.stream().mapToLong(Node::successes).sum()).isEqualTo(successes.get());
    assertThat(served.get()).isGreaterThan(THREADS);
    assertThat(pool.close(Duration.ofMinutes(2))).isZero();
    connector.assertClean();
    assertThat(connector.most.get()).isLessThanOrEqualTo(12);
    Threads.await(() -> pool.stats().servers().isEmpty());
    balanced.close();
    balancer.close();
  }

  /** With all threads at rest. */
  private void compare(List<String> breaches) {
    int uses = 0;
    for (Map.Entry<String, AtomicInteger> entry : out.entrySet()) {
      String id = entry.getKey();
      int inFlight = 0;
      for (Node node : nodes) {
        inFlight += node.server().id().equals(id) ? node.inFlight() : 0;
      }
      uses += entry.getValue().get();
      if (inFlight != entry.getValue().get()) {
        breaches.add(inFlight + " in flight, out: " + entry);
      }
    }
    if (pool.stats().active() != uses) {
      breaches.add(pool.stats() + " but out: " + out);
    }
  }

  private void use(BalancedPool<Connection> balanced, Random random, @Nullable Phaser together)
      throws InterruptedException {
    // Nobody waits for long: those who could give something back may be at rest.
    Duration timeout = Duration.ofNanos(random.nextInt(3_000_000));
    Leased<Connection> leased = null;
    try {
      leased =
          random.nextBoolean()
              ? balanced.acquire(timeout)
              : balanced.acquire("user-" + random.nextInt(50), timeout);
    } catch (PoolException | NoServerAvailableException e) {
      assertThat(e).hasMessageNotContaining(ConnectionPool.CLOSED); // not before the end
    }
    if (leased == null) {
      if (together != null) {
        together.arriveAndAwaitAdvance();
      }
      return;
    }
    AtomicInteger here = out.computeIfAbsent(leased.server().id(), id -> new AtomicInteger());
    here.incrementAndGet();
    served.incrementAndGet();
    Connection connection = leased.connection();
    assertThat(connection.serverId).isEqualTo(leased.server().id());
    connection.use();
    if (random.nextInt(8) == 0) {
      LockSupport.parkNanos(random.nextInt(200_000));
    }
    if (together != null) {
      together.arriveAndAwaitAdvance();
    }
    connection.unuse();
    here.decrementAndGet();
    switch (random.nextInt(10)) {
      case 0 -> leased.invalidate(new IOException("reset"));
      case 1, 2, 3 -> {
        successes.incrementAndGet();
        leased.success();
        leased.close();
      }
      default -> {
        leased.close();
        leased.success(); // too late
      }
    }
    leased.close();
  }

  /** The only one that changes anything. */
  private void disturb(Random random) {
    for (int i = 0; i < 20; i++) {
      int index = random.nextInt(6);
      String id = "s" + index;
      switch (random.nextInt(10)) {
        case 0 -> {
          balancer.remove(id);
          balancer.add(server(index));
        }
        case 1 -> balancer.update(Server.of("10.1.0." + random.nextInt(99), 80).withId(id));
        case 2 -> prober.set(id, "refused");
        case 3 -> balancer.drain(id);
        case 4 -> balancer.update(server(index).withWeight(1 + random.nextInt(3)));
        case 5 -> balancer.resume(id);
        default -> prober.clear(id, "ok");
      }
      nodes.addAll(balancer.nodes());
      for (Node node : nodes) {
        assertThat(node.inFlight()).isBetween(0, THREADS);
      }
      LockSupport.parkNanos(100_000);
    }
  }
}
