package io.evenkeel.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.HostPort;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import org.junit.jupiter.api.Test;

/** All servers down while running. */
class OutageIT {

  private static final int CLIENTS = 200;

  @Test
  void allServersDown_clientsAreClosedAtOnce_oneWarningForTheChange_notOnePerClient()
      throws Exception {
    TestServer a = new TestServer("a");
    TestServer b = new TestServer("b");
    try (a;
        b;
        Proc evenkeel =
            Proc.evenkeel(
                "run",
                "--listen",
                "127.0.0.1:0",
                "--server",
                a.address(),
                "--server",
                b.address(),
                "--health-interval",
                "100ms",
                "--rise",
                "1",
                "--fall",
                "1")) {
      HostPort address = evenkeel.awaitListening();
      try (Socket client = TestServer.connect(address)) {
        assertThat(TestServer.greeting(client.getInputStream())).isIn("a", "b");
      }
      a.close();
      b.close();
      assertThat(evenkeel.awaitErr("no server available"))
          .contains("WARN", a.address(), b.address(), "PROBE_DOWN");
      for (int i = 0; i < CLIENTS; i++) {
        assertClosedAtOnce(address);
      }
      assertThat(evenkeel.err().stream().filter(line -> line.contains(" WARN "))).hasSize(1);
      assertThat(evenkeel.err()).hasSizeLessThan(20);
    }
  }

  /** Before any check has found out, or where checks are rare: connecting is what fails. */
  @Test
  void allServersRefuse_clientsAreClosedAtOnce_oneWarning_notOnePerClient() throws Exception {
    try (Proc evenkeel =
        Proc.evenkeel(
            "run",
            "--listen",
            "127.0.0.1:0",
            "--server",
            TestServer.freeAddress(),
            "--health-interval",
            "24h")) {
      HostPort address = evenkeel.awaitListening();
      for (int i = 0; i < CLIENTS; i++) {
        assertClosedAtOnce(address);
      }
      assertThat(evenkeel.awaitErr(" WARN ")).contains("refusing clients", "refused");
      assertThat(evenkeel.err().stream().filter(line -> line.contains(" WARN "))).hasSize(1);
      assertThat(evenkeel.err()).hasSizeLessThan(5);
    }
  }

  private static void assertClosedAtOnce(HostPort address) throws IOException {
    try (Socket client = TestServer.connect(address)) {
      int read = client.getInputStream().read();
      assertThat(read).isNegative();
    } catch (SocketTimeoutException e) {
      throw new AssertionError("the client was left waiting", e);
    } catch (IOException e) {
      // a reset: it knows at once
    }
  }
}
