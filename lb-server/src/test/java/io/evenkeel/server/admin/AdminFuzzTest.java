package io.evenkeel.server.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.server.admin.AdminServerBuilder.Limits;
import io.evenkeel.server.config.AdminConfig.Role;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/**
 * Requests made by chance, from a seed: good ones bent in every way, and garbage. Whatever comes,
 * the server answers without a 500, hangs up or waits no longer than its limits, changes nothing
 * for who may not, and works afterwards.
 */
class AdminFuzzTest {

  private static final int ROUNDS = 800;
  private static final String SECRET = "fuzz-secret-0123456789";
  private static final Pattern STATUS = Pattern.compile("HTTP/1\\.1 (\\d{3}) ");

  private static final List<String> METHODS =
      List.of(
          "GET", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get", "X");

  /** Good ones: method, path, body. */
  private static final List<List<String>> GOOD =
      List.of(
          List.of("GET", "/", ""),
          List.of("GET", "/assets/main.js", ""),
          List.of("GET", "/metrics", ""),
          List.of("GET", "/api/v1/health", ""),
          List.of("GET", "/api/v1/servers", ""),
          List.of("GET", "/api/v1/servers/a", ""),
          List.of("GET", "/api/v1/servers/a/health", ""),
          List.of("GET", "/api/v1/algorithms", ""),
          List.of("GET", "/api/v1/explain?key=x", ""),
          List.of("GET", "/api/v1/keys?sample=5", ""),
          List.of("GET", "/api/v1/config", ""),
          List.of("GET", "/api/v1/events?after=0", ""),
          List.of("GET", "/api/v1/history", ""),
          List.of("GET", "/api/v1/openapi.json", ""),
          List.of("POST", "/api/v1/session", ""),
          List.of("POST", "/api/v1/reload", ""),
          List.of("DELETE", "/api/v1/servers/b?drain_seconds=0", ""),
          List.of("DELETE", "/api/v1/servers/127.0.0.1:80", ""),
          List.of("POST", "/api/v1/servers", "{\"host\":\"127.0.0.1\",\"port\":80}"),
          List.of(
              "POST", "/api/v1/servers", "{\"host\":\"h\",\"port\":1,\"metadata\":{\"a\":\"b\"}}"),
          List.of(
              "PATCH",
              "/api/v1/balancers/web/servers/a",
              "{\"weight\":3,\"tier\":1,\"zone\":\"z\",\"max_concurrent\":5}"),
          List.of("PATCH", "/api/v1/servers/a", "{\"state\":\"drain\",\"drain_seconds\":1}"),
          List.of("PATCH", "/api/v1/servers/a", "{\"state\":\"ready\"}"),
          List.of(
              "PUT",
              "/api/v1/algorithm",
              "{\"name\":\"ring_hash\",\"options\":{\"placement\":\"envoy\",\"bounded\":\"0.25\"}}"),
          List.of(
              "PUT",
              "/api/v1/algorithm",
              "{\"name\":\"maglev\",\"options\":{\"table_size\":\"251\"}}"),
          List.of("PATCH", "/api/v1/servers/a", "[[[[[[{}]]]]]]"),
          List.of("PATCH", "/api/v1/servers/a", "\u00ff\u00fe{}"));

  private static final List<String> PIECES =
      List.of(
          "/",
          "//",
          "..",
          "%2e%2e",
          "%2f",
          "%00",
          "%",
          "%zz",
          ";a=b",
          "?",
          "&",
          "=",
          "#",
          "\\",
          "\"",
          "{",
          "}",
          "[",
          "]",
          ",",
          ":",
          "null",
          "-1",
          "1e999",
          "0.1",
          "\u0000",
          "\r",
          "\n",
          "\r\n",
          " ",
          "\t",
          "\u007f",
          "\u00e9",
          "%c3%a9",
          "%c0%af",
          "\\u0000",
          "\\ud800",
          "true",
          "9".repeat(40),
          "x".repeat(300),
          "'",
          "<script>",
          "${jndi:x}",
          "__proto__");
  private static final List<String> HEADERS =
      List.of(
          "Origin: http://evil.example",
          "Sec-Fetch-Site: cross-site",
          "Accept: text/event-stream",
          "Accept: */*",
          "Last-Event-ID: 99999999999999999999",
          "Cookie: evenkeel_0=x; a",
          "Content-Type: text/plain",
          "Expect: 100-continue",
          "Transfer-Encoding: chunked",
          "Content-Length: 5",
          "If-None-Match: \"x\"",
          "Range: bytes=0-1",
          "Upgrade: h2c",
          "X-Forwarded-For: 1.2.3.4");

  private final Random random = new Random(42);

  private <T> T one(List<T> list) {
    return list.get(random.nextInt(list.size()));
  }

  /** A text with some pieces put in, taken out or doubled. */
  private String bent(String text) {
    StringBuilder bent = new StringBuilder(text);
    for (int i = random.nextInt(4); i > 0; i--) {
      int at = random.nextInt(bent.length() + 1);
      switch (random.nextInt(4)) {
        case 0, 1 -> bent.insert(at, one(PIECES));
        case 2 -> bent.delete(at, Math.min(bent.length(), at + 1 + random.nextInt(4)));
        default -> bent.insert(at, bent.substring(at, Math.min(bent.length(), at + 8)));
      }
    }
    return bent.toString();
  }

  private String request(String authorization) {
    if (random.nextInt(20) == 0) {
      byte[] garbage = new byte[random.nextInt(400)];
      random.nextBytes(garbage);
      return new String(garbage, StandardCharsets.ISO_8859_1) + "\r\n\r\n";
    }
    List<String> good = one(GOOD);
    String method = random.nextInt(5) == 0 ? one(METHODS) : good.get(0);
    String path = random.nextInt(3) == 0 ? bent(good.get(1)) : good.get(1);
    String body = random.nextInt(3) == 0 ? bent(good.get(2)) : good.get(2);
    StringBuilder request = new StringBuilder();
    request.append(method).append(' ').append(path).append(" HTTP/1.1\r\nHost: localhost\r\n");
    request.append(authorization).append("Connection: close\r\n");
    if (!body.isEmpty()) {
      request.append("Content-Type: application/json\r\n");
      int length = body.length() + (random.nextInt(10) == 0 ? random.nextInt(3) - 1 : 0);
      request.append("Content-Length: ").append(length).append("\r\n");
    }
    while (random.nextInt(3) == 0) {
      request.append(random.nextInt(4) == 0 ? bent(one(HEADERS)) : one(HEADERS)).append("\r\n");
    }
    return request.append("\r\n").append(body).toString();
  }

  private static Api api() {
    Limits limits =
        new Limits(
            Duration.ofSeconds(60),
            Duration.ofSeconds(60),
            Duration.ofSeconds(60),
            Duration.ofMillis(1),
            64,
            4,
            1024 * 1024,
            4,
            Duration.ofHours(1));
    return new Api(builder -> builder.token("fuzz", SECRET, Role.WRITE).limits(limits));
  }

  /** Sends it, says that this was all, and reads the answers' statuses. */
  private static List<Integer> statuses(Api api, String request) throws IOException {
    try (Socket socket = api.connect()) {
      try {
        socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
        if (!request.contains("event-stream")) {
          socket.shutdownOutput();
        }
      } catch (IOException e) {
        // it has hung up already: what it said is to be read
      }
      List<Integer> statuses = new ArrayList<>();
      String answer = request.contains("event-stream") ? firstPart(socket) : Api.readToEnd(socket);
      Matcher matcher = STATUS.matcher(answer);
      while (matcher.find()) {
        statuses.add(Integer.valueOf(matcher.group(1)));
      }
      return statuses;
    }
  }

  /** Of what may go on for ever. */
  private static String firstPart(Socket socket) throws IOException {
    socket.shutdownOutput();
    byte[] buffer = new byte[64];
    try {
      int n = socket.getInputStream().readNBytes(buffer, 0, 16);
      return new String(buffer, 0, n, StandardCharsets.ISO_8859_1);
    } catch (java.net.SocketTimeoutException e) {
      throw e;
    } catch (IOException e) {
      return "";
    }
  }

  @Test
  void whatStrangersSend_changesNothing_andNeverBreaksAnything() throws Exception {
    try (Api api = api()) {
      String before = api.state();
      for (int i = 0; i < ROUNDS; i++) {
        String who =
            one(
                List.of(
                    "",
                    "",
                    "Authorization: Bearer wrong-secret-0123456789\r\n",
                    "Cookie: evenkeel_" + api.port() + "=" + "A".repeat(43) + "\r\n"));
        String request = request(who);
        assertThat(statuses(api, request))
            .as(request)
            .allMatch(status -> status < 500 || status == 505);
      }
      assertThat(api.state()).isEqualTo(before);
      assertThat(api.inventory.events().after(0)).isEmpty();
      assertWorks(api);
    }
  }

  @Test
  void whatIsSentWithAToken_isDoneOrRefused_andNeverBreaksAnything() throws Exception {
    try (Api api = api()) {
      int done = 0;
      for (int i = 0; i < ROUNDS; i++) {
        String request = request("Authorization: Bearer " + SECRET + "\r\n");
        List<Integer> statuses = statuses(api, request);
        assertThat(statuses)
            .as(request)
            // 503: every server is out by now, or there are too many streams
            .allMatch(status -> status < 500 || status == 503 || status == 505);
        done += statuses.contains(200) ? 1 : 0;
      }
      assertThat(done).as("requests that were good").isGreaterThan(ROUNDS / 20);
      assertThat(api.balancer.nodes()).isNotEmpty();
      assertWorks(api);
    }
  }

  private static void assertWorks(Api api) throws Exception {
    assertThat(
            api.send(
                    api.request("GET", "/api/v1/servers", "")
                        .header("Authorization", "Bearer " + SECRET))
                .status())
        .isEqualTo(200);
  }

  @Test
  void afterClose_noThreadAndNoDescriptorIsLeft() throws Exception {
    Assumptions.assumeTrue(Files.isDirectory(Path.of("/proc/self/fd")), "Linux alone shows them");
    openAndClose(); // what is loaded and opened once is there then
    long before = descriptors();
    for (int i = 0; i < 5; i++) {
      openAndClose();
    }
    // A thread pool that has ended says so before its last thread is gone, and sockets of clients
    // are closed a moment later by their own threads.
    long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while ((!ours().isEmpty() || descriptors() > before) && System.nanoTime() - end < 0) {
      Thread.onSpinWait();
    }
    assertThat(ours()).isEmpty();
    assertThat(descriptors()).isLessThanOrEqualTo(before);
  }

  private static void openAndClose() throws IOException {
    Api api = api();
    try (Socket silent = api.connect();
        Socket stream = api.connect();
        Socket half = api.connect()) {
      stream
          .getOutputStream()
          .write(
              ("GET /api/v1/events?stats=true HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n"
                      + "Authorization: Bearer "
                      + SECRET
                      + "\r\n\r\n")
                  .getBytes(StandardCharsets.US_ASCII));
      assertThat(stream.getInputStream().read()).isEqualTo('H');
      half.getOutputStream().write("GET /api".getBytes(StandardCharsets.US_ASCII));
      assertThat(ours()).isNotEmpty().allMatch(Thread::isDaemon);
      api.close();
      assertThat(Api.readToEnd(silent)).isEmpty();
    }
  }

  /** Threads of admin servers. */
  static List<Thread> ours() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(
            thread ->
                thread.getName().startsWith("evenkeel-admin")
                    || thread.getName().equals("evenkeel-history"))
        .toList();
  }

  private static long descriptors() {
    try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
      return files.count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
