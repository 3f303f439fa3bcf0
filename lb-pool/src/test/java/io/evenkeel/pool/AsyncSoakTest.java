package io.evenkeel.pool;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.Server;
import io.evenkeel.core.Threads;
import io.evenkeel.pool.CheckedConnector.Connection;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Whole lives of pools, one after the other, over a connector that connects without blocking and
 * ends its stages in every way there is: at once, by other threads, late, after the pool has gone,
 * never, with an exception, with null, twice. Sixteen threads acquire, wait, cancel, time out, end
 * uses, remove servers, and at some moment one of them closes the pool, by force every other time.
 * For a sixth of the time of {@link PoolSoakTest}.
 */
class AsyncSoakTest {

  private static final int THREADS = 16;
  private static final int INTERRUPTED = 8;
  private static final int MAX_TOTAL = 8;
  private static final long SECONDS = Math.max(1, Long.getLong("soak.seconds", 60) / 6);

  /** Longer than any connect and any line: only a lost waiter waits for it. */
  private static final Duration LONG = Duration.ofMinutes(2);

  private static final List<Server> SERVERS =
      IntStream.range(0, 4).mapToObj(i -> Server.of("10.0.0." + i, 80).withId("s" + i)).toList();

  /** The threads that end what was begun. */
  private final ScheduledThreadPoolExecutor elsewhere = new ScheduledThreadPoolExecutor(3);

  private final class Chaos extends CheckedConnector implements AsyncConnector<Connection> {

    /** Connects that end once the pool has gone. */
    final Queue<Runnable> hanging = new ConcurrentLinkedQueue<>();

    /** One a server, so that there is room for others. */
    final Map<String, AtomicBoolean> hangs = new ConcurrentHashMap<>();

    /** Connects that never end. */
    final AtomicInteger lost = new AtomicInteger();

    /** Tasks begun elsewhere and not ended. */
    final AtomicInteger underWay = new AtomicInteger();

    Chaos() {
      super(3);
    }

    @Override
    public Connection connect(Server server) {
      throw new AssertionError("the pool does not call it");
    }

    @Override
    public CompletionStage<Connection> connectAsync(Server server) {
      begun(server);
      CompletableFuture<Connection> stage = new CompletableFuture<>();
      switch (ThreadLocalRandom.current().nextInt(24)) {
        case 0 -> {
          failed(server);
          throw new IllegalStateException("throws");
        }
        case 1 -> {
          failed(server);
          return null;
        }
        case 2 -> fail(server, stage);
        case 3 -> elsewhere(() -> fail(server, stage), 2_000);
        case 4 -> {
          failed(server);
          stage.complete(null);
        }
        case 5 ->
            elsewhere(
                () -> {
                  failed(server);
                  stage.complete(null);
                },
                500);
        case 6 -> {
          return twice(server);
        }
        case 7 -> elsewhere(() -> stage.complete(made(server)), 30_000);
        case 8 -> {
          if (hangs
              .computeIfAbsent(server.id(), id -> new AtomicBoolean())
              .compareAndSet(false, true)) {
            hanging.add(
                switch (ThreadLocalRandom.current().nextInt(4)) {
                  case 0 ->
                      () -> {
                        lost.incrementAndGet();
                        failed(server);
                      };
                  case 1 -> () -> fail(server, stage);
                  default -> () -> stage.complete(made(server));
                });
          } else {
            stage.complete(made(server));
          }
        }
        case 9, 10, 11, 12, 13 -> stage.complete(made(server));
        default -> elsewhere(() -> stage.complete(made(server)), 500);
      }
      return stage;
    }

    private void fail(Server server, CompletableFuture<Connection> stage) {
      failed(server);
      stage.completeExceptionally(new IOException("refused"));
    }

    /** It ends twice: one way and then another, or twice well at the same time. */
    private CompletionStage<Connection> twice(Server server) {
      int how = ThreadLocalRandom.current().nextInt(3);
      AtomicInteger places = new AtomicInteger(how == 1 ? 0 : 1);
      if (how == 1) {
        failed(server);
      }
      IOException broken = new IOException("broken");
      return new CompletableFuture<>() {
        @Override
        public CompletableFuture<Connection> whenComplete(
            BiConsumer<? super Connection, ? super Throwable> action) {
          Connection one = made(server, places);
          switch (how) {
            case 0 -> {
              action.accept(one, null);
              elsewhere(() -> action.accept(null, broken), 10);
            }
            case 1 -> {
              action.accept(null, broken);
              elsewhere(() -> action.accept(one, null), 10);
            }
            default -> {
              Connection other = made(server, places);
              elsewhere(() -> action.accept(one, null), 10);
              elsewhere(() -> action.accept(other, null), 10);
            }
          }
          return this;
        }
      };
    }

    void elsewhere(Runnable task, int mostMicros) {
      underWay.incrementAndGet();
      Future<?> unused =
          elsewhere.schedule(
              () -> {
                try {
                  task.run();
                } catch (Throwable e) {
                  check(false, "a stage's end threw " + e);
                } finally {
                  underWay.decrementAndGet();
                }
              },
              ThreadLocalRandom.current().nextInt(mostMicros),
              TimeUnit.MICROSECONDS);
    }

    @Override
    public boolean isAlive(Connection connection) {
      if (ThreadLocalRandom.current().nextInt(10) == 0) {
        connection.dead = true;
      }
      return super.isAlive(connection);
    }
  }

  /** One pool. */
  private final class Life {
    final Chaos connector = new Chaos();
    final ConnectionPool<Connection> pool =
        ConnectionPool.<Connection>builder(connector)
            .policy(
                PoolPolicy.builder()
                    .maxPerServer(3)
                    .minPerServer(1)
                    .maxTotal(MAX_TOTAL)
                    .maxConnecting(2)
                    .whenFull(PoolPolicy.WhenFull.DROP_IDLE_ELSEWHERE)
                    .idleTimeout(Duration.ofMillis(50))
                    .maxLifetime(Duration.ofMillis(100))
                    .validationInterval(Duration.ofMillis(40))
                    .connectBackoff(Duration.ofMillis(5), Duration.ofMillis(50))
                    .recordUseTimes(true)
                    .build())
            .build();

    /** Which nobody waits for. */
    final Queue<CompletableFuture<?>> callbacks = new ConcurrentLinkedQueue<>();

    final AtomicBoolean isClosing = new AtomicBoolean();
    final AtomicInteger forced = new AtomicInteger();
    final AtomicInteger served = new AtomicInteger();
    final long end;

    Life(Random random) {
      connector.mayForce = random.nextBoolean();
      end = System.nanoTime() + 50_000_000 + random.nextInt(400_000_000);
    }

    void live(long seed) throws InterruptedException {
      AtomicReferenceArray<Thread> threads = new AtomicReferenceArray<>(THREADS);
      AtomicInteger running = new AtomicInteger(THREADS);
      Threads.run(
          THREADS + 1,
          index -> {
            Random random = new Random(seed + index);
            if (index == THREADS) {
              while (running.get() > 0) {
                Thread thread = threads.get(random.nextInt(INTERRUPTED));
                if (thread != null) {
                  thread.interrupt();
                }
                LockSupport.parkNanos(200_000);
              }
              return;
            }
            threads.set(index, Thread.currentThread());
            try {
              while (step(random)) {
                closeInTime(random);
              }
            } finally {
              threads.set(index, null);
              running.decrementAndGet();
            }
          });
      Threads.await(() -> isClosing.get() && connector.underWay.get() == 0);
      Threads.await(() -> callbacks.stream().allMatch(CompletableFuture::isDone));
      connector.hanging.forEach(Runnable::run);
      connector.assertClean();
      int lost = connector.lost.get();
      Threads.await(() -> pool.permits().taken() == lost);
      Threads.await(() -> lost > 0 || pool.stats().servers().isEmpty());
      Threads.await(() -> pool.stats().waiting() + pool.stats().active() == 0);
      assertThat(connector.closedInUse.get()).isLessThanOrEqualTo(forced.get());
      assertThat(connector.most.get()).isLessThanOrEqualTo(MAX_TOTAL);
      assertThat(pool.close(Duration.ZERO)).isZero();
    }

    private void closeInTime(Random random) {
      if (System.nanoTime() - end > 0 && isClosing.compareAndSet(false, true)) {
        if (connector.mayForce) {
          forced.addAndGet(pool.close(Duration.ofNanos(random.nextInt(3_000_000))));
        } else {
          pool.close();
        }
      }
    }

    /** False once the pool is closed. */
    private boolean step(Random random) {
      Server server = SERVERS.get(random.nextInt(SERVERS.size()));
      Duration timeout =
          switch (random.nextInt(4)) {
            case 0 -> Duration.ZERO;
            case 1 -> Duration.ofNanos(random.nextInt(1_000_000));
            default -> LONG;
          };
      try {
        switch (random.nextInt(12)) {
          case 0, 1, 2, 3 -> use(pool.acquire(server, timeout), random);
          case 4, 5 -> use(pool.acquireAsync(server, timeout).join(), random);
          case 6 -> {
            CompletableFuture<Pooled<Connection>> future = pool.acquireAsync(server, timeout);
            if (!future.cancel(false)) {
              use(future.join(), random);
            }
          }
          case 7 -> {
            CompletableFuture<Pooled<Connection>> future = pool.acquireAsync(server, timeout);
            connector.elsewhere(() -> future.cancel(true), 300);
            use(future.join(), random);
          }
          case 8 ->
              use(
                  pool.acquireAsync(server, timeout)
                      .orTimeout(random.nextInt(300), TimeUnit.MICROSECONDS)
                      .join(),
                  random);
          case 9 -> {
            CompletableFuture<Pooled<Connection>> future = pool.acquireAsync(server, timeout);
            if (!future.complete(null)) {
              use(future.join(), random);
            }
          }
          case 10 -> {
            long seed = random.nextLong();
            callbacks.add(
                pool.acquireAsync(server, timeout)
                    .handle(
                        (pooled, failure) -> {
                          if (pooled != null) {
                            use(pooled, new Random(seed));
                          }
                          return "";
                        }));
          }
          default -> {
            switch (random.nextInt(40)) {
              case 0 -> pool.remove(server.id());
              case 1 -> pool.closeIdle(server.id());
              case 2 -> pool.warmUp(server);
              default -> pool.stats();
            }
          }
        }
      } catch (InterruptedException | CancellationException e) {
        return true; // as if the caller had lost interest
      } catch (PoolException e) {
        return isGoodFailure(e, timeout);
      } catch (CompletionException e) {
        return e.getCause() instanceof TimeoutException
            || isGoodFailure((PoolException) e.getCause(), timeout);
      }
      return true;
    }

    private boolean isGoodFailure(PoolException e, Duration timeout) {
      if (e instanceof PoolTimeoutException && timeout.equals(LONG)) {
        throw new AssertionError("a waiter was lost", e);
      }
      assertThat(e).isNotInstanceOf(PoolFullException.class);
      return !pool.isClosed();
    }

    private void use(Pooled<Connection> pooled, Random random) {
      served.incrementAndGet();
      Connection connection;
      try {
        connection = pooled.connection();
      } catch (IllegalStateException e) {
        connector.check(connector.mayForce && pool.isClosed(), "handed out a use that had ended");
        return;
      }
      connection.use();
      if (random.nextInt(8) == 0) {
        LockSupport.parkNanos(random.nextInt(200_000));
      }
      connection.unuse();
      switch (random.nextInt(12)) {
        case 0 -> {
          pooled.invalidate(new IOException("reset"));
          pooled.close();
        }
        case 1 -> {
          connector.elsewhere(pooled::close, 50);
          if (random.nextBoolean()) {
            pooled.invalidate(new IOException("reset"));
          }
        }
        default -> {
          pooled.close();
          pooled.invalidate(new IOException("late"));
        }
      }
    }
  }

  @Test
  @Timeout(600)
  void lifeAfterLife_noRuleIsBroken_andNothingIsLeft() throws Exception {
    Set<Thread> before = new HashSet<>(poolThreads());
    long seed = Threads.seed();
    long end = System.nanoTime() + SECONDS * 1_000_000_000L;
    Random random = new Random(seed);
    int served = 0;
    try {
      do {
        Life life = new Life(random);
        try {
          life.live(random.nextLong());
        } catch (AssertionError e) {
          throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
        }
        served += life.served.get();
      } while (System.nanoTime() - end < 0);
    } finally {
      elsewhere.shutdownNow();
    }
    assertThat(served).isGreaterThan(THREADS);
    Threads.await(() -> before.containsAll(poolThreads()));
  }

  private static Set<Thread> poolThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("evenkeel-pool"))
        .collect(Collectors.toSet());
  }
}
