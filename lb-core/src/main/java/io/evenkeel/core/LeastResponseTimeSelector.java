package io.evenkeel.core;

import org.jspecify.annotations.Nullable;

/**
 * The smallest mean latency · (1 + 0.1 · in flight) / weight; of nodes that tie, any.
 *
 * <p>Of up to {@value #ALL_LOOKED_AT} nodes all are looked at; of more, two different ones drawn by
 * weight. A mean changes slowly, and every thread and every client sees the same node as the best
 * for a long while: the more nodes there are to look at, the more of the traffic runs after the one
 * that was luckiest last. Two choices give the best node at most 2/n of it. With few nodes that is
 * what they could have anyway, and a full look costs no more than the accounting does.
 */
final class LeastResponseTimeSelector implements Selector {

  static final int ALL_LOOKED_AT = 4;
  private static final double PER_REQUEST = 0.1;

  private final Lottery lottery;

  /** Of the lottery's nodes, by index. */
  private final Latency[] latencies;

  private final Randomness random;

  private LeastResponseTimeSelector(Lottery lottery, Latency[] latencies, Randomness random) {
    this.lottery = lottery;
    this.latencies = latencies;
    this.random = random;
  }

  static Selector create(Candidates candidates, @Nullable Selector previous) {
    return new LeastResponseTimeSelector(
        Lottery.byWeight(candidates), Latency.measure(candidates, false), candidates.random());
  }

  @Override
  public @Nullable Node select(Query query) {
    if (lottery.size() <= ALL_LOOKED_AT) {
      return bestOfAll(query);
    }
    long pair = lottery.drawTwo(query);
    if (pair < 0) {
      return null;
    }
    int one = (int) (pair >>> 32);
    int two = (int) pair;
    return lottery.node(compare(one, two) <= 0 ? one : two);
  }

  private @Nullable Node bestOfAll(Query query) {
    int best = -1;
    int ties = 1;
    for (int i = 0; i < latencies.length; i++) {
      if (query.isTried(lottery.node(i))) {
        continue;
      }
      int comparison = best < 0 ? -1 : compare(i, best);
      if (comparison < 0) {
        best = i;
        ties = 1;
      } else if (comparison == 0 && random.next(++ties) == 0) {
        best = i; // the k-th that ties replaces the one so far with chance 1/k: all alike
      }
    }
    return best < 0 ? null : lottery.node(best);
  }

  private int compare(int one, int two) {
    int loadA = lottery.node(one).inFlight();
    int loadB = lottery.node(two).inFlight();
    return Latency.compare(
        latencies[one],
        (1 + PER_REQUEST * loadA) * lottery.weight(two),
        loadA == 0,
        latencies[two],
        (1 + PER_REQUEST * loadB) * lottery.weight(one),
        loadB == 0);
  }
}
