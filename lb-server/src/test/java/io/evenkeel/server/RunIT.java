package io.evenkeel.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.HostPort;
import java.io.IOException;
import java.net.Socket;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The life of a running balancer: ready, traffic, drain. */
class RunIT {

  @Test
  void ready_saysWhereAndWhat_andBalances() throws Exception {
    try (TestServer a = new TestServer("a");
        TestServer b = new TestServer("b");
        Proc evenkeel = run("30s", a, b)) {
      HostPort address = evenkeel.awaitListening();
      assertThat(evenkeel.out())
          .containsExactly("evenkeel: listening on " + address + ", 2 servers, round_robin");
      assertThat(address.host()).isEqualTo("127.0.0.1");
      Map<String, Integer> greetings = new TreeMap<>();
      for (int i = 0; i < 100; i++) {
        try (Socket client = TestServer.connect(address)) {
          greetings.merge(TestServer.greeting(client.getInputStream()), 1, Integer::sum);
        }
      }
      assertThat(greetings).isEqualTo(Map.of("a", 50, "b", 50));
    }
  }

  @Test
  void warmConnections_areThereBeforeTheClient_andGoAtTheEnd() throws Exception {
    try (TestServer a = new TestServer("a");
        Proc evenkeel =
            Proc.evenkeel(
                "run",
                "--listen",
                "127.0.0.1:0",
                "--server",
                a.address(),
                "--health-interval",
                "1h",
                "--warm-connections",
                "3")) {
      HostPort address = evenkeel.awaitListening();
      Waiting.until("three are warm", () -> a.openConnections() == 3);
      try (Socket client = TestServer.connect(address)) {
        assertThat(TestServer.greeting(client.getInputStream())).isEqualTo("a");
        Waiting.until("another is made", () -> a.openConnections() == 4);
        client.getOutputStream().write('x');
        assertThat(client.getInputStream().read()).isEqualTo('x');
      }
      Waiting.until("three are warm", () -> a.openConnections() == 3);
      evenkeel.signal("TERM");
      assertThat(evenkeel.awaitExit()).isZero();
      Waiting.until("none is left", () -> a.openConnections() == 0);
    }
  }

  @ParameterizedTest
  @CsvSource({"TERM,15", "INT,2"})
  void signal_openRelayFinishes_nothingNewIsAccepted_exit0(String name, int number)
      throws Exception {
    try (TestServer a = new TestServer("a");
        Proc evenkeel = run("60s", a)) {
      HostPort address = evenkeel.awaitListening();
      Assumptions.assumeFalse(
          evenkeel.ignores(number), "whoever started this test ignores SIG" + name);
      try (Socket client = TestServer.connect(address)) {
        assertThat(TestServer.greeting(client.getInputStream())).isEqualTo("a");
        evenkeel.signal(name);
        assertThat(evenkeel.awaitOut("evenkeel: draining"))
            .isEqualTo("evenkeel: draining 1 relay for up to 1m");
        Waiting.until("new connections are refused", () -> isRefused(address));
        client.getOutputStream().write('x');
        assertThat(client.getInputStream().read()).isEqualTo('x');
        assertThat(evenkeel.isAlive()).isTrue();
        client.shutdownOutput();
        assertThat(client.getInputStream().read()).isEqualTo(-1);
      }
      assertThat(evenkeel.awaitExit()).isZero();
      assertThat(evenkeel.out()).endsWith("evenkeel: stopped").hasSize(3);
    }
  }

  @Test
  void signal_relayThatDoesNotFinish_isCutAfterTheDrain_exit0() throws Exception {
    try (TestServer a = new TestServer("a");
        Proc evenkeel = run("300ms", a)) {
      HostPort address = evenkeel.awaitListening();
      try (Socket client = TestServer.connect(address)) {
        assertThat(TestServer.greeting(client.getInputStream())).isEqualTo("a");
        evenkeel.signal("TERM");
        assertThat(evenkeel.awaitExit()).isZero();
        assertThat(evenkeel.out()).endsWith("evenkeel: stopped, 1 relay cut");
        assertThatThrownBy(() -> readToEnd(client)).isInstanceOf(IOException.class);
      }
    }
  }

  @Test
  void signal_nothingOpen_stopsAtOnce_exit0() throws Exception {
    try (TestServer a = new TestServer("a");
        Proc evenkeel = run("1h", a)) {
      HostPort unused = evenkeel.awaitListening();
      evenkeel.signal("TERM");
      assertThat(evenkeel.awaitExit()).isZero();
      assertThat(evenkeel.out()).hasSize(2).endsWith("evenkeel: stopped");
      assertThat(evenkeel.err()).noneMatch(line -> line.contains("Exception"));
    }
  }

  @Test
  void log_hasDateTimeAndLevel_onStandardErrorOnly() throws Exception {
    String dead = TestServer.freeAddress();
    try (Proc evenkeel =
        Proc.evenkeel(
            "run", "--listen", "127.0.0.1:0", "--server", dead, "--health-interval", "100ms")) {
      HostPort unused = evenkeel.awaitListening();
      assertThat(evenkeel.awaitErr("PROBE_DOWN set"))
          .matches(
              "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}\\S+ INFO \\S.*" + dead + ".*");
      assertThat(evenkeel.out()).hasSize(1);
    }
  }

  private static Proc run(String drain, TestServer... servers) throws IOException {
    String[] args = new String[5 + 2 * servers.length];
    System.arraycopy(
        new String[] {"run", "--listen", "127.0.0.1:0", "--drain", drain}, 0, args, 0, 5);
    for (int i = 0; i < servers.length; i++) {
      args[5 + 2 * i] = "--server";
      args[6 + 2 * i] = servers[i].address();
    }
    return Proc.evenkeel(args);
  }

  private static void readToEnd(Socket client) throws IOException {
    if (client.getInputStream().read() < 0) {
      throw new AssertionError("a FIN, where a cut is a reset");
    }
  }

  private static boolean isRefused(HostPort address) {
    try (Socket socket = new Socket(address.host(), address.port())) {
      return false;
    } catch (IOException e) {
      return true;
    }
  }
}
