package io.evenkeel.core;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The node with the smallest (in flight + 1) / weight; of nodes that tie, the one picked longest
 * ago. O(log eligible), by a {@link LoadTree}.
 *
 * <p>Breaking ties by where a scan starts would favour the node behind a gap. Counting turns modulo
 * the number of ties would fall into step with the load: with four nodes and two leases held at a
 * time the ties number 4, 3, 4, 3, …, and even turns never reach the odd nodes. Who waited longest
 * depends on neither.
 */
final class LeastConnectionsSelector implements Selector {

  /** How often a pick looks again because another thread took the same turn meanwhile. */
  private static final int MAX_ATTEMPTS = 3;

  /** Null if nobody is eligible. */
  private final @Nullable LoadTree tree;

  /** The number of the next turn; shared with the selectors before and after this one. */
  private final Cursor turns;

  private LeastConnectionsSelector(@Nullable LoadTree tree, Cursor turns) {
    this.tree = tree;
    this.turns = turns;
  }

  static Selector create(Candidates candidates, @Nullable Selector previous) {
    LeastConnectionsSelector before =
        previous instanceof LeastConnectionsSelector same ? same : null;
    List<Node> members = candidates.members();
    int n = members.size();
    Cursor turns = before != null ? before.turns : candidates.environment().turns();
    int start = Math.floorMod(Mix.mix64(candidates.seed()), Math.max(1, n));
    boolean isFirst = members.stream().noneMatch(node -> node.isInLine(turns));
    for (int i = 0; i < n; i++) {
      if (!members.get(i).isInLine(turns)) {
        // A new member stands at the end of the line, where it cannot be stampeded; the first ones
        // before all turns that there are.
        long turn = isFirst ? Math.floorMod(i - start, n) - n : turns.getAndIncrement();
        members.get(i).joinLine(turns, turn);
      }
    }
    Node[] nodes = candidates.eligible().toArray(new Node[0]);
    if (nodes.length == 0) {
      return new LeastConnectionsSelector(null, turns);
    }
    LoadTree tree = new LoadTree(nodes, candidates.weights());
    candidates.watch(tree);
    tree.build(); // after it is told of changes, so that none from then on is missed
    return new LeastConnectionsSelector(tree, turns);
  }

  @Override
  public @Nullable Node select(Query query) {
    if (tree == null) {
      return null;
    }
    for (int attempt = 1; ; attempt++) {
      int leaf = query.triedCount() == 0 ? tree.best() : bestUntried(tree, query);
      if (leaf < 0) {
        return null;
      }
      Node node = tree.node(leaf);
      long seen = node.lastTurn();
      // Threads that look at once must not all take the same node: one gets the turn, the others
      // look again, a few times.
      boolean taken = node.takeTurn(seen, turns.getAndIncrement());
      tree.worsened(leaf); // if not taken: the one who took it may not have got there yet
      if (taken || attempt == MAX_ATTEMPTS) {
        return node;
      }
    }
  }

  @Override
  public @Nullable Node peek(Query query) {
    if (tree == null) {
      return null;
    }
    int leaf = query.triedCount() == 0 ? tree.best() : bestUntried(tree, query);
    return leaf < 0 ? null : tree.node(leaf);
  }

  /** O(nodes), for retries only. */
  private static int bestUntried(LoadTree tree, Query query) {
    int best = -1;
    for (int leaf = 0; leaf < tree.size(); leaf++) {
      if (!query.isTried(tree.node(leaf)) && (best < 0 || tree.isBetter(leaf, best))) {
        best = leaf;
      }
    }
    return best;
  }
}
