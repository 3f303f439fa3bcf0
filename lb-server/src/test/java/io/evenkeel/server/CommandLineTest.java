package io.evenkeel.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** What does not need a process of its own; what does is in the ITs. */
class CommandLineTest {

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int execute(String... args) {
    CommandLine commandLine = Main.commandLine();
    commandLine.setOut(new PrintWriter(out));
    commandLine.setErr(new PrintWriter(err));
    return commandLine.execute(args);
  }

  @Test
  void noSubcommand_printsTheHelp() {
    assertThat(execute()).isZero();
    assertThat(out.toString()).startsWith("Usage: evenkeel").contains("run", "demo", "Exit codes");
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void runHelp_namesEveryOptionAndItsDefault() {
    assertThat(execute("run", "--help")).isZero();
    assertThat(out.toString())
        .contains("--listen=HOST:PORT", "--server=" + ServerSpec.SYNTAX)
        .contains("--server-file=FILE", "--dns=NAME:PORT", "--dns-srv=NAME", "--dns-resolver=")
        .containsPattern("--selector=NAME[^-]*least_connections,[^-]*round_robin")
        .containsPattern("--event-loops=N[^-]*Default: one per core")
        .containsPattern("--connect-timeout=[^-]*Default: 5s")
        .containsPattern("--idle-timeout=[^-]*Default: 60s")
        .containsPattern("--health-interval=[^-]*Default: 5s")
        .containsPattern("--health-timeout=(?s:.)*Default: 3s")
        .containsPattern("--rise=N[^-]*Default: 2")
        .containsPattern("--fall=N[^-]*Default: 3")
        .containsPattern("--drain=[^-]*Default: 30s")
        .contains("Exit codes", "Examples", "SIGTERM")
        .doesNotContain("Default: :0", "Default: []");
  }

  @Test
  void demoHelp_saysWhatOnceIs() {
    assertThat(execute("demo", "--help")).isZero();
    assertThat(out.toString()).contains("--once", "Exit codes");
  }

  @Test
  void controlCharactersInWhatWasGiven_stayOnOneLine() {
    assertThat(execute("run", "--listen", "a\nb\u001b[2J")).isEqualTo(2);
    assertThat(err.toString()).startsWith("evenkeel: --listen: 'a?b?[2J'").hasLineCount(1);
  }

  @Test
  void healthTimeoutNotGiven_isNeverLongerThanTheInterval() {
    RunOptions options = new RunOptions();
    options.healthInterval = java.time.Duration.ofMillis(200);
    assertThat(options.healthTimeout()).isEqualTo(java.time.Duration.ofMillis(200));
    options.healthInterval = java.time.Duration.ofSeconds(5);
    assertThat(options.healthTimeout()).isEqualTo(java.time.Duration.ofSeconds(3));
  }
}
