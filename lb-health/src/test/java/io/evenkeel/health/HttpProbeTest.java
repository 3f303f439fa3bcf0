package io.evenkeel.health;

import static io.evenkeel.health.ScriptedServer.answering;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.Server;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The HTTP probe against real servers, good and bad. */
@SuppressWarnings("StringConcatToTextBlock") // line ends are what it is about
class HttpProbeTest {

  private static final ProbeResult UP = ProbeResult.success();
  private static final HttpProbe PROBE = Probes.http("/health");

  private final ProbeFixture fixture = new ProbeFixture();

  @AfterEach
  void close() throws Exception {
    fixture.close();
  }

  @Test
  void status_ofTheRange_succeeds() throws Exception {
    assertThat(fixture.check(PROBE, answering("HTTP/1.1 200 OK\r\n\r\n"))).isEqualTo(UP);
    assertThat(fixture.check(PROBE, answering("HTTP/1.1 302 Found\r\n\r\n"))).isEqualTo(UP);
    assertThat(fixture.check(PROBE.withStatus(503, 503), answering("HTTP/1.0 503 x\r\n\r\n")))
        .isEqualTo(UP);
  }

  @Test
  void status_500_fails() throws Exception {
    assertThat(fixture.check(PROBE, answering("HTTP/1.1 500 Oops\r\n\r\n")))
        .isEqualTo(ProbeResult.failure("HTTP 500"));
    assertThat(fixture.check(PROBE.withStatus(200, 200), answering("HTTP/1.1 302 Found\r\n\r\n")))
        .isEqualTo(ProbeResult.failure("HTTP 302"));
  }

  @Test
  void request_isAsToldAndWellFormed() throws Exception {
    assertThat(requestOf(PROBE))
        .matches(
            "GET /health HTTP/1\\.1\r\nHost: 127\\.0\\.0\\.1:\\d+\r\nConnection: close\r\n"
                + "User-Agent: evenkeel-health\r\nAccept: \\*/\\*\r\n\r\n");
    assertThat(
            requestOf(
                Probes.http("/a?b=c")
                    .withMethod("HEAD")
                    .withHost("example.com:8443")
                    .withHeader("X-Check", "1")
                    .withHeader("user-agent", "mine")))
        .isEqualTo(
            "HEAD /a?b=c HTTP/1.1\r\nHost: example.com:8443\r\nConnection: close\r\n"
                + "X-Check: 1\r\nuser-agent: mine\r\nAccept: */*\r\n\r\n");
  }

  private String requestOf(HttpProbe probe) throws Exception {
    AtomicReference<String> head = new AtomicReference<>();
    fixture.check(
        probe,
        socket -> {
          head.set(ScriptedServer.readHead(socket));
          ScriptedServer.send(socket, "HTTP/1.1 200 OK\r\n\r\n");
        });
    return head.get();
  }

  @Test
  void body_isLookedFor_howeverItIsFramed() throws Exception {
    HttpProbe probe = PROBE.withBody("\"UP\"");
    assertThat(
            fixture.check(
                probe,
                answering("HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"status\":\"UP\"}")))
        .isEqualTo(UP);
    assertThat(
            fixture.check(
                probe,
                answering(
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                        + "3\r\n\"UP\r\n1\r\n\"\r\n0\r\n\r\n")))
        .isEqualTo(UP);
    assertThat(fixture.check(probe, answering("HTTP/1.1 200 OK\r\n\r\n{\"status\":\"UP\"}")))
        .isEqualTo(UP);
    assertThat(fixture.check(probe, answering("HTTP/1.1 200 OK\r\n\r\n{\"status\":\"DOWN\"}")))
        .isEqualTo(ProbeResult.failure("HTTP 200, but no '\"UP\"' in the body"));
    assertThat(
            fixture.check(
                probe.withMethod("HEAD"),
                answering("HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n")))
        .isEqualTo(ProbeResult.failure("HTTP 200, but no '\"UP\"' in the body"));
  }

  /** It sends without end, and is cut off. */
  @Test
  void body_largerThanTheLimit_isReadNoFurther() throws Exception {
    CountDownLatch cutOff = new CountDownLatch(1);
    ProbeResult result =
        fixture.check(
            PROBE.withBody("never").withMaxBodyBytes(100_000),
            socket -> {
              ScriptedServer.readHead(socket);
              ScriptedServer.send(socket, "HTTP/1.1 200 OK\r\n\r\n");
              try {
                while (true) {
                  socket.getOutputStream().write(new byte[10_000]);
                }
              } finally {
                cutOff.countDown();
              }
            });
    assertThat(result.cause())
        .isEqualTo("HTTP 200, but no 'never' in the first 100000 bytes of the body");
    assertThat(cutOff.await(60, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void head_withoutEnd_isReadNoFurther() throws Exception {
    ProbeResult result =
        fixture.check(
            PROBE,
            socket -> {
              ScriptedServer.readHead(socket);
              ScriptedServer.send(socket, "HTTP/1.1 200 OK\r\n");
              while (true) {
                ScriptedServer.send(socket, "X-More: of the same\r\n");
              }
            });
    assertThat(result.cause()).isEqualTo("the answer's head is longer than 16384 bytes");
  }

  @Test
  void nobodyListens_saysRefused() throws Exception {
    assertThat(fixture.check(PROBE, ProbeFixture.refusing()))
        .isEqualTo(ProbeResult.failure("connection refused"));
  }

  @Test
  void unknownHost_saysNotFound() throws Exception {
    assertThat(fixture.check(PROBE, Server.of("no..such..host", 80)))
        .isEqualTo(ProbeResult.failure("host not found"));
  }

  @Test
  void acceptsThenCloses_fails() throws Exception {
    assertThat(
            fixture.check(
                PROBE,
                socket -> {
                  ScriptedServer.readHead(socket);
                  socket.shutdownOutput();
                  ScriptedServer.untilClosed(socket);
                }))
        .isEqualTo(ProbeResult.failure("closed without an answer"));
  }

  @Test
  void acceptsThenResets_fails() throws Exception {
    ProbeResult result =
        fixture.check(
            PROBE,
            socket -> {
              ScriptedServer.readHead(socket);
              socket.setSoLinger(true, 0);
            });
    assertThat(result.isSuccess()).isFalse();
    assertThat(result.cause()).contains("reset");
  }

  @Test
  void anotherProtocol_saysWhatItSaid() throws Exception {
    assertThat(
            fixture.check(
                PROBE,
                socket -> {
                  ScriptedServer.send(socket, "-ERR unknown command\r\n");
                  ScriptedServer.untilClosed(socket);
                }))
        .isEqualTo(ProbeResult.failure("no HTTP answer: '-ERR unknown command..'"));
  }

  @Test
  void silent_isGivenUpWithTheCheck_andItsConnectionWithIt() throws Exception {
    CountDownLatch closed = new CountDownLatch(1);
    Server silent =
        fixture
            .server(
                socket -> {
                  ScriptedServer.untilClosed(socket);
                  closed.countDown();
                })
            .server();
    ProbeContext context = fixture.context();
    CompletionStage<ProbeResult> stage = PROBE.check(silent, context);
    Await.until(
        "it waits for the answer", () -> "waiting for the answer".equals(context.waitsFor()));

    context.end();

    assertThat(closed.await(60, TimeUnit.SECONDS)).isTrue();
    assertThat(stage.toCompletableFuture()).isCancelled();
  }

  /** More than the system takes at once: the rest goes when there is room. */
  @Test
  void request_largerThanTheSocketsBuffer_isSentWhole() throws Exception {
    HttpProbe large = PROBE;
    String value = "x".repeat(1_000_000);
    for (int i = 0; i < 8; i++) {
      large = large.withHeader("X-" + i, value);
    }
    CompletableFuture<Long> length = new CompletableFuture<>();
    CountDownLatch mayRead = new CountDownLatch(1);
    HttpProbe probe = large;
    try (ScriptedServer server =
        ScriptedServer.start(
            socket -> {
              mayRead.await();
              length.complete(countHead(socket));
              ScriptedServer.send(socket, "HTTP/1.1 200 OK\r\n\r\n");
            })) {
      CompletionStage<ProbeResult> stage = probe.check(server.server(), fixture.context());
      Await.until("it is accepted", () -> server.accepted.get() == 1);
      mayRead.countDown();
      assertThat(stage.toCompletableFuture().get(60, TimeUnit.SECONDS)).isEqualTo(UP);
      assertThat(length.get()).isGreaterThan(8_000_000);
    }
  }

  private static long countHead(Socket socket) throws Exception {
    byte[] buffer = new byte[65_536];
    long count = 0;
    String tail = "";
    while (!tail.endsWith("\r\n\r\n")) {
      int n = socket.getInputStream().read(buffer);
      count += n;
      String more = tail + new String(buffer, 0, n, StandardCharsets.ISO_8859_1);
      tail = more.substring(Math.max(0, more.length() - 4));
    }
    return count;
  }

  @Test
  void badInput_isRefused() {
    refused(() -> Probes.http("health"), "path: 'health' (expected: a slash first)");
    refused(() -> Probes.http(""), "path: '' (expected: a slash first)");
    refused(
        () -> Probes.http("/a b"), "path: '/a b' (expected: visible ASCII characters, no space)");
    refused(
        () -> Probes.http("/\r\nX: y"),
        "path: '/??X: y' (expected: visible ASCII characters, no space)");
    refused(() -> PROBE.withMethod("G T"), "method: 'G T' (expected: an HTTP token, as GET)");
    refused(
        () -> PROBE.withStatus(100, 300),
        "status: 100 to 300 (expected: a range within 200 to 599)");
    refused(
        () -> PROBE.withStatus(300, 200),
        "status: 300 to 200 (expected: a range within 200 to 599)");
    refused(
        () -> PROBE.withStatus(200, 600),
        "status: 200 to 600 (expected: a range within 200 to 599)");
    refused(() -> PROBE.withBody(""), "body: '' (expected: not empty)");
    refused(() -> PROBE.withMaxBodyBytes(0), "maxBodyBytes: 0 (expected: 1 to 16777216)");
    refused(
        () -> PROBE.withHeader("X:", "y"), "header: 'X:' (expected: an HTTP token, as X-Check)");
    refused(
        () -> PROBE.withHeader("X", "y\r\nZ: z"),
        "header X: 'y??Z: z' (expected: no control characters)");
    refused(
        () -> PROBE.withHeader("Host", "y"),
        "header: 'Host' (expected: none of [host, connection, content-length, transfer-encoding])");
    refused(() -> PROBE.withHost("a b"), "host: 'a b' (expected: a name, or name:port)");
    refused(
        () -> PROBE.withHost("2001:db8::1"),
        "host: '2001:db8::1' (expected: an IPv6 address in brackets, as [2001:db8::1])");
    refused(() -> PROBE.withHost(""), "host: '' (expected: a name, or name:port)");
    assertThatThrownBy(() -> Probes.http(null)).isInstanceOf(NullPointerException.class);
  }

  private static void refused(Runnable call, String message) {
    assertThatThrownBy(call::run).isInstanceOf(IllegalArgumentException.class).hasMessage(message);
  }

  @Test
  void with_leavesTheProbeAsItWas() throws Exception {
    HttpProbe unused = PROBE.withStatus(500, 500).withBody("x").withTlsTrustingAnyone();
    assertThat(unused).hasToString("https GET /health");
    assertThat(PROBE).hasToString("http GET /health");
    assertThat(fixture.check(PROBE, answering("HTTP/1.1 200 OK\r\n\r\n"))).isEqualTo(UP);
  }
}
