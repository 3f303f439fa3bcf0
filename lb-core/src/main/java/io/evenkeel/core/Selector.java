package io.evenkeel.core;

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
     * IllegalStateException}.
     *
     * @param candidates the members of one tier
     * @param previous what this factory made for the same tier of the snapshot before, still in use
     *     by other threads; null for the first. A cursor is carried over from here.
     */
    Selector create(Candidates candidates, @Nullable Selector previous);
  }
}
