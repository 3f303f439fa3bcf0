package io.evenkeel.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.evenkeel.server.config.Durations;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.OptionSpec;

/** What an operator installs, read against the program that it is for. */
class PackagingTest {

  private static final Path TOP = Path.of("..").toAbsolutePath().normalize();
  private static final Path PACKAGING = TOP.resolve("packaging");
  private static final String JAR = "/usr/lib/evenkeel/evenkeel.jar";
  private static final Pattern OPTION = Pattern.compile("--[a-z][a-z-]*");

  @TempDir private Path folder;

  private static String file(String name) throws IOException {
    return Files.readString(PACKAGING.resolve(name));
  }

  /** What the program has printed, standard error with it; empty if it had nothing to say. */
  private static String run(int status, String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as("%s: %s", List.of(command), said).isEqualTo(status);
    return said;
  }

  private static String java() {
    return Path.of(System.getProperty("java.home"), "bin", "java").toString();
  }

  // --- the man page

  /** By the heading of its paragraph, without roff's escapes. */
  private static Map<String, String> paragraphs() throws IOException {
    Map<String, String> found = new TreeMap<>();
    String page = file("evenkeel.1").replace("\\-", "-");
    for (String part : page.split("\n\\.TP\n", -1)) {
      String[] lines = part.split("\n", 2);
      Matcher option = OPTION.matcher(lines[0]);
      if (option.find()) {
        assertThat(found.put(option.group(), lines[1])).as(option.group()).isNull();
      }
    }
    return found;
  }

  private static List<OptionSpec> options() {
    CommandLine top = Main.commandLine();
    return Stream.concat(Stream.of(top), top.getSubcommands().values().stream())
        .flatMap(command -> command.getCommandSpec().options().stream())
        .toList();
  }

  @Test
  void manPage_hasEveryOption_andNoOther() throws Exception {
    Set<String> known =
        options().stream()
            .map(OptionSpec::longestName)
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(known).hasSizeGreaterThan(20);
    assertThat(paragraphs().keySet()).isEqualTo(known);
    Set<String> named = new TreeSet<>();
    OPTION
        .matcher(file("evenkeel.1").replace("\\-", "-"))
        .results()
        .map(MatchResult::group)
        .forEach(named::add);
    assertThat(named).isEqualTo(known);
  }

  @Test
  void manPage_saysTheDefaultsOfTheHelp() throws Exception {
    Map<String, String> paragraphs = paragraphs();
    int found = 0;
    for (OptionSpec option : options()) {
      Matcher isDefault =
          Pattern.compile("Default: (.*)").matcher(String.join("\n", option.description()));
      if (isDefault.find()) {
        assertThat(paragraphs.get(option.longestName()).replaceAll("\\s+", " "))
            .as(option.longestName())
            .contains(isDefault.group(1).split(",", -1)[0])
            .contains("default");
        found++;
      }
    }
    assertThat(found).isGreaterThan(10);
  }

  @Test
  void manPage_hasEveryCommand_andNoOther() throws Exception {
    Set<String> named = new TreeSet<>();
    Pattern.compile("evenkeel ([a-z]+)")
        .matcher(file("evenkeel.1"))
        .results()
        .map(match -> match.group(1))
        .filter(word -> !word.equals("is")) // Where evenkeel is no command of yours
        .forEach(named::add);
    assertThat(named).isEqualTo(new TreeSet<>(Main.commandLine().getSubcommands().keySet()));
  }

  @Test
  void manPage_roffFindsNothing() throws Exception {
    Proc.assumeInstalled("groff");
    String page = PACKAGING.resolve("evenkeel.1").toString();
    assertThat(run(0, "groff", "-ww", "-mandoc", "-z", "-Tutf8", page)).isEmpty();
  }

  // --- the systemd unit

  private static List<String> unit(String key) throws IOException {
    return file("evenkeel.service")
        .lines()
        .filter(line -> line.startsWith(key + "="))
        .map(line -> line.substring(key.length() + 1))
        .toList();
  }

  @Test
  void unit_systemdFindsNothing() throws Exception {
    Proc.assumeInstalled("systemd-analyze");
    Path copy = folder.resolve("evenkeel.service");
    Files.writeString(copy, file("evenkeel.service").replace("/usr/bin/java", java()));
    String said = run(0, "systemd-analyze", "verify", "--man=no", copy.toString());
    assertThat(said.lines().filter(line -> line.contains("evenkeel"))).isEmpty();
  }

  @Test
  void unit_startsWhatThereIs() throws Exception {
    List<String> command = List.of(unit("ExecStart").get(0).split(" ", -1));
    int jar = command.indexOf("-jar");
    assertThat(command.get(0)).isEqualTo("/usr/bin/java");
    assertThat(command.get(jar + 1)).isEqualTo(JAR);
    assertJavaTakes(command.subList(1, jar));
    assertIsUnderstood(command.subList(jar + 2, command.size()));
  }

  @Test
  void unit_signalsAndExitCodes_areTheProgramsOwn() throws Exception {
    assertThat(unit("ExecReload")).containsExactly("/bin/kill -HUP $MAINPID");
    assertThat(unit("KillSignal")).containsExactly("SIGTERM");
    assertThat(unit("RestartPreventExitStatus")).containsExactly("" + ExitCode.USAGE);
    assertThat(unit("SuccessExitStatus")).as("128 + SIGTERM").containsExactly("143");
    Duration patience = Durations.parse(unit("TimeoutStopSec").get(0));
    assertThat(patience).isGreaterThan(RunOptions.BARE.drain().plusSeconds(10));
    assertThat(unit("User")).containsExactly("evenkeel");
    assertThat(Integer.parseInt(unit("LimitNOFILE").get(0))).isGreaterThan(100_000);
  }

  // --- the Dockerfile

  /** The instructions of that name, without the line ends within. */
  private static List<String> docker(String instruction) throws IOException {
    return file("Dockerfile")
        .replace("\\\n", "")
        .lines()
        .filter(line -> line.startsWith(instruction + " "))
        .map(line -> line.substring(instruction.length() + 1))
        .toList();
  }

  private static List<String> exec(String instruction) throws IOException {
    return List.of(new ObjectMapper().readValue(docker(instruction).get(0), String[].class));
  }

  @Test
  void dockerfile_startsWhatThereIs_directly() throws Exception {
    List<String> entry = exec("ENTRYPOINT");
    assertThat(entry.get(0)).isEqualTo("java");
    assertThat(entry.subList(entry.size() - 2, entry.size())).containsExactly("-jar", JAR);
    assertJavaTakes(entry.subList(1, entry.size() - 2));
    assertIsUnderstood(exec("CMD"));
    assertThat(docker("STOPSIGNAL")).containsExactly("SIGTERM");
  }

  @Test
  void dockerfile_isOfAJavaThatIsEnough_andNotRoot() throws Exception {
    Matcher base = Pattern.compile("eclipse-temurin:(\\d+)-jre").matcher(docker("FROM").get(0));
    assertThat(base.matches()).isTrue();
    assertThat(Integer.parseInt(base.group(1))).isGreaterThanOrEqualTo(17);
    List<String> instructions =
        file("Dockerfile").lines().map(line -> line.split(" ", 2)[0]).toList();
    assertThat(docker("USER")).containsExactly("evenkeel");
    assertThat(docker("RUN").get(0)).matches("useradd .* evenkeel");
    assertThat(instructions.indexOf("USER"))
        .isGreaterThan(instructions.lastIndexOf("COPY"))
        .isLessThan(instructions.indexOf("ENTRYPOINT"));
  }

  @Test
  void dockerfile_copiesTheJarThatTheBuildMakes_andDockerSeesIt() throws Exception {
    assertThat(docker("COPY")).containsExactly("lb-server/target/evenkeel.jar " + JAR);
    assertThat(Files.readString(TOP.resolve("lb-server/pom.xml")))
        .contains("<outputFile>${project.build.directory}/evenkeel.jar</outputFile>");
    boolean isSeen = true;
    for (String line : Files.readAllLines(TOP.resolve(".dockerignore"))) {
      boolean letsThrough = line.startsWith("!");
      String glob = letsThrough ? line.substring(1) : line;
      Path jar = Path.of("lb-server/target/evenkeel.jar");
      for (Path path = jar; path != null && !glob.startsWith("#"); path = path.getParent()) {
        if (path.getFileSystem().getPathMatcher("glob:" + glob).matches(path)) {
          isSeen = letsThrough;
        }
      }
    }
    assertThat(isSeen).isTrue();
  }

  private static void assertJavaTakes(List<String> options) throws Exception {
    List<String> command = new ArrayList<>(List.of(java()));
    command.addAll(options);
    command.add("-version");
    assertThat(run(0, command.toArray(String[]::new))).doesNotContainIgnoringCase("warning");
  }

  private static void assertIsUnderstood(List<String> args) {
    assertThat(args).containsExactly("run", "--config", "/etc/evenkeel/evenkeel.yaml");
    CommandLine line = Main.commandLine(args.toArray(String[]::new));
    assertThat(line.parseArgs(args.toArray(String[]::new)).subcommand().errors()).isEmpty();
  }

  // --- what the documents name

  private static final Pattern LINK = Pattern.compile("\\]\\(([^)#\\s]+)(?:#[^)]*)?\\)");

  private static final Pattern PATH =
      Pattern.compile(
          "(?<![\\w./-])(?:packaging|examples|docs|benchmarks|lb-[a-z-]+)/[\\w.-]+(?:/[\\w.-]+)*");

  @Test
  void everyFileThatIsNamed_isThere() throws Exception {
    List<String> missing = new ArrayList<>();
    int[] found = new int[1];
    for (Path document : documents()) {
      String text = Files.readString(document);
      Stream<Path> links =
          LINK.matcher(text)
              .results()
              .map(match -> match.group(1))
              .filter(link -> !link.contains(":"))
              .map(link -> document.resolveSibling(link));
      Stream<Path> paths =
          PATH.matcher(text)
              .results()
              .map(match -> match.group().replaceFirst("[.-]+$", ""))
              .filter(path -> !path.contains("/target/"))
              .map(TOP::resolve);
      Stream.concat(links, paths)
          .forEach(
              path -> {
                found[0]++;
                if (!Files.exists(path)) {
                  missing.add(TOP.relativize(document) + ": " + path.normalize());
                }
              });
    }
    assertThat(missing).isEmpty();
    assertThat(found[0]).isGreaterThan(100);
  }

  private static List<Path> documents() throws IOException {
    List<Path> documents = new ArrayList<>(List.of(TOP.resolve("README.md")));
    for (String folder : Arrays.asList("docs", "packaging")) {
      try (Stream<Path> files = Files.walk(TOP.resolve(folder))) {
        files
            .filter(Files::isRegularFile)
            .filter(path -> !path.toString().endsWith(".png"))
            .forEach(documents::add);
      }
    }
    return documents;
  }
}
