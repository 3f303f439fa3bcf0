package io.evenkeel.core;

import com.dynatrace.hash4j.hashing.Hasher64;
import com.dynatrace.hash4j.hashing.Hashing;
import io.evenkeel.core.HashRing.Placement;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;

/**
 * Where the servers' points are, as the three originals have it: how many each server has, and the
 * hash of each, before any sorting. A 32-bit hash stands in the upper half.
 */
final class RingPoints {

  private static final Hasher64 XXH64 = Hashing.xxh64();

  private static final int POINTS_OF_WEIGHT_1 = 160;

  /** Memcached clients leave the port away that memcached has by default. */
  private static final int MEMCACHED_PORT = 11_211;

  private static final int LONGEST_NUMBER = 12;

  /** The points of all servers, one server's after the other's. */
  private final long[] places;

  /** Where each server's begin in {@link #places}, and behind the last one's where they end. */
  private final int[] begins;

  /**
   * The points of these servers.
   *
   * @param servers each of a weight above 0
   */
  RingPoints(List<Server> servers, Placement placement, int minimumSize, int maximumSize) {
    this.begins =
        switch (placement) {
          case ENVOY -> envoyCounts(servers, minimumSize, maximumSize);
          case KETAMA -> ketamaCounts(servers);
          case NGINX -> nginxCounts(servers);
        };
    Arrays.parallelPrefix(begins, Math::addExact);
    this.places = new long[begins[servers.size()]];
    String[] addresses = HashedServers.names(servers, server -> address(server, placement));
    Hashes hashes =
        switch (placement) {
          case ENVOY -> this::fillByXxh64;
          case KETAMA -> this::fillByMd5;
          case NGINX -> this::fillByCrc32;
        };
    for (int i = 0; i < addresses.length; i++) {
      hashes.fill(addresses[i], begins[i], begins[i + 1]);
    }
  }

  /** Puts one server's points where they belong in {@link #places}. */
  @FunctionalInterface
  private interface Hashes {
    void fill(String address, int from, int to);
  }

  long[] places() {
    return places;
  }

  int begin(int server) {
    return begins[server];
  }

  /**
   * In doubles, in Envoy's order of operations, so that it rounds as Envoy does. Each count stands
   * one behind its server's number.
   */
  private static int[] envoyCounts(List<Server> servers, int minimumSize, int maximumSize) {
    double sum = sumOfWeights(servers);
    double smallest =
        servers.stream().mapToInt(Server::weight).min().orElse(1) / Math.max(1.0, sum);
    double scale = Math.min(Math.ceil(smallest * minimumSize) / smallest, maximumSize);
    int[] counts = new int[servers.size() + 1];
    double current = 0;
    double target = 0;
    for (int i = 0; i < servers.size(); i++) {
      target += scale * (servers.get(i).weight() / sum);
      while (current < target) {
        current++;
        counts[i + 1]++;
      }
    }
    return counts;
  }

  /**
   * 40 digests of four points for the mean weight, in floats and in libmemcached's order of
   * operations, so that it rounds as libmemcached and spymemcached do: among servers of equal
   * weights too it is 39 for some numbers of servers, 25 the smallest of them.
   */
  private static int[] ketamaCounts(List<Server> servers) {
    float sum = (float) sumOfWeights(servers);
    int[] counts = new int[servers.size() + 1];
    for (int i = 0; i < servers.size(); i++) {
      float share = servers.get(i).weight() / sum;
      float digests = share * POINTS_OF_WEIGHT_1 / 4 * servers.size();
      counts[i + 1] = 4 * (int) Math.floor((float) (digests + 0.0000000001));
    }
    return counts;
  }

  private static int[] nginxCounts(List<Server> servers) {
    int[] counts = new int[servers.size() + 1];
    for (int i = 0; i < servers.size(); i++) {
      counts[i + 1] = POINTS_OF_WEIGHT_1 * servers.get(i).weight();
    }
    return counts;
  }

  private static long sumOfWeights(List<Server> servers) {
    return servers.stream().mapToLong(Server::weight).sum();
  }

  /**
   * What a ring by weights alone would have.
   *
   * @throws IllegalArgumentException if it is more than a ring may have
   */
  static void checkSize(List<Server> servers, Placement placement) {
    long points =
        switch (placement) {
          case ENVOY -> 0; // has a maximum of its own
          case KETAMA -> (long) POINTS_OF_WEIGHT_1 * servers.size();
          case NGINX -> POINTS_OF_WEIGHT_1 * sumOfWeights(servers);
        };
    if (points > HashRing.LARGEST_SIZE) {
      throw new IllegalArgumentException(
          "servers: "
              + points
              + " points in the placement "
              + placement
              + ", 160 for each weight of 1 (expected: at most "
              + HashRing.LARGEST_SIZE
              + ")");
    }
  }

  /** {@code address_0}, {@code address_1} and so on. */
  private void fillByXxh64(String address, int from, int to) {
    Numbered text = new Numbered(address + "_");
    for (int i = from; i < to; i++) {
      places[i] = XXH64.hashBytesToLong(text.bytes, 0, text.put(i - from));
    }
  }

  /** Four little-endian numbers of the digests of {@code address-0} and so on. */
  private void fillByMd5(String address, int from, int to) {
    MessageDigest md5 = RingKeys.md5();
    ByteBuffer digest = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
    Numbered text = new Numbered(address + "-");
    for (int i = from; i < to; i++) {
      int within = (i - from) % 4;
      if (within == 0) {
        md5.update(text.bytes, 0, text.put((i - from) / 4));
        RingKeys.digest(md5, digest.array());
      }
      places[i] = (long) digest.getInt(4 * within) << 32;
    }
  }

  /** Each of the host, a zero byte, the port, and the point before, 0 at first. */
  private void fillByCrc32(String address, int from, int to) {
    byte[] text = (address + "....").getBytes(StandardCharsets.UTF_8);
    int length = text.length - 4;
    ByteBuffer before = ByteBuffer.wrap(text).order(ByteOrder.LITTLE_ENDIAN);
    CRC32 crc = new CRC32();
    int hash = 0;
    for (int i = from; i < to; i++) {
      before.putInt(length, hash);
      crc.reset();
      crc.update(text);
      hash = (int) crc.getValue();
      places[i] = (long) hash << 32;
    }
  }

  /** A text with a number behind it, in one array. */
  private static final class Numbered {
    private final byte[] bytes;
    private final int prefix;

    Numbered(String text) {
      byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
      prefix = encoded.length;
      bytes = Arrays.copyOf(encoded, prefix + LONGEST_NUMBER);
    }

    /** The length of the text with this number, 0 or more. */
    int put(int number) {
      int digits = 1;
      for (int rest = number / 10; rest > 0; rest /= 10) {
        digits++;
      }
      int rest = number;
      for (int i = prefix + digits - 1; i >= prefix; i--) {
        bytes[i] = (byte) ('0' + rest % 10);
        rest /= 10;
      }
      return prefix + digits;
    }
  }

  /** How the original writes this server where it makes points of it. */
  static String address(Server server, Placement placement) {
    String host = server.host();
    boolean isBracketed = host.startsWith("[") && host.endsWith("]");
    String bare = isBracketed ? host.substring(1, host.length() - 1) : host;
    if (placement == Placement.KETAMA) {
      return server.port() == MEMCACHED_PORT ? bare : bare + ":" + server.port();
    }
    String written = bare.indexOf(':') < 0 ? host : "[" + shortest(bare) + "]";
    return written + (placement == Placement.NGINX ? "\0" : ":") + server.port();
  }

  /** An IPv6 address as inet_ntop and people write it; as it is if it is none. */
  private static String shortest(String host) {
    if (host.indexOf('%') >= 0) {
      return host;
    }
    byte[] bytes;
    try {
      bytes = InetAddress.getByName("[" + host + "]").getAddress(); // never looked up
    } catch (UnknownHostException e) {
      return host;
    }
    if (bytes.length != 16) {
      return host;
    }
    int[] groups = new int[8];
    Arrays.setAll(groups, i -> (bytes[2 * i] & 0xff) << 8 | (bytes[2 * i + 1] & 0xff));
    int zeros = 0; // where the longest run of two or more begins, and its length
    int run = 1;
    for (int i = 0; i < 8; i++) {
      int end = i;
      while (end < 8 && groups[end] == 0) {
        end++;
      }
      if (end - i > run) {
        zeros = i;
        run = end - i;
      }
    }
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 8; i++) {
      if (run > 1 && i == zeros) {
        text.append(i == 0 ? "::" : ":");
        i += run - 1;
      } else {
        text.append(Integer.toHexString(groups[i])).append(i < 7 ? ":" : "");
      }
    }
    return text.toString();
  }
}
