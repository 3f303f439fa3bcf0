package io.evenkeel.benchmarks.report;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Runs every cell once a round, each in a JVM of its own, as long as there is time. */
final class Rounds {

  private final Plan plan;
  private final PrintStream progress;

  Rounds(Plan plan, PrintStream progress) {
    this.plan = plan;
    this.progress = progress;
  }

  List<Sample> run(List<Contender> contenders) {
    List<Sample> samples = new ArrayList<>();
    long start = System.nanoTime();
    long limit = plan.minutes() * 60_000_000_000L;
    long longest = 0;
    for (int round = 1; round == 1 || System.nanoTime() - start + longest <= limit; round++) {
      long begin = System.nanoTime();
      List<Cell> cells = plan.round(contenders, round);
      for (int i = 0; i < cells.size(); i++) {
        Cell cell = cells.get(i);
        Optional<Sample> sample = run(cell, round);
        progress.printf(
            "round %d, %d/%d: %s, %s, %s: %s%n",
            round,
            i + 1,
            cells.size(),
            cell.contender().name(),
            cell.contender().work().title(),
            Numbers.load(cell),
            sample.map(s -> Numbers.of(s.nanos()) + " ns").orElse("failed"));
        sample.ifPresent(samples::add);
      }
      longest = Math.max(longest, System.nanoTime() - begin);
    }
    if (samples.isEmpty()) {
      throw new IllegalStateException("nothing was measured");
    }
    return samples;
  }

  private Optional<Sample> run(Cell cell, int round) {
    Contender contender = cell.contender();
    TimeValue iteration = TimeValue.milliseconds(Plan.ITERATION_MILLIS);
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .include("^" + Pattern.quote(contender.benchmark()) + "$")
            .param("servers", String.valueOf(cell.servers()))
            .threads(cell.threads())
            .forks(1)
            .warmupIterations(plan.warmups(contender))
            .warmupTime(iteration)
            .measurementIterations(plan.iterations())
            .measurementTime(iteration)
            .timeUnit(TimeUnit.NANOSECONDS)
            .addProfiler(GCProfiler.class)
            .jvmArgsAppend("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
            .verbosity(VerboseMode.SILENT);
    if (contender.selector() != null) {
      options.param("selector", contender.selector());
    }
    Collection<RunResult> results;
    try {
      results = new Runner(options.build()).run();
    } catch (RunnerException e) {
      // As when somebody else runs JMH just now. One cell less is no reason to lose the others.
      progress.println(e.getMessage());
      return Optional.empty();
    }
    // Empty if the benchmark failed, which JMH has said on its standard output.
    return results.stream()
        .findFirst()
        .map(
            result ->
                new Sample(
                    cell,
                    round,
                    result.getPrimaryResult().getStatistics().getPercentile(50),
                    bytes(result)));
  }

  private static double bytes(RunResult result) {
    for (String name : result.getSecondaryResults().keySet()) {
      if (name.endsWith("gc.alloc.rate.norm")) {
        return result.getSecondaryResults().get(name).getScore();
      }
    }
    throw new IllegalStateException("the profiler measured nothing");
  }
}
