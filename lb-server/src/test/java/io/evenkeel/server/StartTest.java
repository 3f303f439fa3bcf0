package io.evenkeel.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.FakeDns;
import io.evenkeel.core.HostPort;
import io.evenkeel.core.Server;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Found servers and given ones together, and what is left of a start that fails: nothing. */
class StartTest {

  @TempDir private Path folder;
  private final RunOptions options = new RunOptions();

  StartTest() {
    options.listen = new HostPort("127.0.0.1", 0);
  }

  @AfterEach
  void nothingIsLeft() throws Exception {
    Waiting.until(
        "no thread of ours is left",
        () ->
            Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().startsWith("evenkeel-")));
  }

  private void assertStartFails(String complaint) {
    assertThatThrownBy(() -> new Control(options).start())
        .isInstanceOf(StartFailure.class)
        .hasMessageStartingWith(complaint);
  }

  @Test
  void addressThatIsTaken() throws Exception {
    options.serverFile = Files.writeString(folder.resolve("servers"), "127.0.0.1:1\n");
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      options.listen = new HostPort("127.0.0.1", taken.getLocalPort());
      assertStartFails("--listen: '127.0.0.1:" + taken.getLocalPort() + "': ");
    }
  }

  @Test
  void adminAddressThatIsTaken() throws Exception {
    options.servers.add(Server.of("127.0.0.1", 1));
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      options.admin = new HostPort("127.0.0.1", taken.getLocalPort());
      assertStartFails("--admin: '127.0.0.1:" + taken.getLocalPort() + "': ");
    }
  }

  @Test
  void adminBeyondLoopback_takesAToken() {
    options.servers.add(Server.of("127.0.0.1", 1));
    options.admin = new HostPort("0.0.0.0", 0);
    assertStartFails("--admin: ");
  }

  @Test
  void foundServerThatDoesNotResolve() throws Exception {
    options.serverFile = Files.writeString(folder.resolve("servers"), "no.such.host.invalid:1\n");
    assertStartFails("--server-file: host 'no.such.host.invalid' does not resolve");
  }

  @Test
  void fileWithoutServers_isSaidAtOnce() throws Exception {
    options.serverFile = Files.writeString(folder.resolve("s.json"), "{\"servers\": []}");
    assertStartFails("--server-file: file '" + options.serverFile + "': no servers (expected: at");
  }

  @Test
  void serverThatIsGivenAndInTheFile_refusesTheFile() throws Exception {
    options.servers.add(Server.of("127.0.0.1", 1));
    options.serverFile = Files.writeString(folder.resolve("servers"), "127.0.0.1:1\n");
    assertStartFails("--server-file: file '" + options.serverFile + "': id: '127.0.0.1:1' is");
  }

  @Test
  void lastOfSeveralListeners_isTaken_theOthersAreGone() throws Exception {
    String free = TestServer.freeAddress();
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      options.listen = null;
      options.config =
          Files.writeString(
              folder.resolve("evenkeel.yaml"),
              Program.text(
                  "listeners:",
                  "  a: {address: '" + free + "'}",
                  "  b: {address: '127.0.0.1:" + taken.getLocalPort() + "'}",
                  "balancers:",
                  "  web: {servers: ['127.0.0.1:1']}"));
      assertStartFails(
          options.config + ": listeners.b.address: '127.0.0.1:" + taken.getLocalPort() + "': ");
      HostPort address = HostPort.parse(free, 1);
      try (ServerSocket again =
          new ServerSocket(address.port(), 1, InetAddress.getByName(address.host()))) {
        assertThat(again.isBound()).isTrue();
      }
    }
  }

  @Test
  void serverThatIsGivenAndFoundInDns_isThereOnce_asItIsGiven() throws Exception {
    try (FakeDns dns = new FakeDns()) {
      dns.answer("db.example.com A", "60 IN A 127.0.0.1", "60 IN A 127.0.0.2");
      dns.answer("db.example.com AAAA");
      Server given = Server.of("127.0.0.1", 81).withWeight(7);
      options.servers.add(given);
      options.dns = new HostPort("db.example.com", 81);
      options.dnsResolver = new HostPort("127.0.0.1", dns.address().getPort());
      try (Control control = new Control(options)) {
        control.start();
        RunningBalancer balancer = control.running().balancer("main");
        Waiting.until("it is found", () -> balancer.balancer().nodes().size() == 2);
        assertThat(balancer.balancer().nodes().stream().map(node -> node.server()))
            .containsExactlyInAnyOrder(given, Server.of("127.0.0.2", 81));
      }
    }
  }
}
