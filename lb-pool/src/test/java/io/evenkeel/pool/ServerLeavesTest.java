package io.evenkeel.pool;

import static io.evenkeel.pool.ByHand.MOVED;
import static io.evenkeel.pool.ByHand.SERVER;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.Block;
import io.evenkeel.core.BlockOwner;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.pool.ByHand.Connection;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What was begun before a server left, moved or went down does nothing to what comes after it. */
@Timeout(120)
class ServerLeavesTest {

  private static final Duration NOW = Duration.ZERO;

  private final ByHand hand = new ByHand();

  @Test
  void connectOfBefore_isNotWaitedFor() {
    ConnectionPool<Connection> pool = hand.pool(p -> {});
    hand.connectsAtOnce = false;
    CompletableFuture<?> unused = pool.acquireAsync(SERVER);
    pool.remove("s0");
    CompletableFuture<Pooled<Connection>> next = pool.acquireAsync(MOVED);
    assertThat(hand.connects).hasSize(2);
    Connection late = hand.connects.remove().succeed();
    assertThat(late.closings).isEqualTo(1);
    assertThat(next).isNotDone();
    hand.connects.remove().succeed();
    assertThat(next.join().connection().server).isSameAs(MOVED);
    assertThat(Counts.of(pool, "s0")).isEqualTo(new Counts(1, 0, 0));
  }

  @Test
  void connectOfBefore_thatFails_failsNobody_andBacksNothingOff() {
    ConnectionPool<Connection> pool = hand.pool(p -> p.minPerServer(2).maxPerServer(3));
    hand.connectsAtOnce = false;
    pool.warmUp(SERVER);
    pool.remove("s0");
    CompletableFuture<Pooled<Connection>> next = pool.acquireAsync(MOVED);
    assertThat(hand.connects).hasSize(3);
    hand.connects.remove().completeExceptionally(new IOException("refused"));
    hand.connects.remove().completeExceptionally(new IOException("refused"));
    assertThat(next).isNotDone();
    assertThat(hand.connects).hasSize(2); // that of next, and the other of the minimum at once
  }

  /** While the server's waiters are told, its connections are not to be had any more. */
  @Test
  void connectionOfBefore_isNotLentAgain() {
    ConnectionPool<Connection> pool = hand.pool(p -> p.maxPerServer(1));
    Pooled<Connection> held = pool.acquireAsync(SERVER).join();
    Connection old = held.connection();
    List<Connection> next = new ArrayList<>();
    CompletableFuture<?> unused =
        pool.acquireAsync(SERVER)
            .exceptionally(
                turnedAway -> {
                  held.close();
                  CompletableFuture<?> unusedToo =
                      pool.acquireAsync(SERVER).thenAccept(pooled -> next.add(pooled.connection()));
                  return null;
                });
    pool.remove("s0");
    assertThat(next).hasSize(1).doesNotContain(old);
    assertThat(old.closings).isEqualTo(1);
  }

  @Test
  void connectionToWhereItWas_isReplaced() throws Exception {
    ConnectionPool<Connection> pool = hand.pool(p -> {});
    Pooled<Connection> old = pool.acquire(SERVER, NOW);
    Connection stale = old.connection();
    old.close();
    for (int i = 0; i < 2; i++) {
      try (Pooled<Connection> pooled = pool.acquire(MOVED, NOW)) {
        assertThat(pooled.connection().server).isSameAs(MOVED);
      }
    }
    assertThat(stale.closings).isEqualTo(1);
  }

  /** The balancer moves the server between its pick and the connect. */
  @Test
  void movedBetweenPickAndConnect_theNextUserGetsWhereItIs() throws Exception {
    try (LoadBalancer balancer = LoadBalancer.builder().servers(SERVER).build()) {
      ConnectionPool<Connection> pool = hand.pool(p -> {});
      BalancedPool<Connection> balanced = BalancedPool.of(balancer, pool);
      hand.atNextReading.add(() -> balancer.update(MOVED));
      balanced.acquire(NOW).close();
      assertThat(hand.atNextReading).isEmpty();
      try (Leased<Connection> leased = balanced.acquire(NOW)) {
        assertThat(leased.server().host()).isEqualTo("10.9.9.9");
        assertThat(leased.connection().server.host()).isEqualTo("10.9.9.9");
      }
    }
  }

  /** Picked, then gone, then used: a use restores no minimum where a balancer rules. */
  @Test
  void usedAfterItLeft_isForgottenAgain() throws Exception {
    try (LoadBalancer balancer = LoadBalancer.builder().servers(SERVER).build()) {
      ConnectionPool<Connection> pool = hand.pool(p -> p.minPerServer(1));
      BalancedPool<Connection> balanced = BalancedPool.of(balancer, pool);
      Connection warm = only(pool);
      warm.dead = true;
      hand.whileChecking = () -> balancer.remove("s0");
      balanced.acquire(NOW).close();
      hand.time.advance(Duration.ofMinutes(5));
      assertThat(pool.stats().servers()).isEmpty();
    }
  }

  @Test
  void usedAfterItWentDown_keepsNothingOverTheIdleTimeout() throws Exception {
    try (LoadBalancer balancer = LoadBalancer.builder().servers(SERVER).build()) {
      BlockOwner prober = balancer.claim(Block.PROBE_DOWN);
      ConnectionPool<Connection> pool = hand.pool(p -> p.minPerServer(2));
      BalancedPool<Connection> balanced = BalancedPool.of(balancer, pool);
      hand.whileChecking = () -> prober.set("s0", "refused");
      balanced.acquire(NOW).close();
      hand.time.advance(Duration.ofMinutes(5));
      assertThat(pool.stats().idle()).isZero();
    }
  }

  @Test
  void wentDown_underWayAndInUse_areClosedWhenTheyCome_whoWaitsGetsANewOne() {
    ConnectionPool<Connection> pool = hand.pool(p -> p.maxPerServer(3));
    Pooled<Connection> held = pool.acquireAsync(SERVER).join();
    hand.connectsAtOnce = false;
    CompletableFuture<Pooled<Connection>> waiting = pool.acquireAsync(SERVER);
    pool.closeIdle("s0");
    Connection late = hand.connects.remove().succeed();
    assertThat(late.closings).isEqualTo(1);
    assertThat(waiting).isNotDone();
    hand.connects.remove().succeed();
    waiting.join().close();
    Connection used = held.connection();
    held.close();
    assertThat(used.closings).isEqualTo(1);
  }

  private static Connection only(ConnectionPool<Connection> pool) {
    return pool.servers().iterator().next().slots().all()[0].connection;
  }
}
