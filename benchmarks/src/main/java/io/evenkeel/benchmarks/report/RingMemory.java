package io.evenkeel.benchmarks.report;

import io.evenkeel.core.HashRing;
import io.evenkeel.core.HashRing.Placement;
import io.evenkeel.core.Server;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/** What rings keep of the heap, beside the servers themselves. */
final class RingMemory {

  private static final int RINGS = 20;
  private static final int SERVERS = 1_000;
  private static final int SIZE = 160 * SERVERS;

  private RingMemory() {}

  /** A line for the report. */
  static String describe() {
    List<Server> servers =
        IntStream.range(0, SERVERS)
            .mapToObj(i -> Server.of("10.0." + (i >> 8) + "." + (i & 255), 80))
            .toList();
    long before = used();
    List<HashRing> rings =
        IntStream.range(0, RINGS)
            .mapToObj(i -> HashRing.of(servers, Placement.ENVOY, SIZE, HashRing.LARGEST_SIZE))
            .toList();
    long bytes = used() - before;
    long points = rings.stream().mapToLong(HashRing::points).sum(); // and so they are still there
    return String.format(
        Locale.ROOT,
        "Memory: a ring of 1,000 servers keeps %.1f bytes a point of the heap (at most 12)",
        (double) bytes / points);
  }

  private static long used() {
    Runtime runtime = Runtime.getRuntime();
    System.gc();
    return runtime.totalMemory() - runtime.freeMemory();
  }
}
