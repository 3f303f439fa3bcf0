package io.evenkeel.pool;

import static io.evenkeel.pool.ByHand.SERVER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Node;
import io.evenkeel.core.Server;
import io.evenkeel.core.VirtualTime;
import io.evenkeel.pool.ByHand.Connection;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Executors, stages, clocks and callbacks that misbehave cost no connection and no waiter. */
@Timeout(120)
class MisuseTest {

  private static final Duration NOW = Duration.ZERO;
  private static final Duration LONG = Duration.ofMinutes(1);

  private final ByHand hand = new ByHand();

  @Test
  void aLineLongerThanTheStack_connectsFailAtOnce_allHearOfIt() {
    CompletableFuture<Object> first = new CompletableFuture<>();
    AtomicInteger calls = new AtomicInteger();
    ConnectionPool<Object> pool =
        ConnectionPool.builder(
                stages(
                    () ->
                        calls.getAndIncrement() == 0
                            ? first
                            : CompletableFuture.failedFuture(new IOException("refused"))))
            .maxPerServer(1)
            .scheduler(hand.time)
            .executor(Runnable::run)
            .build();
    List<CompletableFuture<Pooled<Object>>> line = new ArrayList<>();
    for (int i = 0; i < 20_000; i++) {
      line.add(pool.acquireAsync(SERVER));
    }
    first.completeExceptionally(new IOException("refused"));
    assertThat(line).allMatch(CompletableFuture::isCompletedExceptionally);
    assertThat(pool.permits().taken()).isZero();
  }

  @Test
  void aLineLongerThanTheStack_callbacksGiveBack_allAreServed() {
    ConnectionPool<Connection> pool = hand.pool(p -> p.maxPerServer(1));
    Pooled<Connection> held = pool.acquireAsync(SERVER).join();
    AtomicInteger served = new AtomicInteger();
    for (int i = 0; i < 20_000; i++) {
      CompletableFuture<?> unused =
          pool.acquireAsync(SERVER)
              .thenAccept(
                  pooled -> {
                    served.incrementAndGet();
                    pooled.close();
                  });
    }
    held.close();
    assertThat(served).hasValue(20_000);
    assertThat(Counts.of(pool, "s0")).isEqualTo(new Counts(1, 1, 0));
  }

  /** As deep as it may go: then what it waits for is in the queue of its own thread. */
  @Test
  void callbackThatWaits_isServedByItsOwnThread() {
    ConnectionPool<Connection> pool = hand.pool(p -> p.maxPerServer(100));
    AtomicInteger depth = new AtomicInteger();
    deeper(pool, depth);
    assertThat(depth).hasValue(30);
  }

  private void deeper(ConnectionPool<Connection> pool, AtomicInteger depth) {
    if (depth.incrementAndGet() < 30) {
      CompletableFuture<?> unused =
          pool.acquireAsync(SERVER)
              .thenAccept(
                  pooled -> {
                    try {
                      pool.acquire(SERVER, LONG);
                    } catch (InterruptedException e) {
                      throw new AssertionError(e);
                    }
                    deeper(pool, depth);
                  });
    }
  }

  @Test
  void closedByForce_theLeaseEndsWithIt() throws Exception {
    try (LoadBalancer balancer = LoadBalancer.builder().servers(SERVER).build()) {
      ConnectionPool<Connection> pool = hand.pool(p -> {});
      BalancedPool<Connection> balanced = BalancedPool.of(balancer, pool);
      Leased<Connection> one = balanced.acquire(NOW);
      Leased<Connection> two = balanced.acquire(NOW);
      assertThat(pool.close(NOW)).isEqualTo(2);
      one.close();
      two.invalidate(new IOException("reset"));
      assertThat(node(balancer).inFlight()).isZero();
    }
  }

  @Test
  void executorThatThrows_losesNoSlot_noWaiter_noLease() throws Exception {
    AtomicBoolean throwing = new AtomicBoolean();
    Executor executor =
        task -> {
          if (throwing.get()) {
            throw new OutOfMemoryError("unable to create native thread");
          }
          task.run();
        };
    try (LoadBalancer balancer = LoadBalancer.builder().servers(SERVER).build()) {
      ConnectionPool<Object> pool = plain(executor, 1);
      BalancedPool<Object> balanced = BalancedPool.of(balancer, pool);
      Leased<Object> leased = balanced.acquire(NOW);
      CompletableFuture<Pooled<Object>> waiting = pool.acquireAsync(SERVER);
      throwing.set(true);
      leased.close();
      assertThat(node(balancer).inFlight()).isZero();
      waiting.join().close();
      pool.closeIdle("s0");
      throwing.set(false);
      pool.acquire(SERVER, NOW).close();
      assertThat(Counts.of(pool, "s0")).isEqualTo(new Counts(1, 1, 0));
    }
  }

  @Test
  void executorThatTakesNoConnect_isNoFailureOfTheServer() {
    try (LoadBalancer balancer = LoadBalancer.builder().servers(SERVER).build()) {
      ConnectionPool<Object> pool =
          plain(
              task -> {
                throw new RejectedExecutionException("queue full");
              },
              1);
      BalancedPool<Object> balanced = BalancedPool.of(balancer, pool);
      assertThatThrownBy(() -> balanced.acquire(LONG))
          .isInstanceOf(PoolFullException.class)
          .hasRootCauseMessage("queue full");
      assertThat(node(balancer).failures()).isZero();
      assertThat(pool.permits().taken()).isZero();
    }
  }

  /** A stage that calls back twice, with another connection each time. */
  @Test
  void stageThatEndsTwice_countsOnce_andTheSecondConnectionIsClosed() throws Exception {
    List<Object> closed = new ArrayList<>();
    class Twice extends CompletableFuture<Object> {
      @Override
      public CompletableFuture<Object> whenComplete(
          BiConsumer<? super Object, ? super Throwable> action) {
        action.accept("first", null);
        action.accept("second", null);
        return this;
      }
    }
    ConnectionPool<Object> pool =
        ConnectionPool.builder(stages(Twice::new, closed))
            .maxPerServer(2)
            .scheduler(hand.time)
            .executor(Runnable::run)
            .build();
    assertThat(pool.acquire(SERVER, NOW).connection()).isEqualTo("first");
    assertThat(closed).containsExactly("second");
    assertThat(pool.stats().of("s0").connecting()).isZero();
    assertThat(pool.permits().taken()).isEqualTo(1);
  }

  @Test
  void stageThatThrows_isAFailedConnect() {
    class Throwing extends CompletableFuture<Object> {
      @Override
      public CompletableFuture<Object> whenComplete(
          BiConsumer<? super Object, ? super Throwable> action) {
        throw new IllegalStateException("shut down");
      }
    }
    ConnectionPool<Object> pool =
        ConnectionPool.builder(stages(Throwing::new))
            .maxPerServer(1)
            .scheduler(hand.time)
            .executor(Runnable::run)
            .build();
    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> pool.acquire(SERVER, NOW))
          .isInstanceOf(ConnectFailedException.class);
    }
    assertThat(pool.stats().of("s0").connecting()).isZero();
    assertThat(pool.permits().taken()).isZero();
  }

  @Test
  void clockThatThrows_losesNoSlot() throws Exception {
    ConnectionPool<Connection> pool = hand.pool(p -> p.maxPerServer(1).recordUseTimes(true));
    for (int i = 0; i < 3; i++) {
      hand.atNextReading.add(
          () -> {
            throw new IllegalStateException("no time");
          });
      pool.acquire(SERVER, NOW).close();
    }
    assertThat(Counts.of(pool, "s0")).isEqualTo(new Counts(1, 1, 0));
  }

  @Test
  void schedulerThatIsClosed_theFutureSaysThatThePoolIs() {
    VirtualTime closed = new VirtualTime();
    closed.shutdownNow();
    hand.connectsAtOnce = false;
    ConnectionPool<Connection> pool =
        ConnectionPool.builder(hand).scheduler(closed).executor(hand).build();
    assertThat(pool.acquireAsync(SERVER))
        .failsWithin(NOW)
        .withThrowableThat()
        .havingCause()
        .isInstanceOf(PoolClosedException.class);
    assertThat(pool.stats().waiting()).isZero();
  }

  private static Node node(LoadBalancer balancer) {
    return balancer.nodes().get(0);
  }

  private ConnectionPool<Object> plain(Executor executor, int max) {
    Connector<Object> connector =
        new Connector<>() {
          @Override
          public Object connect(Server server) {
            return new Object();
          }

          @Override
          public void close(Object connection) {}
        };
    return ConnectionPool.builder(connector)
        .maxPerServer(max)
        .scheduler(hand.time)
        .executor(executor)
        .build();
  }

  private static AsyncConnector<Object> stages(Supplier<CompletionStage<Object>> next) {
    return stages(next, new ArrayList<>());
  }

  private static AsyncConnector<Object> stages(
      Supplier<CompletionStage<Object>> next, List<Object> closed) {
    return new AsyncConnector<>() {
      @Override
      public CompletionStage<Object> connectAsync(Server server) {
        return next.get();
      }

      @Override
      public void close(Object connection) {
        closed.add(connection);
      }
    };
  }
}
