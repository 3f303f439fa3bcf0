package io.evenkeel.core;

import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.Locale;
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
              Map.entry("power_of_two", PowerOfTwoSelector::create),
              Map.entry("ip_hash", IpHashSelector.factory()),
              Map.entry("maglev", MaglevSelector.factory(MaglevSelector.DEFAULT_TABLE_SIZE)),
              Map.entry("rendezvous", RendezvousSelector.factory()),
              Map.entry(
                  "ring_hash",
                  RingHashSelector.factory(
                      HashRing.Placement.ENVOY,
                      HashRing.DEFAULT_MINIMUM_SIZE,
                      HashRing.LARGEST_SIZE))));

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
   * {@code ip_hash}: the server of number hash(key) mod n, of the n servers in the order in which
   * they were added, blocked or not; if it is blocked, the next in that order that is eligible.
   * O(1). Equal keys go to the same server, whatever its weight (a weight of 0 still means nothing
   * new). The key may be anything; the TCP proxy gives the client's IP address.
   *
   * <p>This is plain hashing, as nginx's {@code ip_hash} and {@code hash} and HAProxy's map-based
   * hashing are. A server more or less moves nearly every key, unlike with the consistent ones
   * ({@link #maglev()}, {@link #rendezvous()}), and the neighbour of a blocked server gets all that
   * was its. Needs a key, as those do.
   */
  public static Selector.Factory ipHash() {
    return named("ip_hash");
  }

  /**
   * {@code maglev}: consistent hashing by a table of 65,537 slots, the same as Envoy's; see {@link
   * #maglev(int)}.
   */
  public static Selector.Factory maglev() {
    return named("maglev");
  }

  /**
   * {@code maglev} with a table of another size: the key's hash mod the size is a slot, and each
   * slot has a server (Eisenbud et al., "Maglev: A fast and reliable software network load
   * balancer", NSDI 2016). O(1), and the cheapest of the consistent selectors. Of M slots, n
   * servers have each from (M − n) · weight / Σweights − 1 to M · weight / Σweights + 2, and one at
   * least. When one of them comes or goes its keys move, and some between others: fewer in a larger
   * table, which should have 100 slots for each server or more.
   *
   * <p>The table is that of Envoy's Maglev load balancer over servers of the same addresses, {@code
   * ip:port}, and weights; hash the same keys with XXH64, as Envoy does, and each goes to the same
   * server. Where a server is blocked, Envoy fills its table anew without it, which moves a few
   * keys of others; here only the blocked server's move, each to the server of the next slot that
   * may be picked: evenly to all others. They come back with it. Retries go on in that order, too.
   * Such a pick is O(Σweights / Σeligible weights). A slow start changes nothing.
   *
   * <p>The table is filled when servers or weights change, O(M · (log M + log(servers))):
   * milliseconds at 65,537 slots. It takes 2 bytes a slot, or 4 above 65,536 servers.
   *
   * <p>Needs a key: a pick without one gets a server by chance, and that is logged once.
   *
   * @param tableSize a prime, from 5 to 5,000,011. A change that brings more servers with a weight
   *     than there are slots is refused with an {@link IllegalArgumentException}.
   * @throws IllegalArgumentException if it is not so
   */
  public static Selector.Factory maglev(int tableSize) {
    return new Named(
        new SelectorDescription("maglev", Map.of("table_size", String.valueOf(tableSize))),
        MaglevSelector.factory(tableSize));
  }

  /**
   * {@code rendezvous}: consistent hashing by highest random weight (Thaler and Ravishankar, "A
   * name-based mapping scheme for rendezvous", 1998). For each key every server has a score, and
   * the highest eligible one is picked; retries take the next. O(eligible servers), so for some
   * hundred servers at most.
   *
   * <p>Nothing moves that need not: when a server comes or goes, is blocked or back, or changes its
   * weight, keys move to it or from it and between no others; a blocked server's go to all others
   * in proportion to their weights. Shares of keys are in proportion to the weights.
   *
   * <p>The score of a server with weight w is w / −ln(u), with u = (⌊h / 2¹²⌋ + ½) / 2⁵² and h =
   * mix(k XOR s), unsigned: k is the key's hash, s is XXH64, with seed 0, of the server's address
   * {@code host:port} (an IPv6 address in brackets; if several servers have one address, the second
   * by id counts as {@code host:port#2}, and so on), and mix is the finaliser of SplitMix64: z ^= z
   * >>> 30; z *= 0xbf58476d1ce4e5b9; z ^= z >>> 27; z *= 0x94d049bb133111eb; z ^= z >>> 31. Of
   * equal scores the higher h counts. The logarithm gives shares that are exactly in proportion
   * (Schindelhauer and Schomaker, "Weighted distributed hash tables", 2005). Who computes the same
   * agrees on every key. A slow start changes nothing.
   *
   * <p>Needs a key: a pick without one gets a server by chance, and that is logged once.
   */
  public static Selector.Factory rendezvous() {
    return named("rendezvous");
  }

  /**
   * {@code ring_hash}: a key's server on a consistent-hash ring, the same as that of an Envoy's
   * {@code ring_hash} of default sizes in front of the same servers: {@link #ringHash(
   * HashRing.Placement, int, int)} with {@link HashRing.Placement#ENVOY}.
   */
  public static Selector.Factory ringHash() {
    return named("ring_hash");
  }

  /**
   * {@code ring_hash} that agrees with another program: {@link #ringHash(HashRing.Placement, int,
   * int)} with the default sizes, {@value HashRing#DEFAULT_MINIMUM_SIZE} and {@value
   * HashRing#LARGEST_SIZE}.
   */
  public static Selector.Factory ringHash(HashRing.Placement placement) {
    return ringHash(placement, HashRing.DEFAULT_MINIMUM_SIZE, HashRing.LARGEST_SIZE);
  }

  /**
   * {@code ring_hash}: the server that a key belongs to on a {@link HashRing} of all members, or,
   * while that may not be picked, the next one along the ring: so its keys spread over the others,
   * no other key moves, and they come back when it does. Retries walk on the same way. O(1) on
   * average while most of the weight is eligible, else O(Σweights / Σeligible weights); allocates
   * nothing for a key of ASCII characters, nor in {@link HashRing.Placement#ENVOY} for one of up to
   * 64 characters.
   *
   * <p>The ring goes by the configured weights: a slow start changes nothing. It is built when
   * servers or weights change, not when health does. A key that is known by its hash alone ({@link
   * Query#forHash}) has its place by that, in a 32-bit placement by its lower 32 bits.
   *
   * @param placement who is to agree
   * @param minimumSize at least so many points in {@link HashRing.Placement#ENVOY}, 1 to {@value
   *     HashRing#LARGEST_SIZE}: about 160 times the number of servers makes them even
   * @param maximumSize at most so many there, in the same range
   * @throws IllegalArgumentException if a size is out of its range, or the minimum above the
   *     maximum
   */
  public static Selector.Factory ringHash(
      HashRing.Placement placement, int minimumSize, int maximumSize) {
    Selector.Factory factory = RingHashSelector.factory(placement, minimumSize, maximumSize);
    Map<String, String> options = new HashMap<>();
    options.put("placement", placement.name().toLowerCase(Locale.ROOT));
    if (minimumSize != HashRing.DEFAULT_MINIMUM_SIZE) {
      options.put("minimum_size", String.valueOf(minimumSize));
    }
    if (maximumSize != HashRing.LARGEST_SIZE) {
      options.put("maximum_size", String.valueOf(maximumSize));
    }
    return new Named(new SelectorDescription("ring_hash", options), factory);
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
   * <p>Of {@code ring_hash}: {@code placement} ({@code envoy}, the default, {@code ketama}, {@code
   * nginx}), {@code minimum_size}, {@code maximum_size}, as in {@link #ringHash(HashRing.Placement,
   * int, int)}. Of {@code maglev}: {@code table_size}, as in {@link #maglev(int)}. Of any selector:
   * {@code bounded} (ε, as {@code 0.25}: {@link Selector.Factory#bounded}); {@code zone} (the
   * client's own: {@link Selector.Factory#zoneAware}); {@code subset} (client index / size, as
   * {@code 3/20}: {@link Selector.Factory#subset}); {@code sticky_ttl} (a whole number with {@code
   * ms}, {@code s}, {@code m} or {@code h}, up to {@code 8760h}) and, beside it, {@code sticky_max}
   * (entries, 100,000 by default: {@link Selector.Factory#sticky}). They stand around one another
   * in this order, {@code bounded} innermost.
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

  /**
   * The name and the options of a factory: of one made by {@link #named(String, Map)} exactly those
   * that it was made with, of one made by methods such as would make the same, if they stand around
   * one another in that order.
   *
   * @return of a factory of a user's own, its {@code toString} for a name
   */
  public static SelectorDescription describe(Selector.Factory factory) {
    if (factory instanceof Named named) {
      return named.description();
    }
    if (factory instanceof Around around) {
      SelectorDescription inside = describe(around.inner());
      Map<String, String> options = new HashMap<>(inside.options());
      options.putAll(around.options());
      return new SelectorDescription(inside.name(), options);
    }
    for (Map.Entry<String, Selector.Factory> entry : BY_NAME.entrySet()) {
      if (entry.getValue() == factory) {
        return new SelectorDescription(entry.getKey(), Map.of());
      }
    }
    return new SelectorDescription(String.valueOf(factory), Map.of());
  }

  /** Whether both are known to make the same selectors. */
  static boolean isSame(Selector.Factory one, Selector.Factory other) {
    if (one instanceof Named a && other instanceof Named b) {
      return a.description().equals(b.description());
    }
    if (one instanceof Around a && other instanceof Around b) {
      return a.options().equals(b.options()) && isSame(a.inner(), b.inner());
    }
    return one.equals(other);
  }

  /** Whether it is one of those whose picks do not depend on what a slow start makes of weights. */
  static boolean ignoresSlowStart(Selector.Factory factory) {
    Selector.Factory plain = Named.unwrap(factory);
    if (plain instanceof Around around) {
      return !around.looksAtWeights() && ignoresSlowStart(around.inner());
    }
    return plain instanceof KeyedSelector.Factory
        || plain == BY_NAME.get("round_robin")
        || plain == BY_NAME.get("random");
  }

  /** Whether it makes selectors that go by keys, with whatever around them. */
  static boolean isKeyed(Selector.Factory factory) {
    Selector.Factory plain = Named.unwrap(factory);
    return plain instanceof Around around
        ? isKeyed(around.inner())
        : plain instanceof KeyedSelector.Factory;
  }

  /** The names that {@link #named} takes, in alphabetical order. */
  public static Collection<String> names() {
    return Collections.unmodifiableSet(BY_NAME.keySet());
  }
}
