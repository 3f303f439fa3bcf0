package io.evenkeel.core;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * Who of many nodes has the smallest (in flight + 1) / weight, and of those that tie, who was
 * picked longest ago: a tournament tree, {@value #FAN_OUT} to a group, over the nodes as leaves.
 * Reading the winner is O(1), and a change of one node costs O(log nodes): the winners of the
 * groups above it are found anew, until one is reached that the change makes no difference to.
 *
 * <p>An entry of the tree names a leaf. What it is compared by, its load and its turn, is read from
 * the node itself, and so is always as of now.
 *
 * <p><b>Threads.</b> No locks. Whoever changes a node's load or turn calls {@link #worsened} or
 * {@link #improved} afterwards; whoever writes an entry looks at its group again afterwards, and
 * writes again if the winner is another by then; and whoever wrote an entry goes on to the one
 * above. All of it volatile, hence in one order. So when all is quiet every entry is right: let W
 * be the last write of it. Its writer found it right after W. Whatever changed in the group later,
 * its changer looked at the entry after that change, and as it did not write, the entry was right
 * then too. While changes are under way an entry may be behind by those.
 *
 * <p>A snapshot gets a tree of its own. While it is being built the one before is in use, and both
 * hear of changes: see {@link Node#sit}.
 */
final class LoadTree {

  private static final int FAN_SHIFT = 3;
  private static final int FAN_OUT = 1 << FAN_SHIFT;

  private static final VarHandle ENTRY = MethodHandles.arrayElementVarHandle(int[].class);

  private final Node[] nodes;
  private final int[] weights;

  /**
   * The winner of each group, a leaf: of leaves, of those groups' winners, … of all (one entry).
   */
  private final int[][] winners;

  /** Set when nobody picks from it any more; it need not hear of changes then. */
  private volatile boolean retired;

  /**
   * Not in order until {@link #build}.
   *
   * @param nodes at least one
   * @param weights theirs, each above 0
   */
  LoadTree(Node[] nodes, int[] weights) {
    this.nodes = nodes;
    this.weights = weights;
    int[] sizes = new int[Integer.SIZE];
    int levels = 0;
    int below = nodes.length;
    do {
      below = (below + FAN_OUT - 1) >>> FAN_SHIFT;
      sizes[levels++] = below;
    } while (below > 1);
    winners = Arrays.stream(sizes, 0, levels).mapToObj(int[]::new).toArray(int[][]::new);
  }

  /** Puts all in order. Changes may go on meanwhile: a builder is one more that writes. */
  void build() {
    for (int level = 0; level < winners.length; level++) {
      for (int group = 0; group < winners[level].length; group++) {
        settle(level, group);
      }
    }
  }

  void retire() {
    retired = true;
  }

  boolean isRetired() {
    return retired;
  }

  /** The leaf that wins. */
  int best() {
    return entry(winners.length - 1, 0);
  }

  private int entry(int level, int group) {
    return (int) ENTRY.getVolatile(winners[level], group);
  }

  Node node(int leaf) {
    return nodes[leaf];
  }

  int size() {
    return nodes.length;
  }

  /** The first node's load is less for its weight, or as much and its turn was earlier. */
  boolean isBetter(int leaf, int thanLeaf) {
    long loads = (nodes[leaf].inFlight() + 1L) * weights[thanLeaf];
    long otherLoads = (nodes[thanLeaf].inFlight() + 1L) * weights[leaf];
    return loads != otherLoads
        ? loads < otherLoads
        : nodes[leaf].lastTurn() < nodes[thanLeaf].lastTurn();
  }

  /** A node has more load, or a later turn: groups that it did not win before it wins no more. */
  void worsened(int leaf) {
    int group = leaf >>> FAN_SHIFT;
    boolean written = false;
    for (int level = 0; level < winners.length; level++) {
      if (!written && entry(level, group) != leaf) {
        return;
      }
      written = settle(level, group);
      group >>>= FAN_SHIFT;
    }
  }

  /** A node has less load: groups that it won before it wins still. */
  void improved(int leaf) {
    int group = leaf >>> FAN_SHIFT;
    boolean written = false;
    for (int level = 0; level < winners.length; level++) {
      int winner = entry(level, group);
      if (written || winner != leaf) {
        if ((!written && isBetter(winner, leaf)) || !settle(level, group)) {
          return;
        }
        written = true;
      }
      group >>>= FAN_SHIFT;
    }
  }

  /** Puts one entry in order; whether that took a write. */
  private boolean settle(int level, int group) {
    int[] entries = winners[level];
    int winner = winnerOf(level, group);
    if (entry(level, group) == winner) {
      return false;
    }
    int written;
    do {
      written = winner;
      ENTRY.setVolatile(entries, group, written);
      winner = winnerOf(level, group);
    } while (winner != written);
    return true;
  }

  private int winnerOf(int level, int group) {
    int[] below = level == 0 ? null : winners[level - 1];
    int from = group << FAN_SHIFT;
    int to = Math.min(from + FAN_OUT, below == null ? nodes.length : below.length);
    int best = -1;
    long bestLoad = 0;
    long bestWeight = 0;
    long bestTurn = 0;
    for (int i = from; i < to; i++) {
      int leaf = below == null ? i : entry(level - 1, i);
      Node node = nodes[leaf];
      long load = node.inFlight() + 1L;
      long weight = weights[leaf];
      long turn = node.lastTurn();
      long difference = best < 0 ? -1 : load * bestWeight - bestLoad * weight;
      if (difference < 0 || (difference == 0 && turn < bestTurn)) {
        best = leaf;
        bestLoad = load;
        bestWeight = weight;
        bestTurn = turn;
      }
    }
    return best;
  }
}
