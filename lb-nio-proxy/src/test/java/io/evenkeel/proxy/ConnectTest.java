package io.evenkeel.proxy;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.Block;
import io.evenkeel.core.BlockOwner;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Node;
import io.evenkeel.core.Server;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * From a client's arrival to its relay: which server, what if it cannot be connected to, or none.
 */
@Timeout(60)
class ConnectTest extends ProxyFixture {

  @Test
  void deadServer_everyClientIsServedByAnother() throws Exception {
    Backend alive = closeLater(Backend.named(0));
    Server dead = Server.of("127.0.0.1", deadPort());
    start(dead, alive.server());

    for (int i = 0; i < 20; i++) {
      assertThat(ask()).isEqualTo(alive.port());
    }

    assertQuiet();
    Node deadNode = balancer.nodes().get(0);
    assertThat(deadNode.failures()).isEqualTo(deadNode.picks()).isPositive();
    assertThat(balancer.nodes().get(1).successes()).isEqualTo(20);
    assertThat(proxy.refusedClients()).isZero();
  }

  @Test
  void backupTier_isReachedByRetry() throws Exception {
    Backend backup = closeLater(Backend.named(0));
    start(Server.of("127.0.0.1", deadPort()), backup.server().withTier(1));

    assertThat(ask()).isEqualTo(backup.port());
    assertQuiet();
  }

  @Test
  void everyServerDead_clientIsReset() throws Exception {
    start(Server.of("127.0.0.1", deadPort()), Server.of("127.0.0.1", deadPort()));

    assertRefused();
    assertQuiet();
    assertThat(balancer.nodes()).allMatch(node -> node.failures() == 1);
    assertThat(proxy.refusedClients()).isEqualTo(1);
  }

  @Test
  void attemptsUsedUp_noFurtherServerIsTried() throws Exception {
    Backend alive = closeLater(Backend.named(0));
    start(
        LoadBalancer.builder()
            .servers(
                Server.of("127.0.0.1", deadPort()),
                Server.of("127.0.0.1", deadPort()),
                alive.server().withTier(1))
            .build(),
        builder -> builder.connectAttempts(2));

    assertRefused();
    assertThat(alive.accepted).hasValue(0);
    assertQuiet();
  }

  @Test
  void everyServerBlocked_clientIsResetAndLaterServed() throws Exception {
    Backend backend = closeLater(Backend.named(0));
    start(backend.server());
    BlockOwner owner = balancer.claim(Block.PROBE_DOWN);
    owner.set(backend.server().id(), "a test");

    assertRefused();
    assertRefused();
    assertThat(proxy.refusedClients()).isEqualTo(2);

    owner.clear(backend.server().id(), "a test");
    assertThat(ask()).isEqualTo(backend.port());
    assertQuiet();
  }

  @Test
  void serverThatDoesNotAnswer_anotherIsTriedAfterTheTimeout() throws Exception {
    Backend alive = closeLater(Backend.named(0));
    try (ServerSocket silent = fullListener(this)) {
      start(
          LoadBalancer.builder()
              .servers(Server.of("127.0.0.1", silent.getLocalPort()), alive.server().withTier(1))
              .build(),
          builder -> builder.connectTimeout(Duration.ofMillis(200)));

      assertThat(ask()).isEqualTo(alive.port());
      assertQuiet();
      assertThat(balancer.nodes().get(0).failures()).isEqualTo(1);
    }
  }

  @Test
  void serverByName_isLookedUp() throws Exception {
    Backend backend = closeLater(Backend.named(0));
    start(Server.of("localhost", backend.port()));

    assertThat(ask()).isEqualTo(backend.port());
    assertQuiet();
  }

  @Test
  void serverAddedWhileRunning_isUsed() throws Exception {
    Backend first = closeLater(Backend.named(0));
    Backend second = closeLater(Backend.named(0));
    start(first.server());

    balancer.add(second.server());
    balancer.drain(first.server().id());

    assertThat(ask()).isEqualTo(second.port());
    balancer.add(Server.of("localhost", second.port()).withId("by name"));
    balancer.remove(second.server().id());
    // Until its name is looked up, which happens elsewhere, it counts as one that fails.
    await("its name is looked up", () -> answer() == second.port());
    assertQuiet();
  }

  @Test
  void nameThatIsNotFound_addedWhileRunning_anotherIsTried() throws Exception {
    Backend alive = closeLater(Backend.named(0));
    start(alive.server().withTier(1));
    balancer.add(Server.of("no-such-host.invalid", 80));

    assertThat(ask()).isEqualTo(alive.port());
    assertQuiet();
  }

  @Test
  void selectorThatThrows_clientIsResetAndTheLoopGoesOn() throws Exception {
    Backend backend = closeLater(Backend.named(0));
    boolean[] broken = {true};
    start(
        LoadBalancer.builder()
            .servers(backend.server())
            .selector(
                (candidates, previous) ->
                    query -> {
                      if (broken[0]) {
                        throw new IllegalStateException("a user's bug");
                      }
                      return candidates.eligible().get(0);
                    })
            .build(),
        builder -> builder.eventLoops(1));

    assertRefused();
    broken[0] = false;
    assertThat(ask()).isEqualTo(backend.port());
    assertQuiet();
  }

  private int ask() throws IOException {
    try (Socket client = connect()) {
      return Integer.parseInt(new String(client.getInputStream().readAllBytes(), US_ASCII).trim());
    }
  }

  /** As {@link #ask}, or -1 if refused. */
  private int answer() {
    try {
      return ask();
    } catch (IOException e) {
      return -1;
    }
  }

  private void assertRefused() throws IOException {
    try (Socket client = connect()) {
      assertThatThrownBy(() -> client.getInputStream().read())
          .isInstanceOf(SocketException.class)
          .hasMessageContaining("reset");
    }
  }

  /** A port on which nobody listens. */
  static int deadPort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /**
   * A listener whose queue is full: Linux then drops further connection requests in silence. It is
   * full when one of them has had a while and is not answered.
   */
  static ServerSocket fullListener(ProxyFixture test) throws IOException {
    ServerSocket listener = new ServerSocket();
    listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1);
    SocketChannel last;
    do {
      last = test.closeLater(SocketChannel.open());
      last.configureBlocking(false);
      last.connect(listener.getLocalSocketAddress());
      ProxyFixture.letTimePass(Duration.ofMillis(100));
    } while (last.finishConnect());
    return listener;
  }
}
