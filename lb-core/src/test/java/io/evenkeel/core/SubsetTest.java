package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Every client has its few servers, and every server as many clients, or one more. */
class SubsetTest {

  private static List<Node> nodes(int n) {
    return IntStream.range(0, n).mapToObj(i -> new Node(Servers.server(i))).toList();
  }

  @Property(tries = 200)
  void anyNumberOfClients_everyServerHasAsManyOrOneMore(
      @ForAll @IntRange(min = 1, max = 40) int n, @ForAll @IntRange(min = 1, max = 45) int size) {
    List<Node> members = nodes(n);
    Map<Node, Integer> clients = new HashMap<>();
    members.forEach(node -> clients.put(node, 0));
    for (int client = 0; client < 130; client++) {
      List<Node> subset = SubsetSelector.subset(members, client, size);
      assertThat(new HashSet<>(subset)).hasSize(Math.min(n, size)).hasSameSizeAs(subset);
      subset.forEach(node -> clients.merge(node, 1, Integer::sum));
      assertThat(Collections.max(clients.values()) - Collections.min(clients.values()))
          .as("after client %d", client)
          .isLessThanOrEqualTo(1);
    }
  }

  @Test
  void orderInWhichMembersAreListed_doesNotCount() {
    List<Node> members = nodes(20);
    List<Node> reversed = new ArrayList<>(members);
    Collections.reverse(reversed);
    for (int client = 0; client < 50; client++) {
      assertThat(SubsetSelector.subset(reversed, client, 6))
          .containsExactlyInAnyOrderElementsOf(SubsetSelector.subset(members, client, 6));
    }
  }

  /** The figures of the selector guide. */
  @Test
  void oneServerMore_movesAsMuchAsTheGuideSays() {
    assertThat(movedShare(100, 20, 0, 5)).isCloseTo(0.02, within(0.005));
    assertThat(movedShare(100, 20, 5, 100)).isCloseTo(0.77, within(0.005));
    assertThat(movedShare(101, 20, 0, 5)).isCloseTo(0.03, within(0.005));
    assertThat(movedShare(101, 20, 5, 100)).isCloseTo(0.56, within(0.005));
    assertThat(movedShare(102, 20, 5, 100)).isCloseTo(0.54, within(0.005));
  }

  /** Which part of these clients' servers is another with one server more. */
  private static double movedShare(int n, int size, int fromClient, int toClient) {
    List<Node> after = nodes(n + 1);
    List<Node> before = after.subList(0, n);
    int moved = 0;
    for (int client = fromClient; client < toClient; client++) {
      Set<Node> now = new HashSet<>(SubsetSelector.subset(after, client, size));
      for (Node node : SubsetSelector.subset(before, client, size)) {
        moved += now.contains(node) ? 0 : 1;
      }
    }
    return (double) moved / ((toClient - fromClient) * size);
  }

  @Test
  void healthFlips_changeNoSubset_othersOnlyWhenNobodyIsLeft() {
    LoadBalancer balancer = Servers.balancer(Selectors.roundRobin().subset(1, 2), 6, 1);
    Set<String> subset = new HashSet<>(Servers.picks(balancer, 20));
    assertThat(subset).hasSize(2);
    List<String> own = List.copyOf(subset);
    List<String> others =
        balancer.nodes().stream()
            .map(node -> node.server().id())
            .filter(id -> !subset.contains(id))
            .toList();
    balancer.drain(others.get(0));
    assertThat(Servers.counts(Servers.picks(balancer, 20)))
        .containsOnlyKeys(own.get(0), own.get(1));
    balancer.drain(own.get(0));
    assertThat(Servers.counts(Servers.picks(balancer, 20))).containsOnlyKeys(own.get(1));
    Query retry = Query.any().excluding(Servers.node(balancer, own.get(1)));
    assertThat(others).contains(Servers.pick(balancer, retry));
    balancer.drain(own.get(1));
    assertThat(Servers.counts(Servers.picks(balancer, 21)))
        .containsOnlyKeys(others.get(1), others.get(2), others.get(3))
        .allSatisfy((id, count) -> assertThat(count).isEqualTo(7));
    balancer.resume(own.get(0));
    assertThat(balancer.explain(Query.any()).next().id()).isEqualTo(own.get(0));
    assertThat(Servers.counts(Servers.picks(balancer, 20))).containsOnlyKeys(own.get(0));
  }

  @Test
  void rotation_goesOnThroughChanges() {
    LoadBalancer balancer = Servers.balancer(Selectors.roundRobin().subset(0, 5), 6, 1);
    Set<String> subset = new HashSet<>(Servers.picks(balancer, 5));
    String other =
        balancer.nodes().stream()
            .map(node -> node.server().id())
            .filter(id -> !subset.contains(id))
            .findFirst()
            .orElseThrow();
    List<String> picks = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      picks.add(Servers.pick(balancer));
      boolean unused = balancer.drain(other) || balancer.resume(other);
    }
    assertThat(Servers.counts(picks).values()).containsOnly(20);
  }

  @Test
  void numbersOutOfRange_areRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Selectors.random().subset(-1, 5))
        .withMessage("clientIndex: -1 (expected: >= 0)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Selectors.random().subset(0, 0))
        .withMessage("size: 0 (expected: >= 1)");
  }
}
