package io.evenkeel.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** One clear line on standard error, the right exit code, never a stack trace. */
class BadInputIT {

  private static final String GOOD = "run --listen 127.0.0.1:0 --server 127.0.0.1:1";

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "run | --listen: missing (expected: --listen HOST:PORT)",
        "run --listen 127.0.0.1:0 | --server: missing (expected: --server HOST:PORT[,weight=N]",
        "GOOD --dns foo | --dns: 'foo': not HOST:PORT (expected: HOST:PORT, IPv6 as in [::1]:80)",
        "GOOD --dns a:0 | --dns: 'a:0': port 0 is not in 1 to 65535 (expected: HOST:PORT, IPv6",
        "GOOD --dns-srv= | --dns-srv: name: '' (expected: not blank)",
        "GOOD --dns a:1 --dns-srv b | --dns-srv: beside --dns (expected: one of them)",
        "GOOD --server-file a --dns a:1 | --dns: beside --server-file (expected: one of them)",
        "GOOD --dns-resolver 127.0.0.1:53 | --dns-resolver: without --dns or --dns-srv (expected:",
        "run --server 127.0.0.1:1 | --listen: missing (expected: --listen HOST:PORT)",
        "run --listen foo --server a:1 | --listen: 'foo': not HOST:PORT (expected: HOST:PORT",
        "run --listen a:99999 --server a:1 | --listen: 'a:99999': port 99999 is not in 0 to 65535",
        "run --listen 127.0.0.1:0 --server foo | --server: 'foo': not HOST:PORT (expected: HOST:",
        "run --listen 127.0.0.1:0 --server a:0 | --server: 'a:0': port 0 is not in 1 to 65535 (",
        "GOOD --server a:1,wieght=3 | --server: 'a:1,wieght=3': unknown key 'wieght' (expected: w",
        "GOOD --server a:1,weight=-1 | --server: 'a:1,weight=-1': weight '-1' (expected: a whole",
        "GOOD --server a:1,tier=-1 | --server: 'a:1,tier=-1': tier '-1' (expected: a whole number",
        "GOOD --server 127.0.0.1:1 | --server: '127.0.0.1:1' is there twice (expected: unique ids",
        "GOOD --server a:1,id=127.0.0.1:1 | --server: '127.0.0.1:1' is there twice (expected: uni",
        "run --listen 127.0.0.1:0 --server a:1,weight=0 | --server: every weight is 0 (expected:",
        "GOOD --selector fastest | --selector: 'fastest' (expected: ip_hash, ",
        "GOOD --event-loops 0 | --event-loops: '0' (expected: a whole number, 1 to 1000)",
        "GOOD --event-loops -2 | --event-loops: '-2' (expected: a whole number, 1 to 1000)",
        "GOOD --warm-connections -1 | --warm-connections: '-1' (expected: a whole number, 0 to 1000)",
        "GOOD --warm-connections 1001 | --warm-connections: '1001' (expected: a whole number, 0 to",
        "GOOD --warm-connections few | --warm-connections: 'few' (expected: a whole number, 0 to",
        "GOOD --rise 0 | --rise: '0' (expected: a whole number, 1 to 1000)",
        "GOOD --fall -1 | --fall: '-1' (expected: a whole number, 1 to 1000)",
        "GOOD --fall many | --fall: 'many' (expected: a whole number, 1 to 1000)",
        "GOOD --connect-timeout -5s | --connect-timeout: '-5s' (expected: a duration such as 500m",
        "GOOD --idle-timeout 0s | --idle-timeout: '0s' (expected: more than 0, such as 500ms, 5s,",
        "GOOD --health-interval 5 | --health-interval: '5' (expected: a duration such as 500ms, 5",
        "GOOD --health-timeout 6s | --health-timeout: 6s (expected: <= interval 5s)",
        "GOOD --health-interval 48h | --health-interval: 48h (expected: 0.001s to 24h)",
        "GOOD --drain soon | --drain: 'soon' (expected: a duration such as 500ms, 5s, 2m or 1h,",
        "GOOD --drain | --drain: missing (expected: --drain DURATION)",
        "GOOD --drain 1s --drain 2s | --drain: given twice (expected: once)",
        "GOOD --selectr x | --selectr: unknown option (did you mean ",
        "GOOD more | 'more': unexpected argument (see 'evenkeel run --help')",
        "run --config x --selector-option bounded | --selector-option: 'bounded' (expected: NAME=V",
        "GOOD --dns-resolver 127.0.0.1:53 | --dns-resolver: without --dns or --dns-srv (",
        "GOOD --admin foo | --admin: 'foo': not HOST:PORT (expected: HOST:PORT",
        "rnu | 'rnu': unknown command (expected: run, check, schema, demo, help)",
        "--frobnicate | --frobnicate: unknown option (see 'evenkeel --help')",
        "demo --twice | --twice: unknown option (",
      })
  void wrongUsage_oneLineThatNamesTheOption_exit2(String args, String complaint) throws Exception {
    assertComplaint(2, complaint, args.replace("GOOD", GOOD).split(" "));
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "GOOD --server-file /no/such | --server-file: file '/no/such': is not there (expected: a file",
        "GOOD --admin 0.0.0.0:0 | --admin: ",
        "run --config /no/such.yaml | --config: /no/such.yaml: is not there (expected: a file that can",
        "run --config /dev/null | --config: /dev/null: is no regular file (expected: a file that can",
        "GOOD --dns-srv a..b | --dns-srv: name: 'a..b': ",
        "GOOD --dns a:1 --dns-resolver no.invalid:53 | --dns-resolver: host 'no.invalid' does not res",
        "run --listen no.such.host.invalid:9000 --server 127.0.0.1:1"
            + "| --listen: host 'no.such.host.invalid' does not resolve (expected: ",
        "run --listen 127.0.0.1:0 --server 127.0.0.1:1 --server no.such.host.invalid:1"
            + "| --server: host 'no.such.host.invalid' does not resolve (expected: ",
        "run --listen 192.0.2.1:9000 --server 127.0.0.1:1 | --listen: '192.0.2.1:9000': "
      })
  void cannotStart_oneLineThatNamesTheOption_exit1(String args, String complaint) throws Exception {
    assertComplaint(1, complaint, args.replace("GOOD", GOOD).split(" "));
  }

  @Test
  void badFile_aLineForEachProblem_exit1(@TempDir Path folder) throws Exception {
    Path file =
        Files.writeString(
            folder.resolve("evenkeel.yaml"),
            """
            listeners: {web: {address: '127.0.0.1:0', idle_timeot: 5s}}
            balancers: {web: {servers: [127.0.0.1:1], selector: fastest}}
            """);
    try (Proc evenkeel = Proc.evenkeel("run", "--config", file.toString())) {
      assertThat(evenkeel.awaitExit()).as("%s", evenkeel).isEqualTo(1);
      assertThat(evenkeel.out()).isEmpty();
      assertThat(evenkeel.err()).hasSize(2);
      assertThat(evenkeel.err().get(0))
          .startsWith("evenkeel: " + file + ": line 1, column ")
          .contains("listeners.web", "idle_timeot", "idle_timeout");
      assertThat(evenkeel.err().get(1))
          .startsWith("evenkeel: " + file + ": line 2, column ")
          .contains("balancers.web.selector", "fastest", "round_robin");
    }
  }

  @Test
  void idWithALineBreak_isRefused_theLogCannotBeForged() throws Exception {
    assertComplaint(
        2,
        "--server: '127.0.0.1:1,id=a?b': id: 'a?b' (expected: no control characters)",
        "run",
        "--listen",
        "127.0.0.1:0",
        "--server",
        "127.0.0.1:1,id=a\nb");
  }

  @Test
  void noDescriptorsToBeginWith_oneLine_exit1() throws Exception {
    try (Proc evenkeel =
        Proc.evenkeelWithDescriptors(
            40,
            "run",
            "--listen",
            "127.0.0.1:0",
            "--server",
            "127.0.0.1:1",
            "--event-loops",
            "100")) {
      assertThat(evenkeel.awaitExit()).as("%s", evenkeel).isEqualTo(1);
      assertThat(evenkeel.err())
          .singleElement()
          .asString()
          .startsWith("evenkeel: --listen: '127.0.0.1:0': ")
          .contains("Too many open files");
    }
  }

  @Test
  void portInUse_oneLineThatNamesTheOption_exit1() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      String address = "127.0.0.1:" + taken.getLocalPort();
      assertComplaint(
          1,
          "--listen: '" + address + "': Address already in use (expected: a free port",
          "run",
          "--listen",
          address,
          "--server",
          "127.0.0.1:1");
    }
  }

  private static void assertComplaint(int exitCode, String complaint, String... args)
      throws Exception {
    try (Proc evenkeel = Proc.evenkeel(args)) {
      assertThat(evenkeel.awaitExit()).as("%s", evenkeel).isEqualTo(exitCode);
      assertThat(evenkeel.out()).isEmpty();
      assertThat(evenkeel.err())
          .singleElement()
          .asString()
          .startsWith("evenkeel: " + complaint)
          .doesNotContain("Exception", "\tat");
    }
  }
}
