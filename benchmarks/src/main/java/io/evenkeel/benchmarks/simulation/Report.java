package io.evenkeel.benchmarks.simulation;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The results as files: a page, a picture of everything and one of each scenario. */
final class Report {

  private static final String HOW_TO_READ =
      """
      Simulated time, so no machine has a part in it, and the same seed gives the same bytes. The load balancer is the
      real one, one for each client; servers, network and clients are simulated. Every selector meets the same requests.

      - **p50, p99, p99.9**: from the arrival of a request to its last answer, retries included; of requests that succeeded.
      - **failed**: the share that did not, after retries. A selector with failures has no slow requests among them: look here first.
      - **load spread**: the standard deviation, over the mean, of what each server was sent as a share of what it could do
        in that time. 0 is even. What it could do counts a slow server as slow, and one that is broken as nothing.
      - **max load**: the most loaded server beside the mean. 1 is even.
      """;

  private Report() {}

  /** The table of one scenario, the best selector first. */
  static String table(Outcome outcome) {
    StringBuilder table = new StringBuilder();
    table.append("| selector | p50 | p99 | p99.9 | failed | load spread | max load |\n");
    table.append("|---|--:|--:|--:|--:|--:|--:|\n");
    for (Result result : outcome.ranked()) {
      table.append(
          "| %s | %s | %s | %s | %s | %s | %s × |\n"
              .formatted(
                  pad(result.selector(), 22),
                  padLeft(Text.nanos(result.percentile(50)), 7),
                  padLeft(Text.nanos(result.percentile(99)), 7),
                  padLeft(Text.nanos(result.percentile(99.9)), 7),
                  padLeft(Text.percent(result.failedShare()), 8),
                  padLeft(Text.fixed(result.spread(), 3), 5),
                  padLeft(Text.fixed(result.maxOverMean(), 2), 4)));
    }
    return table.toString();
  }

  /**
   * Writes all of it.
   *
   * @param command what was run, to be run again
   */
  static void write(Path directory, String command, List<Outcome> outcomes) throws IOException {
    Files.createDirectories(directory);
    StringBuilder page = new StringBuilder();
    page.append("# What the selectors do: simulated\n\n```sh\n")
        .append(command)
        .append("\n```\n\n")
        .append(HOW_TO_READ)
        .append("\n![p99 by scenario and selector](overview.svg)\n");
    Files.writeString(directory.resolve("overview.svg"), OverviewChart.of(outcomes));
    for (Outcome outcome : outcomes) {
      Scenario scenario = outcome.scenario();
      String file = scenario.name() + ".svg";
      page.append("\n## ")
          .append(scenario.title())
          .append("\n\n")
          .append(scenario.about())
          .append("\n\n`")
          .append(scenario.name())
          .append("`: ")
          .append(scenario.conditions())
          .append(".\n\n![")
          .append(scenario.title())
          .append("](")
          .append(file)
          .append(")\n\n")
          .append(table(outcome));
      Files.writeString(directory.resolve(file), ScenarioChart.of(outcome));
    }
    Files.writeString(directory.resolve("results.md"), page.toString());
  }

  private static String pad(String text, int width) {
    return text + " ".repeat(Math.max(0, width - text.length()));
  }

  private static String padLeft(String text, int width) {
    return " ".repeat(Math.max(0, width - text.length())) + text;
  }
}
