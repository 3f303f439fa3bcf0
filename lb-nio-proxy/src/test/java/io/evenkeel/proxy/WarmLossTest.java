package io.evenkeel.proxy;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.LoadBalancer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Warm connections that the server closes before they are used, or as they are. */
@Timeout(120)
class WarmLossTest extends WarmFixture {

  private static final byte CLOSE_WAIT = 8;

  /** What the backend has of each of its connections. */
  private final Queue<Socket> sessions = new ConcurrentLinkedQueue<>();

  /** As {@link #numbered()}, and remembers its connections. */
  private Backend remembering() throws IOException {
    return closeLater(
        new Backend(
            0,
            4096,
            (socket, number) -> {
              sessions.add(socket);
              while (socket.getInputStream().read() >= 0) {
                socket.getOutputStream().write(number);
              }
            }));
  }

  private void awaitRemembered(Backend backend, int count) {
    awaitWarm(backend, count);
    await("their sessions have begun", () -> sessions.size() == count);
  }

  private static void end(Socket session, boolean reset) throws IOException {
    if (reset) {
      reset(session);
    } else {
      session.close();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void endedWhileIdle_clientsGetOthers(boolean reset) throws Exception {
    Backend backend = remembering();
    startWarm(4, backend.server());
    awaitRemembered(backend, 4);
    for (Socket session : sessions) {
      end(session, reset);
    }
    await("they are gone", () -> backend.openSessions() == 0 || backend.accepted.get() > 4);
    for (int i = 0; i < 20; i++) {
      try (Socket client = connect()) {
        assertThat(number(client)).isGreaterThan(4);
      }
    }
    await("they are made up", () -> idle(backend) == 4);
    assertQuiet();
    assertThat(proxy.stats().ended()).containsEntry(EndReason.FINISHED, 20L);
    assertThat(balancer.nodes().get(0).failures()).isZero();
  }

  @Test
  void serverRestarted_noClientNotices() throws Exception {
    Backend before = numbered();
    startWarm(3, before.server());
    awaitWarm(before, 3);
    int port = before.port();
    before.close();
    Backend after = numbered(port);
    for (int i = 0; i < 20; i++) {
      try (Socket client = connect()) {
        assertThat(number(client)).isPositive();
      }
    }
    await("new ones are made", () -> idle(after) == 3 && after.openSessions() == 3);
    assertQuiet();
    assertThat(proxy.refusedClients()).isZero();
    assertThat(proxy.stats().ended()).containsEntry(EndReason.FINISHED, 20L);
  }

  /** The client has said nothing yet, and gets the full time of a new connection. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void endedUnderASilentClient_itIsConnectedAnew(boolean reset) throws Exception {
    Backend backend = remembering();
    startWarm(1, backend.server());
    awaitRemembered(backend, 1);
    Socket first = sessions.peek();
    try (Socket client = connect()) {
      await("it is on the warm one", () -> proxy.stats().warm() == 1);
      await("another is made", () -> idle(backend) == 1 && backend.accepted.get() == 2);
      end(first, reset);
      await("it is connected anew", () -> backend.accepted.get() == 3);
      assertThat(number(client)).isEqualTo(3);
    }
    assertQuiet();
    ProxyStats stats = proxy.stats();
    assertThat(stats.warm()).isEqualTo(1);
    assertThat(stats.ended()).containsEntry(EndReason.FINISHED, 1L);
    assertThat(traffic(backend).connected()).isEqualTo(2);
    assertThat(traffic(backend).connectFailures()).isZero();
    assertThat(traffic(backend).open()).isZero();
    assertThat(balancer.nodes().get(0).picks()).isEqualTo(1);
  }

  /**
   * While the loop is busy elsewhere the client speaks, and then the server hangs up: when the loop
   * looks, the client's bytes come first. They must not go to who is not there any more.
   */
  @EnabledOnOs(OS.LINUX)
  @ParameterizedTest
  @CsvSource({"false, false", "true, false", "false, true", "true, true"})
  void endedInTheTurnInWhichTheClientSpeaks_notAByteIsLost(boolean reset, boolean clientEnds)
      throws Exception {
    Backend backend = remembering();
    start(builder -> builder.eventLoops(1).warmConnections(1), backend.server());
    awaitRemembered(backend, 1);
    Socket first = sessions.peek();
    int port = first.getPort();
    try (Socket client = connect()) {
      await("it is on the warm one", () -> proxy.stats().warm() == 1);
      await("another is made", () -> idle(backend) == 1 && backend.accepted.get() == 2);
      takenBufferBytes(); // the loop is through with that
      CountDownLatch goOn = new CountDownLatch(1);
      CountDownLatch isHeld = new CountDownLatch(1);
      proxy
          .loops()
          .get(0)
          .execute(
              () -> {
                isHeld.countDown();
                awaitUninterruptibly(goOn);
              });
      isHeld.await();
      client.getOutputStream().write(new byte[10]);
      if (clientEnds) {
        client.shutdownOutput();
      }
      end(first, reset);
      await("it is here", () -> stateOf(port) == CLOSE_WAIT || stateOf(port) == 0);
      goOn.countDown();
      byte[] answer = client.getInputStream().readNBytes(10);
      assertThat(answer).containsOnly(3).hasSize(10);
    }
    assertQuiet();
    assertThat(proxy.stats().bytesFromClients()).isEqualTo(10);
    assertThat(proxy.stats().ended()).containsEntry(EndReason.FINISHED, 1L);
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** Of the connection from this port of 127.0.0.1, as the kernel has it; 0 if it has none. */
  private static int stateOf(int port) {
    String local = "0100007F:%04X".formatted(port);
    try (Stream<String> files = Stream.of("tcp", "tcp6")) {
      return files
          .map(file -> Path.of("/proc/self/net", file))
          .flatMap(WarmLossTest::lines)
          .map(line -> line.trim().split("\\s+"))
          .filter(fields -> fields[1].endsWith(local))
          .mapToInt(fields -> Integer.parseInt(fields[3], 16))
          .findFirst()
          .orElse(0);
    }
  }

  private static Stream<String> lines(Path file) {
    try {
      return Files.readAllLines(file).stream().skip(1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Then the whole search begins, with its attempts and its time, as for any client. */
  @Test
  void endedAndTheServerIsDown_anotherServerIsUsed() throws Exception {
    AtomicLong now = new AtomicLong();
    Backend backend = remembering();
    Backend backup = closeLater(Backend.named(0));
    start(
        LoadBalancer.builder()
            .servers(backend.server(), backup.server().withTier(1))
            .seed(1)
            .build(),
        builder ->
            builder
                .clock(now::get)
                .eventLoops(1)
                .idleTimeout(Duration.ofHours(1))
                .warmConnections(1));
    await("one is warm", () -> idle(backend) == 1);
    try (Socket client = connect()) {
      await("it is on the warm one", () -> proxy.stats().warm() == 1);
      now.addAndGet(Duration.ofSeconds(40).toNanos()); // longer than looking for a server may take
      backend.close();
      assertThat(new String(client.getInputStream().readAllBytes(), US_ASCII).trim())
          .isEqualTo(Integer.toString(backup.port()));
    }
    await("it ends", () -> proxy.openRelays() == 0);
    assertThat(proxy.refusedClients()).isZero();
    assertThat(proxy.stats().servers().get(backend.server().id()).connectFailures()).isEqualTo(1);
  }

  @Test
  void endedAndNoServerIsLeft_theClientIsReset() throws Exception {
    Backend backend = remembering();
    startWarm(1, backend.server());
    awaitRemembered(backend, 1);
    try (Socket client = connect()) {
      await("it is on the warm one", () -> proxy.stats().warm() == 1);
      backend.close();
      assertThatThrownBy(() -> client.getInputStream().read()).hasMessageContaining("reset");
    }
    await("it ends", () -> proxy.openRelays() == 0);
    assertThat(proxy.stats().ended()).containsEntry(EndReason.CONNECT_FAILED, 1L);
    assertThat(balancer.nodes().get(0).inFlight()).isZero();
  }

  /** Once a byte has passed there is no way back: the end is passed on as it is. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void endedAfterTheFirstByte_isPassedOn(boolean reset) throws Exception {
    Backend backend = remembering();
    startWarm(1, backend.server());
    awaitRemembered(backend, 1);
    Socket first = sessions.peek();
    try (Socket client = connect()) {
      assertThat(number(client)).isEqualTo(1);
      end(first, reset);
      if (reset) {
        assertThatThrownBy(() -> client.getInputStream().read()).hasMessageContaining("reset");
      } else {
        assertThat(client.getInputStream().read()).isEqualTo(-1);
      }
    }
    assertQuiet();
    assertThat(backend.accepted).hasValue(2);
  }

  /** A client that says only that it says nothing: that has been passed on. */
  @Test
  void clientThatOnlyEndsItsOutput_theServersEndIsItsAnswer() throws Exception {
    Backend backend = remembering();
    startWarm(1, backend.server());
    awaitRemembered(backend, 1);
    try (Socket client = connect()) {
      client.shutdownOutput();
      assertThat(client.getInputStream().read()).isEqualTo(-1);
    }
    assertQuiet();
    assertThat(backend.accepted).as("the one in its place, and no other").hasValue(2);
    assertThat(proxy.stats().ended()).containsEntry(EndReason.FINISHED, 1L);
  }
}
