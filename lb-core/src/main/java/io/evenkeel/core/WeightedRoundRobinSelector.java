package io.evenkeel.core;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Each eligible node in turn, in proportion to its weight, evenly spread over time. Which node has
 * which turn is worked out beforehand; a pick takes one distinct turn of one shared cursor. O(1).
 *
 * <p>While Σweights / gcd is at most {@value #LONGEST_CYCLE}, turns are a {@link SmoothCycle} of
 * that length, with exact shares; above, a {@link GoldenSpread}, which needs no cycle. So are they
 * where servers or different weights are so many that working out a long cycle would take more than
 * some milliseconds: that is done at a change, while all other changes wait. A change that leaves
 * the eligible nodes and the proportions of their weights as they are works out nothing.
 *
 * <p>What a rebuilt cycle takes over is each member's <em>credit</em>: its share of all turns so
 * far, less those it had, in turns. It means the same whatever the weights and whoever else is
 * there. So flips of health, however many and whenever, move nobody's picks by more than a few
 * turns from the sum of its shares; a member that is not eligible neither gains nor loses; one that
 * is removed leaves what it was owed, or owed, to all others alike; a new one begins with no
 * credit, in the middle of the others, where it is neither stampeded nor kept waiting. A spread has
 * its position on the circle from the cursor alone.
 *
 * <p>The cursor is one for all selectors of a line, each reading it from where it stood when that
 * selector was made. So the turns that other threads take over the old selector, while a change is
 * built and until they have seen it, are turns of the new one too.
 */
final class WeightedRoundRobinSelector implements Selector {

  static final int LONGEST_CYCLE = 65_536;

  /** Of {@link SmoothCycle#steps}: some milliseconds. */
  static final int MOST_STEPS = 1 << 22;

  /** How many turns of tried nodes one retry passes over, before it stops waiting for another. */
  private static final int MAX_PASSED_OVER = 16;

  private final List<Node> members;
  private final Node[] nodes;
  private final int[] weights;
  private final Turns turns;

  /** When this selector was made, of each of {@link #members}, eligible or not. */
  private final double[] credits;

  /** The turn at which this selector began. */
  private final long first;

  /** Counts turns; shared with the selectors before and after this one. */
  private final AtomicLong cursor;

  /** From the cursor to the next turn, which is their sum. */
  private final long offset;

  private WeightedRoundRobinSelector(
      List<Node> members,
      Node[] nodes,
      int[] weights,
      double[] credits,
      Turns turns,
      long first,
      AtomicLong cursor,
      long begin) {
    this.members = members;
    this.nodes = nodes;
    this.weights = weights;
    this.credits = credits;
    this.turns = turns;
    this.first = first;
    this.cursor = cursor;
    this.offset = first - begin;
  }

  /** Who has which turn. */
  interface Turns {

    /** The index of the node whose turn it is. */
    int at(long turn);

    /** How many of the turns from one to before another each node has; zeros where none matter. */
    int[] counts(long from, long to, int nodes);

    /** After how many turns every node has had its exact share; 0 if never. */
    int length();
  }

  static Selector create(Candidates candidates, @Nullable Selector previous) {
    List<Node> members = candidates.members();
    Node[] nodes = candidates.eligible().toArray(new Node[0]);
    int[] weights = reduce(candidates.weights());
    WeightedRoundRobinSelector before =
        previous instanceof WeightedRoundRobinSelector same ? same : null;
    AtomicLong cursor = before == null ? new AtomicLong() : before.cursor;
    long begin = cursor.get();
    double[] credits =
        before == null ? new double[members.size()] : before.creditsOf(members, begin);
    Turns turns;
    long first;
    if (before != null && before.isOver(nodes, weights)) {
      turns = before.turns;
      first = begin + before.offset;
    } else {
      long length = Arrays.stream(weights).asLongStream().sum();
      boolean isCycle = length <= LONGEST_CYCLE && SmoothCycle.steps(weights) <= MOST_STEPS;
      turns =
          isCycle
              ? new SmoothCycle(weights, pick(credits, members, nodes))
              : new GoldenSpread(weights);
      // With credits carried over a cycle begins where the last one was. Before the first turn of
      // all, or behind a spread, there are none to begin with: it begins anywhere.
      first =
          isCycle && begin != 0 && before != null && before.turns instanceof SmoothCycle
              ? 0
              : (Mix.mix64(candidates.seed()) >>> 1) + begin;
    }
    return new WeightedRoundRobinSelector(
        members, nodes, weights, credits, turns, first, cursor, begin);
  }

  /** Whether it gives turns to these nodes, in proportion to these weights. */
  private boolean isOver(Node[] otherNodes, int[] otherWeights) {
    if (nodes.length != otherNodes.length) {
      return false;
    }
    for (int i = 0; i < nodes.length; i++) {
      if (nodes[i] != otherNodes[i] || weights[i] != otherWeights[i]) {
        return false;
      }
    }
    return true;
  }

  Turns turns() {
    return turns;
  }

  @Override
  public @Nullable Node select(Query query) {
    if (nodes.length == 0) {
      return null;
    }
    Node node = next();
    if (query.triedCount() == 0) {
      return node;
    }
    // A tried node loses its turn; the one after it gets no second turn, for the cursor moved on.
    for (int i = 0; i < MAX_PASSED_OVER && query.isTried(node); i++) {
      node = next();
    }
    return query.isTried(node) ? anyUntried(query) : node;
  }

  @Override
  public @Nullable Node peek(Query query) {
    long turn = cursor.get() + offset;
    for (int i = 0; i <= MAX_PASSED_OVER && nodes.length > 0; i++) {
      Node node = nodes[turns.at(turn + i)];
      if (!query.isTried(node)) {
        return node;
      }
    }
    return null;
  }

  private Node next() {
    return nodes[turns.at(cursor.getAndIncrement() + offset)];
  }

  /**
   * A node that was tried has nearly all turns, or other threads took the rest: one of the others,
   * by weight, at a place that the cursor decides. O(nodes), for retries only.
   */
  private @Nullable Node anyUntried(Query query) {
    long sum = 0;
    for (int i = 0; i < nodes.length; i++) {
      sum += query.isTried(nodes[i]) ? 0 : weights[i];
    }
    if (sum == 0) {
      return null;
    }
    long place = Long.remainderUnsigned(Mix.mix64(cursor.get()), sum);
    for (int i = 0; ; i++) {
      place -= query.isTried(nodes[i]) ? 0 : weights[i];
      if (place < 0) {
        return nodes[i];
      }
    }
  }

  /**
   * The credits of the members as they are now, when the cursor stood there; their mean is 0 again.
   */
  private double[] creditsOf(List<Node> now, long end) {
    double[] current = credits.clone();
    if (turns.length() > 0) {
      int[] counts = turns.counts(first, end + offset, nodes.length);
      long sum = turns.length();
      long taken = Arrays.stream(counts).asLongStream().sum();
      for (int i = 0, m = 0; i < nodes.length; i++, m++) {
        while (members.get(m) != nodes[i]) {
          m++;
        }
        current[m] += taken * (double) weights[i] / sum - counts[i];
      }
    }
    double[] carried = new double[now.size()];
    boolean[] known = new boolean[now.size()];
    Map<Node, Integer> index = null;
    for (int i = 0; i < carried.length; i++) {
      if (i < current.length && members.get(i) == now.get(i)) {
        carried[i] = current[i];
        known[i] = true;
        continue;
      }
      if (index == null) {
        index = new HashMap<>(members.size() * 2);
        for (int m = 0; m < members.size(); m++) {
          index.put(members.get(m), m);
        }
      }
      Integer found = index.get(now.get(i));
      if (found != null) {
        carried[i] = current[found];
        known[i] = true;
      }
    }
    double mean =
        IntStream.range(0, carried.length)
            .filter(i -> known[i])
            .mapToDouble(i -> carried[i])
            .average()
            .orElse(0);
    for (int i = 0; i < carried.length; i++) {
      carried[i] = known[i] ? carried[i] - mean : 0;
    }
    return carried;
  }

  private static double[] pick(double[] credits, List<Node> members, Node[] nodes) {
    double[] picked = new double[nodes.length];
    for (int i = 0, m = 0; i < nodes.length; i++, m++) {
      while (members.get(m) != nodes[i]) {
        m++;
      }
      picked[i] = credits[m];
    }
    return picked;
  }

  private static int[] reduce(int[] weights) {
    int gcd = 0;
    for (int weight : weights) {
      for (int a = weight; a != 0; ) {
        int rest = gcd % a;
        gcd = a;
        a = rest;
      }
    }
    int divisor = Math.max(1, gcd);
    return Arrays.stream(weights).map(weight -> weight / divisor).toArray();
  }
}
