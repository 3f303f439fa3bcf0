package io.evenkeel.core;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The member of number hash mod n, or the next eligible one in the list, which is found beforehand:
 * a pick costs the same however many are blocked.
 */
final class IpHashSelector extends KeyedSelector {

  private final Node[] members;

  /** By member, the first eligible one from there on, around the end; empty if there is none. */
  private final int[] eligibleFrom;

  private final int eligible;

  private IpHashSelector(Candidates candidates) {
    super(candidates);
    List<Node> all = candidates.members();
    this.members = all.toArray(new Node[0]);
    this.eligible = candidates.eligible().size();
    this.eligibleFrom = new int[eligible == 0 ? 0 : members.length];
    if (eligible > 0) {
      @Nullable Node[] byMember = candidates.eligibleByMember();
      int next = all.indexOf(candidates.eligible().get(0));
      for (int i = members.length - 1; i >= 0; i--) {
        next = byMember[i] == null ? next : i;
        eligibleFrom[i] = next;
      }
    }
  }

  static Selector.Factory factory() {
    KeyedSelector.Factory factory = (candidates, previous) -> new IpHashSelector(candidates);
    return factory;
  }

  @Override
  @Nullable Node select(long place, Query query, @Nullable Room room) {
    int n = eligibleFrom.length;
    if (n == 0) {
      return null;
    }
    int member = eligibleFrom[(int) Long.remainderUnsigned(place, n)];
    for (int i = 0; i < eligible; i++) {
      Node node = members[member];
      if (isOpen(node, query, room)) {
        return node;
      }
      member = eligibleFrom[member + 1 < n ? member + 1 : 0];
    }
    return null;
  }
}
