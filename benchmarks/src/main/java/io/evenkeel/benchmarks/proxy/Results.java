package io.evenkeel.benchmarks.proxy;

import io.evenkeel.benchmarks.report.Machine;
import io.evenkeel.benchmarks.report.Spread;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Every number that was measured, also by earlier runs on the same machine with the same versions.
 * The first number of a scenario replaces those that an earlier run took with the same Java.
 */
final class Results {

  private static final String COLUMNS = "date,java,scenario,contender,round,metric,value";

  private record Row(Cell cell, String metric, double value) {}

  private final Path file;
  private final String machine;
  private final String versions;
  private final List<Row> rows = new ArrayList<>();
  private final Set<String> measuredAnew = new HashSet<>();

  private Results(Path file, String machine, String versions) {
    this.file = file;
    this.machine = machine;
    this.versions = versions;
  }

  /** Reads what earlier runs have left. */
  static Results load(Path file, Tools tools) throws IOException {
    Results results = new Results(file, Machine.hardware(), tools.versions());
    Files.createDirectories(file.toAbsolutePath().getParent());
    if (Files.exists(file)) {
      List<String> lines = Files.readAllLines(file);
      if (lines.size() > 3 && lines.subList(0, 3).equals(results.heading())) {
        lines.subList(3, lines.size()).forEach(line -> results.rows.add(parse(line)));
      } else {
        System.out.println(file + " is of another machine or of other versions: it begins anew");
      }
    }
    return results;
  }

  private List<String> heading() {
    return List.of("# " + machine, "# " + versions, COLUMNS);
  }

  private static Row parse(String line) {
    String[] fields = line.split(",", -1);
    return new Row(
        new Cell(
            fields[0],
            fields[1],
            Scenario.valueOf(fields[2]),
            Contender.valueOf(fields[3]),
            Integer.parseInt(fields[4])),
        fields[5],
        Double.parseDouble(fields[6]));
  }

  void add(Cell cell, String metric, double value) {
    boolean isCalls = metric.startsWith("calls");
    if (measuredAnew.add(cell.java() + cell.scenario() + isCalls)) {
      rows.removeIf(
          row ->
              row.cell.java().equals(cell.java())
                  && row.cell.scenario() == cell.scenario()
                  && row.metric.startsWith("calls") == isCalls);
    }
    rows.add(new Row(cell, metric, value));
  }

  void save() throws IOException {
    List<String> lines = new ArrayList<>(heading());
    rows.stream()
        .sorted(
            Comparator.comparing((Row row) -> row.cell.java())
                .thenComparing(row -> row.cell.scenario()))
        .forEach(
            row ->
                lines.add(
                    String.format(
                        Locale.ROOT,
                        "%s,%s,%s,%s,%d,%s,%.4f",
                        row.cell.date(),
                        row.cell.java(),
                        row.cell.scenario(),
                        row.cell.contender(),
                        row.cell.round(),
                        row.metric,
                        row.value)));
    Files.write(file, lines);
  }

  String machine() {
    return machine;
  }

  String versions() {
    return versions;
  }

  /** Versions of Java, the oldest first. */
  List<String> javas() {
    return rows.stream().map(row -> row.cell.java()).distinct().sorted().toList();
  }

  /** First and last day. */
  String dates() {
    List<String> days = rows.stream().map(row -> row.cell.date()).distinct().sorted().toList();
    return days.size() < 2
        ? String.join("", days)
        : days.get(0) + " to " + days.get(days.size() - 1);
  }

  private Stream<Row> rows(String java, Scenario scenario, Contender contender) {
    return rows.stream()
        .filter(row -> row.cell.java().equals(java))
        .filter(row -> row.cell.scenario() == scenario)
        .filter(row -> row.cell.contender() == contender);
  }

  private Map<Integer, Double> rounds(
      String java, Scenario scenario, Contender contender, String metric) {
    Map<Integer, Double> rounds = new TreeMap<>();
    rows(java, scenario, contender)
        .filter(row -> row.metric.equals(metric))
        .forEach(row -> rounds.put(row.cell.round(), row.value));
    return rounds;
  }

  boolean has(String java, Scenario scenario, Contender contender, String metric) {
    return !rounds(java, scenario, contender, metric).isEmpty();
  }

  /** Over the rounds; {@link #has} says whether there is one. */
  Spread of(String java, Scenario scenario, Contender contender, String metric) {
    return Spread.of(rounds(java, scenario, contender, metric).values());
  }

  int rounds(String java, Scenario scenario) {
    return rounds(java, scenario, Contender.EVENKEEL, "cpu_us").size();
  }

  /** One's CPU by another's, taken round by round. */
  Spread ratio(String java, Scenario scenario, Contender one, Contender other) {
    Map<Integer, Double> ones = rounds(java, scenario, one, "cpu_us");
    Map<Integer, Double> others = rounds(java, scenario, other, "cpu_us");
    ones.replaceAll((round, value) -> value / others.getOrDefault(round, Double.NaN));
    return Spread.of(ones.values());
  }

  /** Whom the scenario's bar goes by: of those that count there, whose CPU is the least. */
  Contender better(String java, Scenario scenario) {
    return least(java, scenario, c -> !c.isOurs() && (c.has64KiB() || !scenario.isBulk()));
  }

  /** Whose CPU is the least of all but Evenkeel's. */
  Contender best(String java, Scenario scenario) {
    return least(java, scenario, c -> !c.isOurs());
  }

  private Contender least(String java, Scenario scenario, Predicate<Contender> who) {
    return Stream.of(Contender.values())
        .filter(who)
        .min(Comparator.comparing(c -> of(java, scenario, c, "cpu_us").median()))
        .orElseThrow();
  }

  /** System calls a request by name, the most frequent first; empty if they were not counted. */
  List<Map.Entry<String, Double>> calls(String java, Scenario scenario, Contender contender) {
    return rows(java, scenario, contender)
        .filter(row -> row.metric.startsWith("calls "))
        .map(row -> Map.entry(row.metric.substring("calls ".length()), row.value))
        .sorted(Map.Entry.<String, Double>comparingByValue().reversed())
        .toList();
  }
}
