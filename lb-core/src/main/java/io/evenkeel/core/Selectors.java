package io.evenkeel.core;

import java.util.Collection;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * The selectors that come with Evenkeel, by method and by name. A factory has no state: one may
 * serve any number of balancers. Every selector made by it may be used by any number of threads.
 */
public final class Selectors {

  private static final Map<String, Selector.Factory> BY_NAME =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry("round_robin", RoundRobinSelector::create),
              Map.entry("weighted_round_robin", WeightedRoundRobinSelector::create),
              Map.entry("random", RandomSelector::create),
              Map.entry("weighted_random", RandomSelector::createWeighted),
              Map.entry("least_connections", LeastConnectionsSelector::create),
              Map.entry("least_response_time", LeastResponseTimeSelector::create),
              Map.entry("peak_ewma", PeakEwmaSelector::create),
              Map.entry("power_of_two", PowerOfTwoSelector::create)));

  private Selectors() {}

  /**
   * {@code round_robin}: the next eligible server in rotation, whatever its weight (a weight of 0
   * still means nothing new). O(1). A change of members or health never restarts the rotation.
   */
  public static Selector.Factory roundRobin() {
    return named("round_robin");
  }

  /**
   * {@code least_connections}: the server with the smallest (in flight + 1) / weight; servers that
   * tie take turns. O(log(eligible servers)), at the pick and when its lease ends.
   */
  public static Selector.Factory leastConnections() {
    return named("least_connections");
  }

  /**
   * {@code weighted_round_robin}: each eligible server in turn, in proportion to its weight, evenly
   * spread over time: weights 5, 1, 1 give a a b a c a a, the order of nginx's smooth weighted
   * round robin. O(1).
   *
   * <p>While W = Σweights / gcd is at most 65,536, and W · (different weights + 8 · log2(servers))
   * at most about 4 million, the order is worked out beforehand, and every cycle has exactly the
   * shares, across threads. Above, turns follow multiples of the golden ratio: over any number of
   * picks a server has its share but for a few. A change of members, health or weights lets every
   * server keep what it is owed.
   *
   * <p>A change costs O(W · (different weights + log(servers))), milliseconds where W is large, and
   * O(servers) with the golden ratio. Where the eligible servers and the proportions of their
   * weights stay as they are, it costs O(W + servers) and works out no order.
   */
  public static Selector.Factory weightedRoundRobin() {
    return named("weighted_round_robin");
  }

  /**
   * {@code random}: any eligible server, each as likely as the next (a weight of 0 still means
   * nothing new). O(1); threads share nothing, so it is the cheapest there is.
   */
  public static Selector.Factory random() {
    return named("random");
  }

  /**
   * {@code weighted_random}: any eligible server, in proportion to the weights. O(1), by an alias
   * table (Vose, "A linear algorithm for generating random numbers with a given distribution",
   * 1991); building it is O(servers).
   */
  public static Selector.Factory weightedRandom() {
    return named("weighted_random");
  }

  /**
   * {@code power_of_two}: draws two different servers, in proportion to their weights, and takes
   * the one with the smaller (in flight + 1) / weight. O(1). Nearly as even as {@link
   * #leastConnections()} with many servers, and not misled when many clients see the same server
   * idle (Mitzenmacher, "The power of two choices in randomized load balancing", 2001).
   */
  public static Selector.Factory powerOfTwo() {
    return named("power_of_two");
  }

  /**
   * {@code peak_ewma}: draws two different servers, in proportion to their weights, and takes the
   * one with the smaller cost · (in flight + 1) / weight. O(1). The cost is the latency, acquire to
   * outcome: a peak counts at once and is forgotten with time (τ = 10 s), however much traffic
   * there is; a failure counts 10 times the larger of its latency and the cost, a {@link
   * FailureKind#CANCELLED cancellation} 5 times. A server that never answered is tried by one
   * request at a time. The algorithm is that of Finagle's Peak EWMA balancer.
   *
   * <p>Needs outcomes: leases that are closed without one leave a server unknown. Under load
   * servers of equal latency have requests in flight in proportion to their weights; between idle
   * ones the heavier is the better.
   */
  public static Selector.Factory peakEwma() {
    return named("peak_ewma");
  }

  /**
   * {@code least_response_time}: the smallest mean latency · (1 + 0.1 · in flight) / weight, of all
   * servers where there are up to four, else of two different ones drawn in proportion to their
   * weights. O(1). The mean forgets with time (τ = 10 s); failures, outcomes and unknown servers as
   * with {@link #peakEwma()}.
   *
   * <p>A request in flight counts for little, so the heavier of two equally fast servers has
   * everything until the load is high: with weights 3 and 1 the lighter joins in when the heavier
   * has 20 in flight. What comes on top is shared in proportion.
   */
  public static Selector.Factory leastResponseTime() {
    return named("least_response_time");
  }

  /**
   * A selector by its name, as config files and command lines give it.
   *
   * @param name one of {@link #names()}
   * @throws IllegalArgumentException if there is none of that name; the message lists the names
   */
  public static Selector.Factory named(String name) {
    Selector.Factory factory = name == null ? null : BY_NAME.get(name);
    if (factory == null) {
      throw new IllegalArgumentException(
          "selector: "
              + (name == null ? "null" : "'" + name + "'")
              + " (expected: "
              + String.join(", ", names())
              + ")");
    }
    return factory;
  }

  /**
   * A selector by its name, with options, as config files and command lines give them.
   *
   * <p>Of any selector: {@code bounded} (ε, as {@code 0.25}: {@link Selector.Factory#bounded});
   * {@code zone} (the client's own: {@link Selector.Factory#zoneAware}); {@code subset} (client
   * index / size, as {@code 3/20}: {@link Selector.Factory#subset}); {@code sticky_ttl} (a whole
   * number with {@code ms}, {@code s}, {@code m} or {@code h}, up to {@code 8760h}) and, beside it,
   * {@code sticky_max} (entries, 100,000 by default: {@link Selector.Factory#sticky}). They stand
   * around one another in this order, {@code bounded} innermost.
   *
   * @param name one of {@link #names()}
   * @param options by name
   * @throws IllegalArgumentException if there is no selector of that name, if it has no such
   *     option, or if a value is out of range; the message names the option and says what is
   *     expected
   */
  public static Selector.Factory named(String name, Map<String, String> options) {
    return new SelectorOptions(name, options).factory();
  }

  /** Whether it is one of those whose picks do not depend on how a weight above 0 changes. */
  static boolean ignoresWeights(Selector.Factory factory) {
    if (factory instanceof Around around) {
      return !around.looksAtWeights() && ignoresWeights(around.inner());
    }
    return factory == BY_NAME.get("round_robin") || factory == BY_NAME.get("random");
  }

  /** The names that {@link #named} takes, in alphabetical order. */
  public static Collection<String> names() {
    return Collections.unmodifiableSet(BY_NAME.keySet());
  }
}
