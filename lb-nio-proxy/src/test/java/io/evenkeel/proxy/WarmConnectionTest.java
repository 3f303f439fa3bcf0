package io.evenkeel.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Looking at a connection that nobody uses takes nothing away from who uses it then. */
@Timeout(60)
class WarmConnectionTest {

  private SocketChannel channel;
  private WarmConnection warm;
  private Socket server;

  @BeforeEach
  void connect() throws IOException {
    try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      channel = SocketChannel.open(listener.getLocalSocketAddress());
      channel.configureBlocking(false);
      warm = new WarmConnection(channel);
      server = listener.accept();
    }
  }

  @AfterEach
  void close() throws IOException {
    server.close();
    warm.close();
    assertThat(channel.isOpen()).isFalse();
  }

  private boolean isAlive() {
    try {
      return warm.isAlive();
    } catch (IOException e) {
      return false;
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 255, 256, 257, 16_383, 16_384, 16_385, 60_000})
  void lookedAtWhileItSpeaks_everyByteIsThereInOrder(int size) throws Exception {
    byte[] said = new byte[size];
    new Random(size).nextBytes(said);
    for (int from = 0; from < size; from += 1_000) {
      server.getOutputStream().write(said, from, Math.min(1_000, size - from));
      assertThat(warm.isAlive()).isTrue();
    }
    ByteBuffer kept = warm.said();
    assertThat(kept.remaining()).isLessThanOrEqualTo(16_384);
    ByteBuffer all = ByteBuffer.allocate(size).put(kept);
    ProxyFixture.await(
        "the rest comes",
        () -> {
          try {
            return !all.hasRemaining() || (channel.read(all) >= 0 && !all.hasRemaining());
          } catch (IOException e) {
            throw new AssertionError(e);
          }
        });
    assertThat(all.array()).isEqualTo(said);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 10_000})
  void hungUp_isSeenBehindWhatItSaid(int size) throws Exception {
    server.getOutputStream().write(new byte[size]);
    assertThat(warm.isAlive()).isTrue();
    server.close();
    ProxyFixture.await("it is seen", () -> !isAlive());
  }

  @Test
  void reset_isSeen() throws Exception {
    ProxyFixture.reset(server);
    ProxyFixture.await("it is seen", () -> !isAlive());
  }
}
