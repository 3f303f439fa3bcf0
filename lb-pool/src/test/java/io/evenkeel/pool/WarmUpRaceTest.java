package io.evenkeel.pool;

import static io.evenkeel.pool.ByHand.MOVED;
import static io.evenkeel.pool.ByHand.OTHER;
import static io.evenkeel.pool.ByHand.SERVER;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.Block;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import io.evenkeel.pool.ByHand.Connection;
import java.time.Duration;
import java.util.Deque;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A server that changes between the look at it and its warm-up keeps no minimum it should not. */
@Timeout(120)
class WarmUpRaceTest {

  private final ByHand hand = new ByHand();
  private final Deque<Runnable> whenScheduling = HookedScheduler.hooks();

  /** The first use of a server arms the housekeeper, on the pool's scheduler: there it happens. */
  private final ConnectionPool<Connection> pool =
      ConnectionPool.builder(hand)
          .policy(PoolPolicy.builder().minPerServer(2).maxLifetime(Duration.ofSeconds(60)).build())
          .clock(hand)
          .scheduler(HookedScheduler.of(hand.time, whenScheduling))
          .executor(hand)
          .build();

  @Test
  void blockedMeanwhile_keepsNoMinimum_untilItIsBack() {
    try (LoadBalancer balancer = LoadBalancer.builder().servers(SERVER).build()) {
      var prober = balancer.claim(Block.PROBE_DOWN);
      whenScheduling.add(() -> prober.set("s0", "refused"));
      BalancedPool<Connection> unused = BalancedPool.of(balancer, pool);
      assertThat(whenScheduling).isEmpty();
      assertThat(pool.stats().idle()).isZero();
      hand.time.advance(Duration.ofMinutes(5));
      assertThat(pool.stats().idle()).isZero();
      prober.clear("s0", "ok");
      assertThat(pool.stats().idle()).isEqualTo(2);
    }
  }

  @Test
  void removedMeanwhile_isForgotten() {
    try (LoadBalancer balancer = LoadBalancer.builder().servers(SERVER, OTHER).build()) {
      whenScheduling.add(() -> balancer.remove("s0"));
      BalancedPool<Connection> unused = BalancedPool.of(balancer, pool);
      assertThat(whenScheduling).isEmpty();
      assertThat(pool.stats().of("s0")).isNull();
      hand.time.advance(Duration.ofMinutes(5));
      assertThat(pool.stats().of("s0")).isNull();
      assertThat(pool.stats().of("s1").idle()).isEqualTo(2);
    }
  }

  @Test
  void movedMeanwhile_theMinimumLeadsToWhereItIs_alsoWhenItIsMadeUpAgain() {
    try (LoadBalancer balancer = LoadBalancer.builder().servers(SERVER).build()) {
      whenScheduling.add(() -> balancer.update(MOVED));
      BalancedPool<Connection> unused = BalancedPool.of(balancer, pool);
      assertThat(whenScheduling).isEmpty();
      assertThat(leadTo()).containsExactly(MOVED.host(), MOVED.host());
      hand.time.advance(Duration.ofMinutes(3)); // some lifetimes
      assertThat(leadTo()).containsExactly(MOVED.host(), MOVED.host());
    }
  }

  private List<String> leadTo() {
    return pool.servers().stream()
        .flatMap(server -> List.of(server.slots().all()).stream())
        .filter(slot -> Slot.isIdle(slot.state))
        .map(slot -> slot.connection.server.host())
        .toList();
  }

  /** Where the maximum in all is always taken, those who left are not kept for when it is not. */
  @Test
  void serversThatComeAndGo_leaveNothingInTheQueuesForPermits() throws Exception {
    ConnectionPool<Connection> full = hand.pool(p -> p.minPerServer(1).maxTotal(1));
    Pooled<Connection> held = full.acquire(OTHER, Duration.ZERO);
    IntStream.range(0, 100)
        .mapToObj(i -> Server.of("10.1.0." + i, 80))
        .forEach(
            server -> {
              full.warmUp(server);
              var waiting = full.acquireAsync(server);
              full.remove(server.id());
              assertThat(waiting).isCompletedExceptionally();
            });
    assertThat(full.servers()).hasSize(1);
    assertThat(full.permits().queued()).isZero();
    held.close();
  }
}
