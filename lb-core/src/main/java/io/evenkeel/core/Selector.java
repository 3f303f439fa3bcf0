package io.evenkeel.core;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Picks one node for one query out of a fixed snapshot. Immutable but for its cursor: when members
 * or their health change, the {@link Factory} builds another.
 *
 * <p>Called by many threads at once; must not block, lock or allocate. Returns only nodes that were
 * {@linkplain Candidates#eligible() eligible} in its snapshot and not {@linkplain Query#isTried
 * tried}. An exception that it throws reaches the caller of {@code acquire}; nothing is leased.
 *
 * <p>One of one's own, which always takes the first server that is left:
 *
 * <pre>{@code
 * Selector.Factory first = (candidates, previous) -> query -> {
 *   for (Node node : candidates.eligible()) {
 *     if (!query.isTried(node)) {
 *       return node;
 *     }
 *   }
 *   return null;
 * };
 * LoadBalancer.builder().servers(a, b).selector(first).build();
 * }</pre>
 */
@FunctionalInterface
public interface Selector {

  /**
   * The node for this query, or null if no eligible node is left that was not tried.
   *
   * @param query never null
   */
  @Nullable Node select(Query query);

  /**
   * The node that {@link #select} would return now, if that is sure: for {@link
   * LoadBalancer#explain}. Must leave no trace: takes no turn and moves no cursor. Called by any
   * thread, seldom.
   *
   * @param query never null; at least one eligible node is left that was not tried
   * @return null, as by default, where it cannot be said without selecting
   */
  default @Nullable Node peek(Query query) {
    return null;
  }

  /** Builds a selector for each snapshot. One factory may serve several balancers at once. */
  @FunctionalInterface
  interface Factory {

    /**
     * A selector over these candidates. Called by the thread that makes the change, one change at a
     * time for each balancer, before the snapshot is published; if it throws, the change is refused
     * and everything stays as it was. Must not change the balancer itself: that throws {@link
     * IllegalStateException}. Nor may it change another one, or ask it for its {@linkplain
     * LoadBalancer#stats() stats}, where both may be part of one {@linkplain
     * BalancerChange#applyAll change}: they might wait for each other for ever.
     *
     * <p>Makes a new selector each time, and never returns {@code previous} or one that it made
     * before: one that goes by loads hears of them only while the snapshot that it was made for is
     * being built or in force.
     *
     * @param candidates the members of one tier
     * @param previous what this factory made for the same tier of the snapshot before, still in use
     *     by other threads; null for the first. A cursor is carried over from here.
     */
    Selector create(Candidates candidates, @Nullable Selector previous);

    /**
     * The same selector with bounded loads: a server has at most its capacity, ⌈(1+ε) · (total in
     * flight + 1) · weight / Σweights⌉, in total of all eligible servers of the tier, while any
     * other has room. What is too much for one goes on: with a selector by keys to the next server
     * in the key's own order; any other selector is asked again, up to 8 times in all, and then it
     * is the server with the least in flight for its weight. That one is also taken where all that
     * are left of a retry are full. With T threads picking at once a server may have T − 1 more.
     *
     * <p>Loads are this balancer's own: it does not know what other clients send. A capacity goes
     * down as requests end; nothing that is in flight is taken back then.
     *
     * <p>O(1) and two atomic writes on top of each pick and each end of a lease; O(servers) where
     * nobody with room was found. Allocates nothing around a selector by keys. Call it first, of
     * those below, which keep it: it is to bound the loads within a zone or a subset, not to push
     * requests out.
     *
     * <p>Consistent hashing with bounded loads: Mirrokni, Thorup, Zadimoghaddam, 2018.
     *
     * @param epsilon ε, by how much a server may be above the mean: above 0; 0.25 for a quarter
     * @throws IllegalArgumentException if it is 0, negative, infinite or no number
     */
    default Factory bounded(double epsilon) {
      return BoundedSelector.factory(this, epsilon);
    }

    /**
     * The same selector with a memory: a key gets the server it got before, while that is eligible
     * and the key was picked for within the time to live. Then it is picked anew, and the new one
     * is remembered: a server that comes back finds its keys gone to others. A retry that has tried
     * the remembered server gets another, and so does a pick that finds it full, by a {@link
     * #bounded} further in or by the limit of the balancer; the memory stays. Without a key there
     * is none.
     *
     * <p>The time runs from the last pick, not from the end of its lease: while a connection lasts
     * longer than that, its key is forgotten unless it is picked for again.
     *
     * <p>Keys are told apart by their 64-bit hash. The table is the balancer's own, one for each
     * tier; a server's entries are dropped once its removal is in force. Where it is full, entries
     * that are used seldom go first (W-TinyLFU, not strictly the one unused longest), which may be
     * the new one.
     *
     * <p>A remembered key costs a look-up in a concurrent hash table and a reading of the clock,
     * and no lock; a new one writes to the table, and may wait there for a thread that does the
     * same. Each pick with a key allocates 24 bytes. Call it last: it is to remember what zones and
     * subsets chose.
     *
     * @param ttl how long after the last pick with its key an entry lives, above 0
     * @param maxEntries how many there may be at most, 1 or more
     * @throws IllegalArgumentException if one is out of its range
     */
    default Factory sticky(Duration ttl, int maxEntries) {
      return StickySelector.factory(this, ttl, maxEntries);
    }

    /**
     * The same selector within each zone, and this client's own zone while its capacity suffices,
     * which is decided by the eligible weights, so that failures count: by those that a slow start
     * makes of them, but by the configured ones around a selector by keys, as it goes by these.
     * Where Z zones have any, an own zone with 1/Z of the weight or more serves this client alone.
     * One with a share s below that keeps Z·s of the requests, and the rest go to the zones with
     * more than 1/Z, in proportion to what they have above it. Where the own zone has nobody,
     * requests go to all by weight. As Envoy's zone-aware routing, on an assumption: that the
     * clients, or rather their requests, are spread evenly over the zones that have servers. No
     * client knows of the others.
     *
     * <p>A key decides by its hash, and keeps its zone while the shares stay as they are; requests
     * without one go by chance. A retry that has tried all of a zone takes the own zone, then any
     * other; so does a pick that finds all of it, or 64 of more, at the limit of the balancer
     * ({@link LoadBalancerBuilder#maxConcurrent}). Servers without a zone are a zone together,
     * nobody's own. O(1) on top of a pick, but O(zones) where requests leave.
     *
     * @param zone the client's own, as in {@link Server#zone()}: not blank
     * @throws IllegalArgumentException if it is null or blank
     */
    default Factory zoneAware(String zone) {
      return ZoneSelector.factory(this, zone);
    }

    /**
     * The same selector over a few of the servers, of each tier: where many clients have many
     * servers, each has connections to some only, and each server the same number of clients, or
     * one more, for any number of clients that are numbered from 0. Health changes no subset. Where
     * nobody of it is left, eligible and not tried, all other servers are used in the same way. So
     * they are where all of it are at the limit of the balancer, or 64 of a larger one ({@link
     * LoadBalancerBuilder#maxConcurrent}).
     *
     * <p>A server that is added or removed changes subsets: see the selector guide for how much. A
     * change of members costs O(n log n).
     *
     * <p>Deterministic subsetting: Beyer and others, "Site Reliability Engineering", 2016, chapter
     * 20; with an order by hashes in place of a shuffle.
     *
     * @param clientIndex this client's number, from 0, without gaps
     * @param size how many servers of a tier, 1 or more; all if there are no more
     * @throws IllegalArgumentException if one is out of its range
     */
    default Factory subset(int clientIndex, int size) {
      return SubsetSelector.factory(this, clientIndex, size);
    }
  }
}
