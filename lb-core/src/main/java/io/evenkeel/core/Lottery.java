package io.evenkeel.core;

import java.util.Arrays;
import java.util.List;

/**
 * Draws one or two of the eligible nodes by chance, each node as likely as the next or in
 * proportion to its weight. Immutable; a draw is O(1), takes no lock and allocates nothing.
 *
 * <p>Weighted draws read an alias table (Walker, 1977) built by Vose's method (1991): n columns of
 * equal height, each shared by at most two nodes. One random number x says both column and height:
 * x·n has the column above the binary point and the height behind it.
 */
final class Lottery {

  /** How often a draw that hit a node that will not do is repeated, before all are looked at. */
  private static final int MAX_DRAWS = 4;

  private final Node[] nodes;
  private final Randomness random;

  /** Each node's chances; empty if all are the same, and then so is the one below. */
  private final int[] weights;

  /**
   * Of each column, in the upper half how high its own node reaches, as an unsigned fraction of
   * 2³², and in the lower whose the rest is.
   */
  private final long[] columns;

  private Lottery(List<Node> nodes, Randomness random, int[] weights) {
    this.nodes = nodes.toArray(new Node[0]);
    this.random = random;
    boolean even = Arrays.stream(weights).allMatch(weight -> weight == weights[0]);
    this.weights = even ? new int[0] : weights;
    this.columns = new long[this.weights.length];
    if (!even) {
      fillColumns();
    }
  }

  static Lottery even(Candidates candidates) {
    return new Lottery(candidates.eligible(), candidates.random(), new int[0]);
  }

  static Lottery byWeight(Candidates candidates) {
    return new Lottery(candidates.eligible(), candidates.random(), candidates.weights());
  }

  /** In whole numbers: a column is Σweights high, a node fills n·weight. */
  private void fillColumns() {
    int n = weights.length;
    long height = Arrays.stream(weights).asLongStream().sum();
    long[] left = new long[n];
    int[] stack = new int[n]; // the small ones from the front, the large ones from the back
    int small = 0;
    int large = n;
    for (int i = 0; i < n; i++) {
      left[i] = (long) weights[i] * n;
      columns[i] = i;
      if (left[i] < height) {
        stack[small++] = i;
      } else {
        stack[--large] = i;
      }
    }
    while (small > 0 && large < n) {
      int i = stack[--small];
      int giver = stack[large];
      columns[i] = ((long) ((double) left[i] / height * 0x1p32) << 32) | giver;
      left[giver] -= height - left[i];
      if (left[giver] < height) {
        large++;
        stack[small++] = giver;
      }
    }
    // What is left over is exactly full: its own and its other node are the same.
  }

  int size() {
    return nodes.length;
  }

  Node node(int index) {
    return nodes[index];
  }

  /** What its chances are in proportion to; 1 where all are alike. */
  long weight(int index) {
    return weights.length == 0 ? 1 : weights[index];
  }

  /** The index of an untried node; −1 if none is left. */
  int draw(Query query) {
    return query.triedCount() == 0 && nodes.length > 0 ? draw() : drawUntried(query, -1);
  }

  /**
   * Two different untried nodes, in random order: one's index in the upper half, the other's in the
   * lower. Twice the same if only one is left; −1 if none is.
   *
   * <p>Weighted, the second is drawn by weight from the rest; only where one node holds nearly all
   * weight, so that {@value #MAX_DRAWS} draws met it again, from the rest at large.
   */
  long drawTwo(Query query) {
    int n = nodes.length;
    if (query.triedCount() > 0 || n < 2) {
      int one = drawUntried(query, -1);
      int two = one < 0 ? -1 : drawUntried(query, one);
      return pair(one, two < 0 ? one : two);
    }
    if (columns.length == 0) {
      long bits = random.next();
      int one = (int) (((bits >>> 32) * n) >>> 32);
      int two = (int) (((bits & 0xffff_ffffL) * (n - 1)) >>> 32);
      return pair(one, two < one ? two : two + 1);
    }
    int one = draw();
    for (int i = 0; i < MAX_DRAWS; i++) {
      int two = draw();
      if (two != one) {
        return pair(one, two);
      }
    }
    int two = (int) random.next(n - 1);
    return pair(one, two < one ? two : two + 1);
  }

  private static long pair(int one, int two) {
    return one < 0 ? -1 : ((long) one << 32) | two;
  }

  private int draw() {
    long bits = random.next() >>> 1;
    long size = (long) nodes.length << 1; // twice n, for there are 63 bits
    int index = (int) Math.multiplyHigh(bits, size);
    if (columns.length == 0) {
      return index;
    }
    long column = columns[index];
    return (bits * size) >>> 32 < column >>> 32 ? index : (int) column;
  }

  /**
   * A node neither tried nor the one excepted. Drawing again until one will do keeps the chances of
   * the rest exact, and so does the last resort, which looks at all: O(n), for retries only.
   */
  private int drawUntried(Query query, int except) {
    for (int i = 0; i < MAX_DRAWS && nodes.length > 0; i++) {
      int index = draw();
      if (index != except && !query.isTried(nodes[index])) {
        return index;
      }
    }
    long chances = 0;
    for (int i = 0; i < nodes.length; i++) {
      chances += chancesOf(i, query, except);
    }
    if (chances == 0) {
      return -1;
    }
    long ticket = random.next(chances);
    for (int i = 0; ; i++) {
      ticket -= chancesOf(i, query, except);
      if (ticket < 0) {
        return i;
      }
    }
  }

  private long chancesOf(int index, Query query, int except) {
    if (index == except || query.isTried(nodes[index])) {
      return 0;
    }
    return weight(index);
  }
}
