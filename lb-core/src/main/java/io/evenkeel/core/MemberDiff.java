package io.evenkeel.core;

import io.evenkeel.core.BalancerEvent.ServerAdded;
import io.evenkeel.core.BalancerEvent.ServerRemoved;
import io.evenkeel.core.BalancerEvent.ServerUpdated;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * From the members of a balancer to those that are to be. Who stays keeps their place, since a list
 * that comes in another order each time, as from DNS, must not shuffle a rotation. Guarded by the
 * balancer's change lock.
 */
final class MemberDiff {

  private final Map<String, Node> next;
  private final List<BalancerEvent> news = new ArrayList<>();
  private final List<Node> removed = new ArrayList<>();
  private final Map<Node, Server> before = new LinkedHashMap<>();
  private final Map<Node, Server> after = new LinkedHashMap<>();

  /** Changes nothing yet. */
  MemberDiff(
      Map<String, Node> members, Map<String, Server> servers, Function<Server, Node> newNode) {
    next = new LinkedHashMap<>(servers.size() * 2);
    for (Node node : members.values()) {
      Server was = node.server();
      Server now = servers.get(was.id());
      if (now == null) {
        news.add(new ServerRemoved(was));
        removed.add(node);
        continue;
      }
      next.put(now.id(), node);
      if (!now.equals(was)) {
        before.put(node, was);
        after.put(node, now);
        news.add(new ServerUpdated(now, was));
      }
    }
    for (Server server : servers.values()) {
      if (!next.containsKey(server.id())) {
        next.put(server.id(), newNode.apply(server));
        news.add(new ServerAdded(server));
      }
    }
  }

  /** By id, in their order. */
  Map<String, Node> next() {
    return next;
  }

  List<BalancerEvent> news() {
    return news;
  }

  List<Node> removed() {
    return removed;
  }

  /** Those that stay are what they are to be. */
  void take() {
    after.forEach(Node::setServer);
  }

  /** They are what they were. */
  void giveBack() {
    before.forEach(Node::setServer);
  }

  /** In their order; at least one. */
  static Map<String, Server> someByUniqueId(Collection<Server> servers) {
    Map<String, Server> byId = byUniqueId(servers);
    if (byId.isEmpty()) {
      throw new IllegalArgumentException("servers: none (expected: at least one)");
    }
    return byId;
  }

  /** In their order. */
  static Map<String, Server> byUniqueId(Collection<Server> servers) {
    Map<String, Server> byId = new LinkedHashMap<>(servers.size() * 2);
    for (Server server : servers) {
      Server.require(server);
      if (byId.putIfAbsent(server.id(), server) != null) {
        throw duplicate(server);
      }
    }
    return byId;
  }

  static IllegalArgumentException duplicate(Server server) {
    return new IllegalArgumentException(
        "id: '" + server.id() + "' is there already (expected: unique ids)");
  }
}
