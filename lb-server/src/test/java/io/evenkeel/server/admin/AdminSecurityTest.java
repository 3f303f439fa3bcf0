package io.evenkeel.server.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.server.admin.AdminServerBuilder.Limits;
import io.evenkeel.server.admin.Api.Reply;
import io.evenkeel.server.config.AdminConfig.Role;
import io.evenkeel.server.config.AdminConfig.Token;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.Socket;
import java.net.UnknownHostException;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who gets in, and what a caller may cost. */
class AdminSecurityTest {

  private static final String SITE = "Sec-Fetch-Site";

  private static final String OPS = "ops-secret-0123456789";
  private static final String EYES = "eyes-secret-0123456789";
  private static final Limits QUICK =
      new Limits(
          Duration.ofSeconds(60),
          Duration.ofSeconds(60),
          Duration.ofSeconds(60),
          Duration.ofMillis(1),
          256,
          4,
          1024 * 1024,
          3,
          Duration.ofHours(1));

  private final List<Api> open = new ArrayList<>();
  private final AtomicLong clock = new AtomicLong();

  @AfterEach
  void close() {
    open.forEach(Api::close);
  }

  private Api withoutTokens() {
    Api api = new Api(builder -> builder.limits(QUICK));
    open.add(api);
    return api;
  }

  private Api withTokens() {
    Api api =
        new Api(
            builder ->
                builder
                    .token("ops", OPS, Role.WRITE)
                    .token("eyes", EYES, Role.READ)
                    .clock(clock::get)
                    .limits(QUICK));
    open.add(api);
    return api;
  }

  private static HttpRequest.Builder with(String token, HttpRequest.Builder request) {
    return request.header("Authorization", "Bearer " + token);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.0.0.0", "::", "192.0.2.1"})
  void beyondLoopback_withoutAToken_isNotStarted(String host) {
    assertThatThrownBy(() -> AdminServer.builder(new Inventory()).bind(host, 0).start())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "bind: "
                + host
                + " (expected: a loopback address, or a token for who comes from outside)");
  }

  @Test
  void beyondLoopback_withAToken_anyHostNamePasses_butNobodyWithoutTheToken() throws Exception {
    Api api = new Api(builder -> builder.bind("0.0.0.0", 0).token("ops", OPS, Role.WRITE));
    open.add(api);
    String request = "GET /api/v1/servers HTTP/1.1\r\nHost: lb.example\r\nConnection: close\r\n";
    assertThat(api.raw(request + "\r\n")).startsWith("HTTP/1.1 401 ");
    assertThat(api.raw(request + "Authorization: Bearer " + OPS + "\r\n\r\n"))
        .startsWith("HTTP/1.1 200 ");
  }

  @Test
  void badSettings_areRefused_andNoSecretIsInTheMessage() {
    AdminServerBuilder builder = AdminServer.builder(new Inventory());
    for (String secret :
        List.of("short-secret", "with a space in it.", "ümlaut-0123456789abc", "x".repeat(1025))) {
      assertThatThrownBy(() -> builder.token("a", secret, Role.READ))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("token: the secret of 'a'")
          .hasMessageNotContaining(secret);
    }
    builder.token("a", OPS, Role.READ);
    assertThatThrownBy(() -> builder.token("a", EYES, Role.READ))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> builder.token("a\nb", EYES, Role.READ))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'a?b'");
    assertThatThrownBy(() -> builder.bind("no-such-host.invalid", 0).start())
        .isInstanceOf(UnknownHostException.class);
  }

  @Test
  void aPortThatIsTaken_isAnIOException_andLeavesNoThread() throws Exception {
    Api api = withoutTokens();
    assertThatThrownBy(
            () -> AdminServer.builder(new Inventory()).bind("127.0.0.1", api.port()).start())
        .isInstanceOf(java.io.IOException.class)
        .hasMessageContaining("127.0.0.1");
  }

  @Test
  void tokens_decideByTheirRole() throws Exception {
    Api api = withTokens();
    for (String path :
        List.of("/api/v1/servers", "/api/v1/servers/none", "/metrics", "/api/v1/events")) {
      Reply nobody = api.get(path);
      assertThat(nobody.status()).as(path).isEqualTo(401);
      assertThat(nobody.header("WWW-Authenticate")).isEqualTo("Bearer realm=\"evenkeel\"");
    }
    assertThat(api.send(with(EYES, api.request("GET", "/api/v1/servers", ""))).status())
        .isEqualTo(200);
    String before = api.state();
    Reply looks = api.send(with(EYES, api.request("PATCH", "/api/v1/servers/a", "{\"weight\":2}")));
    assertThat(looks.status()).isEqualTo(403);
    assertThat(api.send("PATCH", "/api/v1/servers/a", "{\"weight\":2}").status()).isEqualTo(401);
    assertThat(api.send("DELETE", "/api/v1/servers/a", "").status()).isEqualTo(401);
    assertThat(api.state()).isEqualTo(before);
    Reply changes =
        api.send(with(OPS, api.request("PATCH", "/api/v1/servers/a", "{\"weight\":2}")));
    assertThat(changes.status()).isEqualTo(200);
    assertThat(api.inventory.events().after(0))
        .filteredOn(entry -> entry.type() == EventLog.Type.CHANGE)
        .extracting(EventLog.Entry::subject)
        .containsExactly("ops (127.0.0.1)");
    assertThat(api.get("/assets/of-a-test.js").status()).isEqualTo(200);
    assertThat(api.get("/api/v1/openapi.json").status()).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Bearer ops-secret-012345678",
        "Bearer ops-secret-01234567890",
        "Bearer OPS-SECRET-0123456789",
        "Bearer",
        "Bearer ",
        "Basic b3BzOm9wcy1zZWNyZXQtMDEyMzQ1Njc4OQ==",
        "ops-secret-0123456789",
        "Bearer ops-secret-0123456789 x",
      })
  void wrongTokens_areNobodys(String header) throws Exception {
    Api api = withTokens();
    Reply reply =
        api.send(api.request("GET", "/api/v1/servers", "").header("Authorization", header));
    assertThat(reply.status()).isEqualTo(401);
    assertThat(reply.body()).doesNotContain("secret");
  }

  @Test
  void twoTokensInOneRequest_areABadRequest() throws Exception {
    Api api = withTokens();
    HttpRequest.Builder request = with(OPS, with(EYES, api.request("GET", "/api/v1/servers", "")));
    assertThat(api.send(request).status()).isEqualTo(400);
  }

  @Test
  void aSession_standsForItsToken_untilItIsEnded() throws Exception {
    Api api = withTokens();
    assertThat(api.send("POST", "/api/v1/session", "").status()).isEqualTo(401);
    Reply signedIn = api.send(with(EYES, api.request("POST", "/api/v1/session", "")));
    assertThat(signedIn.status()).isEqualTo(200);
    assertThat(signedIn.json().toString()).isEqualTo("{\"name\":\"eyes\",\"role\":\"read\"}");
    assertThat(signedIn.header("Set-Cookie"))
        .matches(
            "evenkeel_"
                + api.port()
                + "=[A-Za-z0-9_-]{43}; Path=/; Max-Age=3600; HttpOnly; SameSite=Strict");
    String cookie = signedIn.header("Set-Cookie").split(";", -1)[0];
    assertThat(withCookie(api, "GET", "/api/v1/servers", cookie).status()).isEqualTo(200);
    assertThat(withCookie(api, "GET", "/api/v1/session", "a=b; " + cookie).json())
        .isEqualTo(signedIn.json());
    assertThat(withCookie(api, "DELETE", "/api/v1/servers/a", cookie).status()).isEqualTo(403);
    Reply signedOut = withCookie(api, "DELETE", "/api/v1/session", cookie);
    assertThat(signedOut.status()).isEqualTo(204);
    assertThat(signedOut.header("Set-Cookie")).contains("=; ", "Max-Age=0");
    assertThat(withCookie(api, "GET", "/api/v1/servers", cookie).status()).isEqualTo(401);
    assertThat(withCookie(api, "DELETE", "/api/v1/session", cookie).status()).isEqualTo(204);
  }

  /** As by a reload, when one was given away: at once, and for all that was begun with it. */
  @Test
  void otherTokens_putOutWhoWasLetInByThoseBefore() throws Exception {
    Api api = withTokens();
    Reply signedIn = api.send(with(OPS, api.request("POST", "/api/v1/session", "")));
    String cookie = signedIn.header("Set-Cookie").split(";", -1)[0];
    try (Socket byToken = api.connect();
        Socket byCookie = api.connect()) {
      for (Socket stream : List.of(byToken, byCookie)) {
        String proof = stream == byToken ? "Authorization: Bearer " + OPS : "Cookie: " + cookie;
        String request =
            Api.head("GET /api/v1/events HTTP/1.1", "Host: x", "Accept: text/event-stream", proof);
        stream.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
        assertThat(stream.getInputStream().read()).isEqualTo('H');
      }
      assertThatThrownBy(() -> api.admin.useTokens(List.of(new Token("ops", "short", Role.WRITE))))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageNotContaining("short");
      assertThat(api.send(with(OPS, api.request("GET", "/api/v1/servers", ""))).status())
          .isEqualTo(200);

      String other = "another-secret-0123456789";
      api.admin.useTokens(
          List.of(new Token("ops", other, Role.WRITE), new Token("eyes", EYES, Role.READ)));
      assertThat(api.send(with(OPS, api.request("GET", "/api/v1/servers", ""))).status())
          .isEqualTo(401);
      assertThat(withCookie(api, "GET", "/api/v1/servers", cookie).status()).isEqualTo(401);
      assertThat(Api.readToEnd(byToken)).contains("200 OK");
      assertThat(Api.readToEnd(byCookie)).contains("200 OK");
      for (String secret : List.of(other, EYES)) {
        assertThat(api.send(with(secret, api.request("GET", "/api/v1/servers", ""))).status())
            .isEqualTo(200);
      }
    }
  }

  /** A body that takes its time does not carry its sender over the end of their token. */
  @Test
  void aBodyThatEndsAfterItsToken_changesNothing() throws Exception {
    Api api = withTokens();
    String body = "{\"weight\":7}";
    try (Socket slow = api.connect()) {
      String head =
          Api.head(
              "PATCH /api/v1/servers/a HTTP/1.1",
              "Host: x",
              "Connection: close",
              "Authorization: Bearer " + OPS,
              "Content-Type: application/json",
              "Content-Length: " + body.length());
      String begin = head + body.substring(0, body.length() - 1);
      slow.getOutputStream().write(begin.getBytes(StandardCharsets.ISO_8859_1));
      // Let in by now: the server takes connections, and reads, in this order.
      while (api.send(with(OPS, api.request("GET", "/api/v1/servers", ""))).status() != 200) {
        Thread.onSpinWait();
      }
      String before = api.state();
      api.admin.useTokens(List.of(new Token("eyes", EYES, Role.READ)));
      assertThat(Api.exchange(slow, "}")).startsWith("HTTP/1.1 401 ");
      assertThat(api.state()).isEqualTo(before);
    }
  }

  @Test
  void aSessionThatItsTokenHasLeft_staysOver_whenThatComesBack() throws Exception {
    Api api = withTokens();
    Reply signedIn = api.send(with(OPS, api.request("POST", "/api/v1/session", "")));
    String cookie = signedIn.header("Set-Cookie").split(";", -1)[0];
    Token ops = new Token("ops", OPS, Role.WRITE);
    api.admin.useTokens(List.of(new Token("eyes", EYES, Role.READ)));
    api.admin.useTokens(List.of(ops));
    assertThat(withCookie(api, "GET", "/api/v1/servers", cookie).status()).isEqualTo(401);
    assertThat(api.send(with(OPS, api.request("GET", "/api/v1/servers", ""))).status())
        .isEqualTo(200);
  }

  @Test
  void noTokens_areForLoopbackOnly() throws Exception {
    Api api = new Api(builder -> builder.bind("0.0.0.0", 0).token("ops", OPS, Role.WRITE));
    open.add(api);
    assertThatThrownBy(() -> api.admin.useTokens(List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("loopback");
    assertThat(api.get("/api/v1/servers").status()).isEqualTo(401);
    Api local = withTokens();
    local.admin.useTokens(List.of());
    assertThat(local.get("/api/v1/servers").status()).isEqualTo(200);
  }

  private static Reply withCookie(Api api, String method, String path, String cookie)
      throws Exception {
    return api.send(api.request(method, path, "").header("Cookie", cookie));
  }

  @Test
  void sessions_areFewAndEnd() throws Exception {
    Api api = withTokens();
    List<String> cookies = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      Reply reply = api.send(with(OPS, api.request("POST", "/api/v1/session", "")));
      cookies.add(reply.header("Set-Cookie").split(";", -1)[0]);
    }
    assertThat(cookies).doesNotHaveDuplicates();
    assertThat(withCookie(api, "GET", "/api/v1/servers", cookies.get(0)).status()).isEqualTo(401);
    assertThat(withCookie(api, "GET", "/api/v1/servers", cookies.get(1)).status()).isEqualTo(200);
    // The server's deadlines go by this clock, too: a connection may be closed by them meanwhile.
    clock.addAndGet(Duration.ofMinutes(61).toNanos());
    String old = "Cookie: " + cookies.get(3) + "\r\nConnection: close\r\n\r\n";
    assertThat(api.raw("GET /api/v1/servers HTTP/1.1\r\nHost: x\r\n" + old))
        .startsWith("HTTP/1.1 401 ");
  }

  @Test
  void withoutTokens_nobodyHasToSignIn() throws Exception {
    Api api = withoutTokens();
    assertThat(api.send("POST", "/api/v1/session", "").status()).isEqualTo(409);
    assertThat(api.get("/api/v1/session").json().path("role").asText()).isEqualTo("write");
  }

  @ParameterizedTest
  @CsvSource({
    "localhost, 200",
    "localhost:9901, 200",
    "LOCALHOST, 200",
    "127.0.0.1:1, 200",
    "[::1]:9901, 200",
    "evil.example, 403",
    "127.0.0.1.evil.example, 403",
    "localhost.evil.example:9901, 403",
    "192.0.2.1, 403",
    "a@localhost, 4..",
    "localhost:9901:1, 4..",
    "'', 4.."
  })
  void withoutTokens_onlyNamesOfLoopbackPass(String host, String status) throws Exception {
    Api api = withoutTokens();
    for (String path : List.of("/api/v1/servers", "/assets/of-a-test.js")) {
      String answer =
          api.raw("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
      assertThat(answer).matches("(?s)HTTP/1.1 " + status + " .*");
    }
  }

  @Test
  void requestsWithoutOrWithTwoHosts_areBad() throws Exception {
    Api api = withoutTokens();
    assertThat(api.raw("GET / HTTP/1.1\r\nConnection: close\r\n\r\n")).startsWith("HTTP/1.1 400 ");
    assertThat(api.raw("GET /api/v1/servers HTTP/1.0\r\n\r\n")).startsWith("HTTP/1.1 403 ");
    assertThat(
            api.raw(
                Api.head(
                    "GET / HTTP/1.1",
                    "Host: localhost",
                    "Host: evil.example",
                    "Connection: close")))
        .startsWith("HTTP/1.1 400 ");
    assertThat(
            api.raw(
                Api.head(
                    "GET http://evil.example/api/v1/servers HTTP/1.1",
                    "Host: localhost",
                    "Connection: close")))
        .matches("(?s)HTTP/1.1 (400|403|200) .*");
  }

  @Test
  void whatAPageOfElsewhereLoads_isRefused_aLinkToHereIsNot() throws Exception {
    Api api = withoutTokens();
    Reply image = api.send(api.request("GET", "/api/v1/servers", "").header(SITE, "cross-site"));
    assertThat(image.status()).as(image.toString()).isEqualTo(403);
    Reply link =
        api.send(
            api.request("GET", "/api/v1/servers", "")
                .header(SITE, "cross-site")
                .header("Sec-Fetch-Dest", "document"));
    assertThat(link.status()).as(link.toString()).isEqualTo(200);
  }

  @ParameterizedTest
  @CsvSource({
    "Origin, http://evil.example, 403",
    "Origin, null, 403",
    "Origin, http://localhost:PORT, 403", // another name than the request's
    "Origin, http://127.0.0.1, 403",
    "Origin, http://127.0.0.1:1, 403",
    "Origin, ftp://127.0.0.1:PORT, 403",
    "Origin, http://x@127.0.0.1:PORT, 403",
    "Origin, ':', 403",
    "Origin, http://127.0.0.1:PORT, 200",
    "Origin, https://127.0.0.1:PORT, 200",
    "Sec-Fetch-Site, cross-site, 403",
    "Sec-Fetch-Site, same-site, 403",
    "Sec-Fetch-Site, same-origin, 200",
    "Sec-Fetch-Site, none, 200",
  })
  void changes_thatAPageOfElsewhereAsksFor_areRefused(String header, String value, int status)
      throws Exception {
    Api api = withoutTokens();
    String before = api.state();
    Reply reply =
        api.send(
            api.request("PATCH", "/api/v1/servers/a", "{\"weight\":8}")
                .header(header, value.replace("PORT", "" + api.port())));
    assertThat(reply.status()).as(reply.toString()).isEqualTo(status);
    assertThat(api.state().equals(before)).isEqualTo(status == 403);
    Reply read =
        api.send(
            api.request("GET", "/api/v1/servers", "").header(header, value.replace("PORT", "1")));
    assertThat(read.header("Access-Control-Allow-Origin")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "application/x-www-form-urlencoded",
        "text/plain",
        "multipart/form-data",
        "application/jsonx",
        "application/json; charset=utf-16"
      })
  void bodies_thatAFormCouldSend_areRefused(String type) throws Exception {
    Api api = withoutTokens();
    String before = api.state();
    String body = "{\"weight\":8}";
    String answer =
        api.raw(
            "PATCH /api/v1/servers/a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: "
                + type
                + "\r\nContent-Length: "
                + body.length()
                + "\r\n\r\n"
                + body);
    assertThat(answer).startsWith("HTTP/1.1 415 ");
    assertThat(api.state()).isEqualTo(before);
  }

  @Test
  void requestLinesAndHeaders_thatAreTooLong_areRefused() throws Exception {
    Api api = withoutTokens();
    String end = " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
    assertThat(api.raw("GET /" + "x".repeat(9_000) + end + "\r\n"))
        .matches("(?s)HTTP/1.1 414 .*problem\\+json.*");
    assertThat(api.raw("GET /" + end + "X: " + "x".repeat(9_000) + "\r\n\r\n"))
        .matches("(?s)HTTP/1.1 431 .*problem\\+json.*");
    assertThat(api.raw("GET /" + end + "A: b\r\n".repeat(2_000) + "\r\n"))
        .startsWith("HTTP/1.1 431 ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET / HTTP/1.1\r\nHost: localhost\r\nX : y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nX: y\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nX: a\u0000b\r\n\r\n",
        "GET / HTTP/3.0\r\nHost: localhost\r\n\r\n",
        "POST /api/v1/servers HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        "POST /api/v1/servers HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        "POST /api/v1/servers HTTP/1.1\r\nHost: localhost\r\nContent-Length: -2\r\n\r\n{}",
        "POST /api/v1/servers HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n{}",
        "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      })
  void whatIsNotHttp_isRefused_andNotFollowed(String request) throws Exception {
    Api api = withoutTokens();
    String answer =
        api.raw(
            request
                + "GET /api/v1/session HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assertThat(answer).doesNotContain("anonymous");
    assertThat(answer).matches("(?s)(HTTP/1.1 (4..|505) .*)?");
  }

  @Test
  void headersThatNeverEnd_areCutOff_whateverTrickles() throws Exception {
    Api api = withTokens();
    try (Socket slow = api.connect();
        Socket silent = api.connect();
        Socket body = api.connect()) {
      slow.getOutputStream()
          .write("GET / HTTP/1.1\r\nHost: lo".getBytes(StandardCharsets.US_ASCII));
      body.getOutputStream()
          .write(
              ("POST /api/v1/servers HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
                      + OPS
                      + "\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
                  .getBytes(StandardCharsets.US_ASCII));
      // A request beside them is answered: the three keep nobody waiting.
      assertThat(api.get("/api/v1/session").status()).isEqualTo(401);
      clock.addAndGet(Duration.ofSeconds(61).toNanos());
      assertThat(Api.readToEnd(slow)).isEmpty();
      assertThat(Api.readToEnd(silent)).isEmpty();
      assertThat(Api.readToEnd(body)).doesNotContain("HTTP/1.1 2");
    }
    assertThat(api.balancer.nodes()).hasSize(3);
  }

  @Test
  void signingInAgain_endsTheSessionBefore_andACookieOfOnesOwnMakingIsNone() throws Exception {
    Api api = withTokens();
    String made = "evenkeel_" + api.port() + "=" + "A".repeat(43);
    Reply first =
        api.send(with(OPS, api.request("POST", "/api/v1/session", "")).header("Cookie", made));
    String before = first.header("Set-Cookie").split(";", -1)[0];
    assertThat(before).isNotEqualTo(made);
    Reply second =
        api.send(with(OPS, api.request("POST", "/api/v1/session", "")).header("Cookie", before));
    String after = second.header("Set-Cookie").split(";", -1)[0];
    assertThat(withCookie(api, "GET", "/api/v1/servers", made).status()).isEqualTo(401);
    assertThat(withCookie(api, "GET", "/api/v1/servers", before).status()).isEqualTo(401);
    assertThat(withCookie(api, "GET", "/api/v1/servers", after).status()).isEqualTo(200);
  }

  @Test
  void wrongTokens_areTold_withAddressAndRoute_andNeverTheTokens() throws Exception {
    PrintStream before = System.err;
    ByteArrayOutputStream log = new ByteArrayOutputStream();
    System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
    String counted;
    try {
      Api api = withTokens();
      String[][] requests = {
        {"GET", "/api/v1/servers/wrong-secret-0123456789"},
        {"POST", "/api/v1/session"},
        {"GET", "/metrics"},
      };
      for (String[] request : requests) {
        String wrong = "wrong-secret-0123456789";
        assertThat(api.send(with(wrong, api.request(request[0], request[1], ""))).status())
            .isEqualTo(401);
      }
      counted = api.send(with(EYES, api.request("GET", "/metrics", ""))).body();
    } finally {
      System.setErr(before);
    }
    assertThat(log.toString(StandardCharsets.UTF_8).lines().filter(line -> line.contains("wrong")))
        .singleElement()
        .asString()
        .contains("WARN", "a wrong token from 127.0.0.1, for GET /api/v1/servers/{id}")
        .doesNotContain("secret");
    assertThat(counted).contains("evenkeel_admin_requests_total{status=\"401\"} 3.0");
  }
}
