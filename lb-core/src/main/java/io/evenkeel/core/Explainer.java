package io.evenkeel.core;

import io.evenkeel.core.Explanation.Standing;
import io.evenkeel.core.Explanation.Verdict;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/** Follows the way of a pick over one snapshot, and leaves no trace: for one query, once. */
final class Explainer {

  private final Snapshot snapshot;
  private final Query query;
  private final long now;

  /** Of every eligible node. */
  private final Map<Node, Snapshot.Tier> tiers = new HashMap<>();

  /** The eligible ones that would refuse, and why, as each was looked at once. */
  private final Map<Node, String> full = new HashMap<>();

  /** The first with anybody to pick; null if there is none. */
  private Snapshot.@Nullable Tier tierInUse;

  private Explainer(Snapshot snapshot, Query query, long now) {
    this.snapshot = snapshot;
    this.query = query;
    this.now = now;
    for (Snapshot.Tier tier : snapshot.tiers()) {
      for (Node node : tier.eligible()) {
        tiers.put(node, tier);
        String refusal = node.refusal(snapshot.isPanicking());
        if (refusal != null) {
          full.put(node, refusal);
        } else if (tierInUse == null && !query.isTried(node)) {
          tierInUse = tier;
        }
      }
    }
  }

  static Explanation explain(Snapshot snapshot, Query query, long now) {
    return new Explainer(snapshot, query, now).explain();
  }

  private Explanation explain() {
    Node next = next();
    List<Standing> standings = new ArrayList<>(snapshot.members().size());
    for (int i = 0; i < snapshot.members().size(); i++) {
      standings.add(standing(snapshot.members().get(i), snapshot.blocksOf(i), next));
    }
    return new Explanation(next == null ? null : next.server(), standings);
  }

  /** Where the choice is at its limit a pick asks the selector again, some times. */
  private @Nullable Node next() {
    Query left = query;
    for (int i = 0; tierInUse != null && i < Snapshot.ASKED_AT_MOST; i++) {
      Node node = peek(left);
      if (node == null || !full.containsKey(node)) {
        return node;
      }
      left = left.excluding(node);
    }
    return null;
  }

  private @Nullable Node peek(Query left) {
    for (Snapshot.Tier tier : snapshot.tiers()) {
      for (Node node : tier.eligible()) {
        if (!left.isTried(node)) {
          return tier.selector().peek(left);
        }
      }
    }
    return null;
  }

  private Standing standing(Node node, Blocks blocks, @Nullable Node next) {
    Server server = node.server();
    Snapshot.Tier tier = tiers.get(node);
    if (tier == null) {
      StringJoiner reasons = new StringJoiner(", ").add(describe(blocks));
      if (!blocks.isNone() && server.weight() == 0) {
        reasons.add("weight 0");
      }
      Verdict verdict = blocks.isNone() ? Verdict.WEIGHT_ZERO : Verdict.BLOCKED;
      return new Standing(server, verdict, reasons.toString());
    }
    String panic = blocks.isNone() ? "" : "in a panic, in spite of " + describe(blocks);
    if (node == next) {
      return new Standing(server, Verdict.NEXT, panic);
    }
    if (query.isTried(node)) {
      return new Standing(server, Verdict.TRIED, "");
    }
    String refusal = full.get(node);
    if (refusal != null) {
      return new Standing(server, Verdict.AT_LIMIT, refusal);
    }
    if (tierInUse != null && tier.level() != tierInUse.level()) {
      String text = "tier " + tier.level() + ", while tier " + tierInUse.level() + " is in use";
      return new Standing(server, Verdict.LATER_TIER, text);
    }
    return new Standing(server, Verdict.POSSIBLE, panic);
  }

  /** {@code PROBE_DOWN for 3m12s (refused)}. */
  private String describe(Blocks blocks) {
    StringJoiner text = new StringJoiner(", ");
    blocks
        .marks()
        .forEach(
            (block, mark) -> {
              Duration exact = mark.age(now);
              ChronoUnit step = exact.toMinutes() == 0 ? ChronoUnit.MILLIS : ChronoUnit.SECONDS;
              String age = exact.truncatedTo(step).toString().substring("PT".length());
              text.add(block + " for " + age.toLowerCase(Locale.ROOT) + " (" + mark.cause() + ")");
            });
    return text.toString();
  }
}
