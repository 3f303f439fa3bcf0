package io.evenkeel.server;

import io.evenkeel.core.Block;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/** The demo's table as text: pure, below 80 columns. */
final class DemoTable {

  /**
   * One server at one moment.
   *
   * @param picks ever
   * @param picksPerSecond since the row before
   * @param p50Micros the median of its recent answers; negative if there were none
   * @param p99Micros their 99th percentile; negative if there were none
   * @param blocks why it may not be picked; none for a healthy server
   */
  record Row(
      String server,
      long picks,
      double picksPerSecond,
      int inFlight,
      long p50Micros,
      long p99Micros,
      Set<Block> blocks) {}

  private static final String GREEN = "\u001b[32m";
  private static final String RED = "\u001b[31m";
  private static final String PLAIN = "\u001b[0m";

  private DemoTable() {}

  /** A heading and a line for each row. */
  static List<String> lines(List<Row> rows, boolean colours) {
    List<String> lines = new ArrayList<>();
    lines.add("  server      picks   picks/s  in flight        p50        p99  health");
    for (Row row : rows) {
      lines.add(
          String.format(
              Locale.ROOT,
              "  %-7s %,9d %9.1f %10d %10s %10s  %s",
              row.server(),
              row.picks(),
              row.picksPerSecond(),
              row.inFlight(),
              millis(row.p50Micros()),
              millis(row.p99Micros()),
              health(row.blocks(), colours)));
    }
    return lines;
  }

  private static String millis(long micros) {
    return micros < 0 ? "-" : String.format(Locale.ROOT, "%.1f ms", micros / 1_000.0);
  }

  private static String health(Set<Block> blocks, boolean colours) {
    String text =
        blocks.isEmpty() ? "up" : blocks.stream().map(Block::name).collect(Collectors.joining(" "));
    return colours ? (blocks.isEmpty() ? GREEN : RED) + text + PLAIN : text;
  }
}
