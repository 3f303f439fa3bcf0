package io.evenkeel.core;

import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One member in a {@link BalancerStats}. Immutable. The counts are since it became a member.
 *
 * <p>Made by the balancer: further components may be added in any release.
 *
 * @param server who it is
 * @param eligible whether it may be picked: no block (in a panic, none by the operator), and a
 *     weight above 0
 * @param inFlight leases taken and not yet closed
 * @param maxConcurrent how many leases it may have at a time: its own limit, or else the
 *     balancer's; {@link Integer#MAX_VALUE} for no limit
 * @param picks leases ever taken
 * @param successes leases that ended in success
 * @param failuresByKind leases that ended in failure, by what went wrong; every kind is there
 * @param neutral leases closed without a word
 * @param effectiveWeight the weight by which it is picked now: less than the server's during a slow
 *     start, and while its agent asks for less
 * @param latencies how long its successes took; null if none was recorded in the last windows, or
 *     none are: see {@link LoadBalancerBuilder#recordLatency}
 * @param ewma the cost by which {@code peak_ewma} and {@code least_response_time} compare, as of
 *     its last outcome: a mean latency that forgets with time, in which a failure counts for many
 *     times its latency; null with other selectors, and before the first outcome
 * @param blocks why it may not be picked; empty if nothing blocks it; in the order of {@link Block}
 */
public record ServerStats(
    Server server,
    boolean eligible,
    int inFlight,
    int maxConcurrent,
    long picks,
    long successes,
    Map<FailureKind, Long> failuresByKind,
    long neutral,
    double effectiveWeight,
    @Nullable Latencies latencies,
    @Nullable Duration ewma,
    Map<Block, BlockStats> blocks) {

  /** Leases that ended in failure, of any kind. */
  public long failures() {
    return BalancerStats.sum(failuresByKind);
  }

  /**
   * How long uses that ended in success took, from acquire to {@link Lease#success()}, in the
   * window of time that is under way and the one before. Each value is at most 1 % (or 1 µs) above
   * the true one. By HdrHistogram.
   *
   * @param count how many there were; above 0
   * @param p50 half of them took at most this long
   * @param p90 90 % of them took at most this long
   * @param p95 95 % of them took at most this long
   * @param p99 99 % of them took at most this long
   * @param max all of them took at most this long
   */
  public record Latencies(
      long count, Duration p50, Duration p90, Duration p95, Duration p99, Duration max) {}

  /**
   * One block.
   *
   * @param age how long it has been there
   * @param cause what led to it, in a few words, for people
   */
  public record BlockStats(Duration age, String cause) {}
}
