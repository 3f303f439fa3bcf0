package io.evenkeel.core;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import net.jpountz.xxhash.XXHashFactory;

/**
 * Servers for rings, and a ring as one would write it from the definition: a sorted map, and for
 * Envoy another library's XXH64.
 */
final class RingServers {

  private RingServers() {}

  /** {@code 10.0.x.y:80}, all of weight 1; the id is the address. */
  static List<Server> even(int n) {
    return IntStream.range(0, n).mapToObj(RingServers::server).toList();
  }

  static Server server(int i) {
    return Server.of("10.0." + (i >> 8) + "." + (i & 255), 80);
  }

  /** The first so many as the weights are, of these weights. */
  static List<Server> weighted(List<Integer> weights) {
    return IntStream.range(0, weights.size())
        .mapToObj(i -> server(i).withWeight(weights.get(i)))
        .toList();
  }

  /** {@code key-0} and so on. */
  static List<String> keys(int n) {
    return IntStream.range(0, n).mapToObj(i -> "key-" + i).toList();
  }

  static long xxh64(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return XXHashFactory.safeInstance().hash64().hash(bytes, 0, bytes.length, 0);
  }

  /** Envoy's ring of servers that have no two points alike. */
  static NavigableMap<Long, Server> envoy(List<Server> servers, int minimum, int maximum) {
    NavigableMap<Long, Server> ring = new TreeMap<>(Long::compareUnsigned);
    List<Server> weighty = servers.stream().filter(server -> server.weight() > 0).toList();
    double sum = weighty.stream().mapToInt(Server::weight).sum();
    double least = weighty.stream().mapToDouble(server -> server.weight() / sum).min().orElse(1);
    double scale = Math.min(Math.ceil(least * minimum) / least, maximum);
    double target = 0;
    for (Server server : weighty) {
      target += scale * (server.weight() / sum);
      for (int i = 0; ring.size() < target; i++) {
        ring.put(xxh64(server.host() + ":" + server.port() + "_" + i), server);
      }
    }
    return ring;
  }

  /** First point at or behind it, wrapping. */
  static <T> T lookUp(NavigableMap<Long, T> ring, long hash) {
    var entry = ring.ceilingEntry(hash);
    return (entry == null ? ring.firstEntry() : entry).getValue();
  }
}
