package io.evenkeel.core;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Around a selector: one over this client's own few members, and one over all others for when
 * nobody of those is left.
 *
 * <p>Deterministic subsetting (Beyer and others, "Site Reliability Engineering", 2016, chapter 20):
 * the clients, numbered from 0, come in rounds, each with an order of its own of the n members, and
 * each client takes the next {@code size} of that order, which goes round. There it is a shuffle of
 * n / size clients a round, and what is left of the order is wasted on nobody; here a round has n /
 * gcd(n, size) clients, which go round the order size / gcd(n, size) times, to its end. So after
 * each round all members have the same number of clients, and within one the members taken once
 * more than the rest are neighbours in the order: never a difference of more than 1, for any number
 * of clients. The order is one by hashes of the ids, lest a member that comes or goes change the
 * order of the others.
 *
 * <p>Of members, not of eligible ones: a server that fails changes nobody's subset.
 */
final class SubsetSelector implements Selector, KeyedSelector.Room {

  private record Ranked(long rank, Node node) {}

  private final Selector inside;
  private final Selector outside;
  private final List<Node> members;
  private final Set<Node> subset;

  /** Of the subset. */
  private final List<Node> eligible;

  private SubsetSelector(
      Candidates candidates,
      Selector.Factory inner,
      int clientIndex,
      int size,
      @Nullable SubsetSelector before) {
    this.members = candidates.members();
    this.subset =
        before != null && before.members.equals(members)
            ? before.subset
            : new HashSet<>(subset(members, clientIndex, size));
    Candidates own = candidates.only(subset::contains);
    this.eligible = own.eligible();
    this.inside = own.build(inner, before == null ? null : before.inside);
    this.outside =
        candidates
            .only(node -> !subset.contains(node))
            .build(inner, before == null ? null : before.outside);
  }

  static Selector.Factory factory(Selector.Factory inner, int clientIndex, int size) {
    if (clientIndex < 0) {
      throw new IllegalArgumentException("clientIndex: " + clientIndex + " (expected: >= 0)");
    }
    if (size < 1) {
      throw new IllegalArgumentException("size: " + size + " (expected: >= 1)");
    }
    return new Around(
        inner,
        false,
        Map.of("subset", clientIndex + "/" + size),
        (candidates, previous) ->
            new SubsetSelector(
                candidates,
                inner,
                clientIndex,
                size,
                previous instanceof SubsetSelector same ? same : null));
  }

  /** A client's members. O(n log n). */
  static List<Node> subset(List<Node> members, int clientIndex, int size) {
    int n = members.size();
    if (size >= n) {
      return members;
    }
    int perRound = n / gcd(n, size);
    int round = clientIndex / perRound;
    List<Node> order = order(members, round);
    int from = (int) ((long) (clientIndex % perRound) * size % n);
    List<Node> chosen = new ArrayList<>(size);
    for (int i = 0; i < size; i++) {
      chosen.add(order.get((from + i) % n));
    }
    return chosen;
  }

  private static List<Node> order(List<Node> members, int round) {
    long salt = Mix.mix64(round);
    List<Ranked> ranked = new ArrayList<>(members.size());
    for (Node node : members) {
      ranked.add(new Ranked(Mix.mix64(KeyHash.of(node.server().id()) ^ salt), node));
    }
    ranked.sort(
        Comparator.comparingLong(Ranked::rank).thenComparing(one -> one.node.server().id()));
    return ranked.stream().map(Ranked::node).toList();
  }

  private static int gcd(int a, int b) {
    return b == 0 ? a : gcd(b, a % b);
  }

  @Override
  public @Nullable Node select(Query query) {
    Node node = inside.select(query);
    return node == null ? outside.select(query) : node;
  }

  @Override
  public @Nullable Node peek(Query query) {
    for (Node node : eligible) {
      if (!query.isTried(node)) {
        return inside.peek(query);
      }
    }
    return outside.peek(query);
  }

  @Override
  public boolean isIn(Node node) {
    return KeyedSelector.Room.isIn(subset.contains(node) ? inside : outside, node);
  }
}
