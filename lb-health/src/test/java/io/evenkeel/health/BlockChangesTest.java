package io.evenkeel.health;

import static io.evenkeel.core.Block.EJECTED;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.BlockOwner;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Node;
import io.evenkeel.core.Selectors;
import io.evenkeel.core.VirtualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BlockChangesTest {

  private final VirtualTime time = new VirtualTime();
  private final AtomicInteger snapshots = new AtomicInteger();
  private final LoadBalancer balancer =
      LoadBalancer.builder()
          .servers(IntStream.range(0, 1_000).mapToObj(Fleet::server).toList())
          .selector(
              (candidates, previous) -> {
                snapshots.incrementAndGet();
                return Selectors.roundRobin().create(candidates, previous);
              })
          .build();
  private final BlockOwner owner = balancer.claim(EJECTED);
  private final BlockChanges changes =
      new BlockChanges(owner, time, new TimerSet(time, time, () -> {}));

  @Test
  void manyAtOnce_areOneSnapshot() {
    int before = snapshots.get();
    List<Node> inForce = new ArrayList<>();
    for (Node node : balancer.nodes()) {
      changes.add(node, true, "test", () -> inForce.add(node));
      changes.carry();
    }
    time.advance(Duration.ZERO);
    assertThat(balancer.eligibleCount()).isZero();
    assertThat(snapshots.get() - before).isEqualTo(1);
    assertThat(inForce).isEqualTo(balancer.nodes());
  }

  @Test
  void nodeThatHasLeft_itsSuccessorIsNotBlocked() {
    changes.add(balancer.nodes().get(0), true, "test", BlockChanges.NOTHING);
    balancer.remove("s0");
    balancer.add(Fleet.server(0));
    changes.carry();
    time.advance(Duration.ZERO);
    assertThat(balancer.eligibleCount()).isEqualTo(1_000);
  }

  @Test
  void settle_clearsWhatWasMeantForAnother_andNothingElse() {
    owner.set("s0", "meant for another");
    balancer.drain("s0");
    int before = snapshots.get();
    balancer.nodes().forEach(changes::settle);
    changes.carry();
    time.advance(Duration.ZERO);
    assertThat(balancer.nodes().get(0).blocks()).doesNotContain(EJECTED).hasSize(1);
    assertThat(snapshots.get() - before).isEqualTo(1);
    balancer.nodes().forEach(changes::settle);
    changes.carry();
    time.advance(Duration.ZERO);
    assertThat(snapshots.get() - before).isEqualTo(1);
  }
}
