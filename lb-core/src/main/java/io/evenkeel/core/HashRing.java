package io.evenkeel.core;

import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A consistent-hash ring (Karger et al., "Consistent hashing and random trees", 1997): every server
 * has many points on a circle of hashes, and a key belongs to the first point at or behind its own
 * hash, from the last point on to the first of all. So a server that comes or goes moves its own
 * keys and hardly any other. Immutable, for any number of threads.
 *
 * <p>{@link Selectors#ringHash()} picks by such a ring. This class is for looking at one: where a
 * key belongs, how even the shares are, and, before a change of servers is made, what it would
 * move:
 *
 * <pre>{@code
 * HashRing before = HashRing.of(servers, HashRing.Placement.NGINX);
 * HashRing after = HashRing.of(oneMore, HashRing.Placement.NGINX);
 * double share = HashRing.movedShare(before, after); // about 1 / (servers + 1)
 * }</pre>
 *
 * <p>Building is O(points) but for the hashes: some ten milliseconds for 1,000 servers of 160
 * points. A ring takes at most 12 bytes a point where servers have two points or more, beside the
 * list of servers.
 */
public final class HashRing {

  /*
   * The points are in ascending order. Their upper bits say in which bucket of an index a point is,
   * one bucket for one or two points, and what is left of its hash is kept beside its server's
   * number in one long: as there are at least as many buckets as servers, the number always fits,
   * and nothing of the hash is lost. A lookup reads the bucket's begin and end, neighbours in the
   * index, and then neighbours in the array of points: one or two misses of a cache.
   *
   * 32-bit hashes stand in the upper half of a 64-bit place, so that both kinds of ring are one.
   */

  /** How servers' points and keys are hashed: whose keys go where with us, too. */
  public enum Placement {

    /**
     * As in Envoy's {@code ring_hash} by XXH64: points of {@code ip:port_0}, {@code ip:port_1} and
     * so on; how many a server has follows from the weights and the ring's minimum and maximum
     * size. A key's hash is XXH64, seed 0, of its bytes.
     */
    ENVOY,

    /**
     * Ketama, as libmemcached and spymemcached have it by weights: 40 MD5 digests of {@code
     * host:port-0} and so on for a server of mean weight, rounded down, four points each; the port
     * is left away if it is 11211. A key's hash is the first four bytes of its MD5.
     */
    KETAMA,

    /**
     * As nginx's {@code hash … consistent}: 160 points for each weight of 1, each the CRC-32 of
     * host, a zero byte, port and the point before. nginx must have the port in its configuration,
     * and the same text for the host. A key's hash is its CRC-32.
     */
    NGINX;

    long place(CharSequence key) {
      return switch (this) {
        case ENVOY -> KeyHash.of(key);
        case KETAMA -> (long) RingKeys.md5(key) << 32;
        case NGINX -> (long) RingKeys.crc32(key) << 32;
      };
    }

    long place(byte[] key) {
      return switch (this) {
        case ENVOY -> KeyHash.of(key);
        case KETAMA -> (long) RingKeys.md5(key) << 32;
        case NGINX -> (long) RingKeys.crc32(key) << 32;
      };
    }

    long place(long keyHash) {
      return this == ENVOY ? keyHash : keyHash << 32;
    }

    /** The largest hash there is, unsigned. */
    long largestHash() {
      return this == ENVOY ? -1 : 0xffff_ffffL;
    }
  }

  /**
   * Keys that get another server.
   *
   * @param first the smallest of their hashes, unsigned; of 32-bit placements from 0 to 2³² − 1
   * @param last the largest of their hashes, included, unsigned
   * @param from the server that they leave; null if there was none
   * @param to the server that they go to; null if there will be none
   * @param share the part of all hashes that they are, above 0 and at most 1
   */
  public record Move(
      long first, long last, @Nullable Server from, @Nullable Server to, double share) {}

  /**
   * What a change means for one server, in parts of all hashes, 0 to 1.
   *
   * @param gained what comes to it from others
   * @param lost what leaves it for others
   */
  public record Change(double gained, double lost) {}

  /** The smallest ring in {@link Placement#ENVOY}, unless said otherwise: 1,024 points. */
  public static final int DEFAULT_MINIMUM_SIZE = 1_024;

  /** The largest ring there is, and the maximum unless said otherwise: 8,388,608 points. */
  public static final int LARGEST_SIZE = 8_388_608;

  private final Placement placement;
  private final int minimumSize;
  private final int maximumSize;

  /** All that were given, and those of a weight above 0, whose place here is their number. */
  private final List<Server> members;

  private final Server[] servers;

  /** The upper bits of a hash, which choose its bucket; 1 or more. */
  private final int bucketBits;

  /** The lower bits of a point, its server's number; at most {@link #bucketBits}. */
  private final int serverBits;

  /** Where each bucket's points begin; and one more, where the last one's end. */
  private final int[] buckets;

  /**
   * In ascending order: the hash without its bucket's bits, and below it the server's number. The
   * first bit is turned over, so that signed comparison has the order of unsigned numbers.
   */
  private final long[] points;

  /** By number: one may have none, where its weight is small. */
  private final boolean[] hasPoints;

  private HashRing(List<Server> members, Placement placement, int minimumSize, int maximumSize) {
    this.placement = placement;
    this.minimumSize = minimumSize;
    this.maximumSize = maximumSize;
    this.members = members;
    List<Server> weighty = members.stream().filter(server -> server.weight() > 0).toList();
    RingPoints.checkSize(weighty, placement);
    this.servers = weighty.toArray(new Server[0]);
    RingPoints unsorted = new RingPoints(weighty, placement, minimumSize, maximumSize);
    long[] places = unsorted.places();
    this.serverBits = bitsBelow(servers.length);
    this.bucketBits = Math.max(Math.max(1, serverBits), bitsBelow(places.length) - 1);
    this.buckets = new int[(1 << bucketBits) + 1];
    long[] packed = new long[places.length];
    sortInto(packed, unsorted);
    this.points = placement == Placement.NGINX ? withoutDoubles(packed) : packed;
    this.hasPoints = new boolean[servers.length];
    for (long point : points) {
      hasPoints[serverOf(point)] = true;
    }
  }

  /** How many bits numbers below this have. */
  private static int bitsBelow(int count) {
    return count < 2 ? 0 : 32 - Integer.numberOfLeadingZeros(count - 1);
  }

  /** Into the buckets by counting, and then each bucket in itself; equal hashes by server. */
  private void sortInto(long[] packed, RingPoints unsorted) {
    long[] places = unsorted.places();
    for (long place : places) {
      buckets[bucketOf(place) + 1]++;
    }
    Arrays.parallelPrefix(buckets, Integer::sum);
    int[] next = buckets.clone();
    for (int server = 0; server < servers.length; server++) {
      for (int i = unsorted.begin(server); i < unsorted.begin(server + 1); i++) {
        packed[next[bucketOf(places[i])]++] = restOf(places[i]) | server;
      }
    }
    for (int bucket = 0; bucket < buckets.length - 1; bucket++) {
      if (buckets[bucket + 1] - buckets[bucket] > 1) {
        Arrays.sort(packed, buckets[bucket], buckets[bucket + 1]);
      }
    }
  }

  /** nginx keeps one point of those that are equal, the first server's. */
  private long[] withoutDoubles(long[] packed) {
    int kept = 0;
    for (int bucket = 0; bucket < buckets.length - 1; bucket++) {
      int begin = kept;
      for (int i = buckets[bucket]; i < buckets[bucket + 1]; i++) {
        if (kept == begin || packed[i] >> serverBits != packed[kept - 1] >> serverBits) {
          packed[kept++] = packed[i];
        }
      }
      buckets[bucket] = begin;
    }
    buckets[buckets.length - 1] = kept;
    return kept == packed.length ? packed : Arrays.copyOf(packed, kept);
  }

  /**
   * A ring in which, in {@link Placement#ENVOY}, there are at least {@value #DEFAULT_MINIMUM_SIZE}
   * points: see {@link #of(Collection, Placement, int, int)}.
   */
  public static HashRing of(Collection<Server> servers, Placement placement) {
    return of(servers, placement, DEFAULT_MINIMUM_SIZE, LARGEST_SIZE);
  }

  /**
   * The ring of these servers.
   *
   * @param servers in an order that matters little: where two points are equal the first server's
   *     counts, and Envoy rounds along it; no two of the same id; those of weight 0 have no points;
   *     where several have one address, the second in the order of ids is placed as address#2
   * @param minimumSize at least so many points in {@link Placement#ENVOY}, and the others ignore
   *     it: 1 to {@value #LARGEST_SIZE}. Shares become even from some 100 points a server on. Where
   *     the number of servers does not divide it, adding or removing one changes how many points
   *     each of the others has, as in Envoy, and moves some more keys by that.
   * @param maximumSize at most so many points in {@link Placement#ENVOY}: the same range
   * @throws IllegalArgumentException if a size is out of its range or the minimum above the
   *     maximum, two servers have one id, or there were to be more than {@value #LARGEST_SIZE}
   *     points
   */
  public static HashRing of(
      Collection<Server> servers, Placement placement, int minimumSize, int maximumSize) {
    checkSettings(placement, minimumSize, maximumSize);
    Set<String> ids = new HashSet<>();
    for (Server server : servers) {
      if (!ids.add(Server.require(server).id())) {
        throw new IllegalArgumentException(
            "servers: two of the id " + server.id() + " (expected: each once)");
      }
    }
    return new HashRing(List.copyOf(servers), placement, minimumSize, maximumSize);
  }

  static void checkSettings(Placement placement, int minimumSize, int maximumSize) {
    if (placement == null) {
      throw new IllegalArgumentException("placement: null (expected: envoy, ketama or nginx)");
    }
    checkSize("minimum_size", minimumSize);
    checkSize("maximum_size", maximumSize);
    if (minimumSize > maximumSize) {
      throw new IllegalArgumentException(
          "minimum_size: "
              + minimumSize
              + " (expected: at most maximum_size, "
              + maximumSize
              + ")");
    }
  }

  private static void checkSize(String name, int size) {
    if (size < 1 || size > LARGEST_SIZE) {
      throw new IllegalArgumentException(
          name + ": " + size + " (expected: 1 to " + LARGEST_SIZE + ")");
    }
  }

  /** Whether a ring of these would be this one: ids, addresses and weights, in their order. */
  boolean isOf(List<Server> others, Placement placement, int minimumSize, int maximumSize) {
    if (placement != this.placement
        || minimumSize != this.minimumSize
        || maximumSize != this.maximumSize
        || others.size() != servers.length) {
      return false;
    }
    for (int i = 0; i < servers.length; i++) {
      Server one = servers[i];
      Server other = others.get(i);
      if (one.weight() != other.weight()
          || one.port() != other.port()
          || !one.id().equals(other.id())
          || !one.host().equals(other.host())) {
        return false;
      }
    }
    return true;
  }

  /** How the points and the keys are hashed. */
  public Placement placement() {
    return placement;
  }

  /** The servers, as they were given; unmodifiable. */
  public List<Server> servers() {
    return members;
  }

  /** How many points there are. */
  public int points() {
    return points.length;
  }

  /**
   * The server that this key belongs to, whatever its health; null if no server has a point. O(its
   * length), and O(1) on average for the ring.
   *
   * @param key a text, which counts as its bytes in UTF-8
   */
  public @Nullable Server server(CharSequence key) {
    return serverAt(placement.place(key));
  }

  /** The same for a key of bytes. */
  public @Nullable Server server(byte[] key) {
    return serverAt(placement.place(key));
  }

  /**
   * The same for a key that is hashed already.
   *
   * @param keyHash of a 32-bit placement the lower 32 bits count
   */
  public @Nullable Server server(long keyHash) {
    return serverAt(placement.place(keyHash));
  }

  private @Nullable Server serverAt(long place) {
    return points.length == 0 ? null : servers[number(find(place))];
  }

  /** The part of all hashes that belongs to each server, in their order; together 1. */
  public Map<Server, Double> shares() {
    double[] shares = RingDiff.shares(this);
    Map<Server, Double> byServer = new LinkedHashMap<>();
    members.forEach(server -> byServer.put(server, 0.0));
    for (int i = 0; i < servers.length; i++) {
      byServer.put(servers[i], shares[i]);
    }
    return byServer;
  }

  /**
   * The part of all hashes, 0 to 1, whose server would be another one after a change. Servers are
   * the same if their ids are. O(points), as are the next two.
   *
   * @throws IllegalArgumentException if the two are of different placements
   */
  public static double movedShare(HashRing before, HashRing after) {
    return moves(before, after).stream().mapToDouble(Move::share).sum();
  }

  /**
   * All hashes whose server would be another one, in ascending order; neighbours that move alike
   * are one.
   *
   * @throws IllegalArgumentException if the two are of different placements
   */
  public static List<Move> moves(HashRing before, HashRing after) {
    return RingDiff.moves(before, after);
  }

  /**
   * What would come to and leave each server, by its id: those with any change, in the order in
   * which the moves name them.
   *
   * @throws IllegalArgumentException if the two are of different placements
   */
  public static Map<String, Change> changes(HashRing before, HashRing after) {
    return RingDiff.changes(moves(before, after));
  }

  private int bucketOf(long place) {
    return (int) (place >>> (64 - bucketBits));
  }

  /** As in {@link #points}, with no server's number. */
  private long restOf(long place) {
    return ((place << bucketBits) >>> (bucketBits - serverBits)) ^ Long.MIN_VALUE;
  }

  private int serverOf(long point) {
    return (int) point & ((1 << serverBits) - 1);
  }

  /** Which point is the first at or behind this place; 0 of an empty ring. */
  int find(long place) {
    int bucket = bucketOf(place);
    long rest = restOf(place);
    int i = buckets[bucket];
    int end = buckets[bucket + 1];
    while (i < end && points[i] < rest) {
      i++;
    }
    return i == points.length ? 0 : i;
  }

  /** The number of this point's server, among those of a weight above 0. */
  int number(int point) {
    return serverOf(points[point]);
  }

  /** How many servers have a weight above 0, and so a number. */
  int serverCount() {
    return servers.length;
  }

  /** Whether the server of this number can be found at all. */
  boolean hasPoints(int number) {
    return hasPoints[number];
  }

  Server serverOfNumber(int number) {
    return servers[number];
  }

  /** The hashes of all points, in ascending order, as {@link Move} has them. */
  long[] hashes() {
    long[] hashes = new long[points.length];
    for (int bucket = 0; bucket < buckets.length - 1; bucket++) {
      for (int i = buckets[bucket]; i < buckets[bucket + 1]; i++) {
        long place =
            (long) bucket << (64 - bucketBits) | (points[i] ^ Long.MIN_VALUE) >>> serverBits;
        hashes[i] = placement == Placement.ENVOY ? place : place >>> 32;
      }
    }
    return hashes;
  }

  /** What the arrays take that grow with the points, in bytes, without their headers. */
  long footprint() {
    return 8L * points.length + 4L * buckets.length;
  }

  @Override
  public String toString() {
    return placement + " ring of " + points.length + " points, " + servers.length + " servers";
  }
}
