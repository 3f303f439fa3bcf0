package io.evenkeel.proxy;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Peers that are slow, silent, or gone without a word. */
@Timeout(120)
class SlowPeersTest extends ScenarioFixture {

  private static final KnownBytes TO_SERVER = new KnownBytes(21);
  private static final KnownBytes TO_CLIENT = new KnownBytes(22);

  @Test
  void oneByteAtATime_bothWaysAtOnceOnManyRelays_arrivesInOrder() throws Exception {
    int size = 3_000;
    List<CompletableFuture<Long>> atServer = new ArrayList<>();
    Backend backend =
        closeLater(
            new Backend(
                socket -> {
                  CompletableFuture<Void> sent = async(() -> dribble(socket, TO_CLIENT, size));
                  CompletableFuture<Long> got = new CompletableFuture<>();
                  synchronized (atServer) {
                    atServer.add(got);
                  }
                  got.complete(TO_SERVER.receive(socket.getInputStream(), 0, Long.MAX_VALUE));
                  sent.get();
                }));
    start(builder -> builder.eventLoops(2), backend.server());
    List<Socket> clients = new ArrayList<>();
    List<CompletableFuture<Void>> sent = new ArrayList<>();
    List<CompletableFuture<Long>> got = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      Socket client = connect();
      clients.add(client);
      sent.add(async(() -> dribble(client, TO_SERVER, size)));
      got.add(async(() -> TO_CLIENT.receive(client.getInputStream(), 0, Long.MAX_VALUE)));
    }
    for (int i = 0; i < 8; i++) {
      sent.get(i).get();
      assertThat(got.get(i).get()).isEqualTo(size);
      assertThat(atServer.get(i).get(30, TimeUnit.SECONDS)).isEqualTo(size);
      clients.get(i).close();
    }
    assertQuiet();
    assertThat(ended(EndReason.FINISHED)).isEqualTo(8);
  }

  /** A byte a write and a segment, then a FIN. */
  private static Void dribble(Socket socket, KnownBytes bytes, int size) throws IOException {
    socket.setTcpNoDelay(true);
    bytes.send(socket.getOutputStream(), size, 1);
    socket.shutdownOutput();
    return null;
  }

  @Test
  void readersThatStopForAMinute_memoryIsBounded_othersAreServed_andNoByteIsLost()
      throws Exception {
    long size = 16 * MIB;
    int readers = 10;
    Backend source = closeLater(sourceOrEcho(size));
    startOnClock(source.server());
    Socket other = connect();
    echo(other);
    List<Socket> clients = new ArrayList<>();
    for (int i = 0; i < readers; i++) {
      clients.add(download());
    }
    await("each relay holds something", () -> takenBufferBytes() >= readers * 4096L);
    awaitIdle();
    long most = (long) readers * EventLoop.READ_BUFFER_BYTES;
    assertThat(takenBufferBytes()).isBetween(1L, most);

    for (int i = 0; i < 6; i++) {
      advance(Duration.ofSeconds(9));
      for (int j = 0; j < 20; j++) {
        echo(other);
      }
    }
    advance(Duration.ofSeconds(5)); // 59 in all
    awaitIdle();
    assertThat(takenBufferBytes()).isBetween(1L, most);
    assertThat(proxy.openRelays()).isEqualTo(readers + 1);

    List<CompletableFuture<Long>> rest = new ArrayList<>();
    for (Socket client : clients) {
      rest.add(async(() -> TO_CLIENT.receive(client.getInputStream(), 1000, Long.MAX_VALUE)));
    }
    for (int i = 0; i < readers; i++) {
      assertThat(rest.get(i).get()).isEqualTo(size);
    }
    awaitIdle(); // half-closed now
    for (Socket client : clients) {
      client.close();
    }
    other.close();
    assertQuiet();
    assertThat(ended(EndReason.FINISHED)).isEqualTo(readers + 1);
  }

  @Test
  void readerThatStopsForTooLong_neverHearsThatAllCame() throws Exception {
    Backend source = closeLater(sourceOrEcho(16 * MIB));
    startOnClock(source.server());
    try (Socket client = download()) {
      await("the relay holds something", () -> takenBufferBytes() > 0);
      awaitIdle();
      awaitInTime("it ends", () -> ended(EndReason.IDLE) == 1);
      assertThatThrownBy(() -> TO_CLIENT.receive(client.getInputStream(), 1000, Long.MAX_VALUE))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("reset");
    }
    assertQuiet();
  }

  /** A client that has asked for bytes without end, and has read a few of them. */
  private Socket download() throws IOException {
    Socket client = closeLater(new Socket());
    client.setReceiveBufferSize(8 * 1024);
    client.connect(proxy.localAddress());
    client.setSoTimeout((int) LONG.toMillis());
    client.getOutputStream().write('d');
    assertThat(TO_CLIENT.receive(client.getInputStream(), 0, 1000)).isEqualTo(1000);
    return client;
  }

  /** Sends bytes to who says d; of others it echoes single bytes. */
  private static Backend sourceOrEcho(long size) throws IOException {
    return new Backend(
        socket -> {
          OutputStream out = socket.getOutputStream();
          for (int b = socket.getInputStream().read(); b >= 0; ) {
            if (b == 'd') {
              TO_CLIENT.send(out, size, 64 * 1024);
              return;
            }
            out.write(b);
            b = socket.getInputStream().read();
          }
        });
  }

  @Test
  void clientsThatSayNothing_endByTheIdleTimeout_othersGoOn() throws Exception {
    Backend backend = closeLater(Backend.echo());
    startOnClock(backend.server());
    List<Socket> silent = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      silent.add(connect());
    }
    Socket other = connect();
    await("all are connected", () -> proxy.stats().connectTime().count() == 201);
    advance(IDLE.minusSeconds(1));
    awaitIdle();
    assertThat(proxy.openRelays()).isEqualTo(201);
    echo(other);
    advance(LATE.plusSeconds(1));
    assertThat(proxy.openRelays()).isEqualTo(1);
    assertThat(ended(EndReason.IDLE)).isEqualTo(200);
    for (Socket client : silent) {
      assertThat(client.getInputStream().read()).isEqualTo(-1);
      client.close();
    }
    await("the server has closed them, too", () -> backend.openSessions() == 1);
    echo(other);
    other.close();
    assertQuiet();
  }

  /** {@link VanishedClients}, in a network of its own. */
  @Test
  void clientsWhoseLinkIsCut_endByTheirTimeouts() throws Exception {
    Assumptions.assumeTrue(VanishedClients.isPossible(), "needs root, ip, unshare and nsenter");
    Process scenario =
        new ProcessBuilder(VanishedClients.inOwnNetwork("scenario"))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String out = new String(scenario.getInputStream().readAllBytes(), UTF_8).strip();
    assertThat(scenario.waitFor()).isZero();
    assertThat(out).endsWith("all is well");
  }
}
