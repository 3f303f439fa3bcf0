package io.evenkeel.core;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Next eligible node in rotation: k·n picks over n nodes give each exactly k, across threads,
 * because each pick takes one distinct value of the cursor.
 *
 * <p>What a rebuilt rotation takes over is a place in the list of <em>all</em> members: the one
 * behind the last pick. It goes on at the first eligible node from there. So changes, however many,
 * neither send the rotation back to its start (not even one that leaves nobody eligible for a
 * while), nor give the successor of a dead node two turns, nor cost a node that is back in time the
 * turn that it would have had.
 *
 * <p>The cursor is one for all selectors of a line, each reading it from where it stood when that
 * selector was made. So the turns that other threads take over the old selector, while a change is
 * built and until they have seen it, move the new one on too.
 */
final class RoundRobinSelector implements Selector {

  private final List<Node> members;
  private final Node[] nodes;

  /** The place in {@link #members} where this rotation began. */
  private final int position;

  /** Counts turns; shared with the selectors before and after this one. */
  private final Cursor cursor;

  /** What the cursor said when this rotation began. */
  private final long begin;

  /** From the cursor to an index: their sum, as unsigned, modulo the length. */
  private final long offset;

  RoundRobinSelector(
      List<Node> members, List<Node> eligible, int position, int first, Cursor cursor, long begin) {
    this.members = members;
    this.nodes = eligible.toArray(new Node[0]);
    this.position = position;
    this.cursor = cursor;
    this.begin = begin;
    this.offset = first - begin;
  }

  static Selector create(Candidates candidates, @Nullable Selector previous) {
    List<Node> members = candidates.members();
    List<Node> eligible = candidates.eligible();
    RoundRobinSelector before = previous instanceof RoundRobinSelector rotation ? rotation : null;
    Cursor cursor = before == null ? new Cursor(0) : before.cursor;
    long begin = cursor.get();
    // Before the first turn of all there is no place from which to go on: members that come one by
    // one must not make every balancer begin at the first of them.
    int position =
        before == null || begin == 0
            ? Math.floorMod(Mix.mix64(candidates.seed()), Math.max(1, members.size()))
            : before.positionIn(members, begin);
    int first = 0; // how many eligible nodes stand before the position, in the same order
    for (int i = 0; i < position && first < eligible.size(); i++) {
      if (eligible.get(first) == members.get(i)) {
        first++;
      }
    }
    return new RoundRobinSelector(members, eligible, position, first, cursor, begin);
  }

  @Override
  public @Nullable Node select(Query query) {
    int n = nodes.length;
    if (n == 0) {
      return null;
    }
    Node node = next(n);
    if (query.triedCount() == 0) {
      return node;
    }
    // A tried node loses its turn; the one after it gets no second turn, for the cursor moved on.
    for (int i = 1; i < n && query.isTried(node); i++) {
      node = next(n);
    }
    return query.isTried(node) ? firstUntried(query) : node;
  }

  @Override
  public @Nullable Node peek(Query query) {
    long turn = cursor.get() + offset;
    for (int i = 0; i < nodes.length; i++) {
      Node node = nodes[(int) Long.remainderUnsigned(turn + i, nodes.length)];
      if (!query.isTried(node)) {
        return node;
      }
    }
    return null;
  }

  private Node next(int n) {
    long turn = cursor.getAndIncrement() + offset;
    return nodes[
        turn >>> 31 == 0 // then by the quicker division
            ? (int) turn % n
            : (int) Long.remainderUnsigned(turn, n)];
  }

  /** Other threads took every turn that was not ours to refuse: any node left will do. */
  private @Nullable Node firstUntried(Query query) {
    for (Node node : nodes) {
      if (!query.isTried(node)) {
        return node;
      }
    }
    return null;
  }

  /** The place behind the last turn, or of the first member after it that is still there. */
  private int positionIn(List<Node> now, long turn) {
    int n = members.size();
    int next = position;
    // Of no eligible nodes, the turns were taken over selectors before this one.
    if (turn != begin && nodes.length > 0) {
      Node last = nodes[(int) Long.remainderUnsigned(turn - 1 + offset, nodes.length)];
      next = (members.indexOf(last) + 1) % n;
    }
    if (next < n && next < now.size() && members.get(next) == now.get(next)) {
      return next;
    }
    Map<Node, Integer> index = new HashMap<>(now.size() * 2);
    for (int i = 0; i < now.size(); i++) {
      index.put(now.get(i), i);
    }
    for (int i = 0; i < n; i++) {
      Integer found = index.get(members.get((next + i) % n));
      if (found != null) {
        return found;
      }
    }
    return 0; // nobody is left of the rotation there was
  }
}
