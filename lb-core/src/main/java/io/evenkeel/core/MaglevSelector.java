package io.evenkeel.core;

import org.jspecify.annotations.Nullable;

/**
 * The server of the key's slot in a {@link MaglevTable}, or of the next slot, and so on, for a
 * key's own order over the members.
 *
 * <p>The table is over all members with a weight, at their configured weights, and is kept while
 * these stay the same: that a server is blocked or starts slowly builds nothing and moves no key of
 * another. The slots behind a server's are anybody's, so its load spreads over all others. A pick
 * passes about members / eligible slots.
 */
final class MaglevSelector extends KeyedSelector {

  static final int DEFAULT_TABLE_SIZE = 65_537;

  private final HashedServers servers;

  /** Null if no member has a weight. */
  private final @Nullable MaglevTable table;

  /** By member, the node if it is eligible. */
  private final @Nullable Node[] nodes;

  private final int eligible;

  private MaglevSelector(
      Candidates candidates, HashedServers servers, @Nullable MaglevTable table) {
    super(candidates);
    this.servers = servers;
    this.table = table;
    this.nodes = candidates.eligibleByMember();
    this.eligible = candidates.eligible().size();
  }

  /**
   * @throws IllegalArgumentException if it is none of the sizes that {@link
   *     MaglevTable#requireSize} allows
   */
  static Selector.Factory factory(int tableSize) {
    MaglevTable.requireSize(tableSize);
    KeyedSelector.Factory factory =
        (candidates, previous) -> create(candidates, previous, tableSize);
    return factory;
  }

  private static MaglevSelector create(
      Candidates candidates, @Nullable Selector previous, int size) {
    MaglevSelector before = previous instanceof MaglevSelector maglev ? maglev : null;
    HashedServers servers =
        HashedServers.of(candidates.members(), before == null ? null : before.servers);
    MaglevTable table =
        before != null && before.servers == servers && before.hasSize(size)
            ? before.table
            : MaglevTable.of(servers.names(), servers.weights(), size);
    return new MaglevSelector(candidates, servers, table);
  }

  private boolean hasSize(int size) {
    return table == null || table.size() == size;
  }

  /** For tests: whether it was built anew. */
  @Nullable MaglevTable table() {
    return table;
  }

  @Override
  @Nullable Node select(long place, Query query, @Nullable Room room) {
    MaglevTable slots = table;
    if (slots == null) {
      return null;
    }
    int slot = slots.slot(place);
    Node node = nodes[slots.server(slot)];
    if (node != null && query.triedCount() == 0 && room == null) {
      return node;
    }
    return selectFrom(slot, slots, query, room);
  }

  /**
   * Ends after one round, for each has a slot; and before it goes on past the first that was tried
   * or has no room, all are looked through for one that will do.
   */
  private @Nullable Node selectFrom(
      int first, MaglevTable slots, Query query, @Nullable Room room) {
    int size = slots.size();
    if (eligible == 0) {
      return null;
    }
    boolean isWorthIt = room == null && query.triedCount() < eligible;
    int slot = first;
    do {
      Node node = nodes[slots.server(slot)];
      if (node != null) {
        if (isOpen(node, query, room)) {
          return node;
        }
        if (!isWorthIt && !isAnyOpen(query, room)) {
          return null;
        }
        isWorthIt = true;
      }
      slot = slot + 1 < size ? slot + 1 : 0;
    } while (slot != first);
    return null;
  }

  private boolean isAnyOpen(Query query, @Nullable Room room) {
    for (Node node : nodes) {
      if (node != null && isOpen(node, query, room)) {
        return true;
      }
    }
    return false;
  }
}
