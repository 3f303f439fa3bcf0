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
 * that length, with exact shares; above, a {@link GoldenSpread}, which needs no cycle.
 *
 * <p>What a rebuilt cycle takes over is each member's <em>credit</em>: its share of all turns so
 * far, less those it had, in turns. It means the same whatever the weights and whoever else is
 * there. So flips of health, however many and whenever, move nobody's picks by more than a few
 * turns from the sum of its shares; a member that is not eligible neither gains nor loses; one that
 * is removed leaves what it was owed, or owed, to all others alike; a new one begins with no
 * credit, in the middle of the others, where it is neither stampeded nor kept waiting. A spread
 * takes over the cursor alone, as the position on its circle.
 */
final class WeightedRoundRobinSelector implements Selector {

  static final int LONGEST_CYCLE = 65_536;

  /** How many turns of tried nodes one retry passes over, before it stops waiting for another. */
  private static final int MAX_PASSED_OVER = 16;

  private final List<Node> members;
  private final Node[] nodes;
  private final int[] weights;
  private final Turns turns;

  /** When this selector was made, of each of {@link #members}, eligible or not. */
  private final double[] credits;

  private final long first;

  /** The next turn. Counts up from {@link #first}, unsigned. */
  private final AtomicLong cursor;

  private WeightedRoundRobinSelector(
      List<Node> members, Node[] nodes, int[] weights, double[] credits, Turns turns, long first) {
    this.members = members;
    this.nodes = nodes;
    this.weights = weights;
    this.credits = credits;
    this.turns = turns;
    this.first = first;
    this.cursor = new AtomicLong(first);
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
    return create(candidates, previous, LONGEST_CYCLE);
  }

  static Selector create(Candidates candidates, @Nullable Selector previous, int longestCycle) {
    List<Node> members = candidates.members();
    Node[] nodes = candidates.eligible().toArray(new Node[0]);
    int[] weights = candidates.weights();
    WeightedRoundRobinSelector before =
        previous instanceof WeightedRoundRobinSelector same ? same : null;
    double[] credits = before == null ? new double[members.size()] : before.creditsOf(members);
    long start = before == null ? Mix.mix64(candidates.seed()) >>> 1 : before.cursor.get();
    int[] reduced = reduce(weights);
    long length = Arrays.stream(reduced).asLongStream().sum();
    if (length > longestCycle) {
      Turns spread = new GoldenSpread(weights);
      return new WeightedRoundRobinSelector(members, nodes, weights, credits, spread, start);
    }
    Turns cycle = new SmoothCycle(reduced, pick(credits, members, nodes));
    // With credits carried over the cycle begins where the last one was; the very first anywhere.
    long first = before == null || before.turns.length() == 0 ? start % Math.max(1, length) : 0;
    return new WeightedRoundRobinSelector(members, nodes, reduced, credits, cycle, first);
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
    long turn = cursor.get();
    for (int i = 0; i <= MAX_PASSED_OVER && nodes.length > 0; i++) {
      Node node = nodes[turns.at(turn + i)];
      if (!query.isTried(node)) {
        return node;
      }
    }
    return null;
  }

  private Node next() {
    return nodes[turns.at(cursor.getAndIncrement())];
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

  /** The credits as they are now, of the members as they are now; their mean is 0 again. */
  private double[] creditsOf(List<Node> now) {
    double[] current = credits.clone();
    if (turns.length() > 0) {
      long from = first;
      int[] counts = turns.counts(from, cursor.get(), nodes.length);
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
