package io.evenkeel.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.Lease;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One line a client, with what docs/proxy.md says. The tests' log goes to standard error. */
@Timeout(60)
class AccessLogTest extends ProxyFixture {

  private final PrintStream before = System.err;
  private final ByteArrayOutputStream written = new ByteArrayOutputStream();

  @BeforeEach
  void listen() {
    System.setErr(new PrintStream(written, true, StandardCharsets.UTF_8));
  }

  @AfterEach
  void listenNoMore() {
    System.setErr(before);
  }

  /** A line is there before its relay counts as ended. */
  private List<String> lines() {
    await("relays end", () -> proxy.openRelays() == 0);
    return written
        .toString(StandardCharsets.UTF_8)
        .lines()
        .filter(line -> line.contains("INFO " + AccessLog.LOGGER))
        .map(line -> line.substring(line.indexOf("end=")))
        .toList();
  }

  @Test
  void relay_saysWhoWhatAndHowLong() throws Exception {
    AtomicLong now = new AtomicLong();
    Backend backend = closeLater(Backend.echo());
    start(
        LoadBalancer.builder().servers(backend.server()).build(),
        builder -> builder.eventLoops(1).clock(now::get));
    String client;
    try (Socket socket = connect()) {
      client = "127.0.0.1:" + socket.getLocalPort();
      await("it is connected", () -> proxy.stats().connectTime().count() == 1);
      now.addAndGet(Duration.ofMillis(1_500).toNanos());
      socket.getOutputStream().write(new byte[700]);
      assertThat(socket.getInputStream().readNBytes(700)).hasSize(700);
      now.addAndGet(Duration.ofMillis(500).toNanos());
      socket.shutdownOutput();
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
    }
    assertThat(lines())
        .containsExactly(
            "end=OK client="
                + client
                + " listener=127.0.0.1:"
                + proxy.localAddress().getPort()
                + " server="
                + backend.server().id()
                + " from_client=700 from_server=700"
                + " wait_ms=- connect_ms=0 first_byte_ms=1500 total_ms=2000");
  }

  @Test
  void refusedClient_hasALineOfItsOwn() throws Exception {
    start(Server.of("127.0.0.1", ConnectTest.deadPort()));
    try (Socket socket = connect()) {
      assertThatThrownBy(() -> socket.getInputStream().read()).hasMessageContaining("reset");
    }
    assertThat(lines()).hasSize(1);
    assertThat(lines().get(0))
        .startsWith("end=CF client=127.0.0.1:")
        .contains(
            " server=- from_client=0 from_server=0 wait_ms=- connect_ms=- first_byte_ms=- total_ms=");
  }

  @Test
  void refusedAfterAWait_saysHowLongItWas() throws Exception {
    AtomicLong now = new AtomicLong();
    Backend backend = closeLater(Backend.echo());
    start(
        LoadBalancer.builder().servers(backend.server()).maxConcurrent(1).build(),
        builder ->
            builder
                .eventLoops(1)
                .clock(now::get)
                .maxWaiting(9)
                .waitTimeout(Duration.ofMillis(500)));
    Lease taken = balancer.acquire();
    try (Socket left = connect()) {
      await("it waits", () -> proxy.stats().waiting() == 1);
      now.addAndGet(Duration.ofMillis(300).toNanos());
    }
    await("it has left", () -> proxy.openRelays() == 0);
    try (Socket refused = connect()) {
      await("it waits", () -> proxy.stats().waiting() == 1);
      now.addAndGet(Duration.ofMillis(600).toNanos());
      proxy.stats(); // the loop sees it
      assertThatThrownBy(() -> refused.getInputStream().read()).hasMessageContaining("reset");
    }
    assertThat(lines()).hasSize(2);
    assertThat(lines().get(0))
        .startsWith("end=CL ")
        .endsWith(" wait_ms=300 connect_ms=- first_byte_ms=- total_ms=300");
    assertThat(lines().get(1))
        .startsWith("end=QT ")
        .endsWith(" wait_ms=600 connect_ms=- first_byte_ms=- total_ms=600");
    taken.close();
  }

  @Test
  void everyReason_hasACodeOfTwoLetters_inTheTableOfTheDocs() throws Exception {
    assertThat(Arrays.stream(EndReason.values()).map(EndReason::code))
        .doesNotHaveDuplicates()
        .allMatch(code -> code.matches("[A-Z]{2}"));
    String docs = Files.readString(Path.of("..", "docs", "proxy.md"));
    for (EndReason reason : EndReason.values()) {
      assertThat(docs).contains("| `" + reason.code() + "` | `" + reason + "` |");
    }
  }
}
