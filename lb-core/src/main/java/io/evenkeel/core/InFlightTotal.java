package io.evenkeel.core;

import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How many are in flight on all eligible nodes of a snapshot together. Reading it is O(1); each
 * change of a node's load costs two atomic writes.
 *
 * <p><b>Threads.</b> No locks. For each node there is what was counted for it, and the sum is that
 * of these: whoever moves one of them from a to b, by compare-and-set, adds b − a afterwards, and
 * nobody else does. Whoever changes a node's load then compares what is counted with what the node
 * says, moves it if they differ, and compares again, until they agree. So when all is quiet they
 * agree for every node: let W be the last move for it. Its writer found them equal after W. If the
 * load changed after that look, who changed it looked later still, and found a difference that
 * nobody moved away: a contradiction.
 *
 * <p>It is told of changes before it first reads a node's load, so a thread that does not tell it
 * of a change made that change before the reading. That is why it is right from the beginning, and
 * knows no history: every snapshot begins with a sum of its own, whatever leases were taken or are
 * ended over others.
 *
 * <p>While nothing is given back it is never above what is in flight: what is counted is read
 * before the load is, which only grows meanwhile, so each move is upward and to a load that was
 * there.
 */
final class InFlightTotal implements LoadWatch {

  private final Node[] nodes;
  private final AtomicIntegerArray counted;
  private final AtomicLong sum = new AtomicLong();

  private InFlightTotal(Node[] nodes) {
    this.nodes = nodes;
    this.counted = new AtomicIntegerArray(nodes.length);
  }

  /** Of the eligible ones. */
  static InFlightTotal of(Candidates candidates) {
    InFlightTotal total = new InFlightTotal(candidates.eligible().toArray(new Node[0]));
    candidates.watch(total);
    for (int leaf = 0; leaf < total.nodes.length; leaf++) {
      total.settle(leaf);
    }
    return total;
  }

  long get() {
    return sum.get();
  }

  @Override
  public void worsened(int leaf) {
    settle(leaf);
  }

  @Override
  public void improved(int leaf) {
    settle(leaf);
  }

  /** Goes round again only because this or another thread moved something. */
  private void settle(int leaf) {
    while (true) {
      int before = counted.get(leaf);
      int now = nodes[leaf].inFlight();
      if (now == before) {
        return;
      }
      if (counted.compareAndSet(leaf, before, now)) {
        sum.getAndAdd((long) now - before);
      }
    }
  }
}
