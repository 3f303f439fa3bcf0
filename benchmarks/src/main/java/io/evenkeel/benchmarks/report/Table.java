package io.evenkeel.benchmarks.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The results as Markdown: the bars first, then every selector beside those like it. */
final class Table {

  private final Results results;
  private final StringBuilder out = new StringBuilder();

  private Table(Results results) {
    this.results = results;
  }

  /**
   * The page.
   *
   * @param heading lines that say where, when and how it was measured
   */
  static String of(Results results, String title, List<String> heading, @Nullable String chart) {
    Table table = new Table(results);
    table.line("# " + title);
    table.line("");
    heading.forEach(line -> table.line("- " + line));
    table.line("");
    table.line(
        "Nanoseconds per operation, the median over the rounds ± half their range; a round runs"
            + " ours and the others in turn, each in a JVM of its own. Ratios are taken round by"
            + " round. `select` is the choice alone; what is not in a table of its kind of work"
            + " does other work.");
    if (chart != null) {
      table.line("");
      table.line("![The same as a chart](" + chart + ")");
    }
    table.bars();
    table.picks();
    table.changes();
    table.builds();
    return table.out.toString();
  }

  private void bars() {
    line("");
    line("## Bars");
    line("");
    row("bar", "selector", "worst measured", "");
    row("---", "---", "---", "---");
    for (Bars.Bar bar : Bars.of(results)) {
      row(bar.bar(), "`" + bar.selector() + "`", bar.measured(), bar.verdict().title());
    }
  }

  private void picks() {
    for (Work work : Work.values()) {
      for (Contender ours : work.isPick() ? results.ours(work) : List.<Contender>of()) {
        line("");
        line("## `" + ours.name() + "`, " + work.title());
        line("");
        pick(ours);
      }
    }
  }

  private void pick(Contender ours) {
    List<Column> columns = new ArrayList<>();
    for (int threads : results.threads()) {
      for (int servers : results.servers()) {
        columns.add(new Column(servers, threads));
      }
    }
    // Not every kind of work is measured under every load.
    columns.removeIf(column -> !results.has(column.cell(ours)));
    row(cells("", columns, Column::title, "B/op"));
    row(cells("---", columns, column -> "---:", "---:"));
    row(cells("**Evenkeel**", columns, column -> "**" + nanos(ours, column) + "**", bytes(ours)));
    List<Contender> others = results.others(ours);
    for (Contender other : others) {
      row(cells(other.name(), columns, column -> nanos(other, column), bytes(other)));
    }
    if (!others.isEmpty()) {
      row(cells("_of the fastest of them_", columns, column -> ratio(ours, column), ""));
    }
  }

  private void builds() {
    List<Contender> all = results.ours(Work.BUILD);
    if (all.isEmpty()) {
      return;
    }
    line("");
    line("## Build");
    line("");
    line("Milliseconds, for 1,000 servers of 160 points, or a table of 65,537 slots.");
    line("");
    row("", "ms", "kB allocated");
    row("---", "---:", "---:");
    for (Contender ours : all) {
      double bytes = results.cells(ours).stream().mapToDouble(results::bytes).max().orElse(0);
      String kilobytes = String.format(Locale.ROOT, "%,d", Math.round(bytes / 1e3));
      row("`" + ours.name() + "`", millis(ours, Work.BUILD), kilobytes);
    }
  }

  private void changes() {
    List<Work> works = List.of(Work.UPDATE_ALL, Work.ADD_AND_REMOVE, Work.DOWN_AND_UP);
    List<Contender> all = results.ours(Work.UPDATE_ALL);
    if (all.isEmpty()) {
      return;
    }
    line("");
    line("## Changes");
    line("");
    line("Milliseconds, with 10,000 servers; the second and the third are two changes each.");
    line("");
    row(cells("", works, Work::title));
    row(cells("---", works, work -> "---:"));
    for (Contender ours : all) {
      row(cells("`" + ours.name() + "`", works, work -> millis(ours, work)));
    }
  }

  private String millis(Contender ours, Work work) {
    return results.ours(work).stream()
        .filter(contender -> contender.name().equals(ours.name()))
        .flatMap(contender -> results.cells(contender).stream())
        .map(results::nanos)
        .map(nanos -> new Spread(nanos.median() / 1e6, nanos.error() / 1e6))
        .map(Numbers::of)
        .findFirst()
        .orElse("");
  }

  private String nanos(Contender contender, Column column) {
    Cell cell = column.cell(contender);
    return results.has(cell) ? Numbers.of(results.nanos(cell)) : "–";
  }

  private String ratio(Contender ours, Column column) {
    Cell cell = column.cell(ours);
    Optional<Cell> fastest = results.fastestLike(cell);
    return fastest
        .map(like -> String.format(Locale.ROOT, "%.2f×", results.ratio(cell, like).median()))
        .orElse("–");
  }

  private String bytes(Contender contender) {
    double most = results.cells(contender).stream().mapToDouble(results::bytes).max().orElse(0);
    double least = results.cells(contender).stream().mapToDouble(results::bytes).min().orElse(0);
    String from = String.format(Locale.ROOT, "%,d", Math.round(least));
    String to = String.format(Locale.ROOT, "%,d", Math.round(most));
    return from.equals(to) ? to : from + "–" + to;
  }

  private record Column(int servers, int threads) {
    private Cell cell(Contender contender) {
      return new Cell(contender, servers, threads);
    }

    private String title() {
      return "n = "
          + Numbers.count(servers)
          + (threads == 1 ? "" : ", " + Numbers.threads(threads));
    }
  }

  private static <T> String[] cells(
      String first, List<T> columns, Function<T, String> text, String... last) {
    List<String> cells = new ArrayList<>();
    cells.add(first);
    columns.forEach(column -> cells.add(text.apply(column)));
    cells.addAll(Arrays.asList(last));
    return cells.toArray(String[]::new);
  }

  private void row(String... cells) {
    line(Arrays.stream(cells).collect(Collectors.joining(" | ", "| ", " |")));
  }

  private void line(String text) {
    out.append(text).append('\n');
  }
}
