package io.evenkeel.core;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The node with the smallest (in flight + 1) / weight; of nodes that tie, the one picked longest
 * ago. O(eligible).
 *
 * <p>Breaking ties by where a scan starts would favour the node behind a gap. Counting turns modulo
 * the number of ties would fall into step with the load: with four nodes and two leases held at a
 * time the ties number 4, 3, 4, 3, …, and even turns never reach the odd nodes. Who waited longest
 * depends on neither.
 */
final class LeastConnectionsSelector implements Selector {

  /** How often a pick looks again because another thread took the same turn meanwhile. */
  private static final int MAX_ATTEMPTS = 3;

  private static final VarHandle LAST_TURN;

  static {
    try {
      LAST_TURN = MethodHandles.lookup().findVarHandle(Seat.class, "lastTurn", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** A member and when it was picked last; outlives the snapshots in which it is a member. */
  private static final class Seat {
    private final Node node;

    /** Atomic, by {@link #LAST_TURN}. */
    private volatile long lastTurn;

    private Seat(Node node, long lastTurn) {
      this.node = node;
      this.lastTurn = lastTurn;
    }
  }

  /** Of all members, eligible or not: a node that flaps keeps its place in the line. */
  private final Map<Node, Seat> byMember;

  private final Seat[] seats;

  /** The number of the next turn; shared with the selectors before and after this one. */
  private final AtomicLong turns;

  private LeastConnectionsSelector(
      Map<Node, Seat> byMember, List<Node> eligible, AtomicLong turns) {
    this.byMember = byMember;
    this.seats = eligible.stream().map(byMember::get).toArray(Seat[]::new);
    this.turns = turns;
  }

  static Selector create(Candidates candidates, @Nullable Selector previous) {
    List<Node> members = candidates.members();
    int n = members.size();
    Map<Node, Seat> byMember = new HashMap<>(n * 2);
    if (previous instanceof LeastConnectionsSelector before) {
      for (Node node : members) {
        Seat seat = before.byMember.get(node);
        // A new member stands at the end of the line, where it cannot be stampeded.
        byMember.put(node, seat != null ? seat : new Seat(node, before.turns.getAndIncrement()));
      }
      return new LeastConnectionsSelector(byMember, candidates.eligible(), before.turns);
    }
    int start = Math.floorMod(Mix.mix64(candidates.seed()), Math.max(1, n));
    for (int i = 0; i < n; i++) {
      byMember.put(members.get(i), new Seat(members.get(i), Math.floorMod(i - start, n)));
    }
    return new LeastConnectionsSelector(byMember, candidates.eligible(), new AtomicLong(n));
  }

  @Override
  public @Nullable Node select(Query query) {
    for (int attempt = 1; ; attempt++) {
      Seat best = null;
      long bestLoad = 0;
      long bestWeight = 0;
      long bestTurn = 0;
      for (Seat seat : seats) {
        Node node = seat.node;
        if (query.isTried(node)) {
          continue;
        }
        long load = node.inFlight() + 1L;
        long weight = node.weight();
        long turn = seat.lastTurn;
        long difference = best == null ? -1 : load * bestWeight - bestLoad * weight;
        if (difference < 0 || (difference == 0 && turn < bestTurn)) {
          best = seat;
          bestLoad = load;
          bestWeight = weight;
          bestTurn = turn;
        }
      }
      if (best == null) {
        return null;
      }
      // Threads that look at once must not all take the same node: one gets the turn, the others
      // look again, a few times.
      if (LAST_TURN.compareAndSet(best, bestTurn, turns.getAndIncrement())
          || attempt == MAX_ATTEMPTS) {
        return best.node;
      }
    }
  }
}
