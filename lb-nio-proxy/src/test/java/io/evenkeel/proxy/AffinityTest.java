package io.evenkeel.proxy;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Query;
import io.evenkeel.core.Selectors;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The key of a connection is its client's address without the port. */
class AffinityTest extends ProxyFixture {

  private final List<Backend> backends = new ArrayList<>();

  @Test
  void clientOfOneAddress_alwaysReachesTheSameServer_whateverItsPort() throws Exception {
    for (int i = 0; i < 7; i++) {
      backends.add(closeLater(Backend.named(0)));
    }
    start(
        LoadBalancer.builder()
            .servers(backends.stream().map(Backend::server).toList())
            .selector(Selectors.ipHash())
            .build(),
        builder -> builder.eventLoops(2));
    String one = "127.0.0.1";
    String other = "127.0.0.2";
    assertThat(expected(one)).isNotEqualTo(expected(other));
    for (int i = 0; i < 20; i++) {
      assertThat(ask(one)).isEqualTo(expected(one));
      assertThat(ask(other)).isEqualTo(expected(other));
    }

    balancer.drain(balancer.nodes().get(index(one)).server().id());
    int next = backends.get((index(one) + 1) % backends.size()).port();
    for (int i = 0; i < 5; i++) {
      assertThat(ask(one)).isEqualTo(next);
      assertThat(ask(other)).isEqualTo(expected(other));
    }
    assertQuiet();
  }

  private int expected(String client) throws IOException {
    return backends.get(index(client)).port();
  }

  private int index(String client) throws IOException {
    long hash = Query.forKey(InetAddress.getByName(client).getAddress()).keyHash();
    return (int) Long.remainderUnsigned(hash, backends.size());
  }

  private int ask(String client) throws IOException {
    try (Socket socket =
        new Socket(
            InetAddress.getLoopbackAddress(),
            proxy.localAddress().getPort(),
            InetAddress.getByName(client),
            0)) {
      socket.setSoTimeout((int) LONG.toMillis());
      return Integer.parseInt(new String(socket.getInputStream().readAllBytes(), US_ASCII).trim());
    }
  }
}
