package io.evenkeel.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** What does not need a process of its own; what does is in the ITs. */
class CommandLineTest {

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int execute(String... args) {
    CommandLine commandLine = Main.commandLine(args);
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
        .contains("--config=FILE", "SIGHUP", "--admin=HOST:PORT")
        .contains("--listen=HOST:PORT", "--server=HOST:PORT[,weight=N]", "max_concurrent:")
        .contains("--server-file=FILE", "--dns=NAME:PORT", "--dns-srv=NAME", "--dns-resolver=")
        .containsPattern("--selector=NAME[^-]*least_connections,[^-]*round_robin")
        .contains("--selector-option=NAME=VALUE", "bounded", "sticky_ttl", "zone", "subset")
        .containsPattern("--event-loops=N[^-]*Default: one per core")
        .containsPattern("--warm-connections=N[^-]*Default: 0")
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

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "bound=1 | 'bound': unknown option of round_robin (expected: bounded, sticky_max, ",
        "bounded=0 | bounded: '0' (expected: a number above 0, as 0.25)",
        "sticky_ttl=soon | sticky_ttl: 'soon' (expected: more than 0, such as 500ms, 5s, 2m or 1h",
        "sticky_max=5 | sticky_max: without sticky_ttl (expected: both)",
        "zone | 'zone' (expected: NAME=VALUE)",
        "=a | '=a' (expected: NAME=VALUE)",
        "zone=a --selector-option zone=b | 'zone' is there twice (expected: once)",
      })
  void wrongSelectorOption_oneLineThatNamesIt(String option, String complaint) {
    String args = "run --listen 127.0.0.1:0 --server 127.0.0.1:1 --selector-option " + option;
    assertThat(execute(args.split(" "))).isEqualTo(2);
    assertThat(err.toString())
        .startsWith("evenkeel: --selector-option: " + complaint)
        .hasLineCount(1);
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
}
