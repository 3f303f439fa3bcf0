package io.evenkeel.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.LoadBalancer;
import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One server is drained: new clients go elsewhere, old ones finish. */
@Timeout(60)
class DrainServerTest extends ProxyFixture {

  private static void echo(Socket client, int b) throws IOException {
    client.getOutputStream().write(b);
    assertThat(client.getInputStream().read()).isEqualTo(b);
  }

  @Test
  void newClientsGoElsewhere_oldOnesFinish_andThenItIsSaid() throws Exception {
    Backend drained = closeLater(Backend.echo());
    Backend other = closeLater(Backend.echo());
    start(builder -> builder.eventLoops(2), drained.server(), other.server());
    List<Socket> old = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      old.add(connect());
      echo(old.get(i), i);
    }
    assertThat(drained.accepted).hasValue(3);

    CompletableFuture<Integer> left =
        balancer.drain(drained.server().id(), Duration.ofHours(1)).toCompletableFuture();
    for (int i = 0; i < 10; i++) {
      try (Socket client = connect()) {
        echo(client, i);
      }
    }
    assertThat(drained.accepted).hasValue(3);
    assertThat(other.accepted).hasValue(13);
    for (Socket client : old) {
      echo(client, 7);
      assertThat(left).isNotDone();
    }
    for (Socket client : old) {
      client.close();
    }
    assertThat(left.get(30, TimeUnit.SECONDS)).isZero();
    assertQuiet();
  }

  @Test
  void clientInLine_isNotGivenAPlaceOnIt() throws Exception {
    Backend drained = closeLater(Backend.echo());
    Backend other = closeLater(Backend.echo());
    start(
        LoadBalancer.builder()
            .servers(drained.server(), other.server().withTier(1))
            .maxConcurrent(1)
            .build(),
        builder -> builder.eventLoops(2).maxWaiting(9));
    Socket onDrained = connect();
    echo(onDrained, 1);
    Socket onOther = connect();
    echo(onOther, 2);
    try (Socket waiting = connect()) {
      waiting.getOutputStream().write(3);
      await("it waits", () -> proxy.stats().waiting() == 1);
      balancer.drain(drained.server().id());
      onDrained.close();
      await("it has ended", () -> proxy.openRelays() == 2);
      assertThat(proxy.stats().waiting()).isEqualTo(1);
      onOther.close();
      assertThat(waiting.getInputStream().read()).isEqualTo(3);
      assertThat(drained.accepted).hasValue(1);
      assertThat(other.accepted).hasValue(2);
    }
    assertQuiet();
  }
}
