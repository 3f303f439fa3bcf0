package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.BalancerEvent.ServerAdded;
import io.evenkeel.core.BalancerEvent.ServerRemoved;
import io.evenkeel.core.BalancerEvent.ServerUpdated;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Refreshes are diffs: who stays keeps everything, and a refused one changes nothing. */
class MembershipTest {

  private final List<BalancerEvent> events = new ArrayList<>();
  private final Server a = Server.of("10.0.0.1", 80);
  private final Server b = Server.of("10.0.0.2", 80);
  private final Server c = Server.of("10.0.0.3", 80);
  private final LoadBalancer balancer =
      LoadBalancer.builder()
          .servers(a, b)
          .selector(Selectors.leastConnections())
          .listener(events::add)
          .build();

  @Test
  void update_ofOne_keepsCountersBlocksAndLeases() {
    Lease onA = acquireOn(a);
    balancer.drain(a.id());
    Server heavier = a.withWeight(5).withZone("east");

    assertThat(balancer.update(heavier)).isTrue();
    assertThat(balancer.update(heavier)).as("again").isFalse();

    Node node = balancer.nodes().get(0);
    assertThat(node).isSameAs(onA.node());
    assertThat(node.server()).isEqualTo(heavier);
    assertThat(node.inFlight()).isEqualTo(1);
    assertThat(node.blocks()).containsExactly(Block.DRAINING);
    assertThat(events).last().isEqualTo(new ServerUpdated(heavier, a));
    onA.close();
  }

  @Test
  void nullServersAndIds_areRefusedByName_andNothingChanges() {
    List<Server> withNull = Arrays.asList(c, null);
    String server = "server: null (expected: a server)";
    String id = "id: null (expected: that of a server)";
    LoadBalancerBuilder builder = LoadBalancer.builder();
    assertBad(server, () -> balancer.update(withNull));
    assertBad(server, () -> balancer.update((Server) null));
    assertBad(server, () -> balancer.add(null));
    assertBad(server, () -> builder.servers(withNull));
    assertBad(server, () -> builder.servers(c, null));
    assertBad("servers: none (expected: at least one)", builder::build);
    assertBad(id, () -> balancer.remove(null));
    assertBad(id, () -> balancer.drain(null));
    assertBad(id, () -> balancer.drain(null, Duration.ZERO));
    assertBad(id, () -> balancer.maintain(null));
    assertBad(id, () -> balancer.resume(null));
    assertThat(balancer.nodes()).extracting(Node::server).containsExactly(a, b);
    assertThat(events).isEmpty();
  }

  private static void assertBad(String message, ThrowingCallable call) {
    assertThatIllegalArgumentException().isThrownBy(call).withMessage(message);
  }

  @Test
  void update_weight_takesEffectInPicks() {
    balancer.update(a.withWeight(3));
    List<Lease> leases = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      leases.add(balancer.acquire());
    }
    assertThat(balancer.nodes().get(0).inFlight()).isEqualTo(6);
    leases.forEach(Lease::close);
  }

  @Test
  void update_weightToZero_receivesNothingNew() {
    balancer.update(a.withWeight(0));
    for (int i = 0; i < 10; i++) {
      try (Lease lease = balancer.acquire()) {
        assertThat(lease.server()).isEqualTo(b);
      }
    }
  }

  @Test
  void update_ofAll_isADiff() {
    Node nodeOfB = balancer.nodes().get(1);
    balancer.drain(b.id());
    events.clear();
    Server b2 = b.withTier(1);

    assertThat(balancer.update(List.of(b2, c))).isTrue();
    assertThat(balancer.update(List.of(b2, c))).as("again").isFalse();

    assertThat(events)
        .containsExactly(new ServerRemoved(a), new ServerUpdated(b2, b), new ServerAdded(c));
    assertThat(balancer.nodes()).first().isSameAs(nodeOfB);
    assertThat(nodeOfB.blocks()).as("a refresh never clears a drain").contains(Block.DRAINING);
  }

  @Test
  void update_refused_changesNothing() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> balancer.update(List.of(a, c, c)))
        .withMessageContaining(c.id());
    assertThatIllegalArgumentException()
        .isThrownBy(() -> balancer.update(List.of()))
        .withMessage("servers: none (expected: at least one)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> balancer.update(c))
        .withMessageContaining(c.id());
    assertThat(balancer.nodes()).extracting(Node::server).containsExactly(a, b);
    assertThat(events).isEmpty();
  }

  @Test
  void update_withAFactoryThatThrows_changesNothing() {
    boolean[] broken = {false};
    LoadBalancer fragile =
        LoadBalancer.builder()
            .servers(a, b)
            .selector(
                (candidates, previous) -> {
                  if (broken[0]) {
                    throw new IllegalStateException("a user's bug");
                  }
                  return Selectors.roundRobin().create(candidates, previous);
                })
            .build();
    broken[0] = true;
    assertThatThrownBy(() -> fragile.update(List.of(a.withWeight(2), c)))
        .isInstanceOf(IllegalStateException.class);
    assertThat(fragile.nodes()).extracting(Node::server).containsExactly(a, b);
  }

  /**
   * Any sequence of refreshes: the members are those of the last, and whoever stayed is the same.
   */
  @Property(tries = 200)
  void refreshes_keepTheNodesOfThoseThatStay(
      @ForAll @Size(min = 1, max = 8)
          List<@Size(min = 1, max = 6) Set<@IntRange(max = 9) Integer>> refreshes) {
    LoadBalancer refreshed = LoadBalancer.builder().servers(a).build();
    Map<String, Node> known = new LinkedHashMap<>();
    for (Set<Integer> refresh : refreshes) {
      List<Server> servers = refresh.stream().map(i -> Server.of("10.1.0." + i, 80)).toList();
      refreshed.update(servers);
      Map<String, Node> now = new LinkedHashMap<>();
      refreshed.nodes().forEach(node -> now.put(node.server().id(), node));
      assertThat(now.keySet())
          .containsExactlyInAnyOrderElementsOf(servers.stream().map(Server::id).toList());
      Set<String> stayed = new HashSet<>(now.keySet());
      stayed.retainAll(known.keySet());
      for (String id : stayed) {
        assertThat(now.get(id)).isSameAs(known.get(id));
      }
      known = now;
    }
  }

  @Test
  void update_ofTenThousandServers_isOneChange() {
    List<Server> many = new ArrayList<>();
    for (int i = 0; i < 10_000; i++) {
      many.add(Server.of("10." + (i >> 16) + "." + (i >> 8 & 255) + "." + (i & 255), 80));
    }
    balancer.update(many);
    assertThat(balancer.nodes()).hasSize(10_000);
    assertThat(balancer.eligibleCount()).isEqualTo(10_000);
    assertThat(events).hasSize(10_000 - 2); // two of them were there
  }

  private Lease acquireOn(Server server) {
    Lease lease = balancer.acquire();
    if (lease.server().equals(server)) {
      return lease;
    }
    Lease other = balancer.acquire(Query.any().excluding(lease.node()));
    lease.close();
    return other;
  }
}
