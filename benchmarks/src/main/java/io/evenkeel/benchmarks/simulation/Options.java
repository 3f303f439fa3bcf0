package io.evenkeel.benchmarks.simulation;

import io.evenkeel.benchmarks.SpreadingSelectors;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the command line says.
 *
 * @param scenarios in the order of {@link Scenarios#all()}
 */
record Options(
    List<Scenario> scenarios,
    List<String> selectors,
    long seed,
    int threads,
    Path out,
    boolean quick,
    boolean help) {

  static final String HELP =
      """
      Simulates clients and servers around the real load balancer, and says what each selector does.

        --scenario NAME   only this one; may be repeated
        --selector NAME   only this one; may be repeated
        --quick           a tenth of the time: a look, no figures
        --seed N          where all chance comes from; 1 by default
        --threads N       how many runs at a time; by default one for each processor, at most 4
        --out DIR         where to write results.md and the pictures; by default benchmarks/results/simulation,
                          or benchmarks/target/simulation for a part of the whole
        --help            this

      Each run at a time takes up to half a GB of heap: java -Xmx3g is enough for four.

      Scenarios:
      """;

  private static final Path WHOLE = Path.of("benchmarks", "results", "simulation");
  private static final Path PART = Path.of("benchmarks", "target", "simulation");

  static Options parse(List<String> arguments) {
    Set<String> scenarios = new LinkedHashSet<>();
    Set<String> selectors = new LinkedHashSet<>();
    long seed = 1;
    int threads = Math.min(4, Runtime.getRuntime().availableProcessors());
    Path out = null;
    boolean quick = false;
    boolean help = false;
    List<String> names = Scenarios.all().stream().map(Scenario::name).toList();
    for (Iterator<String> rest = arguments.iterator(); rest.hasNext(); ) {
      String option = rest.next();
      switch (option) {
        case "--help" -> help = true;
        case "--quick" -> quick = true;
        case "--scenario" -> scenarios.add(oneOf(names, option, value(option, rest)));
        case "--selector" ->
            selectors.add(oneOf(SpreadingSelectors.names(), option, value(option, rest)));
        case "--seed" -> seed = number(option, value(option, rest), Long.MIN_VALUE, Long.MAX_VALUE);
        case "--threads" -> threads = (int) number(option, value(option, rest), 1, 64);
        case "--out" -> out = Path.of(value(option, rest));
        default ->
            throw new IllegalArgumentException(
                "option: '"
                    + option
                    + "' (expected: --scenario, --selector, --quick, --seed, --threads, --out,"
                    + " --help)");
      }
    }
    return new Options(
        Scenarios.all().stream()
            .filter(scenario -> scenarios.isEmpty() || scenarios.contains(scenario.name()))
            .map(quick ? Scenario::quick : scenario -> scenario)
            .toList(),
        List.copyOf(selectors.isEmpty() ? new ArrayList<>(SpreadingSelectors.names()) : selectors),
        seed,
        threads,
        out != null ? out : quick || !scenarios.isEmpty() || !selectors.isEmpty() ? PART : WHOLE,
        quick,
        help);
  }

  /** The command that gives the same files again, but for where they are. */
  String command() {
    StringBuilder command =
        new StringBuilder("java -Xmx3g -cp benchmarks/target/benchmarks.jar ")
            .append(Simulation.class.getName());
    if (scenarios.size() < Scenarios.all().size()) {
      scenarios.forEach(scenario -> command.append(" --scenario ").append(scenario.name()));
    }
    if (selectors.size() < SpreadingSelectors.names().size()) {
      selectors.forEach(selector -> command.append(" --selector ").append(selector));
    }
    return command.append(quick ? " --quick" : "").append(" --seed ").append(seed).toString();
  }

  private static String value(String option, Iterator<String> rest) {
    if (!rest.hasNext()) {
      throw new IllegalArgumentException(option + ": no value (expected: one after it)");
    }
    return rest.next();
  }

  private static String oneOf(Collection<String> names, String option, String name) {
    if (!names.contains(name)) {
      throw new IllegalArgumentException(
          option + ": '" + name + "' (expected: " + String.join(", ", names) + ")");
    }
    return name;
  }

  private static long number(String option, String text, long least, long most) {
    @Nullable Long value;
    try {
      value = Long.valueOf(text);
    } catch (NumberFormatException e) {
      value = null;
    }
    if (value == null || value < least || value > most) {
      throw new IllegalArgumentException(
          option + ": '" + text + "' (expected: " + least + " to " + most + ")");
    }
    return value;
  }
}
