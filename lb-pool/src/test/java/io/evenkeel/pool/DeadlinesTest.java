package io.evenkeel.pool;

import static io.evenkeel.pool.ByHand.SERVER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Threads;
import io.evenkeel.pool.ByHand.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Time that is up is up: of those who wait, of who closes the pool, whatever the others do. */
@Timeout(120)
class DeadlinesTest {

  private static final Duration NOW = Duration.ZERO;
  private static final Duration SOON = Duration.ofMillis(200);

  private final ByHand hand = new ByHand();

  /** A dead connection comes back between the look for an idle one and the line. */
  @Test
  void grantedADeadOneAtOnce_theFutureStillHasAnEnd() {
    ConnectionPool<Connection> pool = hand.pool(p -> p.maxPerServer(1));
    Pooled<Connection> held = pool.acquireAsync(SERVER).join();
    held.connection().dead = true;
    hand.connectsAtOnce = false;
    hand.atNextReading.add(held::close);
    CompletableFuture<Pooled<Connection>> timed = pool.acquireAsync(SERVER, SOON);
    assertThat(hand.atNextReading).isEmpty();
    assertThat(pool.stats().waiting()).isEqualTo(1);
    hand.time.advance(SOON);
    assertTimedOut(timed);
    assertThat(pool.stats().waiting()).isZero();
  }

  @Test
  void grantedADeadOneAtOnce_theFutureCanStillBeCancelled() {
    ConnectionPool<Connection> pool = hand.pool(p -> p.maxPerServer(1));
    Pooled<Connection> held = pool.acquireAsync(SERVER).join();
    held.connection().dead = true;
    hand.connectsAtOnce = false;
    hand.atNextReading.add(held::close);
    assertThat(pool.acquireAsync(SERVER).cancel(false)).isTrue();
    assertThat(pool.stats().waiting()).isZero();
  }

  @Test
  void timeIsUpBetweenGrantAndDelivery_theConnectionGoesBack() {
    ConnectionPool<Connection> pool = hand.pool(p -> p.maxPerServer(1));
    Pooled<Connection> held = pool.acquireAsync(SERVER).join();
    CompletableFuture<Pooled<Connection>> timed = pool.acquireAsync(SERVER, SOON);
    hand.holdsTasks = true;
    held.close();
    assertThat(timed).isNotDone();
    hand.time.advance(SOON);
    assertTimedOut(timed);
    hand.runTasks();
    assertThat(Counts.of(pool, "s0")).isEqualTo(new Counts(1, 1, 0));
    assertThat(pool.stats().of("s0").uses()).isEqualTo(1);
  }

  /** Each check is longer than all the time there is. */
  @Test
  void manyDead_theSearchEndsWithTheTime() throws Exception {
    ConnectionPool<Connection> pool = hand.pool(p -> p.maxPerServer(10));
    List<Pooled<Connection>> ten = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      ten.add(pool.acquire(SERVER, NOW));
    }
    ten.forEach(pooled -> pooled.connection().dead = true);
    ten.forEach(Pooled::close);
    hand.whileChecking =
        () -> {
          long begun = System.nanoTime();
          while (System.nanoTime() == begun) {
            Thread.onSpinWait();
          }
        };
    assertThatThrownBy(() -> pool.acquire(SERVER, Duration.ofNanos(1)))
        .isInstanceOf(PoolTimeoutException.class);
    assertThat(pool.stats().of("s0").closed().get(CloseReason.DEAD)).isEqualTo(2);
    hand.holdsTasks = true;
    CompletableFuture<Pooled<Connection>> later = pool.acquireAsync(SERVER);
    assertThat(pool.stats().of("s0").closed().get(CloseReason.DEAD)).isEqualTo(2); // not by us
    hand.holdsTasks = false;
    hand.runTasks();
    assertThat(later.join().connection().dead).isFalse();
  }

  @Test
  void serverThatAnswersNothing_isAFailureOfTheServer_butNotForWhoDoesNotWait() {
    try (LoadBalancer balancer = LoadBalancer.builder().servers(SERVER).build()) {
      ConnectionPool<Connection> pool = hand.pool(p -> p.maxPerServer(2));
      BalancedPool<Connection> balanced = BalancedPool.of(balancer, pool);
      hand.connectsAtOnce = false;
      assertThatThrownBy(() -> balanced.acquire(NOW)).isInstanceOf(PoolTimeoutException.class);
      assertThat(balancer.nodes().get(0).failures()).isZero();
      assertThatThrownBy(() -> balanced.acquire(Duration.ofNanos(1)))
          .isInstanceOf(PoolTimeoutException.class);
      assertThat(balancer.nodes().get(0).failures()).isEqualTo(1);
      hand.connects.remove().succeed();
      Pooled<Connection> inUse = pool.acquireAsync(SERVER).join();
      assertThatThrownBy(() -> balanced.acquire(Duration.ofNanos(1)))
          .isInstanceOf(PoolTimeoutException.class);
      assertThat(balancer.nodes().get(0).failures()).isEqualTo(1);
      inUse.close();
    }
  }

  @Test
  void close_leavesNothingOnTheScheduler() throws Exception {
    ConnectionPool<Connection> pool = hand.pool(p -> {});
    pool.acquire(SERVER, NOW).close();
    assertThat(hand.time.pending()).isEqualTo(1);
    pool.close();
    assertThat(hand.time.pending()).isZero();
  }

  @Test
  void closes_areTasksOfTheirOwn_andNobodyWaitsForThemBeyondTheTime() throws Exception {
    ConnectionPool<Connection> pool = hand.pool(p -> {});
    List<Pooled<Connection>> three = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      three.add(pool.acquire(SERVER, NOW));
    }
    Connection forced = three.get(0).connection();
    Connection idle = three.get(1).connection();
    three.get(1).close();
    three.get(2).close();
    hand.holdsTasks = true;
    assertThat(pool.close(NOW)).isEqualTo(1);
    assertThat(idle.closings + forced.closings).isZero();
    assertThat(hand.tasks).hasSize(3);
    hand.runTasks();
    assertThat(idle.closings + forced.closings).isEqualTo(2);
    assertThat(pool.permits().taken()).isZero();
  }

  /** The pool's own timer has one thread: a callback that hangs must not have it. */
  @Test
  void callbackOfATimeout_holdsUpNoOther() {
    hand.connectsAtOnce = false;
    ConnectionPool<Connection> pool = ConnectionPool.builder(hand).executor(hand).build();
    CountDownLatch othersAreThrough = new CountDownLatch(1);
    CompletableFuture<Object> hanging =
        pool.acquireAsync(SERVER, SOON)
            .handle(
                (pooled, failure) -> {
                  Threads.await(() -> othersAreThrough.getCount() == 0);
                  return "";
                });
    assertTimedOutIn(pool.acquireAsync(SERVER, SOON));
    othersAreThrough.countDown();
    assertThat(hanging.join()).isEqualTo("");
    pool.close();
  }

  private static void assertTimedOut(CompletableFuture<?> future) {
    assertThat(future)
        .failsWithin(NOW)
        .withThrowableThat()
        .havingCause()
        .isInstanceOf(PoolTimeoutException.class);
  }

  private static void assertTimedOutIn(CompletableFuture<?> future) {
    assertThatThrownBy(future::join).hasCauseInstanceOf(PoolTimeoutException.class);
  }
}
