package io.evenkeel.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.FakeDns;
import io.evenkeel.core.HostPort;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Found servers and given ones together, and what is left of a start that fails. */
class RunningBalancerTest {

  @TempDir private Path folder;
  private final RunOptions options = new RunOptions();

  @AfterEach
  void nothingIsLeft() {
    assertThat(Thread.getAllStackTraces().keySet())
        .noneMatch(thread -> thread.getName().equals("evenkeel-discovery"));
  }

  private void assertStartFails(String complaint) {
    assertThatThrownBy(
            () -> RunningBalancer.start(options, new PrintWriter(new StringWriter(), true)))
        .isInstanceOf(StartFailure.class)
        .hasMessageStartingWith(complaint);
  }

  @Test
  void addressThatIsTaken_noThreadIsLeft() throws Exception {
    options.serverFile = Files.writeString(folder.resolve("servers"), "127.0.0.1:1\n");
    options.connectTimeout = Duration.ofSeconds(1);
    options.idleTimeout = Duration.ofSeconds(1);
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      options.listen = new HostPort("127.0.0.1", taken.getLocalPort());
      assertStartFails("--listen: '127.0.0.1:" + taken.getLocalPort() + "': ");
    }
  }

  @Test
  void foundServerThatDoesNotResolve_noThreadIsLeft() throws Exception {
    options.serverFile = Files.writeString(folder.resolve("servers"), "no.such.host.invalid:1\n");
    options.listen = new HostPort("127.0.0.1", 0);
    assertStartFails("--server-file: host 'no.such.host.invalid' does not resolve");
  }

  @Test
  void fileWithoutServers_isSaidAtOnce() throws Exception {
    options.serverFile = Files.writeString(folder.resolve("s.json"), "{\"servers\": []}");
    options.listen = new HostPort("127.0.0.1", 0);
    assertStartFails("--server-file: file '" + options.serverFile + "': no servers (expected: at");
  }

  @Test
  void serverThatIsGivenAndInTheFile_refusesTheFile() throws Exception {
    options.servers.add(Server.of("127.0.0.1", 1));
    options.serverFile = Files.writeString(folder.resolve("servers"), "127.0.0.1:1\n");
    options.listen = new HostPort("127.0.0.1", 0);
    assertStartFails("--server-file: file '" + options.serverFile + "': id: '127.0.0.1:1' is");
  }

  @Test
  void serverThatIsGivenAndFoundInDns_isThereOnce_asItIsGiven() throws Exception {
    try (FakeDns dns = new FakeDns()) {
      dns.answer("db.example.com A", "60 IN A 10.0.0.1", "60 IN A 10.0.0.2");
      dns.answer("db.example.com AAAA");
      Server given = Server.of("10.0.0.1", 81).withWeight(7);
      options.servers.add(given);
      options.dns = new HostPort("db.example.com", 81);
      options.dnsResolver = new HostPort("127.0.0.1", dns.address().getPort());
      try (LoadBalancer balancer =
          options.discovered().start(LoadBalancer.builder().servers(List.of(given)))) {
        balancer.ready().toCompletableFuture().get(60, TimeUnit.SECONDS);
        assertThat(balancer.nodes().stream().map(node -> node.server()))
            .containsExactlyInAnyOrder(given, Server.of("10.0.0.2", 81));
      }
    }
  }
}
