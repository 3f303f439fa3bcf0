package io.evenkeel.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.Block;
import io.evenkeel.core.BlockOwner;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What an embedder may set of a relay: how long it lasts, its sockets, what is kept of it. */
@Timeout(60)
class RelaySettingsTest extends ProxyFixture {

  private final AtomicLong now = new AtomicLong();

  private static void echo(Socket client) throws IOException {
    client.getOutputStream().write(7);
    assertThat(client.getInputStream().read()).isEqualTo(7);
  }

  private void pass(Duration time) {
    now.addAndGet(time.toNanos());
    long seen = turns() + 2;
    while (turns() < seen) {
      takenBufferBytes();
    }
  }

  @Test
  void maxLifetime_endsABusyRelay_andNotBefore() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(
        LoadBalancer.builder().servers(backend.server()).build(),
        builder -> builder.eventLoops(1).clock(now::get).maxLifetime(Duration.ofSeconds(100)));
    try (Socket client = connect()) {
      for (int i = 0; i < 10; i++) {
        echo(client);
        pass(Duration.ofMillis(9_900));
      }
      assertThat(proxy.openRelays()).isEqualTo(1);
      echo(client);
      pass(Duration.ofMillis(1_100));
      assertThatThrownBy(() -> client.getInputStream().read()).hasMessageContaining("reset");
    }
    assertQuiet();
    assertThat(proxy.stats().ended().get(EndReason.LIFETIME)).isEqualTo(1);
  }

  @Test
  void serverDown_relaysAreCut_whereThatIsAskedFor_andOnlyItsOwn() throws Exception {
    Backend down = closeLater(Backend.echo());
    Backend up = closeLater(Backend.echo());
    start(
        builder -> builder.eventLoops(2).onServerDown(OnServerDown.CUT),
        down.server(),
        up.server());
    List<Socket> clients = List.of(connect(), connect(), connect(), connect());
    for (Socket client : clients) {
      echo(client);
    }
    assertThat(down.openSessions()).isEqualTo(2);
    BlockOwner owner = balancer.claim(Block.PROBE_DOWN);
    owner.set(down.server().id(), "a test");
    await("its relays end", () -> proxy.openRelays() == 2);
    await("it sees that", () -> down.openSessions() == 0);
    assertThat(proxy.stats().ended().get(EndReason.SERVER_DOWN)).isEqualTo(2);
    assertThat(proxy.stats().servers().get(up.server().id()).open()).isEqualTo(2);
    for (Socket client : clients) {
      client.close();
    }
    assertQuiet();
  }

  @Test
  void serverDown_relaysFinish_byDefault_andWhenItIsDrained() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(builder -> builder.eventLoops(1), backend.server());
    try (Socket client = connect()) {
      echo(client);
      BlockOwner owner = balancer.claim(Block.PROBE_DOWN);
      owner.set(backend.server().id(), "a test");
      takenBufferBytes(); // the loop has been there
      echo(client);
    }
    assertQuiet();
  }

  @Test
  void drain_cutsNothing_evenWhereServersThatAreDownAreCut() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(builder -> builder.eventLoops(1).onServerDown(OnServerDown.CUT), backend.server());
    try (Socket client = connect()) {
      echo(client);
      balancer.drain(backend.server().id());
      takenBufferBytes();
      echo(client);
    }
    assertQuiet();
  }

  @Test
  void socketOptions_areSetAtBothEnds() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(
        builder ->
            builder
                .eventLoops(1)
                .tcpNoDelay(false)
                .keepAlive(true)
                .socketBuffers(20_000, 30_000)
                .readBuffer(4_096),
        backend.server());
    Socket client = connect();
    echo(client);
    List<SocketChannel> ends = channels();
    assertThat(ends).hasSize(2);
    for (SocketChannel end : ends) {
      assertThat(end.getOption(StandardSocketOptions.TCP_NODELAY)).isFalse();
      assertThat(end.getOption(StandardSocketOptions.SO_KEEPALIVE)).isTrue();
      // Linux says twice what was asked for.
      assertThat(end.getOption(StandardSocketOptions.SO_RCVBUF)).isBetween(20_000, 40_000);
      assertThat(end.getOption(StandardSocketOptions.SO_SNDBUF)).isBetween(30_000, 60_000);
    }
    client.close();
    assertQuiet();
  }

  /** Both ends of the only relay. */
  private List<SocketChannel> channels() {
    CompletableFuture<List<SocketChannel>> found = new CompletableFuture<>();
    EventLoop loop = proxy.loops().get(0);
    loop.execute(
        () ->
            found.complete(
                loop.handlers().stream()
                    .filter(RelayEnd.class::isInstance)
                    .map(end -> ((RelayEnd) end).channel())
                    .toList()));
    return found.join();
  }

  /** A slow reader, water marks far above what one read takes, and every byte in its place. */
  @Test
  void waterMarks_moreIsKept_andNothingIsLost() throws Exception {
    int high = 1 << 20;
    int bytes = 6 << 20;
    byte[] sent = new byte[bytes];
    new Random(3).nextBytes(sent);
    CountDownLatch read = new CountDownLatch(1);
    CompletableFuture<byte[]> got = new CompletableFuture<>();
    Backend backend =
        closeLater(
            new Backend(
                socket -> {
                  read.await();
                  got.complete(socket.getInputStream().readAllBytes());
                }));
    start(
        builder ->
            builder
                .eventLoops(1)
                .readBuffer(16_384)
                .socketBuffers(16_384, 16_384)
                .waterMarks(high / 4, high),
        backend.server());
    Socket client = connect();
    Thread writer =
        new Thread(
            () -> {
              try {
                OutputStream out = client.getOutputStream();
                out.write(sent);
                client.shutdownOutput();
              } catch (IOException e) {
                got.completeExceptionally(e);
              }
            });
    writer.start();
    await("as much as may be is kept", () -> takenBufferBytes() >= high);
    awaitQuietLoops();
    assertThat(takenBufferBytes()).as("and one buffer's rounding").isLessThanOrEqualTo(2L * high);
    assertIdle();
    read.countDown();
    assertThat(got.get()).isEqualTo(sent);
    writer.join();
    client.close();
    assertQuiet();
  }

  @Test
  void badSettings_areNamedWithWhatIsAllowed() {
    TcpProxyBuilder builder =
        TcpProxy.builder(LoadBalancer.builder().servers(Server.of("127.0.0.1", 1)).build());
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.maxLifetime(Duration.ZERO))
        .withMessage("maxLifetime: PT0S (expected: > 0)");
    assertThatNullPointerException()
        .isThrownBy(() -> builder.maxLifetime(null))
        .withMessage("maxLifetime");
    assertThatNullPointerException().isThrownBy(() -> builder.listen(null, 0)).withMessage("host");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.connectDeadline(Duration.ZERO))
        .withMessage("connectDeadline: PT0S (expected: > 0)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.socketBuffers(1, 0))
        .withMessage("receiveBytes: 1 (expected: 0, or 1024 to 1073741824)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.readBuffer(0))
        .withMessage("readBuffer: 0 (expected: 4096 to 16777216)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.waterMarks(0, 0))
        .withMessage("highBytes: 0 (expected: 1 to 16777216)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.waterMarks(5, 5))
        .withMessage("lowBytes: 5 (expected: 0 to 4)");
  }
}
