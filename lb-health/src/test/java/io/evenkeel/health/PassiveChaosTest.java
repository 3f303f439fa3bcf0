package io.evenkeel.health;

import static io.evenkeel.core.Block.EJECTED;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.Lease;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Node;
import io.evenkeel.core.Query;
import io.evenkeel.core.VirtualTime;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Fifty servers that die, come back and become slow for a minute of virtual time, under 100,000
 * calls, with no health check: only what the calls themselves say.
 */
class PassiveChaosTest {

  private static final int SERVERS = 50;
  private static final int CALLS = 100_000;
  private static final Duration BETWEEN_CALLS = Duration.ofNanos(600_000);
  private static final int IN_A_ROW = 5;
  private static final int TRIALS = 2;

  /** Of 5 s, doubled each time and a tenth shorter, so many begin within a minute. */
  private static final int HALF_OPEN_PERIODS = 4;

  private record Open(Lease lease, long endsAt) {}

  private final VirtualTime time = new VirtualTime();

  /** {@code -Dseed=…} for another minute. */
  private final long seed = Long.getLong("seed", 42);

  private final SplittableRandom random = new SplittableRandom(seed);
  private final LoadBalancer balancer =
      LoadBalancer.builder()
          .servers(IntStream.range(0, SERVERS).mapToObj(Fleet::server).toList())
          .clock(time)
          .seed(seed)
          .build();

  /** Calls that a server got since it is down. */
  private final Map<Node, Integer> down = new HashMap<>();

  private final List<Node> slow = new ArrayList<>();
  private final List<Open> open = new ArrayList<>();
  private long lost;

  @Test
  void chaos_ejectionsKeepToTheLimit_deadServersGetNextToNothing_andAllIsWellAtTheEnd() {
    OutlierPolicy ejection =
        OutlierPolicy.builder().consecutiveFailures(IN_A_ROW).maxEjectedShare(0.1).build();
    CircuitPolicy circuit =
        CircuitPolicy.builder()
            .consecutiveFailures(IN_A_ROW)
            .openTime(Duration.ofSeconds(5))
            .trials(TRIALS)
            .build();
    OutlierDetector detector =
        OutlierDetector.builder(balancer)
            .policy(ejection)
            .clock(time)
            .scheduler(time)
            .seed(seed)
            .start();
    CircuitBreakers breakers =
        CircuitBreakers.builder(balancer)
            .policy(circuit)
            .clock(time)
            .scheduler(time)
            .seed(seed)
            .start();
    for (int i = 0; i < CALLS; i++) {
      time.advance(BETWEEN_CALLS);
      if (random.nextInt(400) == 0) {
        somethingHappens();
      }
      call();
      end(time.nanoTime());
      if (i % 50 == 0) {
        assertThat(ejected()).isLessThanOrEqualTo(SERVERS / 10);
      }
    }
    assertThat(detector.stats().ejections()).isGreaterThan(5);
    assertThat(detector.stats().overLimit()).isPositive();
    // One call in some hundred, instead of one in five or so: all but those that found out.
    assertThat(lost).isLessThan(CALLS / 50);

    down.clear();
    slow.clear();
    for (int i = 0; i < 2_000; i++) {
      time.advance(Duration.ofMillis(500));
      call();
      end(Long.MAX_VALUE);
    }
    assertThat(balancer.nodes()).allMatch(node -> node.blocks().isEmpty());
    assertThat(breakers.stats().values())
        .allMatch(stats -> stats.status() == CircuitBreaker.Status.CLOSED);
    assertThat(detector.stats().ejected()).isZero();
    assertThat(balancer.nodes()).allMatch(node -> node.inFlight() == 0);
  }

  /** At most 12 of the 50 are down at once. */
  private void somethingHappens() {
    Node node = balancer.nodes().get(random.nextInt(SERVERS));
    if (random.nextInt(4) == 0) {
      if (!slow.remove(node)) {
        slow.add(node);
      }
    } else if (down.remove(node) == null && down.size() < 12) {
      down.put(node, 0);
      open.removeIf(one -> one.lease.node() == node && broken(one.lease));
    }
  }

  private static boolean broken(Lease lease) {
    lease.failure(new IOException("broken"));
    lease.close();
    return true;
  }

  private void call() {
    Lease lease = balancer.tryAcquire(Query.any());
    assertThat(lease).isNotNull();
    Node node = lease.node();
    if (down.containsKey(node)) {
      lost++;
      lease.failure(new IOException("refused"));
      lease.close();
      assertThat(down.merge(node, 1, Integer::sum))
          .as("calls that %s got while it is down", node)
          .isLessThanOrEqualTo(IN_A_ROW + TRIALS * HALF_OPEN_PERIODS);
    } else {
      long takes = slow.contains(node) ? random.nextLong(2_000_000_000) : 0;
      open.add(new Open(lease, time.nanoTime() + takes));
    }
  }

  private void end(long now) {
    open.removeIf(
        one -> {
          if (one.endsAt > now) {
            return false;
          }
          if (random.nextInt(100) > 0) {
            one.lease.success();
          }
          one.lease.close(); // one in a hundred without a word
          return true;
        });
  }

  private long ejected() {
    return balancer.nodes().stream().filter(node -> node.blocks().contains(EJECTED)).count();
  }
}
