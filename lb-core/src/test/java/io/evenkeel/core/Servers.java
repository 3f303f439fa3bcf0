package io.evenkeel.core;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Servers and picks for tests. */
final class Servers {

  private Servers() {}

  /** Servers {@code s0} to {@code s(n-1)}. */
  static List<Server> numbered(int n) {
    return IntStream.range(0, n).mapToObj(Servers::server).toList();
  }

  static Server server(int i) {
    return named("s" + i);
  }

  static Server named(String id) {
    return Server.of("10.0.0.1", 80).withId(id);
  }

  static LoadBalancer balancer(Selector.Factory factory, int n, long seed) {
    return LoadBalancer.builder().servers(numbered(n)).selector(factory).seed(seed).build();
  }

  /** Servers {@code s0} and on, of these weights. */
  static LoadBalancer weighted(Selector.Factory factory, List<Integer> weights, long seed) {
    LoadBalancerBuilder builder = LoadBalancer.builder().selector(factory).seed(seed);
    for (int i = 0; i < weights.size(); i++) {
      builder.servers(server(i).withWeight(weights.get(i)));
    }
    return builder.build();
  }

  /** Takes one and gives it back. */
  static String pick(LoadBalancer balancer) {
    return pick(balancer, Query.any());
  }

  static String pick(LoadBalancer balancer, Query query) {
    try (Lease lease = balancer.acquire(query)) {
      return lease.server().id();
    }
  }

  static List<String> picks(LoadBalancer balancer, int count) {
    List<String> picked = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      picked.add(pick(balancer));
    }
    return picked;
  }

  static Map<String, Integer> counts(List<String> picks) {
    Map<String, Integer> counts = new LinkedHashMap<>();
    picks.forEach(id -> counts.merge(id, 1, Integer::sum));
    return counts;
  }

  static Node node(LoadBalancer balancer, String id) {
    return balancer.nodes().stream()
        .filter(node -> node.server().id().equals(id))
        .findFirst()
        .orElseThrow();
  }
}
