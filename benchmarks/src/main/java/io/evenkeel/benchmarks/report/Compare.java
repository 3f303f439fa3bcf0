package io.evenkeel.benchmarks.report;

import io.evenkeel.benchmarks.SpreadingSelectors;
import io.evenkeel.core.Selector;
import io.evenkeel.core.Selectors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;

/**
 * Measures every selector beside its peers and writes {@code picks.md}, {@code picks.svg} and
 * {@code picks.json}.
 *
 * <pre>
 * mvn package -DskipTests
 * mvn package -f benchmarks/peers
 * java -cp benchmarks/target/benchmarks.jar io.evenkeel.benchmarks.report.Compare
 * </pre>
 *
 * <p>{@code --quick}: one short round with fewer loads, to see that it works (under 3 minutes).
 * {@code --minutes N}: begin no other round that would not end within that time (25). {@code --only
 * NAME}: one selector alone. {@code --out DIR}: where to write.
 */
public final class Compare {

  private static final String USAGE =
      "usage: Compare [--quick] [--minutes N] [--only SELECTOR] [--out DIR]";

  private Compare() {}

  /** Runs the comparison. */
  public static void main(String[] args) throws IOException {
    boolean quick = false;
    int minutes = 25;
    List<String> selectors = List.copyOf(SpreadingSelectors.names());
    Path out = Path.of("benchmarks", "results");
    StringBuilder command =
        new StringBuilder("java -cp benchmarks/target/benchmarks.jar " + Compare.class.getName());
    for (int i = 0; i < args.length; i++) {
      String option = args[i];
      if (option.equals("--quick")) {
        quick = true;
        command.append(" --quick");
        continue;
      }
      if (i + 1 == args.length) {
        throw new IllegalArgumentException(USAGE);
      }
      String value = args[++i];
      switch (option) {
        case "--minutes" -> minutes = Integer.parseInt(value);
        case "--only" -> {
          Selector.Factory unused = Selectors.named(value);
          selectors = List.of(value);
        }
        case "--out" -> out = Path.of(value);
        default -> throw new IllegalArgumentException(USAGE);
      }
      if (!option.equals("--out")) {
        command.append(' ').append(option).append(' ').append(value);
      }
    }
    Plan plan = quick ? Plan.quick() : Plan.full(minutes);
    String date = LocalDate.now(ZoneOffset.UTC).toString();
    List<Contender> contenders = Contenders.of(selectors);
    Results results = new Results(new Rounds(plan, System.out).run(contenders));
    List<String> heading =
        new ArrayList<>(
            List.of(
                "Machine: " + Machine.describe(),
                "Date: " + date + "; rounds: " + results.rounds(),
                "Command: `" + command + "`"));
    plan.round(contenders, 1).stream()
        .filter(cell -> !results.has(cell))
        .map(cell -> cell.contender().name() + ", " + cell.contender().work().title())
        .distinct()
        .forEach(failed -> heading.add("**Failed**: " + failed));
    write(results, out, heading, Machine.describe() + "; " + date);
    Bars.of(results)
        .forEach(
            bar ->
                System.out.printf(
                    "%s: %s: %s %s%n",
                    bar.bar(), bar.selector(), bar.measured(), bar.verdict().title()));
  }

  private static void write(Results results, Path out, List<String> heading, String caption)
      throws IOException {
    Files.createDirectories(out);
    Files.writeString(out.resolve("picks.md"), Table.of(results, heading, "picks.svg"));
    Files.writeString(out.resolve("picks.svg"), Chart.of(results, caption));
    Files.writeString(out.resolve("picks.json"), RawData.of(results, heading));
  }
}
