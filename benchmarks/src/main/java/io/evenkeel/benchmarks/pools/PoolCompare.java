package io.evenkeel.benchmarks.pools;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Measures the pool beside others and writes {@code pool.md}.
 *
 * <pre>
 * mvn package -DskipTests
 * java -cp benchmarks/target/benchmarks.jar io.evenkeel.benchmarks.pools.PoolCompare
 * </pre>
 *
 * <p>{@code --quick}: to see that it works. {@code --rounds N}: 3 by default. Rounds run every cell
 * once, each in a JVM of its own, every other round the other way round; figures are medians over
 * the rounds.
 */
public final class PoolCompare {

  private static final List<Integer> THREADS = List.of(1, 2, 8, 64);
  private static final List<String> FAIR = List.of("evenkeel", "hikari", "stormpot");
  private static final List<Long> HOLDS = List.of(0L, 200_000L);

  private record Cell(String pool, int threads) {}

  private record Sample(double perMicro, double bytes) {}

  private PoolCompare() {}

  /** Runs the comparison. */
  public static void main(String[] args) throws Exception {
    boolean quick = List.of(args).contains("--quick");
    int option = List.of(args).indexOf("--rounds");
    int rounds = quick ? 1 : option < 0 ? 3 : Integer.parseInt(args[option + 1]);
    Map<Cell, List<Sample>> samples = new LinkedHashMap<>();
    for (int round = 0; round < rounds; round++) {
      List<Cell> cells = new ArrayList<>();
      THREADS.forEach(t -> Contestants.NAMES.forEach(name -> cells.add(new Cell(name, t))));
      if (round % 2 == 1) {
        Collections.reverse(cells);
      }
      for (Cell cell : cells) {
        Sample sample = measure(cell, quick);
        samples.computeIfAbsent(cell, c -> new ArrayList<>()).add(sample);
        System.out.printf(
            Locale.ROOT, "%s: %.2f uses/us, %.1f B%n", cell, sample.perMicro, sample.bytes);
      }
    }
    Map<String, PoolFairness.Outcome> fair = new LinkedHashMap<>();
    for (long hold : HOLDS) {
      for (String name : FAIR) {
        PoolFairness.Outcome outcome = fairness(name, quick ? 1 : hold == 0 ? 15 : 5, hold);
        fair.put(name + " " + hold, outcome);
        System.out.println(name + " " + hold + ": " + outcome);
      }
    }
    Path out = Path.of("benchmarks", quick ? "target" : "results", "pool.md");
    Files.writeString(out, report(samples, fair, rounds, quick));
    System.out.println("written: " + out);
  }

  private static Sample measure(Cell cell, boolean quick) throws RunnerException {
    TimeValue iteration = TimeValue.milliseconds(quick ? 50 : 150);
    RunResult result =
        new Runner(
                new OptionsBuilder()
                    .include("^" + PoolBenchmark.class.getName() + "\\.")
                    .param("pool", cell.pool)
                    .threads(cell.threads)
                    .forks(1)
                    .warmupIterations(6)
                    .warmupTime(iteration)
                    .measurementIterations(6)
                    .measurementTime(iteration)
                    .addProfiler(GCProfiler.class)
                    .jvmArgsAppend("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Xmx512m")
                    .verbosity(VerboseMode.SILENT)
                    .shouldFailOnError(true)
                    .build())
            .runSingle();
    return new Sample(result.getPrimaryResult().getStatistics().getPercentile(50), bytes(result));
  }

  private static double bytes(RunResult result) {
    for (String name : result.getSecondaryResults().keySet()) {
      if (name.endsWith("gc.alloc.rate.norm")) {
        return result.getSecondaryResults().get(name).getScore();
      }
    }
    throw new IllegalStateException("the profiler measured nothing");
  }

  private static PoolFairness.Outcome fairness(String name, int seconds, long hold)
      throws IOException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-cp",
                System.getProperty("java.class.path"),
                PoolFairness.class.getName(),
                name,
                String.valueOf(seconds),
                String.valueOf(hold))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    for (String line : text.split("\n", -1)) {
      if (line.startsWith("outcome ")) {
        String[] parts = line.split(" ", -1);
        return new PoolFairness.Outcome(
            Double.parseDouble(parts[1]),
            Double.parseDouble(parts[2]),
            Long.parseLong(parts[3]),
            Long.parseLong(parts[4]));
      }
    }
    throw new IOException("no outcome of " + name + ": " + text);
  }

  private static String report(
      Map<Cell, List<Sample>> samples,
      Map<String, PoolFairness.Outcome> fair,
      int rounds,
      boolean quick) {
    StringBuilder text = new StringBuilder();
    text.append("# Pools: borrow and give back, ten connections\n\n");
    text.append("Machine: ")
        .append(Runtime.getRuntime().availableProcessors())
        .append(" cores, ")
        .append(System.getProperty("java.vm.name"))
        .append(' ')
        .append(System.getProperty("java.version"))
        .append("; ")
        .append(LocalDate.now(ZoneOffset.UTC))
        .append("; medians of ")
        .append(rounds)
        .append(" rounds\n\n");
    text.append("Command: `java -cp benchmarks/target/benchmarks.jar ")
        .append(PoolCompare.class.getName())
        .append(quick ? " --quick" : " --rounds " + rounds)
        .append(
            "`\n\n## Uses in a microsecond, all threads together; in brackets, ours beside it\n\n");
    text.append("| pool | 1 thread | 2 threads | 8 threads | 64 threads | B/use, 1 thread |\n");
    text.append("|---|--:|--:|--:|--:|--:|\n");
    for (String name : Contestants.NAMES) {
      text.append("| ").append(name);
      for (int threads : THREADS) {
        double theirs = median(samples, name, threads);
        double ours = median(samples, "evenkeel", threads);
        text.append(
            name.equals("evenkeel")
                ? String.format(Locale.ROOT, " | %.1f", theirs)
                : String.format(Locale.ROOT, " | %.1f (%.2f×)", theirs, ours / theirs));
      }
      double bytes =
          samples.getOrDefault(new Cell(name, 1), List.of()).stream()
              .mapToDouble(Sample::bytes)
              .max()
              .orElse(0);
      text.append(String.format(Locale.ROOT, " | %.0f |%n", bytes));
    }
    text.append("\n## 64 threads on ten connections, each wanting one all the time\n\n");
    text.append(
        "| pool, held for | uses/s | slowest thread, of the mean | p99.9 of a borrow | longest |\n");
    text.append("|---|--:|--:|--:|--:|\n");
    fair.forEach(
        (key, outcome) -> {
          String[] parts = key.split(" ", -1);
          text.append(
              String.format(
                  Locale.ROOT,
                  "| %s, %d µs | %,.0f | %.2f | %,.1f µs | %.1f ms |%n",
                  parts[0],
                  Long.parseLong(parts[1]) / 1_000,
                  outcome.perSecond(),
                  outcome.slowest(),
                  outcome.p999Nanos() / 1e3,
                  outcome.maxNanos() / 1e6));
        });
    return text.toString();
  }

  private static double median(Map<Cell, List<Sample>> samples, String name, int threads) {
    List<Sample> cell = samples.getOrDefault(new Cell(name, threads), List.of());
    double[] sorted = cell.stream().mapToDouble(Sample::perMicro).sorted().toArray();
    int half = sorted.length / 2;
    return sorted.length == 0
        ? Double.NaN
        : sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }
}
