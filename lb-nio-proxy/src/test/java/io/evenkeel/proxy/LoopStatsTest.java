package io.evenkeel.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Node;
import io.evenkeel.core.Server;
import org.junit.jupiter.api.Test;

class LoopStatsTest {

  private final Server server = Server.of("127.0.0.1", 1);
  private final LoadBalancer balancer = LoadBalancer.builder().servers(server).build();
  private final LoopStats stats = new LoopStats();

  /** Another loop took the lease for a client that waits here, and then the server left. */
  @Test
  void leaseThatComesAfterItsServerLeft_leavesNoCountersBehind() {
    Node node = balancer.nodes().get(0);
    balancer.remove(server.id());
    stats.left(server.id());

    ServerCounters counters = stats.begin(node);
    counters.bytesFromServer = 7;
    assertThat(stats.servers()).as("while it is open").hasSize(1);
    stats.end(counters);

    assertThat(stats.servers()).isEmpty();
    assertThat(stats.bytesFromServers()).isEqualTo(7);
  }

  @Test
  void leaseThatComesAfterItsServerLeftAndCameBack_keepsTheCountersOfNow() {
    Node gone = balancer.nodes().get(0);
    balancer.remove(server.id());
    balancer.add(server);
    Node node = balancer.nodes().get(0);
    ServerCounters counters = stats.begin(node);

    assertThat(stats.begin(gone)).isSameAs(counters);
    stats.end(counters);
    stats.end(counters);
    assertThat(stats.servers()).containsExactly(counters);
  }
}
