package io.evenkeel.core;

import io.evenkeel.core.HashRing.Placement;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The server of the first point at or behind a key's hash, and from there on along the ring for
 * those that may not be picked. Immutable.
 *
 * <p>The ring is one of all members of a weight above 0, by their configured weights: health and
 * slow starts build none, and a selector takes over its predecessor's as long as ids, addresses and
 * weights stay. What is new each time is which server's node may be picked.
 *
 * <p>With a share e of the points' servers eligible, the walk takes 1/e steps on average, each a
 * read of the next point and of the node of its server. Before it goes on past a node that was
 * tried or has no room, the nodes are looked through for one that will do, so that it is not gone
 * round in vain; it ends after one turn in any case, as room may be gone when it comes there.
 */
final class RingHashSelector extends KeyedSelector {

  private final HashRing ring;

  /** By the servers' numbers; null if it may not be picked. */
  private final @Nullable Node[] nodes;

  /** Those that may be picked and have a point. */
  private final Node[] onRing;

  /** Those that may be picked and have none, for their weight is too small: last in every order. */
  private final Node[] offRing;

  private RingHashSelector(
      Candidates candidates,
      HashRing ring,
      @Nullable Node[] nodes,
      List<Node> onRing,
      List<Node> offRing) {
    super(candidates);
    this.ring = ring;
    this.nodes = nodes;
    this.onRing = onRing.toArray(new Node[0]);
    this.offRing = offRing.toArray(new Node[0]);
  }

  /** See {@link Selectors#ringHash(Placement, int, int)}. */
  static Selector.Factory factory(Placement placement, int minimumSize, int maximumSize) {
    HashRing.checkSettings(placement, minimumSize, maximumSize);
    KeyedSelector.Factory factory =
        (candidates, previous) -> create(candidates, previous, placement, minimumSize, maximumSize);
    return factory;
  }

  private static Selector create(
      Candidates candidates,
      @Nullable Selector previous,
      Placement placement,
      int minimumSize,
      int maximumSize) {
    List<Node> members = new ArrayList<>();
    List<Server> servers = new ArrayList<>();
    for (Node node : candidates.members()) {
      Server server = node.server();
      if (server.weight() > 0) {
        members.add(node);
        servers.add(server);
      }
    }
    HashRing ring =
        previous instanceof RingHashSelector before
                && before.ring.isOf(servers, placement, minimumSize, maximumSize)
            ? before.ring
            : HashRing.of(servers, placement, minimumSize, maximumSize);
    @Nullable Node[] nodes = new Node[members.size()];
    List<Node> onRing = new ArrayList<>();
    List<Node> offRing = new ArrayList<>();
    List<Node> eligible = candidates.eligible();
    int next = 0; // of the eligible ones, which are in the same order
    for (int i = 0; i < nodes.length && next < eligible.size(); i++) {
      Node node = members.get(i);
      if (node == eligible.get(next)) {
        next++;
        nodes[i] = node;
        (ring.hasPoints(i) ? onRing : offRing).add(node);
      }
    }
    return new RingHashSelector(candidates, ring, nodes, onRing, offRing);
  }

  HashRing ring() {
    return ring;
  }

  @Override
  long place(Query query) {
    Placement placement = ring.placement();
    Object key = placement == Placement.ENVOY ? null : query.key(); // its hash is there
    if (key instanceof CharSequence text) {
      return placement.place(text);
    }
    return key instanceof byte[] bytes ? placement.place(bytes) : placement.place(query.keyHash());
  }

  @Override
  @Nullable Node select(long place, Query query, @Nullable Room room) {
    if (onRing.length > 0) {
      int size = ring.points();
      int point = ring.find(place);
      boolean isWorthIt = room == null && query.triedCount() == 0;
      Node refused = null;
      for (int i = 0; i < size; i++) {
        Node node = nodes[ring.number(point)];
        if (node != null && node != refused) {
          if (!query.isTried(node) && (room == null || room.isIn(node))) {
            return node;
          }
          refused = node;
          if (!isWorthIt) {
            if (first(onRing, query, room) == null) {
              break;
            }
            isWorthIt = true;
          }
        }
        point = point + 1 == size ? 0 : point + 1;
      }
    }
    return first(offRing, query, room);
  }

  private static @Nullable Node first(Node[] nodes, Query query, @Nullable Room room) {
    for (Node node : nodes) {
      if (!query.isTried(node) && (room == null || room.isIn(node))) {
        return node;
      }
    }
    return null;
  }
}
