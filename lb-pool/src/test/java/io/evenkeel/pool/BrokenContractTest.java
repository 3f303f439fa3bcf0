package io.evenkeel.pool;

import static io.evenkeel.pool.ByHand.SERVER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.Server;
import io.evenkeel.core.Threads;
import io.evenkeel.pool.ByHand.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Schedulers, clocks and connectors that do what they must not cost no connection and no waiter.
 */
@Timeout(120)
class BrokenContractTest {

  private static final Duration NOW = Duration.ZERO;
  private static final Duration SOON = Duration.ofMillis(200);

  private final ByHand hand = new ByHand();
  private final Deque<Runnable> whenScheduling = HookedScheduler.hooks();

  private static void throwError() {
    throw new InternalError("no thread to be had");
  }

  private ConnectionPool<Connection> hooked(int max) {
    return ConnectionPool.builder(hand)
        .maxPerServer(max)
        .clock(hand)
        .scheduler(HookedScheduler.of(hand.time, whenScheduling))
        .executor(hand)
        .build();
  }

  @Test
  void schedulerThatThrows_keepsNobodyFromAConnection_andTheHousekeeperComesBack()
      throws Exception {
    ConnectionPool<Connection> pool = hooked(1);
    whenScheduling.add(BrokenContractTest::throwError);
    pool.acquire(SERVER, NOW).invalidate(new IllegalStateException("test"));
    assertThat(hand.time.pending()).isZero();
    pool.acquire(SERVER, NOW).close(); // a new one, not by the fast path
    assertThat(hand.time.pending()).isEqualTo(1);
    whenScheduling.add(BrokenContractTest::throwError);
    hand.time.advance(Duration.ofSeconds(5)); // the look has taken place, the next is not scheduled
    assertThat(hand.time.pending()).isZero();
    pool.acquireAsync(SERVER).join().close();
    hand.time.advance(Duration.ofMinutes(3));
    assertThat(pool.stats().servers()).isEmpty();
  }

  @Test
  void schedulerThatThrows_theFutureFails_andWhatItWasGrantedIsNotLost() {
    ConnectionPool<Connection> pool = hooked(1);
    Pooled<Connection> held = pool.acquireAsync(SERVER).join();
    whenScheduling.add(BrokenContractTest::throwError);
    CompletableFuture<Pooled<Connection>> future = pool.acquireAsync(SERVER);
    assertThat(future)
        .failsWithin(NOW)
        .withThrowableThat()
        .havingCause()
        .isInstanceOf(InternalError.class);
    assertThat(pool.stats().waiting()).isZero();
    held.close();
    assertThat(Counts.of(pool, "s0")).isEqualTo(new Counts(1, 1, 0));
  }

  @Test
  void clockThatJumpsAsFarAsItCan_bothWays_losesNoSlot() throws Exception {
    AtomicLong clock = new AtomicLong();
    ConnectionPool<Connection> pool =
        ConnectionPool.builder(hand)
            .policy(
                PoolPolicy.builder()
                    .maxPerServer(1)
                    .recordUseTimes(true)
                    .maxLifetime(Duration.ofSeconds(Long.MAX_VALUE))
                    .idleTimeout(Duration.ofSeconds(Long.MAX_VALUE))
                    .leakThreshold(Duration.ofSeconds(Long.MAX_VALUE))
                    .build())
            .clock(clock::get)
            .scheduler(hand.time)
            .executor(hand)
            .build();
    for (long jump : new long[] {Long.MAX_VALUE, -1, Long.MIN_VALUE, Long.MAX_VALUE / 2, 0}) {
      clock.set(0);
      Pooled<Connection> held = pool.acquire(SERVER, NOW);
      CompletableFuture<Pooled<Connection>> waiting = pool.acquireAsync(SERVER);
      clock.set(jump);
      held.close();
      clock.set(0);
      waiting.join().close();
      hand.time.advance(Duration.ofMinutes(1));
      assertThat(Counts.of(pool, "s0")).as("jump %d", jump).isEqualTo(new Counts(1, 1, 0));
    }
    assertThat(pool.stats().of("s0").useTimes().count()).isEqualTo(10);
  }

  /** Its check hangs, in a thread of the executor; the pool's own timer is still there for it. */
  @Test
  void poolClosedWhileACheckHangs_theFutureStillHasAnEnd_andTheTimerEndsWithIt() throws Exception {
    CountDownLatch checking = new CountDownLatch(1);
    CountDownLatch ends = new CountDownLatch(1);
    ConnectionPool<Object> pool =
        ConnectionPool.builder(
                new Connector<Object>() {
                  @Override
                  public Object connect(Server server) {
                    return new Object();
                  }

                  @Override
                  public boolean isAlive(Object connection) {
                    checking.countDown();
                    Threads.await(() -> ends.getCount() == 0);
                    return true;
                  }

                  @Override
                  public void close(Object connection) {}
                })
            .build();
    pool.acquire(SERVER, Duration.ofMinutes(1)).close();
    CompletableFuture<Pooled<Object>> future = pool.acquireAsync(SERVER, SOON);
    checking.await();
    pool.close();
    assertThatThrownBy(future::join).hasCauseInstanceOf(PoolTimeoutException.class);
    ends.countDown();
    assertThat(pool.close(Duration.ofMinutes(1))).isZero();
    assertThat(pool.permits().taken()).isZero();
  }

  /** Two users of one connection would be two of its owners. */
  @Test
  void connectionThatIsInThePoolAlready_isAFailedConnect_andIsNotClosed() throws Exception {
    List<String> closed = new ArrayList<>();
    List<String> next = new ArrayList<>(List.of("a", "a", "b"));
    ConnectionPool<String> pool =
        ConnectionPool.builder(
                new Connector<String>() {
                  @Override
                  public String connect(Server server) {
                    return next.remove(0);
                  }

                  @Override
                  public void close(String connection) {
                    closed.add(connection);
                  }
                })
            .maxPerServer(3)
            .scheduler(hand.time)
            .executor(Runnable::run)
            .build();
    Pooled<String> first = pool.acquire(SERVER, NOW);
    assertThatThrownBy(() -> pool.acquire(SERVER, NOW))
        .isInstanceOf(ConnectFailedException.class)
        .cause()
        .hasMessageContaining("in the pool already");
    assertThat(first.connection()).isEqualTo("a");
    assertThat(closed).isEmpty();
    assertThat(pool.acquire(SERVER, NOW).connection()).isEqualTo("b");
    assertThat(pool.permits().taken()).isEqualTo(2);
    assertThat(pool.stats().of("s0").connectFailures()).isEqualTo(1);
  }

  @Test
  void stageThatEndsWithBoth_isAFailure_andTheConnectionIsClosed() {
    List<Object> closed = new ArrayList<>();
    class Both extends CompletableFuture<Object> {
      @Override
      public CompletableFuture<Object> whenComplete(
          BiConsumer<? super Object, ? super Throwable> action) {
        action.accept("half open", new IllegalStateException("no handshake"));
        return this;
      }
    }
    ConnectionPool<Object> pool =
        ConnectionPool.builder(
                new AsyncConnector<Object>() {
                  @Override
                  public CompletionStage<Object> connectAsync(Server server) {
                    return new Both();
                  }

                  @Override
                  public void close(Object connection) {
                    closed.add(connection);
                  }
                })
            .scheduler(hand.time)
            .executor(Runnable::run)
            .build();
    assertThatThrownBy(() -> pool.acquire(SERVER, NOW)).isInstanceOf(ConnectFailedException.class);
    assertThat(closed).containsExactly("half open");
    assertThat(pool.permits().taken()).isZero();
  }

  /** As with {@code acquire}: who does not want to wait gets an idle one that is alive. */
  @Test
  void futureThatDoesNotWait_getsAnIdleOne_howeverLongItsCheckTakes() throws Exception {
    ConnectionPool<Connection> pool = hand.pool(p -> p.maxPerServer(1));
    pool.acquire(SERVER, NOW).close();
    hand.holdsTasks = true;
    CompletableFuture<Pooled<Connection>> future = pool.acquireAsync(SERVER, NOW);
    hand.time.advance(NOW);
    hand.runTasks();
    Pooled<Connection> pooled = future.join();
    pooled.connection().dead = true;
    pooled.close();
    hand.connectsAtOnce = false;
    CompletableFuture<Pooled<Connection>> dead = pool.acquireAsync(SERVER, NOW);
    hand.time.advance(NOW);
    hand.runTasks();
    hand.time.advance(NOW);
    hand.runTasks();
    assertThat(dead)
        .failsWithin(NOW)
        .withThrowableThat()
        .havingCause()
        .isInstanceOf(PoolTimeoutException.class);
    assertThat(pool.stats().waiting()).isZero();
  }
}
