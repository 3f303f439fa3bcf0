package io.evenkeel.core;

import io.evenkeel.core.HashRing.Placement;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The members of a snapshot, in their order, as far as a placement by hashes depends on them: ids,
 * addresses and weights. What a selector works out from them holds for as long as they stay the
 * same, whatever their health.
 */
final class HashedServers {

  private final Server[] servers;

  private HashedServers(Server[] servers) {
    this.servers = servers;
  }

  /** These members; the same object as before where nothing changed but health. */
  static HashedServers of(List<Node> members, @Nullable HashedServers before) {
    if (before != null && before.isOf(members)) {
      return before;
    }
    return new HashedServers(members.stream().map(Node::server).toArray(Server[]::new));
  }

  private boolean isOf(List<Node> members) {
    if (members.size() != servers.length) {
      return false;
    }
    for (int i = 0; i < servers.length; i++) {
      Server then = servers[i];
      Server now = members.get(i).server();
      if (!then.id().equals(now.id())
          || !then.host().equals(now.host())
          || then.port() != now.port()
          || then.weight() != now.weight()) {
        return false;
      }
    }
    return true;
  }

  int weight(int member) {
    return servers[member].weight();
  }

  int[] weights() {
    return IntStream.range(0, servers.length).map(this::weight).toArray();
  }

  /**
   * What is hashed of each: its address, {@code host:port} with an IPv6 address in brackets and at
   * its shortest, told apart.
   */
  String[] names() {
    return names(List.of(servers), server -> RingPoints.address(server, Placement.ENVOY));
  }

  /**
   * The addresses of these, told apart: of several with one address, the second in the order of ids
   * is {@code host:port#2}, and so on.
   */
  static String[] names(List<Server> servers, Function<Server, String> address) {
    int n = servers.size();
    String[] names = new String[n];
    Map<String, Integer> uses = new HashMap<>(2 * n);
    IntStream.range(0, n)
        .boxed()
        .sorted(Comparator.comparing(i -> servers.get(i).id()))
        .forEach(
            i -> {
              String name = address.apply(servers.get(i));
              int use = uses.merge(name, 1, Integer::sum);
              names[i] = use == 1 ? name : name + "#" + use;
            });
    return names;
  }
}
