package io.evenkeel.core;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

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
 * {@link #improved} afterwards. They go up entry by entry, and write where the winner is another;
 * whoever wrote an entry goes on to the one above. Then, after a full fence, they look again at
 * every entry on their way, the one at which it ended among them, and write again, with a fence and
 * a look after each, while the winner is another. So when all is quiet every entry is right: let W
 * be the last write of it. Its writer found it right when it looked again. Whatever changed in the
 * group later, its changer looked at this entry after a fence after that change, and as it did not
 * write, the entry was right then too. While changes are under way an entry may be behind by those.
 *
 * <p>A snapshot gets a tree of its own. While it is being built the one before is in use, and both
 * hear of changes: see {@link Candidates#watch}.
 */
final class LoadTree implements LoadWatch {

  private static final int FAN_SHIFT = 2;
  private static final int FAN_OUT = 1 << FAN_SHIFT;

  /** Up to so many nodes are looked at one by one, and there is no entry to keep. */
  static final int LOOKED_AT = 16;

  private static final VarHandle ENTRY = MethodHandles.arrayElementVarHandle(int[].class);

  private final Node[] nodes;

  /** Empty if all are the same. */
  private final int[] weights;

  /**
   * The winner of each group, a leaf: of leaves, of those groups' winners, … of all (one entry).
   */
  private final int[][] winners;

  /**
   * Not in order until {@link #build}.
   *
   * @param nodes at least one
   * @param weights theirs, each above 0
   */
  LoadTree(Node[] nodes, int[] weights) {
    this(nodes, weights, LOOKED_AT);
  }

  /** Of which more than so many nodes are not looked at one by one. */
  LoadTree(Node[] nodes, int[] weights, int lookedAt) {
    this.nodes = nodes;
    this.weights = Arrays.stream(weights).allMatch(w -> w == weights[0]) ? new int[0] : weights;
    int[] sizes = new int[Integer.SIZE];
    int levels = 0;
    for (int below = nodes.length; below > 1 && nodes.length > lookedAt; ) {
      below = (below + FAN_OUT - 1) >>> FAN_SHIFT;
      sizes[levels++] = below;
    }
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

  /** The leaf that wins. */
  int best() {
    return winners.length == 0 ? winnerAmong(null, 0, nodes.length) : entry(winners.length - 1, 0);
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
    long weight = weights.length == 0 ? 1 : weights[leaf];
    long otherWeight = weights.length == 0 ? 1 : weights[thanLeaf];
    long load = (nodes[leaf].inFlight() + 1L) * otherWeight;
    long otherLoad = (nodes[thanLeaf].inFlight() + 1L) * weight;
    return load != otherLoad
        ? load < otherLoad
        : nodes[leaf].lastTurn() < nodes[thanLeaf].lastTurn();
  }

  /** A node has more load, or a later turn: groups that it did not win before it wins no more. */
  @Override
  public void worsened(int leaf) {
    boolean written = false;
    boolean anyWritten = false;
    int group = leaf;
    int level = 0;
    for (; level < winners.length; level++) {
      group >>>= FAN_SHIFT;
      int entry = entry(level, group);
      if (!written && entry != leaf) {
        break;
      }
      written = put(level, group, entry);
      anyWritten |= written;
    }
    if (anyWritten) {
      lookAgain(leaf, level);
    }
  }

  /** A node has less load: groups that it won before it wins still. */
  @Override
  public void improved(int leaf) {
    boolean written = false;
    int group = leaf;
    int level = 0;
    for (; level < winners.length; level++) {
      group >>>= FAN_SHIFT;
      int entry = entry(level, group);
      if (written || entry != leaf) {
        if ((!written && isBetter(entry, leaf)) || !put(level, group, entry)) {
          break;
        }
        written = true;
      }
    }
    if (written) {
      lookAgain(leaf, level);
    }
  }

  /** Puts the winner of a group into its entry; whether that is another. */
  private boolean put(int level, int group, int entry) {
    int winner = winnerOf(level, group);
    if (winner == entry) {
      return false;
    }
    ENTRY.setRelease(winners[level], group, winner);
    return true;
  }

  /**
   * The second look at all entries that were written, and at the one that was not and ended the way
   * up: that one may have been read before the last write was there for others to see.
   */
  private void lookAgain(int leaf, int lastLevel) {
    VarHandle.fullFence();
    int group = leaf;
    for (int level = 0; level <= lastLevel && level < winners.length; level++) {
      group >>>= FAN_SHIFT;
      settle(level, group);
    }
  }

  /** Puts an entry in order, and those above it if that took a write. */
  private void settle(int level, int group) {
    for (int l = level, g = group; l < winners.length; l++, g >>>= FAN_SHIFT) {
      boolean written = false;
      while (put(l, g, entry(l, g))) {
        VarHandle.fullFence();
        written = true;
      }
      if (!written) {
        return;
      }
    }
  }

  private int winnerOf(int level, int group) {
    int from = group << FAN_SHIFT;
    return level == 0
        ? winnerAmong(null, from, Math.min(from + FAN_OUT, nodes.length))
        : winnerAmong(
            winners[level - 1], from, Math.min(from + FAN_OUT, winners[level - 1].length));
  }

  /** Of these entries; of these leaves, if there are none. */
  private int winnerAmong(int @Nullable [] entries, int from, int to) {
    int best = -1;
    long bestLoad = 0;
    long bestWeight = 1;
    long bestTurn = 0;
    for (int i = from; i < to; i++) {
      int leaf = entries == null ? i : (int) ENTRY.getVolatile(entries, i);
      Node node = nodes[leaf];
      long load = node.inFlight() + 1L;
      long weight = weights.length == 0 ? 1 : weights[leaf];
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
