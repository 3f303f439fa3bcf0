package io.evenkeel.core;

import org.jspecify.annotations.Nullable;

/** Any eligible node, by chance: each as likely as the next, or in proportion to its weight. */
final class RandomSelector implements Selector {

  private final Lottery lottery;

  private RandomSelector(Lottery lottery) {
    this.lottery = lottery;
  }

  static Selector create(Candidates candidates, @Nullable Selector previous) {
    return new RandomSelector(Lottery.even(candidates));
  }

  static Selector createWeighted(Candidates candidates, @Nullable Selector previous) {
    return new RandomSelector(Lottery.byWeight(candidates));
  }

  @Override
  public @Nullable Node select(Query query) {
    int index = lottery.draw(query);
    return index < 0 ? null : lottery.node(index);
  }
}
