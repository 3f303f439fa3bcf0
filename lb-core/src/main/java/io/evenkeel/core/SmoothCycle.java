package io.evenkeel.core;

import java.util.Arrays;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.TreeMap;

/**
 * The order of nginx's smooth weighted round robin (2012): at each turn every node's claim grows by
 * its weight, the largest claim (of equals the first) has the turn, and is reduced by the sum of
 * the weights W. After W turns each node has had as many as its weight. Immutable.
 *
 * <p>nginx looks at all n nodes each turn. Here nodes of equal weight share a queue: their claims
 * grow alike, so that the order among them changes only when one of them has its turn. Only the
 * heads of the queues are compared. Building it is O(W·(different weights + log n)), which {@link
 * WeightedRoundRobinSelector} bounds.
 *
 * <p>A cycle may begin with credits: claims that its predecessor left. That no node has more turns
 * than its weight makes each cycle end with the claims it began with, so that it may be repeated
 * for ever. Without credits this binds nobody.
 */
final class SmoothCycle implements WeightedRoundRobinSelector.Turns {

  private static final int STEPS_PER_LEVEL = 8;

  private static final class Claimant {
    private final int index;

    /** The claim but for the growth that is common to all of this weight. */
    private double base;

    private int turnsLeft;

    private Claimant(int index, double base, int turnsLeft) {
      this.index = index;
      this.base = base;
      this.turnsLeft = turnsLeft;
    }

    private static int compare(Claimant one, Claimant other) {
      return one.base != other.base
          ? Double.compare(other.base, one.base)
          : Integer.compare(one.index, other.index);
    }
  }

  /** For each turn the index of its node, which is less than the length, which fits. */
  private final char[] order;

  /**
   * A cycle over nodes of these weights.
   *
   * @param weights above 0; their sum, the length, is at most 65,536
   * @param credits how many turns each node is owed; all 0 for nginx's order
   */
  SmoothCycle(int[] weights, double[] credits) {
    int sum = Arrays.stream(weights).sum();
    this.order = new char[sum];
    Map<Integer, PriorityQueue<Claimant>> byWeight = new TreeMap<>();
    for (int i = 0; i < weights.length; i++) {
      byWeight
          .computeIfAbsent(weights[i], weight -> new PriorityQueue<>(Claimant::compare))
          .add(new Claimant(i, credits[i] * sum, weights[i]));
    }
    int classes = byWeight.size();
    double[] growth = byWeight.keySet().stream().mapToDouble(Integer::doubleValue).toArray();
    @SuppressWarnings({"unchecked", "rawtypes"})
    PriorityQueue<Claimant>[] queues = byWeight.values().toArray(new PriorityQueue[0]);
    double[] claims = new double[classes];
    int[] heads = new int[classes];
    for (int c = 0; c < classes; c++) {
      claims[c] = queues[c].element().base;
      heads[c] = queues[c].element().index;
    }
    for (int turn = 0; turn < sum; turn++) {
      int best = 0;
      for (int c = 0; c < classes; c++) {
        claims[c] += growth[c];
        if (claims[c] > claims[best] || (claims[c] == claims[best] && heads[c] < heads[best])) {
          best = c;
        }
      }
      PriorityQueue<Claimant> queue = queues[best];
      Claimant next = queue.remove();
      order[turn] = (char) next.index;
      double common = claims[best] - next.base;
      next.base -= sum;
      if (--next.turnsLeft > 0) {
        queue.add(next);
      }
      Claimant head = queue.peek();
      claims[best] = head == null ? Double.NEGATIVE_INFINITY : head.base + common;
      heads[best] = head == null ? -1 : head.index;
    }
  }

  /**
   * What building a cycle costs, in steps of about a nanosecond: each turn looks at the head of
   * every queue, and moves one node in its own, where a level costs as much as {@value
   * #STEPS_PER_LEVEL} heads.
   *
   * @param weights without a common divisor
   */
  static long steps(int[] weights) {
    long length = Arrays.stream(weights).asLongStream().sum();
    long different = Arrays.stream(weights).distinct().count();
    int levels = Integer.SIZE - Integer.numberOfLeadingZeros(weights.length);
    return length * (different + (long) STEPS_PER_LEVEL * levels);
  }

  @Override
  public int at(long turn) {
    return order[(int) Long.remainderUnsigned(turn, order.length)];
  }

  @Override
  public int[] counts(long from, long to, int nodes) {
    int[] counts = new int[nodes];
    int n = order.length;
    if (n > 0) {
      int at = (int) Long.remainderUnsigned(from, n);
      int end = (int) Long.remainderUnsigned(to, n);
      for (; at != end; at = at + 1 == n ? 0 : at + 1) {
        counts[order[at]]++; // whole cycles in between are even
      }
    }
    return counts;
  }

  @Override
  public int length() {
    return order.length;
  }
}
