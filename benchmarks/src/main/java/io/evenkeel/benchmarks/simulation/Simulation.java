package io.evenkeel.benchmarks.simulation;

import io.evenkeel.core.Selectors;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * The command: simulates every scenario with every selector, prints a table of each, and writes the
 * results as a page and pictures. {@code --help} says what can be asked for.
 *
 * <p>Each run (one selector in one scenario) is one thread; several go on at a time, which no
 * result depends on.
 */
public final class Simulation {

  private Simulation() {}

  /** Runs the command; exit code 2 is a mistake on the command line, 1 anything else. */
  public static void main(String[] args) {
    // The balancers log every change of health; 100 of them say it 100 times.
    System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", "warn");
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    System.exit(run(List.of(args), out, System.err));
  }

  static int run(List<String> arguments, PrintStream out, PrintStream err) {
    Options options;
    try {
      options = Options.parse(arguments);
    } catch (IllegalArgumentException e) {
      err.println(e.getMessage());
      return 2;
    }
    if (options.help()) {
      out.print(Options.HELP);
      Scenarios.all().forEach(each -> out.println("  " + each.name() + ": " + each.title()));
      return 0;
    }
    try {
      List<Outcome> outcomes = simulate(options, out);
      Report.write(options.out(), options.command(), outcomes);
      out.println("Written: " + options.out().resolve("results.md"));
      return 0;
    } catch (ExecutionException e) {
      err.println("simulation: " + e.getCause());
    } catch (IOException e) {
      err.println("--out: cannot write: " + e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      err.println("interrupted");
    }
    return 1;
  }

  private static List<Outcome> simulate(Options options, PrintStream out)
      throws ExecutionException, InterruptedException {
    ExecutorService threads = Executors.newFixedThreadPool(options.threads());
    try {
      Map<Scenario, List<Future<Result>>> futures = new LinkedHashMap<>();
      for (Scenario scenario : options.scenarios()) {
        List<Future<Result>> runs = new ArrayList<>();
        for (String name : options.selectors()) {
          runs.add(
              threads.submit(() -> Run.of(scenario, name, Selectors.named(name), options.seed())));
        }
        futures.put(scenario, runs);
      }
      List<Outcome> outcomes = new ArrayList<>();
      for (Map.Entry<Scenario, List<Future<Result>>> each : futures.entrySet()) {
        Scenario scenario = each.getKey();
        List<Result> results = new ArrayList<>();
        for (Future<Result> run : each.getValue()) {
          results.add(run.get());
        }
        Outcome outcome = new Outcome(scenario, results);
        outcomes.add(outcome);
        long events = results.stream().mapToLong(Result::events).sum();
        out.println(scenario.title() + " (" + scenario.name() + ")");
        out.println(scenario.conditions() + "; " + Text.count(events) + " events");
        out.println(Report.table(outcome));
      }
      return outcomes;
    } finally {
      threads.shutdownNow();
    }
  }
}
