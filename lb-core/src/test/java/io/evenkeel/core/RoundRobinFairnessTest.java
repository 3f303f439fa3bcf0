package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** k·n picks over n eligible servers give each exactly k, and no cursor ever indexes wrongly. */
class RoundRobinFairnessTest {

  @Property(tries = 200)
  void fixedMembers_anyNumberOfRounds_eachServerGetsOnePickARound(
      @ForAll @IntRange(min = 1, max = 40) int n,
      @ForAll @IntRange(min = 1, max = 20) int k,
      @ForAll long seed) {
    LoadBalancer balancer = Servers.balancer(Selectors.roundRobin(), n, seed);
    List<String> picks = Servers.picks(balancer, n * k);
    assertThat(Servers.counts(picks)).hasSize(n);
    assertThat(Servers.counts(picks).values()).containsOnly(k);
    assertThat(picks.subList(0, n)).doesNotHaveDuplicates();
  }

  @Property(tries = 100)
  void someBlocked_anyNumberOfRounds_eachEligibleServerGetsOnePickARound(
      @ForAll @IntRange(min = 2, max = 20) int n,
      @ForAll @IntRange(min = 1, max = 19) int blocked,
      @ForAll @IntRange(min = 1, max = 10) int k,
      @ForAll long seed) {
    LoadBalancer balancer = Servers.balancer(Selectors.roundRobin(), n, seed);
    int down = Math.min(blocked, n - 1);
    for (int i = 0; i < down; i++) {
      balancer.drain("s" + i);
    }
    List<String> picks = Servers.picks(balancer, (n - down) * k);
    assertThat(Servers.counts(picks)).hasSize(n - down);
    assertThat(Servers.counts(picks).values()).containsOnly(k);
  }

  @Test
  void manyThreads_fixedMembers_eachServerGetsExactlyItsShare() throws Exception {
    long seed = Threads.seed();
    int threads = 8;
    int n = 7;
    int each = n * 5_000;
    LoadBalancer balancer = Servers.balancer(Selectors.roundRobin(), n, seed);
    Threads.run(
        threads,
        index -> {
          for (int i = 0; i < each; i++) {
            balancer.acquire().close();
          }
        });
    assertThat(balancer.nodes())
        .as("seed %d", seed)
        .allSatisfy(node -> assertThat(node.picks()).isEqualTo((long) threads * each / n));
  }

  @ParameterizedTest
  @ValueSource(longs = {Long.MAX_VALUE - 5, Long.MIN_VALUE, -5, Integer.MAX_VALUE - 5L})
  void cursorAtTheEdgeOfItsRange_picks_staysInBoundsAndInRotation(long cursor) {
    List<Node> nodes = Servers.numbered(3).stream().map(Node::new).toList();
    Selector selector = new RoundRobinSelector(nodes, nodes, 0, 0, new Cursor(cursor), 0);
    Node before = selector.select(Query.any());
    int restarts = 0;
    for (int i = 0; i < 30; i++) {
      Node next = selector.select(Query.any());
      if (next != nodes.get((nodes.indexOf(before) + 1) % 3)) {
        restarts++; // once in 2^64 picks, where the counter itself wraps
      }
      before = next;
    }
    assertThat(restarts).isLessThanOrEqualTo(cursor == -5 ? 1 : 0);
  }

  @Test
  void cursorAtTheEdgeOfItsRange_rebuilt_goesOnBehindTheLastPick() {
    List<Node> nodes = Servers.numbered(5).stream().map(Node::new).toList();
    Cursor cursor = new Cursor(Long.MAX_VALUE);
    RoundRobinSelector selector = new RoundRobinSelector(nodes, nodes, 0, 0, cursor, 0);
    Candidates same = new Candidates(nodes, nodes, 1);
    for (int i = 0; i < 20; i++) {
      Node last = selector.select(Query.any());
      selector = (RoundRobinSelector) RoundRobinSelector.create(same, selector);
      Node next = selector.select(Query.any());
      assertThat(next).isSameAs(nodes.get((nodes.indexOf(last) + 1) % 5));
    }
  }
}
