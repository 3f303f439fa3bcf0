package io.evenkeel.core;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * The members of a balancer and the eligible ones among them at one instant, tier by tier, with the
 * selectors built over them. Immutable but for the selectors' cursors; swapped whole.
 */
final class Snapshot {

  private static final int NAMED_AT_MOST = 10;

  /** How often a selector is asked for one pick while its choices are at their limit. */
  static final int ASKED_AT_MOST = 8;

  record Tier(int level, Selector selector, List<Node> eligible) {}

  /**
   * What a balancer builds each snapshot with.
   *
   * @param panicThreshold the share of members that must be eligible, or health is not asked; 0 to
   *     1
   */
  record Recipe(Selector.Factory factory, Environment environment, double panicThreshold) {}

  private final List<Node> members;

  /** The blocks of each member as they were when eligibility was decided. */
  private final Blocks[] blocks;

  private final Tier[] tiers;
  private final int eligibleCount;
  private final boolean panicking;

  private Snapshot(
      List<Node> members, Blocks[] blocks, Tier[] tiers, int eligibleCount, boolean panicking) {
    this.panicking = panicking;
    this.members = members;
    this.blocks = blocks;
    this.tiers = tiers;
    this.eligibleCount = eligibleCount;
  }

  /**
   * The snapshot of these nodes as they are; under the change lock, so that no block moves.
   *
   * @param previous the snapshot in force, whose selectors hand their cursors on; null at first
   */
  static Snapshot of(Collection<Node> nodes, Recipe recipe, @Nullable Snapshot previous) {
    Selector.Factory factory = recipe.factory;
    List<Node> members = List.copyOf(nodes);
    boolean panicking = isPanic(members, recipe.panicThreshold);
    Blocks[] blocks = new Blocks[members.size()];
    TreeMap<Integer, List<Node>> byTier = new TreeMap<>();
    for (int i = 0; i < blocks.length; i++) {
      Node node = members.get(i);
      blocks[i] = node.blocked();
      byTier.computeIfAbsent(node.server().tier(), level -> new ArrayList<>()).add(node);
    }
    Tier[] tiers = new Tier[byTier.size()];
    int eligibleCount = 0;
    int t = 0;
    for (Map.Entry<Integer, List<Node>> tier : byTier.entrySet()) {
      int level = tier.getKey();
      List<Node> eligible =
          tier.getValue().stream()
              .filter(panicking ? Node::isEligibleInPanic : Node::isEligible)
              .toList();
      Selector before = previous == null ? null : previous.selectorOf(level);
      Candidates candidates = new Candidates(tier.getValue(), eligible, recipe.environment);
      Selector selector = factory.create(candidates, before);
      if (selector == null) { // a user's factory may not have been checked for nullness
        throw new NullPointerException("selector: " + factory + " returned null");
      }
      tiers[t++] = new Tier(level, selector, eligible);
      eligibleCount += eligible.size();
    }
    return new Snapshot(members, blocks, tiers, eligibleCount, panicking);
  }

  /** Whether fewer are eligible, of those that only health may block, than there must be. */
  private static boolean isPanic(List<Node> members, double threshold) {
    if (threshold == 0) {
      return false;
    }
    long possible = members.stream().filter(Node::isEligibleInPanic).count();
    long eligible = members.stream().filter(Node::isEligible).count();
    return isPanic(eligible, possible, threshold);
  }

  static boolean isPanic(long eligible, long possible, double threshold) {
    return eligible < threshold * possible;
  }

  /** The first tier's choice; a later tier's where no eligible node is left in those before. */
  @Nullable Node select(Query query) {
    for (Tier tier : tiers) {
      Node node = tier.selector.select(query);
      if (node != null) {
        return node;
      }
    }
    return null;
  }

  /** Where the selector's choice is at its limit: asks again, and then takes whoever has room. */
  @Nullable Node selectWithRoom(Query tried, int maxConcurrent) {
    Query query = tried;
    for (int i = 1; i < ASKED_AT_MOST; i++) {
      Node node = select(query);
      if (node == null || node.tryPick(maxConcurrent)) {
        return node;
      }
      query = query.excluding(node);
    }
    for (Tier tier : tiers) {
      int n = tier.eligible.size();
      int start = n == 0 ? 0 : ThreadLocalRandom.current().nextInt(n);
      for (int i = 0; i < n; i++) {
        Node node = tier.eligible.get((start + i) % n);
        if (!tried.isTried(node) && node.tryPick(maxConcurrent)) {
          return node;
        }
      }
    }
    return null;
  }

  List<Node> members() {
    return members;
  }

  /** The lowest first. */
  List<Tier> tiers() {
    return List.of(tiers);
  }

  /** Of the member of this index, as they were when eligibility was decided. */
  Blocks blocksOf(int member) {
    return blocks[member];
  }

  boolean isPanicking() {
    return panicking;
  }

  int eligibleCount() {
    return eligibleCount;
  }

  Map<String, Set<Block>> blocks() {
    Map<String, Set<Block>> byId = new LinkedHashMap<>();
    for (int i = 0; i < blocks.length; i++) {
      byId.put(members.get(i).server().id(), blocks[i].kinds());
    }
    return byId;
  }

  /** Why a pick with this query found nothing, for people: the servers and what is against each. */
  String whyNot(Query query) {
    if (members.isEmpty()) {
      return "no server available: the balancer has no members";
    }
    StringBuilder text = new StringBuilder("no server available of ").append(members.size());
    for (int i = 0; i < blocks.length && i < NAMED_AT_MOST; i++) {
      Node node = members.get(i);
      text.append(i == 0 ? ": " : ", ").append(node.server().id()).append(' ');
      if (!blocks[i].isNone()) {
        text.append(blocks[i]);
      } else if (node.weight() == 0) {
        text.append("weight 0");
      } else {
        text.append(query.isTried(node) ? "already tried" : "at its limit or not selected");
      }
    }
    return blocks.length > NAMED_AT_MOST ? text.append(", …").toString() : text.toString();
  }

  private @Nullable Selector selectorOf(int level) {
    for (Tier tier : tiers) {
      if (tier.level == level) {
        return tier.selector;
      }
    }
    return null;
  }
}
