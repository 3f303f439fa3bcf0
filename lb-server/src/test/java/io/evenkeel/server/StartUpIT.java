package io.evenkeel.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a start costs is the loading of classes, so these are counted: those of the jar, until it
 * says that it listens, which are the same on every machine and JDK. How long that takes is in
 * benchmarks/results/startup.md.
 */
class StartUpIT {

  private static final Pattern OF_THE_JAR =
      Pattern.compile(".*[\\]] ([\\w.$]+) source: .*evenkeel\\.jar.*");

  @TempDir private Path folder;

  private List<String> classes(String until, String... args) throws Exception {
    Path log = folder.resolve("classes");
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xlog:class+load:file=" + log,
                "-jar",
                Path.of("target", "evenkeel.jar").toString()));
    command.addAll(List.of(args));
    try (Proc proc = Proc.start(command)) {
      proc.awaitOut("evenkeel: " + until);
      return Files.readAllLines(log).stream()
          .map(OF_THE_JAR::matcher)
          .filter(line -> line.matches())
          .map(line -> line.group(1))
          .toList();
    }
  }

  private String file(String more) throws Exception {
    String yaml =
        """
        listeners: {web: {address: "127.0.0.1:0"}}
        balancers: {web: {servers: ["127.0.0.1:1"], health: {http: /}}}
        """;
    return Files.writeString(folder.resolve("c.yaml"), yaml + more).toString();
  }

  @Test
  void byOptions_noFileIsReadAndNoHttpServed() throws Exception {
    List<String> classes =
        classes("listening on", "run", "--listen", "127.0.0.1:0", "--server", "127.0.0.1:1");
    assertThat(classes).contains("io.evenkeel.proxy.TcpProxy").hasSizeLessThan(500);
    assertThat(classes)
        .noneMatch(name -> name.matches("(com.fasterxml|org.yaml|org.eclipse|io.prometheus).*"));
  }

  @Test
  void byAFile_noHttpIsServed() throws Exception {
    List<String> classes = classes("listening on", "run", "--config", file(""));
    assertThat(classes).contains("org.yaml.snakeyaml.scanner.ScannerImpl").hasSizeLessThan(760);
    assertThat(classes)
        .noneMatch(name -> name.matches("(org.eclipse|io.prometheus|com.fasterxml.*databind).*"));
  }

  @Test
  void withTheAdminServer_metricsWaitForTheFirstScrape() throws Exception {
    List<String> classes =
        classes("admin on", "run", "--config", file("admin: {address: \"127.0.0.1:0\"}"));
    assertThat(classes).contains("org.eclipse.jetty.server.Server").hasSizeLessThan(1_020);
    assertThat(classes).noneMatch(name -> name.startsWith("io.prometheus"));
  }
}
