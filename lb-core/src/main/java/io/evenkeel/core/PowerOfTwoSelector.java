package io.evenkeel.core;

import org.jspecify.annotations.Nullable;

/**
 * The better of two different nodes drawn by chance (Mitzenmacher, 2001): the one with the smaller
 * (in flight + 1) / weight; of two that tie, either, for their order is chance too.
 *
 * <p>Weights count twice. Were they to count in the comparison alone, no server could get more than
 * 2/n of the picks, whatever its weight; in the draw alone, they would mean nothing between two
 * servers, which are always both drawn. While servers are idle this favours heavy ones by more than
 * their share; with load, it is the comparison that decides, and that levels out in proportion.
 */
final class PowerOfTwoSelector implements Selector {

  private final Lottery lottery;

  private PowerOfTwoSelector(Lottery lottery) {
    this.lottery = lottery;
  }

  static Selector create(Candidates candidates, @Nullable Selector previous) {
    return new PowerOfTwoSelector(Lottery.byWeight(candidates));
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
    return (a.inFlight() + 1L) * lottery.weight(two) <= (b.inFlight() + 1L) * lottery.weight(one)
        ? a
        : b;
  }
}
