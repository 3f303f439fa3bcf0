package io.evenkeel.core;

/**
 * Turns for weights too various for a cycle. Each node has an arc of a circle as long as its share;
 * turn k is at k times the golden ratio round the circle, and belongs to the node whose arc is
 * there. Immutable; memory and building O(nodes), a turn O(1).
 *
 * <p>Multiples of the golden ratio are the most evenly spread of all on a circle (Weyl; Knuth, The
 * Art of Computer Programming 3, 6.4): over N turns an arc's count is off by O(log N), a few turns,
 * and no arc waits longer than about 2.6 times its mean wait, so that nobody starves.
 *
 * <p>The arc is found through an index over the leading bits: of at least four times as many cells
 * as there are nodes, each says which arc its beginning lies in; on average less than one step is
 * left from there.
 */
final class GoldenSpread implements WeightedRoundRobinSelector.Turns {

  private static final long GOLDEN = 0x9e3779b97f4a7c15L;

  /** Where each arc ends (not included), in 2⁻⁶³ of the circle. */
  private final long[] ends;

  private final int[] cells;
  private final int shift;

  /** At least one weight, each above 0. */
  GoldenSpread(int[] weights) {
    int n = weights.length;
    ends = new long[n];
    double sum = 0;
    for (int weight : weights) {
      sum += weight;
    }
    double before = 0;
    for (int i = 0; i < n; i++) {
      before += weights[i]; // exact: far below 2⁵³
      ends[i] = i == n - 1 ? Long.MAX_VALUE : (long) (before / sum * 0x1p63);
    }
    int bits = 32 - Integer.numberOfLeadingZeros(4 * n - 1);
    cells = new int[1 << bits];
    shift = 63 - bits;
    int arc = 0;
    for (int cell = 0; cell < cells.length; cell++) {
      while (ends[arc] <= (long) cell << shift) {
        arc++;
      }
      cells[cell] = arc;
    }
  }

  @Override
  public int at(long turn) {
    long place = (turn * GOLDEN) >>> 1;
    int arc = cells[(int) (place >>> shift)];
    while (arc < ends.length - 1 && place >= ends[arc]) {
      arc++;
    }
    return arc;
  }

  @Override
  public int[] counts(long from, long to, int nodes) {
    return new int[nodes];
  }

  @Override
  public int length() {
    return 0;
  }
}
