package io.evenkeel.proxy;

import io.evenkeel.core.Block;
import io.evenkeel.core.Lease;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Node;
import io.evenkeel.core.Query;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The servers that could be picked at one instant if they had room. Immutable; made in O(members).
 *
 * @param ready those that could be connected to
 * @param awaited those whose names are looked up for the first time: {@link ServerAddresses}
 */
record Prospects(LoadBalancer balancer, List<Node> ready, List<Node> awaited) {

  private static final Set<Block> BY_OPERATOR = EnumSet.of(Block.DRAINING, Block.MAINTENANCE);

  static Prospects of(LoadBalancer balancer, ServerAddresses addresses) {
    boolean isPanic = balancer.isPanicking(); // then health is not asked
    List<Node> ready = new ArrayList<>();
    List<Node> awaited = new ArrayList<>();
    for (Node node : balancer.nodes()) {
      boolean mayBePicked =
          isPanic
              ? node.weight() > 0 && Collections.disjoint(node.blocks(), BY_OPERATOR)
              : node.isEligible();
      if (mayBePicked) {
        (addresses.isAnyAwaited() && addresses.isAwaited(node) ? awaited : ready).add(node);
      }
    }
    return new Prospects(balancer, ready, awaited);
  }

  /** Of whom it is known only that none is awaited: enough to pick one. */
  static Prospects noneAwaited(LoadBalancer balancer) {
    return new Prospects(balancer, List.of(), List.of());
  }

  boolean hasReady(Query query) {
    return hasUntried(ready, query);
  }

  boolean hasAwaited(Query query) {
    return hasUntried(awaited, query);
  }

  private static boolean hasUntried(List<Node> nodes, Query query) {
    for (Node node : nodes) {
      if (!query.isTried(node)) {
        return true;
      }
    }
    return false;
  }

  /**
   * Picks one of those that are ready. Where there are none, but some that are awaited, nobody is
   * asked, for the balancer would count it as a refusal.
   */
  @Nullable Lease tryAcquire(Query query) {
    if (awaited.isEmpty()) {
      return balancer.tryAcquire(query);
    }
    return hasReady(query) ? balancer.tryAcquire(query.excluding(awaited)) : null;
  }
}
