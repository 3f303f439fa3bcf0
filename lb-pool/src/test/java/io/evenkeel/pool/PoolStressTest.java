package io.evenkeel.pool;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.Server;
import io.evenkeel.core.Threads;
import io.evenkeel.pool.CheckedConnector.Connection;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Everything at once, from sixteen threads, over a connector that fails one time in ten. */
class PoolStressTest {

  private static final int THREADS = 16;
  private static final int ROUNDS = 4_000;

  /** The others are never interrupted, so that an interrupt cannot save a waiter who was lost. */
  private static final int INTERRUPTED_THREADS = 8;

  /** Longer than the whole test takes: only a lost waiter waits for it. */
  private static final Duration LONG = Duration.ofMinutes(1);

  private static final List<Server> SERVERS =
      List.of(Server.of("10.0.0.1", 80).withId("s0"), Server.of("10.0.0.2", 80).withId("s1"));

  @ParameterizedTest
  @CsvSource({"1, false", "3, false", "16, false", "1, true", "3, true"})
  void randomUse_noRuleIsBroken_andNothingIsLeft(int max, boolean closeMidway) throws Exception {
    long seed = Threads.seed();
    CheckedConnector connector =
        new CheckedConnector(max) {
          @Override
          void beforeConnect(Server server) throws Exception {
            if (ThreadLocalRandom.current().nextInt(10) == 0) {
              throw new IOException("refused");
            }
          }
        };
    // Idle times so short that some run out, and time that passes with every reading.
    AtomicInteger ticks = new AtomicInteger();
    ConnectionPool<Connection> pool =
        ConnectionPool.builder(connector)
            .maxPerServer(max)
            .idleTimeout(Duration.ofNanos(50))
            .clock(ticks::incrementAndGet)
            .build();
    AtomicReferenceArray<Thread> threads = new AtomicReferenceArray<>(THREADS);
    AtomicInteger running = new AtomicInteger(THREADS);
    LongAdder served = new LongAdder();
    LongAdder refused = new LongAdder();
    Threads.run(
        THREADS + 1,
        index -> {
          Random random = new Random(seed + index);
          if (index == THREADS) {
            interruptAtRandom(threads, running, random);
            return;
          }
          threads.set(index, Thread.currentThread());
          try {
            for (int i = 0; i < ROUNDS; i++) {
              if (closeMidway && index == 0 && i == ROUNDS / 2) {
                pool.close();
              }
              try {
                use(pool, connector, random);
                served.increment();
              } catch (InterruptedException | PoolException e) {
                refused.increment();
              }
            }
          } finally {
            threads.set(index, null);
            running.decrementAndGet();
          }
        });
    connector.assertNoBreach();
    assertThat(served.sum() + refused.sum()).isEqualTo((long) THREADS * ROUNDS);
    assertThat(served.sum()).as("seed %d", seed).isPositive();
    if (!closeMidway) {
      for (Server server : SERVERS) {
        Counts counts = Counts.of(pool, server.id());
        assertThat(counts.waiting()).as("seed %d", seed).isZero();
        assertThat(counts.open()).as("seed %d", seed).isEqualTo(counts.idle());
      }
    }
    pool.close(Duration.ofMinutes(1));
    connector.assertClean();
    Threads.await(() -> pool.stats().servers().isEmpty()); // forgotten after the last close
  }

  private static void use(
      ConnectionPool<Connection> pool, CheckedConnector connector, Random random)
      throws InterruptedException {
    Server server = SERVERS.get(random.nextInt(SERVERS.size()));
    Pooled<Connection> idle = random.nextInt(4) == 0 ? pool.acquireIdle(server) : null;
    Pooled<Connection> pooled = idle != null ? idle : acquire(pool, server, random);
    Connection connection = pooled.connection();
    connection.use();
    if (random.nextInt(8) == 0) {
      Thread.onSpinWait();
    }
    if (random.nextInt(10) == 0) {
      connection.dead = true; // as if the server had hung up
    }
    connection.unuse();
    switch (random.nextInt(10)) {
      case 0, 1 -> {
        pooled.invalidate(new IOException("reset"));
        pooled.close();
      }
      case 2 -> {
        connector.letGo(connection);
        assertThat(pooled.detach()).isSameAs(connection);
        pooled.close();
      }
      default -> {
        pooled.close();
        pooled.invalidate(new IOException("late"));
      }
    }
  }

  private static Pooled<Connection> acquire(
      ConnectionPool<Connection> pool, Server server, Random random) throws InterruptedException {
    Duration timeout =
        switch (random.nextInt(4)) {
          case 0 -> Duration.ZERO;
          case 1 -> Duration.ofNanos(random.nextInt(100_000));
          default -> LONG;
        };
    try {
      return pool.acquire(server, timeout);
    } catch (PoolTimeoutException e) {
      if (timeout.equals(LONG)) {
        throw new AssertionError("a waiter was lost", e);
      }
      throw e;
    }
  }

  private static void interruptAtRandom(
      AtomicReferenceArray<Thread> threads, AtomicInteger running, Random random) {
    while (running.get() > 0) {
      Thread thread = threads.get(random.nextInt(INTERRUPTED_THREADS));
      if (thread != null) {
        thread.interrupt();
      }
      Thread.onSpinWait();
    }
  }
}
