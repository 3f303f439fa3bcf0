package io.evenkeel.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.HostPort;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** What a running balancer keeps of the machine when nothing happens, as /proc has it. */
@EnabledOnOs(OS.LINUX)
class ResourcesIT {

  private static final int CONNECTIONS = 500;
  private static final int OPEN_AT_ONCE = 50;

  /** The virtual machine's own periodic work stays below this in the window; a spin fills it. */
  private static final long IDLE_TICKS = 10;

  private static final int WINDOW_MILLIS = 2_000;

  @Test
  void descriptors_areBackWhereTheyBegan_andAnIdleProxyUsesNoCpu() throws Exception {
    try (TestServer a = new TestServer("a");
        TestServer b = new TestServer("b");
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
                "1h")) {
      HostPort address = evenkeel.awaitListening();
      long sockets = openSockets(evenkeel);
      connectMany(address, OPEN_AT_ONCE); // the virtual machine opens some files at first use
      Waiting.until("sockets are closed", () -> openSockets(evenkeel) <= sockets);
      long before = evenkeel.openDescriptors();
      connectMany(address, CONNECTIONS);
      Waiting.until("descriptors are back", () -> evenkeel.openDescriptors() <= before);

      try (Socket idle = TestServer.connect(address)) {
        assertThat(TestServer.greeting(idle.getInputStream())).isIn("a", "b");
        Waiting.until("the compiler is done", () -> ticksInWindow(evenkeel, 500) == 0);
        assertThat(ticksInWindow(evenkeel, WINDOW_MILLIS)).isLessThan(IDLE_TICKS);
      }
    }
  }

  private static long openSockets(Proc process) throws IOException {
    try (Stream<Path> fds = Files.list(Path.of("/proc", Long.toString(process.pid()), "fd"))) {
      return fds.filter(ResourcesIT::isSocket).count();
    }
  }

  private static boolean isSocket(Path fd) {
    try {
      return Files.readSymbolicLink(fd).toString().startsWith("socket:");
    } catch (IOException e) {
      return false; // closed since it was listed
    }
  }

  private static long ticksInWindow(Proc process, int millis) throws Exception {
    long before = process.cpuTicks();
    Waiting.pass(millis);
    return process.cpuTicks() - before;
  }

  private static void connectMany(HostPort address, int count) throws IOException {
    for (int done = 0; done < count; done += OPEN_AT_ONCE) {
      List<Socket> clients = new ArrayList<>();
      try {
        for (int i = 0; i < OPEN_AT_ONCE; i++) {
          clients.add(TestServer.connect(address));
        }
        for (Socket client : clients) {
          assertThat(TestServer.greeting(client.getInputStream())).isIn("a", "b");
        }
      } finally {
        for (Socket client : clients) {
          client.close();
        }
      }
    }
  }
}
