package io.evenkeel.health;

import static io.evenkeel.core.Block.CIRCUIT_OPEN;
import static io.evenkeel.core.Block.EJECTED;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.Block;
import io.evenkeel.core.Lease;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import org.junit.jupiter.api.Test;

/**
 * Real sockets: a server that is killed gets one more connection, the one that finds out, and none
 * after it, though nobody has waited for anything.
 */
class RefusedServerTest {

  @Test
  void detector_theNextConnectionAvoidsIt() throws Exception {
    try (Servers servers = new Servers();
        OutlierDetector detector =
            OutlierDetector.builder(servers.balancer)
                .policy(
                    OutlierPolicy.builder().consecutiveFailures(1).ejectsOneAtLeast(true).build())
                .start()) {
      servers.killAndExpectOneMoreConnection();
      Await.until("the block follows", () -> servers.isBlocked(EJECTED));
      assertThat(detector.stats().servers().get(servers.mortalId()).cause())
          .startsWith("1 failure, the last: java.net.ConnectException");
    }
  }

  @Test
  void breakers_theNextConnectionAvoidsIt() throws Exception {
    try (Servers servers = new Servers();
        CircuitBreakers breakers =
            CircuitBreakers.builder(servers.balancer)
                .policy(CircuitPolicy.builder().consecutiveFailures(1).build())
                .start()) {
      servers.killAndExpectOneMoreConnection();
      Await.until("the block follows", () -> servers.isBlocked(CIRCUIT_OPEN));
      assertThat(breakers.state(servers.mortalId()).cause())
          .startsWith("1 failure, the last: java.net.ConnectException");
    }
  }

  /** Two that accept; connections that nobody takes out of the backlog are served well enough. */
  private static final class Servers implements AutoCloseable {
    private final ServerSocket lives = new ServerSocket(0, 1_000, InetAddress.getLoopbackAddress());
    private final ServerSocket mortal = new ServerSocket(0, 1_000, lives.getInetAddress());
    private final LoadBalancer balancer =
        LoadBalancer.builder().servers(server(lives), server(mortal)).build();

    Servers() throws IOException {}

    private static Server server(ServerSocket socket) {
      return Server.of("127.0.0.1", socket.getLocalPort());
    }

    String mortalId() {
      return server(mortal).id();
    }

    boolean isBlocked(Block block) {
      return balancer.nodes().get(1).blocks().contains(block);
    }

    void killAndExpectOneMoreConnection() throws IOException {
      for (int i = 0; i < 10; i++) {
        assertThat(connect()).isTrue();
      }
      long picksBefore = balancer.nodes().get(1).picks();
      assertThat(picksBefore).isEqualTo(5);
      int port = mortal.getLocalPort();
      mortal.close();
      // Keeps the port ours, and nobody listens: refused by anyone, and no connect to oneself.
      try (SocketChannel holder = SocketChannel.open()) {
        holder.setOption(StandardSocketOptions.SO_REUSEADDR, true);
        holder.bind(new InetSocketAddress("127.0.0.1", port));
        int refused = 0;
        for (int i = 0; i < 100; i++) {
          refused += connect() ? 0 : 1;
        }
        assertThat(refused).isEqualTo(1);
        assertThat(balancer.nodes().get(1).picks()).isEqualTo(picksBefore + 1);
      }
    }

    private boolean connect() {
      try (Lease lease = balancer.acquire()) {
        try (Socket socket = new Socket(lease.server().host(), lease.server().port())) {
          lease.success();
          return socket.isConnected();
        } catch (IOException e) {
          lease.failure(e);
          return false;
        }
      }
    }

    @Override
    public void close() throws IOException {
      lives.close();
      mortal.close();
    }
  }
}
