package io.evenkeel.core;

import org.jspecify.annotations.Nullable;

/**
 * The better of two different nodes drawn by weight: the one with the smaller cost · (in flight +
 * 1) / weight, where the cost is a {@link Latency} that peaks replace at once. Weights count twice,
 * for the reasons of {@link PowerOfTwoSelector}; here, too, each is multiplied by the other's
 * weight, which is 1 where all are alike.
 */
final class PeakEwmaSelector implements Selector {

  private final Lottery lottery;

  /** Of the lottery's nodes, by index. */
  private final Latency[] latencies;

  private PeakEwmaSelector(Lottery lottery, Latency[] latencies) {
    this.lottery = lottery;
    this.latencies = latencies;
  }

  static Selector create(Candidates candidates, @Nullable Selector previous) {
    return new PeakEwmaSelector(Lottery.byWeight(candidates), Latency.measure(candidates, true));
  }

  @Override
  public @Nullable Node select(Query query) {
    long pair = lottery.drawTwo(query);
    if (pair < 0) {
      return null;
    }
    int one = (int) (pair >>> 32);
    int two = (int) pair;
    Node a = lottery.node(one);
    Node b = lottery.node(two);
    int loadA = a.inFlight();
    int loadB = b.inFlight();
    int comparison =
        Latency.compare(
            latencies[one],
            (loadA + 1.0) * lottery.weight(two),
            loadA == 0,
            latencies[two],
            (loadB + 1.0) * lottery.weight(one),
            loadB == 0);
    return comparison <= 0 ? a : b;
  }
}
