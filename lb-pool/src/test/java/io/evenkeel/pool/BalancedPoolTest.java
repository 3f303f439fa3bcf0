package io.evenkeel.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.Block;
import io.evenkeel.core.BlockOwner;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.NoServerAvailableException;
import io.evenkeel.core.Node;
import io.evenkeel.core.Server;
import io.evenkeel.core.VirtualTime;
import io.evenkeel.pool.CheckedConnector.Connection;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The pool and a balancer together. */
@Timeout(120)
class BalancedPoolTest {

  private static final Duration NOW = Duration.ZERO;

  private final VirtualTime time = new VirtualTime();
  private final Set<String> refusing = new HashSet<>();
  private final CheckedConnector connector =
      new CheckedConnector(2) {
        @Override
        void beforeConnect(Server server) throws Exception {
          if (refusing.contains(server.id())) {
            throw new IOException("refused by " + server.id());
          }
        }
      };
  private final LoadBalancer balancer =
      LoadBalancer.builder().servers(server(0), server(1), server(2)).scheduler(time).build();
  private final ConnectionPool<Connection> pool =
      ConnectionPool.builder(connector)
          .policy(PoolPolicy.builder().maxPerServer(2).minPerServer(1).build())
          .clock(time)
          .scheduler(time)
          .executor(Runnable::run)
          .build();
  private final BalancedPool<Connection> balanced = BalancedPool.of(balancer, pool);

  private static Server server(int i) {
    return Server.of("10.0.0." + i, 80).withId("s" + i);
  }

  @AfterEach
  void nothingIsLeft() {
    balanced.close();
    pool.close();
    connector.assertClean();
    assertThat(balancer.nodes()).allSatisfy(node -> assertThat(node.inFlight()).isZero());
  }

  @Test
  void servers_areWarmedUp_alsoThoseThatComeLater() {
    assertThat(pool.stats().idle()).isEqualTo(3);
    balancer.add(server(3));
    assertThat(pool.stats().of("s3").idle()).isEqualTo(1);
  }

  @Test
  void leaseAndConnection_endTogether_withoutAWordNeutral() throws Exception {
    Leased<Connection> leased = balanced.acquire(NOW);
    String id = leased.server().id();
    assertThat(leased.connection().serverId).isEqualTo(id);
    assertThat(node(id).inFlight()).isEqualTo(1);
    leased.close();
    leased.close();
    assertThat(node(id).inFlight()).isZero();
    assertThat(node(id).successes() + node(id).failures()).isZero();
  }

  @Test
  void success_andInvalidate_areOutcomes_theFirstWordCounts() throws Exception {
    try (Leased<Connection> leased = balanced.acquire("user-7", NOW)) {
      leased.success();
    }
    assertThat(balancer.nodes().stream().mapToLong(Node::successes).sum()).isEqualTo(1);
    Leased<Connection> broken = balanced.acquire("user-7", NOW);
    broken.invalidate(new IOException("reset"));
    broken.invalidate(new IOException("again"));
    broken.close();
    assertThat(balancer.nodes().stream().mapToLong(Node::failures).sum()).isEqualTo(1);
  }

  @Test
  void connectFails_anotherServerIsTried_andTheFailureIsTheServers() throws Exception {
    pool.closeIdle("s0");
    refusing.add("s0");
    for (int i = 0; i < 6; i++) {
      try (Leased<Connection> leased = balanced.acquire(NOW)) {
        assertThat(leased.server().id()).isNotEqualTo("s0");
      }
    }
    assertThat(node("s0").failures()).isPositive();
    assertThat(node("s1").failures() + node("s2").failures()).isZero();
  }

  @Test
  void allFail_theLastFailureHasTheOthersWithIt() {
    for (int i = 0; i < 3; i++) {
      pool.closeIdle("s" + i);
      refusing.add("s" + i);
    }
    assertThatThrownBy(() -> balanced.acquire(NOW))
        .isInstanceOf(ConnectFailedException.class)
        .satisfies(e -> assertThat(e.getSuppressed()).hasSize(1))
        .satisfies(e -> assertThat(e.getSuppressed()[0].getSuppressed()).hasSize(1));
    assertThat(balancer.nodes()).allSatisfy(node -> assertThat(node.failures()).isEqualTo(1));
  }

  @Test
  void blocked_hasItsIdleClosed_andIsWarmedUpWhenItIsBack() {
    BlockOwner prober = balancer.claim(Block.PROBE_DOWN);
    prober.set("s1", "refused");
    assertThat(pool.stats().of("s1").idle()).isZero();
    time.advance(Duration.ofSeconds(20));
    assertThat(pool.stats().of("s1").idle()).isZero();
    balancer.drain("s1");
    prober.clear("s1", "ok");
    assertThat(pool.stats().of("s1").idle()).isZero(); // still draining
    balancer.resume("s1");
    assertThat(pool.stats().of("s1").idle()).isEqualTo(1);
  }

  @Test
  void removed_isForgotten_movedIsConnectedAnew() {
    balancer.remove("s0");
    assertThat(pool.stats().of("s0")).isNull();
    Connection before = connector.all.stream().filter(c -> c.serverId.equals("s1")).toList().get(0);
    balancer.update(server(1).withWeight(2));
    assertThat(before.closings).hasValue(0);
    balancer.update(Server.of("10.9.9.9", 80).withId("s1"));
    assertThat(before.closings).hasValue(1);
    assertThat(pool.stats().of("s1").idle()).isEqualTo(1);
  }

  @Test
  void noServer_isTheBalancersException() {
    List.of("s0", "s1", "s2").forEach(balancer::drain);
    assertThatThrownBy(() -> balanced.acquire(NOW)).isInstanceOf(NoServerAvailableException.class);
  }

  @Test
  void closedPool_leavesNoLease() {
    pool.close();
    assertThatThrownBy(() -> balanced.acquire(NOW)).isInstanceOf(PoolClosedException.class);
    balancer.add(server(4)); // and its listener does not mind
  }

  private Node node(String id) {
    return balancer.nodes().stream()
        .filter(node -> node.server().id().equals(id))
        .findFirst()
        .orElseThrow();
  }
}
