package io.evenkeel.server.admin;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import io.evenkeel.proxy.ProxyEvent;
import io.evenkeel.proxy.TcpProxy;
import io.evenkeel.server.admin.Api.Reply;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What can be read, through the port. What the views say in detail is their own tests' matter. */
class AdminRoutesTest {

  private final Api api = new Api();

  @AfterEach
  void close() {
    api.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/health",
        "/balancers",
        "/servers",
        "/servers?spark=true",
        "/servers/a",
        "/servers/a/health",
        "/algorithm",
        "/algorithms",
        "/metrics",
        "/metrics/servers",
        "/metrics/requests",
        "/history",
        "/explain?key=k",
        "/keys",
        "/keys?sample=10",
        "/events",
        "/session",
        "/openapi.json",
        "/balancers/web/health",
        "/balancers/web/metrics",
        "/balancers/web/metrics/requests",
        "/balancers/web/events?after=0",
        "/balancers/web/events?stats=true",
        "/balancers/web/servers",
        "/balancers/web/servers/a",
        "/balancers/web/servers/a/health",
        "/balancers/web/algorithm",
        "/balancers/web/algorithms",
        "/balancers/web/metrics/servers",
        "/balancers/web/explain?key=",
        "/balancers/web/keys"
      })
  void whatCanBeRead_isAnsweredAsJson_andTheSameByHeadWithoutBody(String path) throws Exception {
    Reply reply = api.get("/api/v1" + path);
    assertThat(reply.status()).as(reply.toString()).isEqualTo(200);
    assertThat(reply.header("Content-Type")).isEqualTo("application/json");
    assertThat(reply.header("Cache-Control")).isEqualTo("no-store");
    assertThat(reply.json().isObject()).isTrue();
    Reply head = api.send("HEAD", "/api/v1" + path, "");
    assertThat(head.status()).isEqualTo(200);
    assertThat(head.body()).isEmpty();
  }

  @Test
  void prometheus_isText() throws Exception {
    Reply reply = api.get("/metrics");
    assertThat(reply.status()).as(reply.toString()).isEqualTo(200);
    assertThat(reply.header("Content-Type")).isEqualTo("text/plain; version=0.0.4; charset=utf-8");
    assertThat(reply.body()).contains("evenkeel_");
  }

  @Test
  void health_withNoEligibleServer_is503AndStillAnAnswer() throws Exception {
    for (String id : List.of("a", "b", "c")) {
      api.balancer.maintain(id);
    }
    Reply reply = api.get("/api/v1/health");
    assertThat(reply.status()).isEqualTo(503);
    assertThat(reply.json().path("status").asText()).isEqualTo("down");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/api/v1/servers/z                | 404 | no such server",
        "/api/v1/servers/z/health         | 404 | no such server",
        "/api/v1/servers/                 | 404 | no such path",
        "/api/v1/balancers/x/servers      | 404 | no such balancer",
        "/api/v1/balancers/x/algorithms   | 404 | no such balancer",
        "/api/v1/balancers/x/health       | 404 | no such balancer",
        "/api/v1/balancers/x/metrics      | 404 | no such balancer",
        "/api/v1/balancers/x/metrics/requests | 404 | no such balancer",
        "/api/v1/balancers/x/events       | 404 | no such balancer",
        "/api/v1/balancers/WEB/health     | 404 | no such balancer",
        "/api/v1/balancers/web/           | 404 | no such path",
        "/api/v1/balancers/web            | 404 | no such path",
        "/api/v1/balancers/web/health/    | 404 | no such path",
        "/api/v1/balancers/web/config     | 404 | no such path",
        "/api/v1/balancers/web/reload     | 404 | no such path",
        "/api/v1/balancers/web/session    | 404 | no such path",
        "/api/v1/balancers/web/health?x=1 | 400 | x: unknown parameter (expected: none)",
        "/api/v1/balancers/web/metrics?balancer=x | 400 | balancer: unknown parameter",
        "/api/v1/balancers/web/events?after=9007199254740992 | 400 | after: '9007199254740992' (expected: 0 to 9007199254740991)",
        "/api/v1/balancers/web/events?stats=1 | 400 | stats: '1' (expected: true or false)",
        "/api/v1/balancers/web%2fx/health | 404 | no such balancer",
        "/api/v1/nothing                  | 404 | no such path",
        "/api/v2/servers                  | 404 | no such path",
        "/api/v1                          | 404 | no such path",
        "/api/v1/servers;x=1              | 404 | no such path",
        "/API/V1/servers                  | 404 | no such path",
        "/api/v1/servers?sparkle=true     | 400 | sparkle: unknown parameter (expected: spark)",
        "/api/v1/servers?spark=yes        | 400 | spark: 'yes' (expected: true or false)",
        "/api/v1/servers?spark=true&spark=true | 400 | spark: twice",
        "/api/v1/health?x                 | 400 | x: unknown parameter (expected: none)",
        "/api/v1/explain                  | 400 | key: missing",
        "/api/v1/keys?sample=0            | 400 | sample: '0' (expected: 1 to 10000)",
        "/api/v1/keys?sample=99999999999999999999 | 400 | sample:",
        "/api/v1/keys?sample=-1           | 400 | sample: '-1'",
        "/api/v1/keys?sample=1e3          | 400 | sample: '1e3'",
        "/api/v1/explain?key=%C0%AF       | 400 | the query: not UTF-8",
        "/api/v1/explain?key=%0a          | 400 | the query: a control character",
        "/api/v1/config                   | 404 | not started from a configuration",
        "/assets/nothing.js               | 404 | no such file",
        "/assets/                         | 404 | no such file",
        "/assets                          | 404 | no such path",
        "/assets/index.class              | 404 | no such file",
        "/assets/..%2fschemas.json        | 404 | no such file",
        "/assets/../schemas.json          | 404 | no such file",
        "/assets/%5c..%5cx.js             | 404 | no such file",
      })
  void whatIsNotThereOrWrong_isAProblemDocument(String path, int status, String detail)
      throws Exception {
    Reply reply = api.get(path);
    assertThat(reply.status()).as(reply.toString()).isEqualTo(status);
    assertThat(reply.header("Content-Type")).isEqualTo("application/problem+json");
    assertThat(reply.json().path("status").asInt()).isEqualTo(status);
    assertThat(reply.json().path("type").asText()).isEqualTo("about:blank");
    assertThat(reply.json().path("detail").asText()).contains(detail);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/assets/%2e%2e/schemas.json",
        "/assets/.%2e/.%2e/AdminServer.class",
        "/assets/%00",
        "/assets/%c0%ae%c0%ae/x.js",
        "/%",
        "/%zz",
        "//api/v1/servers",
        "/api/v1//servers",
        "/api/v1/balancers//health",
        "/api/v1/balancers/%2e%2e/health",
        "/api/v1/balancers/%00/metrics",
        "/api/v1/balancers/%c0%ae/events",
        "/api/v1/servers/a%0d%0aX-Y:z"
      })
  void pathsThatTryToGetOut_areRefused(String path) throws Exception {
    String answer =
        api.raw("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assertThat(answer).matches("(?s)HTTP/1.1 (400|404) .*application/problem\\+json.*");
    assertThat(answer).doesNotContain("X-Y");
  }

  @Test
  void methods_areTakenFromTheTable() throws Exception {
    Reply reply = api.send("POST", "/api/v1/health", "");
    assertThat(reply.status()).isEqualTo(405);
    assertThat(reply.header("Allow")).isEqualTo("GET, HEAD, OPTIONS");
    assertThat(api.send("PUT", "/api/v1/servers/a", "{}").header("Allow"))
        .isEqualTo("DELETE, GET, HEAD, OPTIONS, PATCH");
    for (String path : List.of("/health", "/metrics", "/metrics/requests", "/events")) {
      for (String method : List.of("POST", "PUT", "PATCH", "DELETE")) {
        Reply no = api.send(method, "/api/v1/balancers/web" + path, "{}");
        assertThat(no.status()).isEqualTo(405);
        assertThat(no.header("Allow")).isEqualTo("GET, HEAD, OPTIONS");
      }
    }
    Reply options = api.send("OPTIONS", "/api/v1/servers", "");
    assertThat(options.status()).isEqualTo(204);
    assertThat(options.header("Allow")).isEqualTo("GET, HEAD, OPTIONS, POST");
    assertThat(options.response().headers().map().keySet())
        .noneMatch(name -> name.toLowerCase(java.util.Locale.ROOT).startsWith("access-control"));
    assertThat(api.send("OPTIONS", "/nothing", "").status()).isEqualTo(404);
    for (String method : List.of("TRACE", "CONNECT", "FOO", "get")) {
      String answer =
          api.raw(method + " / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
      assertThat(answer).as(method).matches("(?s)HTTP/1.1 (400|405) .*");
    }
    assertThat(api.raw("OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
        .startsWith("HTTP/1.1 400 ");
  }

  @Test
  void severalBalancers_eachByItsName_andNoneWithout() throws Exception {
    LoadBalancer other = LoadBalancer.builder().servers(Server.of("h", 1).withId("x/ü y")).build();
    api.inventory.put(Inventory.Balancer.of("a/b", other));
    Reply reply = api.get("/api/v1/balancers/a%2Fb/servers/x%2F%C3%BC%20y");
    assertThat(reply.status()).as(reply.toString()).isEqualTo(200);
    assertThat(reply.json().path("id").asText()).isEqualTo("x/ü y");
    Reply without = api.get("/api/v1/servers");
    assertThat(without.status()).isEqualTo(404);
    assertThat(without.json().path("detail").asText()).startsWith("several balancers: name one");
    api.inventory.removeBalancer("a/b");
    api.inventory.removeBalancer("web");
    assertThat(api.get("/api/v1/servers").json().path("detail").asText())
        .isEqualTo("there is no balancer");
    assertThat(api.get("/api/v1/metrics").status()).isEqualTo(200);
    assertThat(api.get("/metrics").status()).isEqualTo(200);
  }

  @Test
  void eachBalancer_hasHealthMetricsAndEventsOfItsOwn() throws Exception {
    LoadBalancer other =
        LoadBalancer.builder().servers(Server.of("127.0.0.1", 1).withId("x")).build();
    TcpProxy proxy = TcpProxy.builder(other).listen("127.0.0.1", 0).build();
    try (other) {
      proxy.start();
      api.inventory.put(Inventory.Balancer.of("a/b", other));
      api.inventory.put(new Inventory.Listener("in", proxy, "a/b"));
      assertThat(other.maintain("x")).isTrue();
      assertThat(api.balancer.drain("a")).isTrue();
      api.balancer.acquire().close();
      api.inventory.events().change("test", "text");

      Reply web = api.get("/api/v1/balancers/web/health");
      assertThat(web.status()).isEqualTo(200);
      assertThat(web.json().path("status").asText()).isEqualTo("up");
      assertThat(names(web.json().path("balancers"))).containsExactly("web");
      assertThat(web.json().path("listeners")).isEmpty();
      Reply down = api.get("/api/v1/balancers/a%2Fb/health");
      assertThat(down.status()).isEqualTo(503);
      assertThat(names(down.json().path("balancers"))).containsExactly("a/b");
      assertThat(names(down.json().path("listeners"))).containsExactly("in");
      Reply all = api.get("/api/v1/health");
      assertThat(all.status()).isEqualTo(503);
      assertThat(names(all.json().path("balancers"))).containsExactly("web", "a/b");

      JsonNode metrics = api.get("/api/v1/balancers/web/metrics").json();
      assertThat(metrics.path("balancers").fieldNames()).toIterable().containsExactly("web");
      assertThat(metrics.path("listeners")).isEmpty();
      assertThat(metrics.path("connections").path("accepted").asLong()).isEqualTo(1);
      JsonNode others = api.get("/api/v1/balancers/a%2Fb/metrics").json();
      assertThat(others.path("listeners").fieldNames()).toIterable().containsExactly("in");
      assertThat(others.path("connections").path("accepted").asLong()).isZero();
      assertThat(api.get("/api/v1/balancers/a%2Fb/metrics/requests").json().path("listeners"))
          .hasSize(1);
      assertThat(api.get("/api/v1/balancers/web/metrics/requests").json().path("listeners"))
          .isEmpty();

      api.inventory.events().listener("in").accept(new ProxyEvent.Draining());
      assertThat(api.get("/api/v1/balancers/web/events").json().path("events"))
          .extracting(event -> event.path("server").asText())
          .containsExactly("a");
      assertThat(api.get("/api/v1/balancers/a%2Fb/events").json().path("events"))
          .extracting(event -> event.path("type").asText())
          .containsExactly("server", "listener");
      assertThat(api.get("/api/v1/events").json().path("events")).hasSize(4);
    } finally {
      int unused = proxy.shutdown(Duration.ZERO);
    }
  }

  private static List<String> names(JsonNode list) {
    List<String> names = new ArrayList<>();
    list.forEach(one -> names.add(one.path("name").asText()));
    return names;
  }

  @Test
  void assets_areSentOnce_untilTheyChange() throws Exception {
    Reply first = api.get("/assets/of-a-test.js");
    assertThat(first.status()).isEqualTo(200);
    assertThat(first.header("Content-Type")).isEqualTo("text/javascript; charset=utf-8");
    assertThat(first.body()).startsWith("\"use strict\"");
    String tag = first.header("ETag");
    Reply again =
        api.send(api.request("GET", "/assets/of-a-test.js", "").header("If-None-Match", tag));
    assertThat(again.status()).isEqualTo(304);
    assertThat(again.body()).isEmpty();
  }

  @Test
  void everyAnswer_saysWhatABrowserMayDoWithIt_andNotWhoSaysIt() throws Exception {
    List<Reply> replies = new ArrayList<>();
    for (String path : List.of("/", "/api/v1/servers", "/nothing", "/metrics", "/%zz")) {
      if (path.contains("%")) {
        assertThat(api.raw("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
            .contains("Content-Security-Policy: default-src 'none'");
      } else {
        replies.add(api.get(path));
      }
    }
    for (Reply reply : replies) {
      assertThat(reply.header("Content-Security-Policy"))
          .isEqualTo(
              "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src"
                  + " 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'");
      assertThat(reply.header("X-Content-Type-Options")).isEqualTo("nosniff");
      assertThat(reply.header("Referrer-Policy")).isEqualTo("no-referrer");
      assertThat(reply.header("Cache-Control")).isIn("no-store", "no-cache");
      assertThat(reply.header("Server")).isEmpty();
      assertThat(reply.header("X-Powered-By")).isEmpty();
    }
  }
}
