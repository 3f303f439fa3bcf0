package io.evenkeel.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.HostPort;
import java.net.Socket;
import java.util.ArrayDeque;
import java.util.Deque;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** More clients at once than there are descriptors for. */
@EnabledOnOs(OS.LINUX)
class DescriptorsIT {

  private static final int LIMIT = 100;
  private static final int CLIENTS = 150;
  private static final int WINDOW_MILLIS = 1_000;

  /** Those that are warm make room for clients. */
  @ParameterizedTest
  @ValueSource(ints = {0, 30})
  void noDescriptorLeft_clientsWaitTheirTurn_noneIsRefused_noServerIsBlamed(int warm)
      throws Exception {
    try (TestServer server = new TestServer("a");
        Proc evenkeel =
            Proc.evenkeelWithDescriptors(
                LIMIT,
                "run",
                "--listen",
                "127.0.0.1:0",
                "--server",
                server.address(),
                "--event-loops",
                "2",
                "--warm-connections",
                Integer.toString(warm),
                "--health-interval",
                "2s", // a check may take as long: it must not fail for want of time
                "--connect-timeout",
                "14s", // for so long a client waits for a descriptor
                "--fall",
                "1")) {
      HostPort address = evenkeel.awaitListening();
      Waiting.until("they are warm", () -> server.openConnections() >= warm);
      Deque<Socket> clients = new ArrayDeque<>();
      try {
        for (int i = 0; i < CLIENTS; i++) {
          clients.add(TestServer.connect(address));
        }
        evenkeel.awaitErr("accepting pauses");
        if (warm > 0) {
          evenkeel.awaitErr("warm connections are closed until there are");
        }
        long before = evenkeel.cpuTicks();
        Waiting.pass(WINDOW_MILLIS); // the listener is ready all the while, and nobody may spin
        assertThat(evenkeel.cpuTicks() - before).isLessThan(WINDOW_MILLIS / 10 / 2);
        evenkeel.awaitErr("checks_inconclusive"); // the checks find no descriptor either
        // Whoever ends makes room for the next: in the end each of them has been served.
        while (!clients.isEmpty()) {
          Socket client = firstServed(clients, evenkeel);
          client.getOutputStream().write('x');
          assertThat(client.getInputStream().read()).isEqualTo('x');
          client.close();
        }
      } finally {
        for (Socket client : clients) {
          client.close();
        }
      }
      assertThat(evenkeel.err()).noneMatch(DescriptorsIT::isRefusal);
      Waiting.until(
          "each has its line in the access log",
          () ->
              evenkeel.err().stream().filter(line -> line.contains(" end=OK ")).count() == CLIENTS);
      assertThat(evenkeel.err().stream().filter(line -> line.contains("accepting pauses")))
          .as("once a loop")
          .hasSizeBetween(1, 2);
      try (Socket client = TestServer.connect(address)) {
        assertThat(TestServer.greeting(client.getInputStream())).isEqualTo("a");
      }
    }
  }

  private static boolean isRefusal(String line) {
    return line.contains("PROBE_DOWN") || line.contains("refusing");
  }

  /**
   * Takes out one that was greeted; loops do not share their queues, so it may be any. One that was
   * reset instead is not seen from here: it is the program that says so.
   */
  private static Socket firstServed(Deque<Socket> clients, Proc evenkeel) throws Exception {
    Socket[] served = new Socket[1];
    Waiting.until(
        "one of " + clients.size() + " is greeted",
        () -> {
          assertThat(evenkeel.err()).noneMatch(DescriptorsIT::isRefusal);
          for (Socket client : clients) {
            if (client.getInputStream().available() > 0) {
              served[0] = client;
              return true;
            }
          }
          return false;
        });
    clients.remove(served[0]);
    assertThat(TestServer.greeting(served[0].getInputStream())).isEqualTo("a");
    return served[0];
  }
}
