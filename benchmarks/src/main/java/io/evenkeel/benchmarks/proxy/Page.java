package io.evenkeel.benchmarks.proxy;

import io.evenkeel.benchmarks.report.Spread;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The results as Markdown: for each Java the bars first, then what they come from. */
final class Page {

  private static final int MOST_BYTES_A_RELAY = 1_536;

  private final Results results;
  private final StringBuilder out = new StringBuilder();

  private Page(Results results) {
    this.results = results;
  }

  static String of(Results results) {
    Page page = new Page(results);
    page.heading();
    for (String java : results.javas()) {
      page.line("", "## Evenkeel on JDK " + java);
      page.bars(java);
      page.cpu(java);
      page.speed(java);
      page.memory(java);
      page.calls(java);
    }
    return page.out.toString();
  }

  private void heading() {
    line(
        "# What relaying costs, beside HAProxy and nginx",
        "",
        "```",
        "mvn package -DskipTests",
        "benchmarks/proxy/compare",
        "benchmarks/proxy/compare --syscalls",
        "```",
        "",
        "- " + results.machine(),
        "- " + results.versions(),
        "- " + results.dates(),
        "- Each proxy has one worker or event loop, no access log, the same timeouts; all are"
            + " measured in turn, in another order each round. CPU is user and system time of all"
            + " threads of the proxy. Medians over the rounds ± half their range; ratios are"
            + " Evenkeel by the other, taken round by round. Evenkeel is warmed up until its JIT"
            + " compilers take less than 1 % of its CPU, or for 30 s a scenario, twice round.",
        "");
    for (Scenario scenario : Scenario.values()) {
      line("- " + scenario.letter() + " " + scenario.description());
    }
    line("", "![CPU, by that of the one that the bar goes by](proxy.svg)");
  }

  private void bars(String java) {
    line(
        "",
        "### Bars",
        "",
        "Evenkeel by the better of the others: in bulk, of the two with 64 KiB buffers, else of all;"
            + " and by the best of all.",
        "");
    row("", "by the better", "bar", "", "the better", "by the best", "the best");
    row("---", "---:", "---:", "---", "---", "---:", "---");
    for (Scenario scenario : measured(java)) {
      Contender better = results.better(java, scenario);
      Contender best = results.best(java, scenario);
      Spread ratio = results.ratio(java, scenario, Contender.EVENKEEL, better);
      row(
          name(scenario) + ", CPU",
          times(ratio),
          String.format(Locale.ROOT, "%.2f×", scenario.bar()),
          ratio.median() <= scenario.bar() ? "met" : "**missed**",
          better.title(),
          times(results.ratio(java, scenario, Contender.EVENKEEL, best)),
          best.title());
    }
    if (results.has(java, Scenario.E, Contender.EVENKEEL, "heap_b")) {
      double bytes =
          metric(java, "heap_b").median() + Math.max(0, metric(java, "native_b").median());
      row(
          "idle relay, heap and native memory",
          String.format(Locale.ROOT, "%,.0f B", bytes),
          String.format(Locale.ROOT, "%,d B", MOST_BYTES_A_RELAY),
          bytes <= MOST_BYTES_A_RELAY ? "met" : "**missed**",
          "",
          "",
          "");
    }
  }

  private void cpu(String java) {
    line("", "### CPU", "", "Microseconds; in brackets Evenkeel by that one.", "");
    List<String> head = new ArrayList<>(List.of("", "rounds"));
    Stream.of(Contender.values()).map(Contender::title).forEach(head::add);
    table(head);
    for (Scenario scenario : measured(java)) {
      List<String> cells = new ArrayList<>();
      cells.add(name(scenario) + ", a " + scenario.unit());
      cells.add(
          results.rounds(java, scenario)
              + " of "
              + number(results.of(java, scenario, Contender.EVENKEEL, "seconds").median())
              + " s");
      for (Contender contender : Contender.values()) {
        String micros = spread(results.of(java, scenario, contender, "cpu_us"));
        cells.add(
            contender.isOurs()
                ? "**" + micros + "**"
                : micros
                    + " ("
                    + times(results.ratio(java, scenario, Contender.EVENKEEL, contender))
                    + ")");
      }
      row(cells);
    }
  }

  private void speed(String java) {
    line("", "### Throughput; p50 and p99 of a request in ms", "");
    List<String> head = new ArrayList<>(List.of(""));
    Stream.of(Contender.values()).map(Contender::title).forEach(head::add);
    table(head);
    for (Scenario scenario : measured(java)) {
      List<String> cells = new ArrayList<>();
      cells.add(name(scenario) + ", " + (scenario.isBulk() ? "MiB/s" : "requests/s"));
      for (Contender contender : Contender.values()) {
        Function<String, Double> of = metric -> median(java, scenario, contender, metric);
        double errors = of.apply("errors");
        cells.add(
            number(of.apply("per_s"))
                + "; "
                + number(of.apply("p50_us") / 1e3)
                + ", "
                + number(of.apply("p99_us") / 1e3)
                + (errors == 0 ? "" : " (" + number(errors) + " errors)"));
      }
      row(cells);
    }
  }

  private void memory(String java) {
    if (!results.has(java, Scenario.E, Contender.EVENKEEL, "relays")) {
      return;
    }
    line(
        "",
        "### Memory of an idle relay",
        "",
        String.format(
            Locale.ROOT,
            "Bytes, by %,.0f of them that have carried one request each: what the process's resident"
                + " memory grew by. nginx has set aside what it needs of its connections"
                + " before; a JVM grows by what it has not collected yet, too.",
            metric(java, "relays").median()),
        "");
    table(Stream.of(Contender.values()).map(Contender::title).toList());
    row(
        Stream.of(Contender.values())
            .map(c -> spread(results.of(java, Scenario.E, c, "resident_b")))
            .toList());
    line(
        "",
        "Of Evenkeel's: objects in the heap after a full collection "
            + spread(metric(java, "heap_b"))
            + ", native memory (but for what compiling takes) "
            + spread(metric(java, "native_b"))
            + ".");
  }

  private void calls(String java) {
    List<Scenario> counted =
        Stream.of(Scenario.values())
            .filter(scenario -> results.has(java, scenario, Contender.EVENKEEL, "calls"))
            .toList();
    if (counted.isEmpty()) {
      return;
    }
    line(
        "",
        "### System calls a request",
        "",
        "Counted by `strace -c -f`, which slows all of them down, so that they find more to do each"
            + " time that they look.",
        "");
    row("", "", "all", "which");
    row("---", "---", "---:", "---");
    for (Scenario scenario : counted) {
      for (Contender contender : Contender.values()) {
        row(
            name(scenario),
            contender.title(),
            String.format(Locale.ROOT, "%.2f", median(java, scenario, contender, "calls")),
            results.calls(java, scenario, contender).stream()
                .filter(call -> call.getValue() >= 0.005)
                .map(call -> String.format(Locale.ROOT, "%s %.2f", call.getKey(), call.getValue()))
                .collect(Collectors.joining(", ")));
      }
    }
  }

  private List<Scenario> measured(String java) {
    return Stream.of(Scenario.values()).filter(s -> results.rounds(java, s) > 0).toList();
  }

  private Spread metric(String java, String metric) {
    return results.of(java, Scenario.E, Contender.EVENKEEL, metric);
  }

  private double median(String java, Scenario scenario, Contender contender, String metric) {
    return results.of(java, scenario, contender, metric).median();
  }

  private static String name(Scenario scenario) {
    return scenario.letter() + " " + scenario.title();
  }

  private static String times(Spread ratio) {
    return String.format(Locale.ROOT, "%.2f× ±%.2f", ratio.median(), ratio.error());
  }

  private static String spread(Spread value) {
    return number(value.median()) + " ±" + number(value.error());
  }

  /** 3 digits or so. */
  private static String number(double value) {
    double size = Math.abs(value);
    String format =
        size == Math.rint(size) || size >= 99.5 ? "%,.0f" : size >= 9.95 ? "%.1f" : "%.2f";
    return String.format(Locale.ROOT, format, value);
  }

  private void table(List<String> head) {
    row(head);
    row(head.stream().map(cell -> cell.isEmpty() ? "---" : "---:").toList());
  }

  private void row(String... cells) {
    row(Arrays.asList(cells));
  }

  private void row(List<String> cells) {
    line(cells.stream().collect(Collectors.joining(" | ", "| ", " |")));
  }

  private void line(String... texts) {
    for (String text : texts) {
      out.append(text).append('\n');
    }
  }
}
