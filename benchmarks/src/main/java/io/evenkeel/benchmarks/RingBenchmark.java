package io.evenkeel.benchmarks;

import com.google.common.hash.Hashing;
import io.evenkeel.core.HashRing;
import io.evenkeel.core.HashRing.Placement;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Node;
import io.evenkeel.core.Query;
import io.evenkeel.core.Selector;
import io.evenkeel.core.Selectors;
import io.evenkeel.core.Server;
import java.lang.reflect.Proxy;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import net.spy.memcached.DefaultHashAlgorithm;
import net.spy.memcached.KetamaNodeKeyFormatter;
import net.spy.memcached.KetamaNodeLocator;
import net.spy.memcached.MemcachedNode;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Where a key belongs, on a ring of 160 points a server: ours, and those of others; all hashes are
 * different ones, so that large rings are read where the caches do not have them. {@code …OfHash}
 * have the key's hash, the others hash a key of 16 characters, one of 4,096.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class RingBenchmark {

  private static final int POINTS = 160;
  private static final int KEYS = 4_096;

  /** How many servers there are. */
  @State(Scope.Benchmark)
  public static class Size {
    /** Of weight 1 each. */
    @Param({"10", "100", "1000", "10000"})
    public int servers;

    private final String[] keys = new String[KEYS];
    private long counter;
    private int nextKey;

    /** Keys of 16 characters. */
    @Setup
    public void setUp() {
      SplittableRandom random = new SplittableRandom(1);
      Arrays.setAll(keys, i -> "%016x".formatted(random.nextLong()));
    }

    List<Server> list() {
      return IntStream.range(0, servers).mapToObj(i -> PickBenchmark.server(i, 1)).toList();
    }

    HashRing ring(Placement placement) {
      return HashRing.of(list(), placement, POINTS * servers, HashRing.LARGEST_SIZE);
    }

    /** SplitMix64's next. */
    long hash() {
      long z = counter += 0x9e3779b97f4a7c15L;
      z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
      z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
      return z ^ (z >>> 31);
    }

    String key() {
      return keys[nextKey++ & (KEYS - 1)];
    }
  }

  /** {@code ring_hash} and its rings. */
  @State(Scope.Benchmark)
  public static class Ours {
    private Selector picker = query -> null;
    private HashRing envoy = HashRing.of(List.of(), Placement.ENVOY);
    private HashRing ketama = HashRing.of(List.of(), Placement.KETAMA);
    private HashRing nginx = HashRing.of(List.of(), Placement.NGINX);

    /** All up. */
    @Setup
    public void setUp(Size size) {
      Selector.Factory factory =
          Selectors.ringHash(Placement.ENVOY, POINTS * size.servers, HashRing.LARGEST_SIZE);
      LoadBalancer.builder()
          .servers(size.list())
          .selector(
              (candidates, previous) -> {
                picker = factory.create(candidates, previous);
                return picker;
              })
          .build();
      envoy = size.ring(Placement.ENVOY);
      ketama = size.ring(Placement.KETAMA);
      nginx = size.ring(Placement.NGINX);
    }
  }

  /** The same points in a sorted array, and in a map. */
  @State(Scope.Benchmark)
  public static class Sorted {
    private long[] hashes = {};
    private Server[] owners = {};
    private final NavigableMap<Long, Server> map = new TreeMap<>();

    /** With signs as hashes have them: the order of numbers does for a ring. */
    @Setup
    public void setUp(Size size) {
      SplittableRandom random = new SplittableRandom(2);
      for (Server server : size.list()) {
        for (int i = 0; i < POINTS; i++) {
          map.put(random.nextLong(), server);
        }
      }
      hashes = map.keySet().stream().mapToLong(hash -> hash).toArray();
      owners = map.values().toArray(new Server[0]);
    }
  }

  /** spymemcached's ketama, with libmemcached's names. */
  @State(Scope.Benchmark)
  public static class Spymemcached {
    private @Nullable KetamaNodeLocator locator;

    /** Over nodes that have an address and nothing else. */
    @Setup
    public void setUp(Size size) {
      List<MemcachedNode> nodes = new ArrayList<>();
      for (Server server : size.list()) {
        nodes.add(node(InetSocketAddress.createUnresolved(server.host(), server.port())));
      }
      locator =
          new KetamaNodeLocator(
              nodes,
              DefaultHashAlgorithm.KETAMA_HASH,
              KetamaNodeKeyFormatter.Format.LIBMEMCACHED,
              Map.of());
    }

    private static MemcachedNode node(InetSocketAddress address) {
      return (MemcachedNode)
          Proxy.newProxyInstance(
              MemcachedNode.class.getClassLoader(),
              new Class<?>[] {MemcachedNode.class},
              (proxy, method, args) ->
                  switch (method.getName()) {
                    case "getSocketAddress" -> address;
                    case "hashCode" -> address.hashCode();
                    case "equals" -> proxy == args[0];
                    default -> address.toString();
                  });
    }
  }

  /** The choice of a selector alone. */
  @Benchmark
  public @Nullable Node selectOfHash(Ours ours, Size size) {
    return ours.picker.select(Query.forHash(size.hash()));
  }

  /** The same, of a key. */
  @Benchmark
  public @Nullable Node selectOfKey(Ours ours, Size size) {
    return ours.picker.select(Query.forKey(size.key()));
  }

  /** The ring alone. */
  @Benchmark
  public @Nullable Server ringOfHash(Ours ours, Size size) {
    return ours.envoy.server(size.hash());
  }

  /** The ring alone, of a key by XXH64. */
  @Benchmark
  public @Nullable Server ringByXxh64(Ours ours, Size size) {
    return ours.envoy.server(size.key());
  }

  /** The ring alone, of a key by MD5. */
  @Benchmark
  public @Nullable Server ringByMd5(Ours ours, Size size) {
    return ours.ketama.server(size.key());
  }

  /** The ring alone, of a key by CRC-32. */
  @Benchmark
  public @Nullable Server ringByCrc32(Ours ours, Size size) {
    return ours.nginx.server(size.key());
  }

  /** A binary search over as many points. */
  @Benchmark
  public Server binarySearchOfHash(Sorted sorted, Size size) {
    int i = Arrays.binarySearch(sorted.hashes, size.hash());
    i = i < 0 ? -i - 1 : i;
    return sorted.owners[i == sorted.hashes.length ? 0 : i];
  }

  /** A sorted map of as many points. */
  @Benchmark
  public Server treeMapOfHash(Sorted sorted, Size size) {
    Map.Entry<Long, Server> entry = sorted.map.ceilingEntry(size.hash());
    return (entry == null ? sorted.map.firstEntry() : entry).getValue();
  }

  /** Guava's, which has no points: a number below that of the servers. */
  @Benchmark
  public int guavaOfHash(Size size) {
    return Hashing.consistentHash(size.hash(), size.servers);
  }

  /** spymemcached's, of a key by MD5. */
  @Benchmark
  public @Nullable Object spymemcachedByMd5(Spymemcached theirs, Size size) {
    return theirs.locator == null ? null : theirs.locator.getPrimary(size.key());
  }

  /** Building a ring of 160 points a server, cold but for some runs. */
  @State(Scope.Benchmark)
  @BenchmarkMode(Mode.SingleShotTime)
  @OutputTimeUnit(TimeUnit.MILLISECONDS)
  @Warmup(iterations = 10)
  @Measurement(iterations = 20)
  @Fork(1)
  public static class Build {

    /** How the points are hashed. */
    @Param({"ENVOY", "KETAMA", "NGINX"})
    public Placement placement = Placement.ENVOY;

    private List<Server> servers = List.of();

    /** The servers, without a ring. */
    @Setup(Level.Trial)
    public void setUp(Size size) {
      servers = size.list();
    }

    /** From the servers to the ring. */
    @Benchmark
    public HashRing build() {
      return HashRing.of(
          servers, placement, Math.max(1, POINTS * servers.size()), HashRing.LARGEST_SIZE);
    }
  }
}
