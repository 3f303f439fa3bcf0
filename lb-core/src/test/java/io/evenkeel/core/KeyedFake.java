package io.evenkeel.core;

import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Goes by keys in the plainest way: each has an order of the members by hashes. */
final class KeyedFake extends KeyedSelector {

  private final Candidates candidates;

  KeyedFake(Candidates candidates) {
    super(candidates);
    this.candidates = candidates;
  }

  static Selector create(Candidates candidates, @Nullable Selector previous) {
    return new KeyedFake(candidates);
  }

  /** A key's own order of the eligible nodes. */
  static List<Node> order(List<Node> eligible, long place) {
    return eligible.stream()
        .sorted(Comparator.comparingLong(node -> Mix.mix64(place ^ KeyHash.of(node.server().id()))))
        .toList();
  }

  @Override
  @Nullable Node select(long place, Query query, @Nullable Room room) {
    return order(candidates.eligible(), place).stream()
        .filter(node -> !query.isTried(node) && (room == null || room.isIn(node)))
        .findFirst()
        .orElse(null);
  }
}
