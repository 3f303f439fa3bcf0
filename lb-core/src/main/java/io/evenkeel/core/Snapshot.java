package io.evenkeel.core;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The members of a balancer and the eligible ones among them at one instant, tier by tier, with the
 * selectors built over them. Immutable but for the selectors' cursors; swapped whole.
 */
final class Snapshot {

  private static final int NAMED_AT_MOST = 10;

  /** How often a selector is asked for one pick while its choices are at their limit. */
  static final int ASKED_AT_MOST = 64;

  record Tier(int level, Selector selector, List<Node> eligible, Randomness random) {}

  /**
   * What a balancer builds each snapshot with.
   *
   * @param panicThreshold the share of members that must be eligible, or health is not asked; 0 to
   *     1
   * @param maxConcurrent the limit of servers that have none of their own
   */
  record Recipe(
      Selector.Factory factory,
      Environment environment,
      double panicThreshold,
      SlowStart slowStart,
      int maxConcurrent) {

    static int checkedLimit(int maxConcurrent) {
      if (maxConcurrent < 1) {
        throw new IllegalArgumentException("maxConcurrent: " + maxConcurrent + " (expected: >= 1)");
      }
      return maxConcurrent;
    }

    static double checkedShare(double panicThreshold) {
      if (!(panicThreshold >= 0 && panicThreshold <= 1)) {
        throw new IllegalArgumentException(
            "panicThreshold: " + panicThreshold + " (expected: 0 to 1)");
      }
      return panicThreshold;
    }

    BalancerSettings settings() {
      return new BalancerSettings(
          factory,
          maxConcurrent,
          panicThreshold,
          Duration.ofNanos(slowStart.windowNanos()),
          slowStart.aggression());
    }
  }

  /** What one tier's selector is to be built over. */
  private static final class Draft {
    private final List<Node> members = new ArrayList<>();
    private final List<Node> eligible = new ArrayList<>();
    private final List<Double> shares = new ArrayList<>();
    private boolean isAnyLess;

    void add(Node node, boolean isEligible, double startShare) {
      members.add(node);
      if (isEligible) {
        double share = startShare * (node.reportedPercent() / 100.0);
        eligible.add(node);
        shares.add(share);
        isAnyLess |= share < 1;
      }
    }

    int[] weights() {
      int[] weights = new int[eligible.size()];
      for (int i = 0; i < weights.length; i++) {
        int weight = eligible.get(i).weight();
        weights[i] = isAnyLess ? SlowStart.scaled(weight, shares.get(i)) : weight;
      }
      return weights;
    }
  }

  /** What made its selectors. */
  private final Selector.Factory factory;

  private final List<Node> members;

  /** The blocks of each member as they were when eligibility was decided. */
  private final Blocks[] blocks;

  /**
   * Each member's {@link Node#eligibleSince}, and its share of its weight; empty if all have all.
   */
  private final long[] since;

  private final double[] shares;
  private final Tier[] tiers;
  private final int eligibleCount;
  private final boolean panicking;

  /** That of its candidates. */
  private final Build build;

  private Snapshot(
      Selector.Factory factory,
      List<Node> members,
      Blocks[] blocks,
      long[] since,
      double[] shares,
      Tier[] tiers,
      int eligibleCount,
      boolean panicking,
      Build build) {
    this.factory = factory;
    this.panicking = panicking;
    this.build = build;
    this.members = members;
    this.blocks = blocks;
    this.since = since;
    this.shares = shares;
    this.tiers = tiers;
    this.eligibleCount = eligibleCount;
  }

  /**
   * The snapshot of these nodes as they are; under the change lock, so that no block moves.
   *
   * @param previous the snapshot in force, whose selectors hand their cursors on; null at first
   */
  static Snapshot of(Collection<Node> nodes, Recipe recipe, @Nullable Snapshot previous) {
    List<Node> members = List.copyOf(nodes);
    boolean panicking = isPanic(members, recipe.panicThreshold);
    int n = members.size();
    Blocks[] blocks = new Blocks[n];
    SlowStart slowStart = recipe.slowStart;
    // Also with the first slow start: nobody of those who serve is to be held back by it.
    boolean isFirst = previous == null || previous.since.length == 0;
    long[] since = new long[slowStart.isOn() ? n : 0];
    double[] shares = new double[since.length];
    long now = slowStart.isOn() ? recipe.environment.clock().nanoTime() : 0;
    TreeMap<Integer, Draft> drafts = new TreeMap<>();
    for (int i = 0; i < n; i++) {
      Node node = members.get(i);
      blocks[i] = node.blocked();
      double share = 1;
      if (slowStart.isOn()) {
        since[i] = slowStart.since(node, isFirst, now);
        share = slowStart.share(since[i], now);
        shares[i] = share;
      }
      drafts
          .computeIfAbsent(node.server().tier(), level -> new Draft())
          .add(node, panicking ? node.isEligibleInPanic() : node.isEligible(), share);
    }
    Build build = new Build();
    Tier[] tiers = new Tier[drafts.size()];
    int eligibleCount = 0;
    int t = 0;
    try {
      for (Map.Entry<Integer, Draft> entry : drafts.entrySet()) {
        tiers[t] = tier(entry.getKey(), entry.getValue(), recipe, previous, build);
        eligibleCount += tiers[t++].eligible.size();
      }
    } catch (Throwable e) {
      discard(members, build);
      throw e;
    }
    return new Snapshot(
        recipe.factory, members, blocks, since, shares, tiers, eligibleCount, panicking, build);
  }

  /** It never comes into force: takes back what its selectors have asked of the nodes. */
  void discard() {
    discard(members, build);
  }

  private static void discard(List<Node> members, Build build) {
    members.forEach(node -> node.leaveSeatsOf(build));
    build.refused();
  }

  private static Tier tier(
      int level, Draft draft, Recipe recipe, @Nullable Snapshot previous, Build build) {
    Candidates candidates =
        new Candidates(draft.members, draft.eligible, draft.weights(), recipe.environment, build);
    Selector before =
        previous != null && previous.factory == recipe.factory ? previous.selectorOf(level) : null;
    Selector selector = candidates.build(recipe.factory, before);
    return new Tier(level, selector, candidates.eligible(), candidates.random());
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
    return eligible < threshold * possible * (1 - 1e-12); // 0.55 · 100 is more than 55 in binary
  }

  /** Tells the nodes how far they have got with their slow start; when this comes into force. */
  void startNodes() {
    for (int i = 0; i < members.size(); i++) {
      boolean isOn = since.length > 0;
      members.get(i).setStart(isOn ? since[i] : SlowStart.NOT_ELIGIBLE, isOn ? shares[i] : 1);
    }
  }

  /**
   * Has the nodes tell nobody else of their load, nor measure for anybody else, and does what was
   * put off; once this is in force, instead of that.
   */
  void replaceWatches(Snapshot before) {
    before.members.forEach(node -> node.keepSeatsOf(build));
    members.forEach(node -> node.keepSeatsOf(build));
    build.inForce(members);
  }

  /** Whether a node's share of its weight is to be worked out again soon. */
  boolean isAnyStarting() {
    return Arrays.stream(shares).anyMatch(share -> share < 1);
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

  /**
   * Where the selector's choice has a gate or is at its limit: asks the gate, then the selector
   * again, and then takes whoever lets it in.
   */
  Node.@Nullable Admission selectWithRoom(Node choice, Query tried) {
    Query query = tried;
    Node node = choice;
    for (int asked = 1; true; asked++) {
      Node.Admission admission = node.tryEnter(panicking);
      if (admission != null) {
        return admission;
      }
      if (asked == ASKED_AT_MOST) {
        break;
      }
      query = query.excluding(node);
      Node next = select(query);
      if (next == null) {
        return null;
      }
      node = next;
    }
    for (Tier tier : tiers) {
      int n = tier.eligible.size();
      int start = n == 0 ? 0 : (int) tier.random.next(n);
      for (int i = 0; i < n; i++) {
        Node any = tier.eligible.get((start + i) % n);
        Node.Admission admission = tried.isTried(any) ? null : any.tryEnter(panicking);
        if (admission != null) {
          return admission;
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
        String refusal = node.refusalOfGates(panicking);
        text.append(
            query.isTried(node)
                ? "already tried"
                : refusal == null ? "at its limit or not selected" : refusal);
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
