package io.evenkeel.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What time does to relays, on a clock that the test moves; the sockets are real. */
@Timeout(60)
class TimeoutsTest extends ProxyFixture {

  private static final Duration IDLE = Duration.ofSeconds(60);
  private static final Duration HALF_CLOSED = Duration.ofSeconds(30);

  private final AtomicLong now = new AtomicLong();
  private final SynchronousQueue<Integer> serverSends = new SynchronousQueue<>();
  private final CompletableFuture<Object> serverSaw = new CompletableFuture<>();

  /** Echoes bytes; after the client's FIN or instead of it sends what the test says. */
  private void startEcho() throws IOException {
    Backend backend =
        closeLater(
            new Backend(
                socket -> {
                  try {
                    for (int b = socket.getInputStream().read(); b >= 0; ) {
                      socket.getOutputStream().write(b);
                      b = socket.getInputStream().read();
                    }
                    serverSaw.complete("FIN");
                  } catch (IOException e) {
                    serverSaw.complete(e);
                  }
                  socket.getOutputStream().write(serverSends.take());
                }));
    start(
        LoadBalancer.builder().servers(backend.server()).build(),
        builder ->
            builder
                .eventLoops(1)
                .clock(now::get)
                .idleTimeout(IDLE)
                .halfClosedTimeout(HALF_CLOSED)
                .connectTimeout(Duration.ofSeconds(5)));
  }

  /**
   * Moves the clock, and lets the loop see it. Timers come at the end of a turn, and the turn under
   * way may have read the clock before: so the one after it has to be over.
   */
  private void pass(Duration time) {
    now.addAndGet(time.toNanos());
    long seen = turns() + 2;
    while (turns() < seen) {
      takenBufferBytes();
    }
  }

  private static void echo(Socket client) throws IOException {
    client.getOutputStream().write(7);
    assertThat(client.getInputStream().read()).isEqualTo(7);
  }

  @Test
  void bytes_putTheIdleTimeOff() throws Exception {
    startEcho();
    try (Socket client = connect()) {
      echo(client);
      for (int i = 0; i < 5; i++) {
        pass(IDLE.minusSeconds(1));
        assertThat(proxy.openRelays()).isEqualTo(1);
        echo(client);
      }
      pass(IDLE.minusSeconds(1));
      assertThat(proxy.openRelays()).isEqualTo(1);
      pass(Duration.ofSeconds(2));
      assertThat(client.getInputStream().read()).isEqualTo(-1);
    }
    await("relay ends", () -> proxy.openRelays() == 0);
  }

  @Test
  void finAfterALongSilence_halfClosedTimeRunsFromThere() throws Exception {
    startEcho();
    try (Socket client = connect()) {
      echo(client);
      pass(HALF_CLOSED.plusSeconds(10)); // longer than a half-closed relay may be silent
      client.shutdownOutput();
      assertThat(serverSaw.get()).isEqualTo("FIN");
      pass(HALF_CLOSED.minusSeconds(1));
      assertThat(proxy.openRelays()).isEqualTo(1);
      serverSends.put(9);
      assertThat(client.getInputStream().readAllBytes()).containsExactly(9);
    }
    assertQuiet();
  }

  @Test
  void halfClosed_silentForTooLong_isClosed() throws Exception {
    startEcho();
    try (Socket client = connect()) {
      echo(client);
      client.shutdownOutput();
      assertThat(serverSaw.get()).isEqualTo("FIN");
      pass(HALF_CLOSED.minusSeconds(1));
      assertThat(proxy.openRelays()).isEqualTo(1);
      pass(Duration.ofSeconds(2));
      assertThat(client.getInputStream().read()).isEqualTo(-1);
    }
    await("relay ends", () -> proxy.openRelays() == 0);
  }

  @Test
  void serverThatTakesTooLongToConnect_clientIsResetThen() throws Exception {
    try (ServerSocket full = ConnectTest.fullListener(this)) {
      start(
          LoadBalancer.builder().servers(Server.of("127.0.0.1", full.getLocalPort())).build(),
          builder -> builder.eventLoops(1).clock(now::get).connectTimeout(Duration.ofSeconds(5)));
      connect();
      await("the client is in", () -> proxy.openRelays() == 1);
      takenBufferBytes(); // and its timer is armed
      pass(Duration.ofMillis(4_900));
      assertThat(proxy.openRelays()).isEqualTo(1);
      pass(Duration.ofMillis(300));
      assertThat(proxy.openRelays()).isZero();
      assertThat(balancer.nodes().get(0).failures()).isEqualTo(1);
    }
  }
}
