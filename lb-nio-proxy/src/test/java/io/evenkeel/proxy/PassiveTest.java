package io.evenkeel.proxy;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.Node;
import io.evenkeel.core.Server;
import io.evenkeel.health.CircuitBreakers;
import io.evenkeel.health.CircuitPolicy;
import io.evenkeel.health.OutlierDetector;
import io.evenkeel.health.OutlierPolicy;
import java.io.IOException;
import java.net.Socket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A proxy whose connects are watched: after the first that is refused, no other is tried. */
@Timeout(60)
class PassiveTest extends ProxyFixture {

  @Test
  void deadServer_withADetector_isConnectedToOnce() throws Exception {
    Backend alive = closeLater(Backend.named(0));
    start(Server.of("127.0.0.1", ConnectTest.deadPort()), alive.server());
    closeLater(
        OutlierDetector.builder(balancer)
            .policy(OutlierPolicy.builder().consecutiveFailures(1).ejectsOneAtLeast(true).build())
            .start());
    assertConnectedToOnce(balancer.nodes().get(0), alive);
  }

  @Test
  void deadServer_withBreakers_isConnectedToOnce() throws Exception {
    Backend alive = closeLater(Backend.named(0));
    start(Server.of("127.0.0.1", ConnectTest.deadPort()), alive.server());
    closeLater(
        CircuitBreakers.builder(balancer)
            .policy(CircuitPolicy.builder().consecutiveFailures(1).build())
            .start());
    assertConnectedToOnce(balancer.nodes().get(0), alive);
  }

  /** Clients come one after the other; all are served. */
  private void assertConnectedToOnce(Node dead, Backend alive) throws IOException {
    for (int i = 0; i < 20; i++) {
      try (Socket client = connect()) {
        byte[] answer = client.getInputStream().readAllBytes();
        assertThat(new String(answer, US_ASCII).trim()).isEqualTo("" + alive.port());
      }
    }
    assertThat(dead.picks()).isEqualTo(1);
    assertThat(dead.failures()).isEqualTo(1);
    assertQuiet();
  }
}
