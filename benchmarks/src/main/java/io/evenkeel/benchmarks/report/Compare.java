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
 * {@code picks.json}; or the lookups of keys, {@code ring.md} and {@code ring.json}.
 *
 * <pre>
 * mvn package -DskipTests
 * mvn package -f benchmarks/peers
 * java -cp benchmarks/target/benchmarks.jar io.evenkeel.benchmarks.report.Compare
 * </pre>
 *
 * <p>{@code --rings}: the rings and Maglev's table, within 5 minutes. {@code --quick}: one short
 * round with fewer loads, to see that it works (under 3 minutes). {@code --minutes N}: begin no
 * other round that would not end within that time (25). {@code --only NAME}: one selector alone.
 * {@code --out DIR}: where to write.
 */
public final class Compare {

  private static final String USAGE =
      "usage: Compare [--rings | --quick] [--minutes N] [--only SELECTOR] [--out DIR]";

  private Compare() {}

  /** Runs the comparison. */
  public static void main(String[] args) throws IOException {
    boolean quick = false;
    boolean rings = false;
    int minutes = 0;
    List<String> selectors = List.copyOf(SpreadingSelectors.names());
    Path out = Path.of("benchmarks", "results");
    StringBuilder command =
        new StringBuilder("java -cp benchmarks/target/benchmarks.jar " + Compare.class.getName());
    for (int i = 0; i < args.length; i++) {
      String option = args[i];
      if (option.equals("--quick") || option.equals("--rings")) {
        quick |= option.equals("--quick");
        rings |= option.equals("--rings");
        command.append(' ').append(option);
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
    Plan plan =
        rings
            ? Plan.rings(minutes == 0 ? 5 : minutes)
            : quick ? Plan.quick() : Plan.full(minutes == 0 ? 25 : minutes);
    String date = LocalDate.now(ZoneOffset.UTC).toString();
    List<Contender> contenders = rings ? Contenders.rings() : Contenders.of(selectors);
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
    Files.createDirectories(out);
    if (rings) {
      heading.add(RingMemory.describe());
      String title = "Rings and Maglev's table, beside the peers";
      Files.writeString(out.resolve("ring.md"), Table.of(results, title, heading, null));
      Files.writeString(out.resolve("ring.json"), RawData.of(results, heading));
    } else {
      String caption = Machine.describe() + "; " + date;
      String title = "Picks, beside the peers";
      Files.writeString(out.resolve("picks.md"), Table.of(results, title, heading, "picks.svg"));
      Files.writeString(out.resolve("picks.svg"), Chart.of(results, caption));
      Files.writeString(out.resolve("picks.json"), RawData.of(results, heading));
    }
    Bars.of(results)
        .forEach(
            bar ->
                System.out.printf(
                    "%s: %s: %s %s%n",
                    bar.bar(), bar.selector(), bar.measured(), bar.verdict().title()));
  }
}
