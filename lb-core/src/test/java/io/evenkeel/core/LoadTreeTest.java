package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** The tree says what a look at all nodes would say. */
class LoadTreeTest {

  private final Cursor turns = new Cursor(0);

  @Property(tries = 300)
  void anyChanges_best_isTheOneAScanFinds(
      @ForAll @IntRange(min = 1, max = 600) int n,
      @ForAll @IntRange(min = 1, max = 3) int weights,
      @ForAll long seed) {
    Random random = new Random(seed);
    Node[] nodes = nodes(n);
    int[] weight = IntStream.range(0, n).map(i -> 1 + random.nextInt(weights)).toArray();
    LoadTree tree = tree(nodes, weight, seed % 2 == 0 ? 1 : LoadTree.LOOKED_AT);
    for (int i = 0; i < 300; i++) {
      change(tree, nodes, random, random.nextInt(3) == 0 ? random.nextInt(n) : tree.best());
      assertThat(tree.best()).as("after %d changes", i).isEqualTo(scan(tree));
    }
  }

  /** While threads change nodes entries may be behind; once they are done, none is. */
  @Test
  void manyThreadsChanging_afterwards_bestIsTheOneAScanFinds() throws Exception {
    long seed = Threads.seed();
    for (int round = 0; round < 60; round++) {
      int n = round % 2 == 0 ? 9 : 100; // groups that many threads meet in, and deep ones
      Node[] nodes = nodes(n);
      LoadTree tree = tree(nodes, IntStream.generate(() -> 1).limit(n).toArray(), 1);
      long roundSeed = seed + round;
      Threads.run(
          4,
          index -> {
            Random random = new Random(roundSeed * 31 + index);
            for (int i = 0; i < 2_000; i++) {
              change(tree, nodes, random, random.nextInt(3) == 0 ? random.nextInt(n) : tree.best());
            }
          });
      assertThat(tree.best()).as("seed %d", roundSeed).isEqualTo(scan(tree));
      // And so is every entry: whoever wins is put behind all others, until all have won.
      for (int i = 0; i < n; i++) {
        int best = tree.best();
        assertThat(best).as("seed %d, after %d", roundSeed, i).isEqualTo(scan(tree));
        for (int load = 0; load < 10_000; load++) {
          assertThat(nodes[best].tryPick(Integer.MAX_VALUE)).isTrue();
        }
      }
    }
  }

  /** What is picked while the next tree is being built is counted in both. */
  @Test
  void rebuildsUnderLoad_noChangeIsMissed() throws Exception {
    long seed = Threads.seed();
    LoadBalancer balancer = Servers.balancer(Selectors.leastConnections(), 70, seed);
    Threads.run(
        4,
        index -> {
          Random random = new Random(seed + index);
          for (int i = 0; i < 1_500; i++) {
            if (index == 0) {
              String id = "s" + random.nextInt(70);
              boolean unused = balancer.drain(id) || balancer.resume(id);
            } else {
              balancer.acquire().close();
            }
          }
        });
    balancer.nodes().forEach(node -> balancer.resume(node.server().id()));
    // Nothing is in flight: 70 held leases must be one on each.
    List<Lease> leases = IntStream.range(0, 70).mapToObj(i -> balancer.acquire()).toList();
    assertThat(balancer.nodes())
        .as("seed %d", seed)
        .allSatisfy(node -> assertThat(node.inFlight()).isEqualTo(1));
    leases.forEach(Lease::close);
  }

  private LoadTree tree(Node[] nodes, int[] weights, int lookedAt) {
    LoadTree tree = new LoadTree(nodes, weights, lookedAt);
    for (int i = 0; i < nodes.length; i++) {
      nodes[i].joinLine(turns, turns.getAndIncrement());
      nodes[i].sit(tree, i, this);
    }
    tree.build();
    return tree;
  }

  /** One of the three things that happen to a node. */
  private void change(LoadTree tree, Node[] nodes, Random random, int leaf) {
    Node node = nodes[leaf];
    switch (random.nextInt(3)) {
      case 0 -> assertThat(node.tryPick(Integer.MAX_VALUE)).isTrue();
      case 1 -> {
        // Below 0 where threads race for it: no harm in a test of order.
        if (node.inFlight() > 0) {
          node.released();
        }
      }
      default -> {
        if (node.takeTurn(node.lastTurn(), turns.getAndIncrement())) {
          tree.worsened(leaf);
        }
      }
    }
  }

  private static int scan(LoadTree tree) {
    int best = 0;
    for (int i = 1; i < tree.size(); i++) {
      best = tree.isBetter(i, best) ? i : best;
    }
    return best;
  }

  private static Node[] nodes(int n) {
    Node[] nodes = new Node[n];
    Arrays.setAll(nodes, i -> new Node(Servers.server(i)));
    return nodes;
  }
}
