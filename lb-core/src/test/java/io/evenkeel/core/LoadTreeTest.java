package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
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
          assertThat(nodes[best].tryPick()).isTrue();
        }
      }
    }
  }

  /**
   * What is picked and given back while the next tree is being built is counted in both. Changes
   * end in the middle of the storm, so the last tree had the rest of it to itself, and nothing is
   * put in order for it afterwards.
   */
  @Test
  void rebuildsUnderLoad_theTreeInForceMissesNothing() throws Exception {
    long seed = Threads.seed();
    Node stranger = new Node(Servers.named("stranger"));
    for (int round = 0; round < 10; round++) {
      List<Selector> made = new ArrayList<>();
      LoadBalancer balancer =
          Servers.balancer(
              (candidates, previous) -> {
                Selector selector = Selectors.leastConnections().create(candidates, previous);
                made.add(selector);
                return selector;
              },
              71,
              seed);
      long roundSeed = seed + 10L * round;
      AtomicInteger done = new AtomicInteger();
      Threads.run(
          4,
          index -> {
            if (index == 0) {
              for (int i = 0; i < 20_000 && (i < 10 || done.get() < 3_000); i++) {
                boolean unused = balancer.drain("s70") || balancer.resume("s70");
              }
              return;
            }
            Random random = new Random(roundSeed + index);
            List<Lease> leases = new ArrayList<>(); // those that are left stay
            for (int i = 0; i < 2_000; i++, done.getAndIncrement()) {
              if (leases.size() < 60 && random.nextInt(5) < 3) {
                leases.add(balancer.acquire());
              } else if (!leases.isEmpty()) {
                leases.remove(random.nextInt(leases.size())).close();
              }
            }
          });
      Selector inForce = made.get(made.size() - 1);
      Query byLookingAtAll = Query.any().excluding(stranger);
      for (int i = 0; i < 70; i++) { // whoever wins is put behind all others
        Node best = inForce.peek(Query.any());
        assertThat(best).as("seed %d, after %d", seed, i).isSameAs(inForce.peek(byLookingAtAll));
        for (int load = 0; load < 1_000; load++) {
          assertThat(best.tryPick()).isTrue();
        }
      }
    }
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
      case 0 -> assertThat(node.tryPick()).isTrue();
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
