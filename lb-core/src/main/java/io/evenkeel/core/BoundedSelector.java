package io.evenkeel.core;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Around a selector: passes over nodes that are at their capacity, ⌈(1+ε) · (total in flight + 1) ·
 * weight / Σweights⌉, total and sum being those of the eligible nodes (Mirrokni, Thorup,
 * Zadimoghaddam, "Consistent hashing with bounded loads", 2018). A selector that goes by keys looks
 * for the next in the key's own order; any other is asked again, some times.
 *
 * <p><b>Somebody always has room.</b> In flight k leaves room for one more if k &lt; x, x being the
 * capacity before rounding up. The x of all nodes add up to (1+ε) · (total + 1), and that is more
 * than the total; so not all of them can be at or above theirs. Neither can the node with the
 * smallest k / weight be: were it, so would be all. That one is taken where the selector found
 * nobody with room: where it was asked often enough, where who had room was tried already, or where
 * other threads were quicker. One look at all nodes, and no loop, so a pick always ends.
 *
 * <p><b>Threads.</b> A pick looks at a node's load and then adds to it, and in between others may
 * have done the same. Still, with T threads a node has at most T − 1 above c, the capacity it has
 * with the largest total of the time: who takes it above c saw it below c (or saw loads in sum no
 * more than that total, of which it was the smallest for its weight), in the pick that the thread
 * is at. So each thread does that at most once after the node was last at c, and the one that took
 * it to c does not, for its next pick begins later than that.
 */
final class BoundedSelector implements Selector, KeyedSelector.Room {

  /** How often a selector that does not go by keys is asked for one pick. */
  private static final int ASKED_AT_MOST = 8;

  /** So that 1.1 · 10 / 11, which is more than 1 in binary, is 1. */
  private static final double HAIR = 1 - 1e-12;

  private final Selector inner;
  private final List<Node> nodes;
  private final Randomness random;
  private final InFlightTotal total;

  /** Of a node for each unit of its weight, for each one in flight in total. */
  private final double share;

  /** Empty if all are the same, and count as 1. */
  private final Map<Node, Integer> weights;

  private BoundedSelector(Candidates candidates, Selector inner, double epsilon) {
    this.inner = inner;
    this.nodes = candidates.eligible();
    this.random = candidates.random();
    this.total = InFlightTotal.of(candidates);
    this.weights = new HashMap<>();
    int[] weight = candidates.weights();
    long sum = weight.length;
    if (Arrays.stream(weight).anyMatch(w -> w != weight[0])) {
      sum = Arrays.stream(weight).asLongStream().sum();
      for (int i = 0; i < weight.length; i++) {
        weights.put(nodes.get(i), weight[i]);
      }
    }
    this.share = (1 + epsilon) * HAIR / sum;
  }

  static Selector.Factory factory(Selector.Factory inner, double epsilon) {
    if (!(epsilon > 0 && epsilon < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "epsilon: " + epsilon + " (expected: a number above 0, as 0.25)");
    }
    return new Around(
        inner,
        true,
        Map.of("bounded", String.valueOf(epsilon)),
        (candidates, previous) -> {
          Selector before = previous instanceof BoundedSelector same ? same.inner : null;
          return new BoundedSelector(candidates, candidates.build(inner, before), epsilon);
        });
  }

  /** By this bound, and by those further in. */
  @Override
  public boolean isIn(Node node) {
    return hasRoom(node) && KeyedSelector.Room.isIn(inner, node);
  }

  private boolean hasRoom(Node node) {
    return node.inFlight() < share * (total.get() + 1) * weight(node);
  }

  private int weight(Node node) {
    Integer weight = weights.isEmpty() ? Integer.valueOf(1) : weights.get(node);
    return weight == null ? 0 : weight;
  }

  @Override
  public @Nullable Node select(Query query) {
    if (inner instanceof KeyedSelector keyed) {
      Node node = keyed.select(query, this);
      return node == null ? leastLoaded(query) : node;
    }
    Query left = query;
    for (int i = 0; i < ASKED_AT_MOST; i++) {
      Node node = inner.select(left);
      if (node == null && i == 0) {
        return null;
      }
      if (node == null) {
        break;
      }
      if (hasRoom(node)) {
        return node;
      }
      left = left.excluding(node);
    }
    return leastLoaded(query);
  }

  @Override
  public @Nullable Node peek(Query query) {
    if (inner instanceof KeyedSelector keyed) {
      return query.hasKey() ? keyed.select(query, this) : null;
    }
    Query left = query;
    for (int i = 0; i < ASKED_AT_MOST && left.triedCount() < nodes.size(); i++) {
      Node node = inner.peek(left);
      if (node == null || hasRoom(node)) {
        return node;
      }
      left = left.excluding(node);
    }
    return null;
  }

  /** By in flight / weight, of those not tried; O(nodes). */
  private @Nullable Node leastLoaded(Query query) {
    int n = nodes.size();
    int start = n == 0 ? 0 : (int) random.next(n);
    Node best = null;
    long bestLoad = 0;
    for (int i = 0; i < n; i++) {
      Node node = nodes.get((start + i) % n);
      if (query.isTried(node)) {
        continue;
      }
      long load = node.inFlight();
      if (best == null || load * weight(best) < bestLoad * weight(node)) {
        best = node;
        bestLoad = load;
      }
    }
    return best;
  }

  /** What is in flight on the eligible nodes. */
  long totalInFlight() {
    return total.get();
  }
}
