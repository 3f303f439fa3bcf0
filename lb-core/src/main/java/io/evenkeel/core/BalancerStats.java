package io.evenkeel.core;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * What a balancer has done and how it stands: see {@link LoadBalancer#stats()}. Immutable.
 *
 * <p>The counts only grow from one reading to the next, and count what went to servers that have
 * left, too. Read while picks go on they are a moment's each, not all of one moment; there are
 * never more outcomes than picks. Once all leases are closed, picks = successes + failures +
 * neutral.
 *
 * <p>Made by the balancer: further components may be added in any release.
 *
 * @param age how long there has been this balancer, on its own clock: rates are differences of
 *     counts by differences of this
 * @param picks leases ever taken
 * @param successes leases that ended in success
 * @param failuresByKind leases that ended in failure, by what went wrong; every kind is there
 * @param neutral leases closed without a word
 * @param refused picks for which no server was available
 * @param inFlight leases taken and not yet closed, those on servers that have left among them
 * @param eligible how many of the servers may be picked
 * @param panicking whether so few are healthy that health is not asked
 * @param servers each member, in the order in which they were added
 */
public record BalancerStats(
    Duration age,
    long picks,
    long successes,
    Map<FailureKind, Long> failuresByKind,
    long neutral,
    long refused,
    long inFlight,
    int eligible,
    boolean panicking,
    List<ServerStats> servers) {

  /** Leases that ended in failure, of any kind. */
  public long failures() {
    return sum(failuresByKind);
  }

  /**
   * Of these members.
   *
   * @param departed of all who are members no more
   */
  static BalancerStats of(
      Snapshot snapshot, Totals departed, long refused, long originNanos, long now) {
    Histogram scratch = null;
    Totals totals = new Totals();
    totals.add(departed);
    List<ServerStats> servers = new ArrayList<>(snapshot.members().size());
    int eligible = 0;
    for (Node node : snapshot.members()) {
      LatencyWindows windows = node.windows();
      if (windows != null && scratch == null) {
        scratch = LatencyWindows.scratch();
      }
      Totals own = new Totals();
      own.add(node);
      totals.add(own);
      Server server = node.server();
      Blocks blocks = node.blocked();
      boolean mayBePicked =
          server.weight() > 0
              && (snapshot.isPanicking() ? blocks.isAtMostByHealth() : blocks.isNone());
      eligible += mayBePicked ? 1 : 0;
      servers.add(
          new ServerStats(
              server,
              mayBePicked,
              (int) own.inFlight,
              node.maxConcurrent(),
              own.picks,
              own.successes,
              own.failuresByKind(),
              own.neutral,
              node.effectiveWeight(),
              windows == null || scratch == null ? null : windows.stats(now, scratch),
              ewma(node),
              blockStats(blocks, now)));
    }
    return new BalancerStats(
        Duration.ofNanos(now - originNanos),
        totals.picks,
        totals.successes,
        totals.failuresByKind(),
        totals.neutral,
        refused,
        totals.inFlight,
        eligible,
        snapshot.isPanicking(),
        Collections.unmodifiableList(servers));
  }

  private static @Nullable Duration ewma(Node node) {
    Latency latency = node.latency();
    double cost = latency == null ? 0 : latency.cost();
    return cost == 0 ? null : Duration.ofNanos(Math.round(cost));
  }

  private static Map<Block, ServerStats.BlockStats> blockStats(Blocks blocks, long now) {
    if (blocks.isNone()) {
      return Map.of();
    }
    Map<Block, ServerStats.BlockStats> stats = new EnumMap<>(Block.class);
    blocks
        .marks()
        .forEach(
            (block, mark) ->
                stats.put(block, new ServerStats.BlockStats(mark.age(now), mark.cause())));
    return Collections.unmodifiableMap(stats);
  }

  static long sum(Map<FailureKind, Long> counts) {
    return counts.values().stream().mapToLong(Long::longValue).sum();
  }
}
