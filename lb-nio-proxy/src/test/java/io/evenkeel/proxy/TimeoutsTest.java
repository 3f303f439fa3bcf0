package io.evenkeel.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
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

  /** More is kept than one read, so that the FIN is seen behind it; nobody takes it. */
  @Test
  void finBehindBytesThatAreNotTaken_halfClosedTimeRunsFromThere_andTheEndIsReset()
      throws Exception {
    CompletableFuture<Object> got = new CompletableFuture<>();
    CountDownLatch read = new CountDownLatch(1);
    Backend backend =
        closeLater(
            new Backend(
                socket -> {
                  read.await();
                  try {
                    got.complete(socket.getInputStream().readAllBytes().length);
                  } catch (IOException e) {
                    got.complete(e.getMessage());
                  }
                }));
    start(
        LoadBalancer.builder().servers(backend.server()).build(),
        builder ->
            builder
                .eventLoops(1)
                .clock(now::get)
                .waterMarks(0, 16 << 20)
                .socketBuffers(16_384, 16_384));
    try (Socket client = connect()) {
      client.getOutputStream().write(new byte[12 << 20]);
      client.shutdownOutput();
      await("much is kept", () -> takenBufferBytes() > 0);
      awaitQuietLoops(); // the FIN, too
      pass(Duration.ofSeconds(29));
      assertThat(proxy.openRelays()).isEqualTo(1);
      pass(Duration.ofSeconds(2));
      assertThat(proxy.openRelays()).isZero();
      assertThat(proxy.stats().ended().get(EndReason.HALF_CLOSED)).isEqualTo(1);
    }
    read.countDown();
    assertThat(got.get()).as("a part must not look whole").asString().contains("reset");
    assertQuiet();
  }

  @Test
  void idle_withBytesThatAreNotTaken_theirEndIsReset() throws Exception {
    CountDownLatch end = new CountDownLatch(1);
    Backend backend =
        closeLater(
            new Backend(
                socket -> {
                  socket.getOutputStream().write(new byte[64 << 20]);
                  end.await();
                }));
    start(
        LoadBalancer.builder().servers(backend.server()).build(),
        builder -> builder.eventLoops(1).clock(now::get).socketBuffers(16_384, 16_384));
    try (Socket client = connect()) {
      assertThat(client.getInputStream().read()).isZero();
      await("some is kept", () -> takenBufferBytes() > 0);
      awaitQuietLoops();
      pass(IDLE.plusSeconds(1));
      assertThat(proxy.openRelays()).isZero();
      assertThatThrownBy(() -> client.getInputStream().readAllBytes())
          .as("a part must not look whole")
          .hasMessageContaining("reset");
      assertThat(proxy.stats().ended().get(EndReason.IDLE)).isEqualTo(1);
    }
    end.countDown();
    assertQuiet();
  }

  @Test
  void lifetimeShorterThanTheIdleTime_endsAnIdleRelayThen() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(
        LoadBalancer.builder().servers(backend.server()).build(),
        builder ->
            builder
                .eventLoops(1)
                .clock(now::get)
                .idleTimeout(Duration.ofSeconds(Long.MAX_VALUE))
                .halfClosedTimeout(Duration.ofSeconds(Long.MAX_VALUE))
                .connectTimeout(Duration.ofSeconds(Long.MAX_VALUE))
                .connectDeadline(Duration.ofSeconds(Long.MAX_VALUE))
                .maxLifetime(Duration.ofSeconds(10)));
    try (Socket client = connect()) {
      echo(client);
      pass(Duration.ofSeconds(9));
      echo(client);
      client.shutdownOutput(); // echoed: both sides end
      assertThat(client.getInputStream().read()).isEqualTo(-1);
    }
    try (Socket client = connect()) {
      echo(client);
      pass(Duration.ofMillis(10_100));
      assertThatThrownBy(() -> client.getInputStream().read()).hasMessageContaining("reset");
    }
    assertQuiet();
    assertThat(proxy.stats().ended().get(EndReason.LIFETIME)).isEqualTo(1);
  }
}
