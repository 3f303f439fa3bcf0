package io.evenkeel.benchmarks.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.benchmarks.SpreadingSelectors;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SimulationTest {

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @TempDir private Path directory;

  @Test
  void sameSeed_sameBytes_howeverManyThreads() {
    Map<String, String> one = files("one", "--threads", "1", "--seed", "9");
    String printed = out.toString(StandardCharsets.UTF_8);
    out.reset();
    Map<String, String> two = files("two", "--threads", "3", "--seed", "9");
    assertThat(two).isEqualTo(one);
    assertThat(out.toString(StandardCharsets.UTF_8).replace("/two/", "/one/")).isEqualTo(printed);
    assertThat(files("three", "--seed", "10")).isNotEqualTo(one);
  }

  @Test
  void everySelectorIsInTheTableAndInThePicture() {
    Map<String, String> files = files("all");
    assertThat(files).containsOnlyKeys("results.md", "overview.svg", "one_slow.svg");
    for (String selector : SpreadingSelectors.names()) {
      assertThat(files.get("results.md")).contains("| " + selector);
      assertThat(files.get("one_slow.svg")).contains(">" + selector + "<");
    }
    assertThat(files.get("results.md")).contains("--scenario one_slow --quick --seed 1\n");
    assertThat(out.toString(StandardCharsets.UTF_8)).contains("| peak_ewma ").contains("p99.9");
  }

  @Test
  void pictures_areWellFormed() {
    files("xml")
        .forEach(
            (name, text) -> {
              if (name.endsWith(".svg")) {
                assertThat(text).doesNotContain("NaN").doesNotContain("Infinity");
                assertThat(rootOf(text)).isEqualTo("svg");
              }
            });
  }

  @Test
  void unknownNames_areAnsweredWithThoseThereAre() {
    assertThat(run("--scenario", "nonsense")).isEqualTo(2);
    assertThat(err.toString(StandardCharsets.UTF_8))
        .startsWith("--scenario: 'nonsense' (expected: even_moderate, ")
        .contains("large")
        .hasLineCount(1);
    err.reset();
    assertThat(run("--selector", "nonsense")).isEqualTo(2);
    assertThat(err.toString(StandardCharsets.UTF_8)).contains("peak_ewma");
  }

  @Test
  void mistakes_areSaidInOneLine() {
    for (List<String> arguments :
        List.of(
            List.of("--sed", "1"),
            List.of("--seed"),
            List.of("--seed", "x"),
            List.of("--threads", "0"))) {
      err.reset();
      assertThat(run(arguments.toArray(new String[0]))).isEqualTo(2);
      assertThat(err.toString(StandardCharsets.UTF_8)).contains("expected").hasLineCount(1);
    }
  }

  @Test
  void unwritableDirectory_isSaid() throws IOException {
    Path file = Files.writeString(directory.resolve("file"), "");
    int code = run("--scenario", "bursts", "--selector", "random", "--quick", "--out", "" + file);
    assertThat(code).isEqualTo(1);
    assertThat(err.toString(StandardCharsets.UTF_8)).contains("cannot write");
  }

  @Test
  void help_namesOptionsAndScenarios() {
    assertThat(run("--help")).isZero();
    assertThat(out.toString(StandardCharsets.UTF_8)).contains("--out").contains("  large: ");
  }

  @Test
  void partsOfTheWhole_doNotOverwriteTheWhole() {
    assertThat(Options.parse(List.of()).out().toString()).contains("results");
    assertThat(Options.parse(List.of("--quick")).out().toString()).contains("target");
    assertThat(Options.parse(List.of("--scenario", "large")).out().toString()).contains("target");
  }

  @Test
  void ranked_failuresComeLast() {
    Outcome outcome =
        new Outcome(
            Scenarios.all().get(0),
            List.of(result("a", 5, 50), result("b", 20, 1), result("c", 0, 60)));
    assertThat(outcome.ranked()).extracting(Result::selector).containsExactly("a", "c", "b");
  }

  /** Of a thousand requests. */
  private static Result result(String name, int failed, long p99) {
    Histogram latencies = new Histogram(3);
    latencies.recordValue(p99);
    return new Result(name, 1_000, failed, latencies, List.of(1.0), 0);
  }

  private Map<String, String> files(String name, String... more) {
    Path to = directory.resolve(name);
    List<String> arguments = new ArrayList<>(List.of(more));
    arguments.addAll(List.of("--scenario", "one_slow", "--quick", "--out", to.toString()));
    assertThat(run(arguments.toArray(new String[0]))).isZero();
    try (Stream<Path> list = Files.list(to)) {
      Map<String, String> files = new TreeMap<>();
      for (Path file : list.toList()) {
        files.put(file.getFileName().toString(), Files.readString(file));
      }
      return files;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private int run(String... arguments) {
    return Simulation.run(
        List.of(arguments),
        new PrintStream(out, true, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8));
  }

  private static String rootOf(String xml) {
    try {
      return DocumentBuilderFactory.newInstance()
          .newDocumentBuilder()
          .parse(new ByteArrayInputStream(xml.getBytes(StandardCharsets.UTF_8)))
          .getDocumentElement()
          .getNodeName();
    } catch (Exception e) {
      throw new AssertionError(xml, e);
    }
  }
}
