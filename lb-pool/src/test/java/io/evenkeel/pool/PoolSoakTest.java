package io.evenkeel.pool;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.Server;
import io.evenkeel.core.Threads;
import io.evenkeel.pool.CheckedConnector.Connection;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Sixteen threads do for a minute ({@code -Dsoak.seconds}) whatever can be done to a pool, on its
 * own threads and the real clock, over a connector that one time in ten fails, hangs for a while,
 * or makes a connection that soon dies. Every connection ever made is accounted for.
 */
class PoolSoakTest {

  private static final int THREADS = 16;
  private static final int INTERRUPTED = 8;
  private static final int MAX_TOTAL = 10;
  private static final long SECONDS = Long.getLong("soak.seconds", 60);

  /** Longer than any hang and any line: only a lost waiter waits for it. */
  private static final Duration LONG = Duration.ofMinutes(2);

  private static final List<Server> SERVERS =
      IntStream.range(0, 4).mapToObj(i -> Server.of("10.0.0." + i, 80).withId("s" + i)).toList();

  @Test
  @Timeout(600)
  void everythingAtOnce_noRuleIsBroken_andNothingIsLeft() throws Exception {
    long seed = Threads.seed();
    AtomicInteger existing = new AtomicInteger();
    @SuppressWarnings("UnnecessaryAsync") // written by all that connect
    AtomicInteger most = new AtomicInteger();
    CheckedConnector connector =
        new CheckedConnector(3) {
          @Override
          void beforeConnect(Server server) throws Exception {
            most.accumulateAndGet(existing.incrementAndGet(), Math::max);
            int chance = ThreadLocalRandom.current().nextInt(20);
            if (chance == 0) {
              LockSupport.parkNanos(20_000_000);
            }
            if (chance <= 1) {
              existing.decrementAndGet();
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

          @Override
          public void close(Connection connection) {
            super.close(connection);
            existing.decrementAndGet();
          }
        };
    ConnectionPool<Connection> pool =
        ConnectionPool.builder(connector)
            .policy(
                PoolPolicy.builder()
                    .maxPerServer(3)
                    .minPerServer(1)
                    .maxTotal(MAX_TOTAL)
                    .maxConnecting(2)
                    .whenFull(PoolPolicy.WhenFull.DROP_IDLE_ELSEWHERE)
                    .idleTimeout(Duration.ofMillis(50))
                    .maxLifetime(Duration.ofMillis(300))
                    .validationInterval(Duration.ofMillis(40))
                    .connectBackoff(Duration.ofMillis(5), Duration.ofMillis(50))
                    .recordUseTimes(true)
                    .build())
            .build();
    long end = System.nanoTime() + SECONDS * 1_000_000_000L;
    AtomicReferenceArray<Thread> threads = new AtomicReferenceArray<>(THREADS);
    AtomicInteger running = new AtomicInteger(THREADS);
    AtomicInteger served = new AtomicInteger();
    Threads.run(
        THREADS + 1,
        index -> {
          Random random = new Random(seed + index);
          if (index == THREADS) {
            disturb(pool, threads, running, random);
            return;
          }
          threads.set(index, Thread.currentThread());
          try {
            while (System.nanoTime() - end < 0) {
              try {
                use(pool, random, served);
              } catch (InterruptedException e) {
                // as if the caller had lost interest
              } catch (PoolException e) {
                assertThat(e).isNotInstanceOf(PoolFullException.class);
              }
            }
          } finally {
            threads.set(index, null);
            running.decrementAndGet();
          }
        });
    assertThat(pool.stats().waiting()).as("seed %d", seed).isZero();
    assertThat(pool.stats().active()).as("seed %d", seed).isZero();
    Threads.run(3, index -> pool.close(LONG));
    Threads.await(() -> pool.stats().servers().isEmpty());
    connector.assertClean();
    assertThat(most.get()).as("seed %d", seed).isLessThanOrEqualTo(MAX_TOTAL);
    assertThat(served.get()).as("seed %d", seed).isGreaterThan(THREADS);
  }

  private static void use(ConnectionPool<Connection> pool, Random random, AtomicInteger served)
      throws InterruptedException {
    Server server = SERVERS.get(random.nextInt(SERVERS.size()));
    Duration timeout =
        switch (random.nextInt(4)) {
          case 0 -> Duration.ZERO;
          case 1 -> Duration.ofNanos(random.nextInt(1_000_000));
          default -> LONG;
        };
    Pooled<Connection> pooled;
    try {
      if (random.nextInt(4) == 0) {
        CompletableFuture<Pooled<Connection>> future = pool.acquireAsync(server, timeout);
        if (random.nextBoolean() && future.cancel(false)) {
          return;
        }
        try {
          pooled = future.join();
        } catch (java.util.concurrent.CompletionException e) {
          throw (PoolException) e.getCause();
        }
      } else {
        pooled = pool.acquire(server, timeout);
      }
    } catch (PoolTimeoutException e) {
      if (timeout.equals(LONG)) {
        throw new AssertionError("a waiter was lost", e);
      }
      throw e;
    }
    served.incrementAndGet();
    Connection connection = pooled.connection();
    connection.use();
    if (random.nextInt(8) == 0) {
      LockSupport.parkNanos(random.nextInt(200_000));
    }
    connection.unuse();
    if (random.nextInt(10) == 0) {
      pooled.invalidate(new IOException("reset"));
      pooled.close();
    } else {
      pooled.close();
      pooled.invalidate(new IOException("late"));
    }
  }

  /** Interrupts threads, and has servers go down and leave. */
  private static void disturb(
      ConnectionPool<Connection> pool,
      AtomicReferenceArray<Thread> threads,
      AtomicInteger running,
      Random random) {
    while (running.get() > 0) {
      Thread thread = threads.get(random.nextInt(INTERRUPTED));
      if (thread != null) {
        thread.interrupt();
      }
      String id = "s" + random.nextInt(SERVERS.size());
      int chance = random.nextInt(20);
      if (chance == 0) {
        pool.remove(id);
      } else if (chance == 1) {
        pool.closeIdle(id);
      }
      PoolStats stats = pool.stats();
      for (PoolStats.OfServer server : stats.servers()) {
        assertThat(server.idle() + server.active()).isLessThanOrEqualTo(3);
      }
      LockSupport.parkNanos(200_000);
    }
  }
}
