package io.evenkeel.core;

import org.jspecify.annotations.Nullable;

/**
 * The better of two different nodes drawn by weight: the one with the smaller cost · (in flight +
 * 1), where the cost is a {@link Latency} that peaks replace at once.
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
    return Latency.compare(
                latencies[one], loadA + 1.0, loadA == 0, latencies[two], loadB + 1.0, loadB == 0)
            <= 0
        ? a
        : b;
  }
}
