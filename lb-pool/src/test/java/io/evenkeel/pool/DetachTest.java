package io.evenkeel.pool;

import static io.evenkeel.pool.ByHand.MOVED;
import static io.evenkeel.pool.ByHand.SERVER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.pool.ByHand.Connection;
import java.io.IOException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Taking only what is idle, and taking a connection out of the pool for good. */
class DetachTest {

  private final ByHand hand = new ByHand();

  @Test
  void acquireIdle_neverConnects() {
    ConnectionPool<Connection> pool = hand.pool(p -> p.minPerServer(1));
    assertThat(pool.acquireIdle(SERVER)).as("a server nobody has used").isNull();
    assertThat(pool.stats().servers()).isEmpty();

    pool.warmUp(SERVER);
    Pooled<Connection> idle = Objects.requireNonNull(pool.acquireIdle(SERVER));
    assertThat(pool.acquireIdle(SERVER)).isNull();
    assertThat(stats(pool).created()).isEqualTo(1);

    idle.close();
    assertThat(pool.acquireIdle(SERVER)).as("given back").isNotNull();
    assertThat(stats(pool).uses()).isEqualTo(2);
  }

  @Test
  void acquireIdle_givesNoDeadOne_norOneToAnotherAddress() {
    ConnectionPool<Connection> pool = hand.pool(p -> p.minPerServer(1));
    pool.warmUp(SERVER);
    Pooled<Connection> first = Objects.requireNonNull(pool.acquireIdle(SERVER));
    first.connection().dead = true;
    first.close();
    assertThat(pool.acquireIdle(SERVER)).as("the dead one").isNull();
    assertThat(stats(pool).closed()).containsEntry(CloseReason.DEAD, 1L);

    assertThat(pool.acquireIdle(MOVED)).as("the one in its place").isNull();
    assertThat(stats(pool).closed()).containsEntry(CloseReason.SERVER_REMOVED, 1L);
  }

  @Test
  void acquireIdle_doesNotOvertakeWhoWaits_andFindsNothingInAClosedPool() {
    ConnectionPool<Connection> pool = hand.pool(p -> p.maxPerServer(1));
    Pooled<Connection> held = pool.acquireAsync(SERVER).join();
    CompletableFuture<Pooled<Connection>> waiter = pool.acquireAsync(SERVER);
    hand.holdsTasks = true;
    held.close();
    assertThat(pool.acquireIdle(SERVER)).isNull();
    hand.holdsTasks = false;
    hand.runTasks();
    waiter.join().close();
    pool.close();
    assertThat(pool.acquireIdle(SERVER)).isNull();
  }

  @Test
  void detached_isNotClosed_andLeavesItsPlaceToTheNext() {
    ConnectionPool<Connection> pool = hand.pool(p -> p.maxPerServer(1).recordUseTimes(true));
    Pooled<Connection> pooled = pool.acquireAsync(SERVER).join();
    Connection mine = pooled.connection();
    CompletableFuture<Pooled<Connection>> waiter = pool.acquireAsync(SERVER);
    hand.time.advance(Duration.ofSeconds(1));

    assertThat(pooled.detach()).isSameAs(mine);
    assertThat(waiter.join().connection()).as("a new one").isNotSameAs(mine);
    assertThat(stats(pool).detached()).isEqualTo(1);
    assertThat(stats(pool).created()).isEqualTo(2);
    assertThat(stats(pool).active()).isEqualTo(1);
    assertThat(Objects.requireNonNull(stats(pool).useTimes()).count()).isEqualTo(1);
    waiter.join().close();
    assertThat(pool.close(Duration.ZERO)).isZero();
    assertThat(mine.closings).isZero();
    assertThat(pool.permits().taken()).isZero();
  }

  @Test
  void detached_theMinimumIsMadeUp() {
    ConnectionPool<Connection> pool = hand.pool(p -> p.maxPerServer(2).minPerServer(2));
    pool.warmUp(SERVER);
    assertThat(stats(pool).idle()).isEqualTo(2);
    Connection mine = Objects.requireNonNull(pool.acquireIdle(SERVER)).detach();
    assertThat(stats(pool).idle()).isEqualTo(2);
    assertThat(stats(pool).created()).isEqualTo(3);
    assertThat(mine.closings).isZero();
  }

  @Test
  void detach_endsTheUse() {
    ConnectionPool<Connection> pool = hand.pool(p -> {});
    Pooled<Connection> pooled = pool.acquireAsync(SERVER).join();
    Connection mine = pooled.detach();
    pooled.close();
    pooled.invalidate(new IOException("late"));
    assertThat(mine.closings).isZero();
    assertThatIllegalStateException().isThrownBy(pooled::detach).withMessageContaining("has ended");
    assertThatIllegalStateException().isThrownBy(pooled::connection);

    Pooled<Connection> closed = pool.acquireAsync(SERVER).join();
    closed.close();
    assertThatIllegalStateException().isThrownBy(closed::detach);
    assertThat(stats(pool).idle()).isEqualTo(1);
    assertThat(stats(pool).detached()).isEqualTo(1);
  }

  @Test
  void serverLeftOrPoolClosedMeanwhile_itIsStillTheCallers() {
    ConnectionPool<Connection> pool = hand.pool(p -> {});
    Pooled<Connection> ofOneThatLeft = pool.acquireAsync(SERVER).join();
    pool.remove(SERVER.id());
    assertThat(ofOneThatLeft.detach().closings).isZero();
    assertThat(pool.stats().servers()).as("forgotten").isEmpty();

    Pooled<Connection> ofAClosedPool = pool.acquireAsync(SERVER).join();
    pool.close();
    assertThat(ofAClosedPool.detach().closings).isZero();
    assertThat(pool.permits().taken()).isZero();
  }

  @Test
  void leased_theLeaseGoesOn() throws Exception {
    try (LoadBalancer balancer = LoadBalancer.builder().servers(SERVER).build()) {
      ConnectionPool<Connection> pool = hand.pool(p -> {});
      BalancedPool<Connection> balanced = BalancedPool.of(balancer, pool);
      Leased<Connection> leased = balanced.acquire(Duration.ZERO);
      Connection mine = leased.detach();
      assertThat(balancer.nodes().get(0).inFlight()).isEqualTo(1);
      leased.close();
      assertThat(balancer.nodes().get(0).inFlight()).isZero();
      assertThat(mine.closings).isZero();
    }
  }

  private static PoolStats.OfServer stats(ConnectionPool<Connection> pool) {
    return Objects.requireNonNull(pool.stats().of(SERVER.id()));
  }
}
