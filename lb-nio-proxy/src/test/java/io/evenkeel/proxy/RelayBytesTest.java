package io.evenkeel.proxy;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Invariant 15: every byte, in order, both ways, in bounded memory; a FIN as a FIN, a reset as one.
 */
@Timeout(120)
class RelayBytesTest extends ProxyFixture {

  private static final int MIB = 1024 * 1024;

  private final ExecutorService threads = Executors.newCachedThreadPool();

  @AfterEach
  void stopThreads() {
    threads.shutdownNow();
  }

  @Test
  void bothWaysAtOnceWithASlowReader_deliversEveryByteInBoundedMemory() throws Exception {
    long size = 64L * MIB;
    CompletableFuture<String> serverGot = new CompletableFuture<>();
    CompletableFuture<String> serverSent = new CompletableFuture<>();
    Backend backend =
        closeLater(
            new Backend(
                socket -> {
                  CompletableFuture<String> sent =
                      async(() -> send(socket.getOutputStream(), 2, size));
                  serverGot.complete(receive(socket.getInputStream(), 64 * 1024, n -> {}));
                  serverSent.complete(sent.get());
                }));
    start(backend.server());

    try (Socket client = new Socket()) {
      client.setReceiveBufferSize(8 * 1024);
      client.connect(proxy.localAddress());
      CompletableFuture<String> clientSent =
          async(
              () -> {
                String digest = send(client.getOutputStream(), 1, size);
                client.shutdownOutput();
                return digest;
              });
      AtomicLong mostTaken = new AtomicLong();
      AtomicLong reads = new AtomicLong();
      String clientGot =
          receive(
              client.getInputStream(),
              1024,
              n -> {
                if (reads.incrementAndGet() % 64 == 0) {
                  mostTaken.accumulateAndGet(takenBufferBytes(), Math::max);
                }
              });

      assertThat(clientGot).isEqualTo(serverSent.get());
      assertThat(serverGot.get()).isEqualTo(clientSent.get());
      assertThat(mostTaken.get())
          .as("bytes kept for a reader that was too slow")
          .isPositive()
          .isLessThanOrEqualTo(2L * EventLoop.READ_BUFFER_BYTES);
    }
    assertQuiet();
  }

  @Test
  void clientEndsItsOutputFirst_getsTheWholeReply() throws Exception {
    long size = 50L * MIB;
    CompletableFuture<String> sent = new CompletableFuture<>();
    Backend backend =
        closeLater(
            new Backend(
                socket -> {
                  assertThat(socket.getInputStream().readAllBytes()).hasSize(1000);
                  sent.complete(send(socket.getOutputStream(), 3, size));
                }));
    start(backend.server());

    try (Socket client = connect()) {
      client.getOutputStream().write(new byte[1000]);
      client.shutdownOutput();
      assertThat(receive(client.getInputStream(), 64 * 1024, n -> {})).isEqualTo(sent.get());
    }
    assertQuiet();
  }

  @Test
  void serverEndsItsOutputFirst_getsTheWholeRequest() throws Exception {
    long size = 50L * MIB;
    CompletableFuture<String> got = new CompletableFuture<>();
    Backend backend =
        closeLater(
            new Backend(
                socket -> {
                  socket.getOutputStream().write(new byte[1000]);
                  socket.shutdownOutput();
                  got.complete(receive(socket.getInputStream(), 64 * 1024, n -> {}));
                }));
    start(backend.server());

    try (Socket client = connect()) {
      assertThat(client.getInputStream().readAllBytes()).hasSize(1000);
      String sent = send(client.getOutputStream(), 4, size);
      client.shutdownOutput();
      assertThat(got.get()).isEqualTo(sent);
    }
    assertQuiet();
  }

  @Test
  void serverSpeaksFirst_clientHears() throws Exception {
    Backend backend =
        closeLater(
            new Backend(
                socket -> {
                  socket.getOutputStream().write("220 ready\r\n".getBytes(US_ASCII));
                  socket.getInputStream().readAllBytes();
                }));
    start(backend.server());

    try (Socket client = connect()) {
      assertThat(new String(client.getInputStream().readNBytes(11), US_ASCII))
          .isEqualTo("220 ready\r\n");
    }
    assertQuiet();
  }

  @Test
  void clientResets_serverIsReset() throws Exception {
    CompletableFuture<Throwable> seen = new CompletableFuture<>();
    CountDownLatch serving = new CountDownLatch(1);
    Backend backend =
        closeLater(
            new Backend(
                socket -> {
                  socket.getInputStream().read();
                  serving.countDown();
                  try {
                    socket.getInputStream().read();
                    seen.complete(null);
                  } catch (IOException e) {
                    seen.complete(e);
                  }
                }));
    start(backend.server());

    Socket client = connect();
    client.getOutputStream().write(1);
    serving.await();
    reset(client);

    assertThat(seen.get()).isInstanceOf(SocketException.class).hasMessageContaining("reset");
    assertQuiet();
  }

  @Test
  void serverResets_clientIsReset() throws Exception {
    Backend backend =
        closeLater(
            new Backend(
                socket -> {
                  socket.getInputStream().read();
                  reset(socket);
                }));
    start(backend.server());

    try (Socket client = connect()) {
      client.getOutputStream().write(1);
      assertThatThrownBy(() -> client.getInputStream().read())
          .isInstanceOf(SocketException.class)
          .hasMessageContaining("reset");
    }
    assertQuiet();
  }

  @Test
  void serverAnswersEarlyAndCloses_clientThatStillSendsGetsTheAnswer() throws Exception {
    byte[] answer = new byte[200_000];
    new SplittableRandom(5).nextBytes(answer);
    Backend backend =
        closeLater(
            new Backend(
                socket -> {
                  socket.getInputStream().readNBytes(1000);
                  socket.getOutputStream().write(answer);
                  // closes with the rest of the request unread: its kernel sends a reset
                }));
    start(backend.server());

    for (int i = 0; i < 20; i++) {
      try (Socket client = connect()) {
        CompletableFuture<Long> upload =
            async(
                () -> {
                  byte[] part = new byte[16 * 1024];
                  long sent = 0;
                  try {
                    // Ends when the proxy has closed: what comes after the answer is thrown away.
                    for (; sent < 256L * MIB; sent += part.length) {
                      client.getOutputStream().write(part);
                    }
                    client.shutdownOutput();
                  } catch (IOException e) {
                    return sent;
                  }
                  return sent;
                });
        byte[] got = readUntilEndOrReset(client.getInputStream(), answer.length);
        client.close();
        upload.get();
        // A direct connection may lose the tail to the reset as well; order and content never.
        assertThat(answer).startsWith(got);
      }
    }
    assertQuiet();
  }

  @Test
  void oneByteAtATime_arrivesInOrder() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(backend.server());

    try (Socket client = connect()) {
      client.setTcpNoDelay(true);
      for (int i = 0; i < 2000; i++) {
        client.getOutputStream().write(i);
        assertThat(client.getInputStream().read()).isEqualTo(i & 255);
      }
    }
    assertQuiet();
  }

  @Test
  void serverEndedAndThenReset_clientThatIsSlowGetsTheWholeAnswer() throws Exception {
    byte[] answer = new byte[60_000]; // more than the client takes, less than a window of TCP
    new SplittableRandom(7).nextBytes(answer);
    CountDownLatch answered = new CountDownLatch(1);
    CountDownLatch clientHasSentMore = new CountDownLatch(1);
    Backend backend =
        closeLater(
            new Backend(
                socket -> {
                  socket.getInputStream().read();
                  socket.getOutputStream().write(answer);
                  socket.shutdownOutput();
                  answered.countDown();
                  clientHasSentMore.await();
                }));
    start(backend.server());

    try (Socket client = new Socket()) {
      client.setReceiveBufferSize(8 * 1024);
      client.connect(proxy.localAddress());
      client.getOutputStream().write(1);
      answered.await(); // all of it is under way, most of it in the proxy
      client.getOutputStream().write(new byte[1000]);
      clientHasSentMore.countDown(); // its server closes over unread bytes: a reset
      await("the server is gone", () -> backend.openSessions() == 0);
      client.getOutputStream().write(new byte[1000]); // fails on its way
      byte[] got = client.getInputStream().readAllBytes();
      assertThat(got).isEqualTo(answer);
    }
    assertQuiet();
  }

  @Test
  void clientGoneInMidDownload_serverIsResetSoon() throws Exception {
    CompletableFuture<Long> sentInVain = new CompletableFuture<>();
    CountDownLatch gone = new CountDownLatch(1);
    Backend backend =
        closeLater(
            new Backend(
                socket -> {
                  byte[] part = new byte[64 * 1024];
                  socket.getOutputStream().write(part);
                  gone.await();
                  long sent = 0;
                  try {
                    for (; sent < 1024L * MIB; sent += part.length) {
                      socket.getOutputStream().write(part);
                    }
                  } catch (IOException e) {
                    sentInVain.complete(sent);
                  }
                  sentInVain.complete(sent);
                }));
    start(backend.server());

    try (Socket client = connect()) {
      client.getInputStream().readNBytes(64 * 1024); // all there was: closing sends a FIN first
    }
    gone.countDown();

    assertThat(sentInVain.get()).isLessThan(256L * MIB);
    assertQuiet();
  }

  /** An open relay must not turn the loop either, whatever it waits for. */
  @Test
  void openRelaysThatWait_useNoCpu() throws Exception {
    CountDownLatch end = new CountDownLatch(1);
    Backend silent = closeLater(new Backend(socket -> end.await()));
    start(silent.server());
    Socket quiet = connect();
    Socket halfClosed = connect();
    halfClosed.getOutputStream().write(1);
    halfClosed.shutdownOutput();
    Socket stalled = connect();
    CompletableFuture<Integer> sender =
        async(
            () -> {
              stalled.getOutputStream().write(new byte[64 * MIB]); // nobody reads that
              return 0;
            });
    await("the relay holds what is not taken", () -> takenBufferBytes() > 0);
    awaitQuietLoops();
    assertIdle();
    assertThat(proxy.openRelays()).isEqualTo(3);
    end.countDown();
    for (Socket socket : new Socket[] {quiet, halfClosed, stalled}) {
      socket.close();
    }
    assertThat(sender.handle((sent, error) -> error).get()).isNotNull();
    assertQuiet();
  }

  @Test
  void relayThatStalledAndWentOn_usesNoCpuAfterwards() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(backend.server());
    try (Socket client = connect()) {
      CompletableFuture<String> sent = async(() -> send(client.getOutputStream(), 8, 32L * MIB));
      await("the relay holds what is not taken", () -> takenBufferBytes() > 0);
      assertThat(client.getInputStream().readNBytes(32 * MIB)).hasSize(32 * MIB);
      sent.get();
      awaitQuietLoops();
      assertIdle();
      assertThat(proxy.openRelays()).isEqualTo(1);
    }
    assertQuiet();
  }

  @Test
  void selectorReplacedUnderTraffic_losesNothing() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(builder -> builder.eventLoops(1), backend.server());

    try (Socket client = connect()) {
      CompletableFuture<String> sent =
          async(
              () -> {
                String digest = send(client.getOutputStream(), 6, 16L * MIB);
                client.shutdownOutput();
                return digest;
              });
      EventLoop loop = proxy.loops().get(0);
      AtomicLong reads = new AtomicLong();
      String got =
          receive(
              client.getInputStream(),
              16 * 1024,
              n -> {
                if (reads.incrementAndGet() % 100 == 0) {
                  loop.execute(
                      () -> {
                        try {
                          loop.replaceSelector();
                        } catch (IOException e) {
                          throw new AssertionError(e);
                        }
                      });
                }
              });
      assertThat(got).isEqualTo(sent.get());
    }
    try (Socket another = connect()) { // the listener has moved, too
      another.getOutputStream().write(7);
      assertThat(another.getInputStream().read()).isEqualTo(7);
    }
    assertQuiet();
  }

  private <T> CompletableFuture<T> async(Callable<T> step) {
    CompletableFuture<T> result = new CompletableFuture<>();
    threads.execute(
        () -> {
          try {
            result.complete(step.call());
          } catch (Throwable e) {
            result.completeExceptionally(e);
          }
        });
    return result;
  }

  /** Sends random bytes; their digest. */
  private static String send(OutputStream out, long seed, long size)
      throws IOException, NoSuchAlgorithmException {
    SplittableRandom random = new SplittableRandom(seed);
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    byte[] part = new byte[37_777];
    for (long left = size; left > 0; ) {
      random.nextBytes(part);
      int n = (int) Math.min(left, part.length);
      digest.update(part, 0, n);
      out.write(part, 0, n);
      left -= n;
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private interface OnRead {
    void read(int n);
  }

  /** Reads to the end; the digest of what came. */
  private static String receive(InputStream in, int atOnce, OnRead onRead)
      throws IOException, NoSuchAlgorithmException {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    byte[] part = new byte[atOnce];
    for (int n = in.read(part); n >= 0; n = in.read(part)) {
      digest.update(part, 0, n);
      onRead.read(n);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static byte[] readUntilEndOrReset(InputStream in, int most) throws IOException {
    byte[] got = new byte[most];
    int length = 0;
    try {
      for (int n; length < most && (n = in.read(got, length, most - length)) >= 0; ) {
        length += n;
      }
    } catch (SocketException e) {
      assertThat(e).hasMessageContaining("reset");
    }
    return Arrays.copyOf(got, length);
  }
}
