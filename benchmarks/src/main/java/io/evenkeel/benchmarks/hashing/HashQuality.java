package io.evenkeel.benchmarks.hashing;

import io.evenkeel.core.HashRing;
import io.evenkeel.core.HashRing.Placement;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Query;
import io.evenkeel.core.Selector;
import io.evenkeel.core.Selectors;
import io.evenkeel.core.Server;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The command: measures how even rings and Maglev tables are and what a server that leaves moves,
 * and writes a page and a picture. Nothing is drawn by chance but the keys for {@code rendezvous}:
 * a ring's shares follow from its points, a table's from its slots. The same bytes each time.
 */
public final class HashQuality {

  private static final int[] SERVERS = {10, 30, 100, 300, 1_000, 3_000, 10_000};
  private static final int[] POINTS = {40, 80, 160, 320, 640, 1_280};
  private static final int[] TABLES = {65_537, 655_373};
  private static final int LEAVING = 10;
  private static final int KEYS = 200_000;

  private final StringBuilder page = new StringBuilder();
  private final CurveChart chart = new CurveChart();

  private HashQuality() {}

  /** Runs it; one optional argument says where to write. */
  public static void main(String[] args) throws IOException {
    System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", "warn");
    Path out = Path.of(args.length > 0 ? args[0] : "benchmarks/results/hashing");
    HashQuality quality = new HashQuality();
    quality.measure();
    Files.createDirectories(out);
    Files.writeString(out.resolve("quality.md"), quality.page.toString());
    Files.writeString(out.resolve("peak_to_average.svg"), quality.chart.toString());
    System.out.print(quality.page);
  }

  private void measure() {
    page.append(
        """
        # Consistent hashing: how even, and what moves

        The busiest server's share of all keys, by the mean share: 1 is perfect. Servers have weight 1 and are called
        `10.s.x.y:80`; each figure is the mean over sets of addresses (s = 0, 1, …) and, in brackets, the worst of them: 20 sets
        up to 100 servers, 5 up to 1,000, 2 above. Shares are exact: of a ring's points and a table's slots, not of sampled keys.

        ![the busiest server's share by the mean](peak_to_average.svg)

        ## By the number of servers

        | servers | ring, 160 points a server | Maglev, M = 65,537 | Maglev, M = 655,373 |
        |---:|---:|---:|---:|
        """);
    for (int n : SERVERS) {
      page.append(
          String.format(
              Locale.ROOT,
              "| %,d | %s | %s | %s |\n",
              n,
              even("ring, 160 points", n, s -> ringPeak(s, 160)),
              even("Maglev, M = 65,537", n, s -> maglevPeak(s, TABLES[0])),
              even("Maglev, M = 655,373", n, s -> maglevPeak(s, TABLES[1]))));
    }
    page.append(
        """

        The paper (Eisenbud et al., NSDI 2016, section 3.4) says of Maglev that with M > 100 · servers shares differ by at most
        1 %. A slot more or less is what they differ by here: ⌈M / n⌉ of M / n.

        ## By the points of a ring

        | points a server | 100 servers | 1,000 servers |
        |---:|---:|---:|
        """);
    for (int points : POINTS) {
      page.append(
          String.format(
              Locale.ROOT,
              "| %,d | %s | %s |\n",
              points,
              even(null, 100, s -> ringPeak(s, points)),
              even(null, 1_000, s -> ringPeak(s, points))));
    }
    moves();
    page.append(
        """

        To repeat it, with the project built (`mvn -DskipTests package`), from its root:

        ```sh
        java -cp benchmarks/target/benchmarks.jar %s
        ```
        """
            .formatted(HashQuality.class.getName()));
  }

  private void moves() {
    page.append(
        """

        ## What moves when 1 of 100 servers leaves

        In parts of 1/n, the mean of %d servers that leave, one at a time, and in brackets the most of them. "Between others" is
        what need not have moved: 0 with a ring and with rendezvous hashing, by construction.

        | | keys that move · n | between others · n |
        |---|---:|---:|
        """
            .formatted(LEAVING));
    List<Server> all = servers(0, 100);
    List<double[]> ring = new ArrayList<>();
    List<double[]> rendezvous = new ArrayList<>();
    List<List<double[]>> maglev = List.of(new ArrayList<>(), new ArrayList<>());
    for (int i = 0; i < LEAVING; i++) {
      int gone = i * 100 / LEAVING;
      List<Server> left = new ArrayList<>(all);
      left.remove(gone);
      HashRing before = ring(all, 160);
      HashRing after = ring(left, 160);
      double own = before.shares().getOrDefault(all.get(gone), 0.0);
      double moved = HashRing.movedShare(before, after);
      ring.add(new double[] {moved, moved - own});
      for (int t = 0; t < TABLES.length; t++) {
        maglev.get(t).add(moved(all, left, gone, Selectors.maglev(TABLES[t]), slots(TABLES[t])));
      }
      rendezvous.add(moved(all, left, gone, Selectors.rendezvous(), keys()));
    }
    row("ring, 160 points a server", ring);
    row("maglev, M = 65,537", maglev.get(0));
    row("maglev, M = 655,373", maglev.get(1));
    row(String.format(Locale.ROOT, "rendezvous (of %,d keys)", KEYS), rendezvous);
    page.append(
        """

        For Maglev this is the price of its evenness: the paper's own example of seven slots moves a slot that need not have moved.
        Envoy's documentation says "approximately double the keys will move" of Maglev beside its ring, and fewer in a larger
        table. It is paid when servers or weights change; a blocked server moves no key but its own.
        """);
  }

  private void row(String name, List<double[]> moves) {
    page.append("| ").append(name);
    for (int column = 0; column < 2; column++) {
      int index = column;
      double[] values = moves.stream().mapToDouble(move -> Math.abs(move[index]) * 100).toArray();
      page.append(" | ").append(text(values, 3));
    }
    page.append(" |\n");
  }

  /** The share of these keys that move, and of those that move between servers that stay. */
  private static double[] moved(
      List<Server> all, List<Server> left, int gone, Selector.Factory factory, long[] hashes) {
    Selector before = over(all, factory);
    Selector after = over(left, factory);
    int moved = 0;
    int between = 0;
    for (long hash : hashes) {
      Server from = serverOf(before, hash);
      if (!from.equals(serverOf(after, hash))) {
        moved++;
        between += from.equals(all.get(gone)) ? 0 : 1;
      }
    }
    return new double[] {(double) moved / hashes.length, (double) between / hashes.length};
  }

  private static Server serverOf(Selector selector, long hash) {
    return Objects.requireNonNull(selector.select(Query.forHash(hash))).server();
  }

  private String even(@Nullable String curve, int n, ToDoubleFunction<List<Server>> peak) {
    int sets = n <= 100 ? 20 : n <= 1_000 ? 5 : 2;
    double[] peaks =
        IntStream.range(0, sets).mapToDouble(s -> peak.applyAsDouble(servers(s, n))).toArray();
    if (curve != null) {
      chart.add(curve, n, Arrays.stream(peaks).average().orElseThrow());
    }
    return text(peaks, 4);
  }

  private static String text(double[] values, int digits) {
    return String.format(
        Locale.ROOT,
        "%." + digits + "f (%." + digits + "f)",
        Arrays.stream(values).average().orElseThrow(),
        Arrays.stream(values).max().orElseThrow());
  }

  private static double ringPeak(List<Server> servers, int points) {
    return servers.size()
        * ring(servers, points).shares().values().stream()
            .mapToDouble(Double::doubleValue)
            .max()
            .orElseThrow();
  }

  private static HashRing ring(List<Server> servers, int points) {
    int size = points * servers.size();
    return HashRing.of(servers, Placement.ENVOY, size, size);
  }

  private static double maglevPeak(List<Server> servers, int size) {
    Selector selector = over(servers, Selectors.maglev(size));
    TreeMap<String, Integer> counts = new TreeMap<>();
    for (long slot : slots(size)) {
      counts.merge(serverOf(selector, slot).id(), 1, Integer::sum);
    }
    int most = counts.values().stream().mapToInt(Integer::intValue).max().orElseThrow();
    return (double) most * servers.size() / size;
  }

  /** A hash for each slot. */
  private static long[] slots(int size) {
    return IntStream.range(0, size).asLongStream().toArray();
  }

  private static long[] keys() {
    return new SplittableRandom(1).longs(KEYS).toArray();
  }

  private static List<Server> servers(int set, int n) {
    return IntStream.range(0, n)
        .mapToObj(i -> Server.of("10." + set + "." + (i >> 8) + "." + (i & 255), 80))
        .toList();
  }

  private static Selector over(List<Server> servers, Selector.Factory factory) {
    List<Selector> made = new ArrayList<>();
    LoadBalancer.builder()
        .servers(servers)
        .selector(
            (candidates, previous) -> {
              Selector selector = factory.create(candidates, previous);
              made.add(selector);
              return selector;
            })
        .build();
    return made.get(made.size() - 1);
  }
}
