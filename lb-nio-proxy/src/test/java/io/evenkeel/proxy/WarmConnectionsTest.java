package io.evenkeel.proxy;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Connections made before there is a client: who gets them, and what becomes of the others. */
@Timeout(120)
class WarmConnectionsTest extends WarmFixture {

  @Test
  void client_getsAConnectionThatWasThereBefore_andAnotherIsMadeInItsPlace() throws Exception {
    Backend backend = numbered();
    startWarm(2, backend.server());
    awaitWarm(backend, 2);
    assertThat(backend.accepted).as("no client yet").hasValue(2);

    for (int i = 1; i <= 10; i++) {
      try (Socket client = connect()) {
        assertThat(number(client)).isLessThanOrEqualTo(i + 1);
        int made = i + 2;
        await("another is made", () -> backend.accepted.get() == made && idle(backend) == 2);
      }
    }

    assertQuiet();
    ProxyStats stats = proxy.stats();
    assertThat(stats.warm()).isEqualTo(10);
    assertThat(stats.connectTime().count()).isEqualTo(10);
    assertThat(stats.connectTime().total()).isEqualTo(Duration.ZERO);
    assertThat(stats.ended()).containsEntry(EndReason.FINISHED, 10L);
    assertThat(traffic(backend).warm()).isEqualTo(10);
    assertThat(traffic(backend).connected()).isEqualTo(10);
    assertThat(balancer.nodes().get(0).successes()).isEqualTo(10);
    assertThat(pooled(backend.server().id()).detached()).isEqualTo(10);
  }

  @Test
  void moreClientsThanWarmConnections_theOthersAreConnectedAsWithout() throws Exception {
    Backend backend = numbered();
    startWarm(1, backend.server());
    awaitWarm(backend, 1);
    List<Socket> clients = Stream.generate(this::connectUnchecked).limit(20).toList();
    for (Socket client : clients) {
      assertThat(number(client)).isPositive();
    }
    for (Socket client : clients) {
      client.close();
    }
    assertQuiet();
    assertThat(proxy.stats().connectTime().count()).isEqualTo(20);
    assertThat(proxy.stats().warm()).isBetween(1L, 20L);
  }

  private Socket connectUnchecked() {
    try {
      return connect();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void offByDefault_nothingIsThere() throws Exception {
    Backend backend = numbered();
    start(backend.server());
    try (Socket client = connect()) {
      assertThat(number(client)).isEqualTo(1);
    }
    assertQuiet();
    assertThat(proxy.warm()).isNull();
    assertThat(threads()).isEmpty();
    assertThat(backend.accepted).hasValue(1);
    assertThat(proxy.stats().warm()).isZero();
  }

  @Test
  void badNumber_isRefused() {
    TcpProxyBuilder builder =
        TcpProxy.builder(LoadBalancer.builder().servers(Server.of("127.0.0.1", 1)).build());
    for (int bad : new int[] {-1, 1_001}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> builder.warmConnections(bad))
          .withMessage("warmConnections: " + bad + " (expected: 0 to 1000)");
    }
    assertThat(builder.warmConnections(1_000).warmConnections(0)).isSameAs(builder);
  }

  // ---- what the server says first ----

  @ParameterizedTest
  @ValueSource(ints = {5, 256, 300, 16_384, 100_000})
  void serverThatSpeaksFirst_everyByteOfItsGreetingComesFirst(int size) throws Exception {
    byte[] greeting = new byte[size];
    new Random(size).nextBytes(greeting);
    Backend backend =
        closeLater(
            new Backend(
                socket -> {
                  OutputStream out = socket.getOutputStream();
                  out.write(greeting, 0, size / 2);
                  out.write(greeting, size / 2, size - size / 2);
                  socket.getInputStream().transferTo(out);
                }));
    startWarm(2, backend.server());
    awaitWarm(backend, 2);
    for (int i = 0; i < 5; i++) {
      try (Socket client = connect()) {
        client.getOutputStream().write(new byte[] {1, 2, 3});
        client.shutdownOutput();
        byte[] all = client.getInputStream().readAllBytes();
        assertThat(all).startsWith(greeting).endsWith(1, 2, 3).hasSize(size + 3);
      }
      await("another is warm", () -> idle(backend) == 2);
    }
    assertQuiet();
    assertThat(proxy.stats().warm()).isEqualTo(5);
    assertThat(proxy.stats().bytesFromServers()).isEqualTo(5L * (size + 3));
    assertThat(proxy.stats().firstByteTime().count()).isEqualTo(5);
  }

  /** As of a server's time or its port: a warm one would be out of date, and has been closed. */
  @Test
  void serverThatSpeaksAndHangsUp_isConnectedToAnew() throws Exception {
    Backend backend = closeLater(Backend.named(0));
    startWarm(2, backend.server());
    await("two were made", () -> backend.accepted.get() >= 2);
    for (int i = 0; i < 5; i++) {
      try (Socket client = connect()) {
        assertThat(new String(client.getInputStream().readAllBytes(), US_ASCII).trim())
            .isEqualTo(Integer.toString(backend.port()));
      }
    }
    await("they end", () -> proxy.openRelays() == 0);
    assertThat(proxy.stats().ended()).containsEntry(EndReason.FINISHED, 5L);
  }
}
