package io.evenkeel.server.admin;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.evenkeel.health.CircuitBreakers;
import io.evenkeel.health.HealthMonitor;
import io.evenkeel.health.OutlierDetector;
import io.evenkeel.health.Probes;
import io.evenkeel.proxy.TcpProxy;
import io.evenkeel.server.admin.Api.Reply;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the document says is what the server does. */
class OpenApiTest {

  private static final Set<String> METHODS =
      Set.of("get", "put", "post", "delete", "options", "head", "patch", "trace");

  private final Api api = new Api();
  private final HealthMonitor monitor =
      HealthMonitor.builder(api.balancer).probe(Probes.tcp()).start();
  private final OutlierDetector detector = OutlierDetector.builder(api.balancer).start();
  private final CircuitBreakers breakers = CircuitBreakers.builder(api.balancer).start();
  private final TcpProxy proxy = TcpProxy.builder(api.balancer).listen("127.0.0.1", 0).build();
  private JsonNode document;

  @BeforeEach
  void read() throws Exception {
    proxy.start();
    api.inventory.put(new Inventory.Balancer("web", api.balancer, monitor, detector, breakers));
    api.inventory.put(new Inventory.Listener("in", proxy, "web"));
    document = api.get("/api/v1/openapi.json").json();
  }

  @AfterEach
  void close() {
    int unused = proxy.shutdown(Duration.ZERO);
    monitor.close();
    detector.close();
    breakers.close();
    api.close();
  }

  @Test
  void theDocument_isWhole() {
    assertThat(document.path("openapi").asText()).isEqualTo("3.1.0");
    assertThat(document.path("info").path("title").asText()).isNotEmpty();
    assertThat(document.findValuesAsText("$ref"))
        .allMatch(ref -> document.at(ref.substring(1)).isObject());
    for (Map.Entry<String, JsonNode> path : document.path("paths").properties()) {
      Set<String> variables = new TreeSet<>();
      for (String segment : path.getKey().split("/", -1)) {
        if (segment.startsWith("{")) {
          variables.add(segment.substring(1, segment.length() - 1));
        }
      }
      for (Map.Entry<String, JsonNode> operation : path.getValue().properties()) {
        assertThat(METHODS).contains(operation.getKey());
        Set<String> described = new TreeSet<>();
        for (JsonNode parameter : operation.getValue().path("parameters")) {
          if (parameter.path("in").asText().equals("path")) {
            described.add(parameter.path("name").asText());
          }
        }
        assertThat(described).as(path.getKey()).isEqualTo(variables);
        assertThat(operation.getValue().path("responses")).isNotEmpty();
      }
    }
  }

  @Test
  void everyPath_isThere_withItsMethods() throws Exception {
    for (Map.Entry<String, JsonNode> path : document.path("paths").properties()) {
      TreeSet<String> methods = new TreeSet<>(List.of("OPTIONS"));
      path.getValue().fieldNames().forEachRemaining(m -> methods.add(m.toUpperCase(Locale.ROOT)));
      if (methods.contains("GET")) {
        methods.add("HEAD");
      }
      Reply options = api.send("OPTIONS", at(path.getKey()), "");
      assertThat(options.header("Allow")).as(path.getKey()).isEqualTo(String.join(", ", methods));
    }
  }

  @Test
  void everyAnswer_toAReader_isAsDescribed() throws Exception {
    int seen = 0;
    for (Map.Entry<String, JsonNode> path : document.path("paths").properties()) {
      JsonNode get = path.getValue().path("get");
      if (get.isMissingNode()) {
        continue;
      }
      String query = "";
      for (JsonNode parameter : get.path("parameters")) {
        if (parameter.path("in").asText().equals("query")
            && parameter.path("required").asBoolean()) {
          query = "?" + parameter.path("name").asText() + "=k";
        }
      }
      check(api.get(at(path.getKey()) + query), get);
      check(api.get(at(path.getKey()) + "?no_such_parameter=1"), get);
      seen++;
    }
    assertThat(seen).isGreaterThan(25);
    check(api.get("/api/v1/servers?spark=true"), document.at("/paths/~1api~1v1~1servers/get"));
  }

  @Test
  void whatIsOfABalancer_isTheSameWithItsNameAndWithout() {
    String prefix = "/api/v1/balancers/{balancer}";
    Set<String> of = new TreeSet<>();
    for (Map.Entry<String, JsonNode> path : document.path("paths").properties()) {
      if (path.getKey().startsWith(prefix)) {
        String rest = path.getKey().substring(prefix.length());
        of.add(rest);
        ObjectNode named = path.getValue().deepCopy();
        for (JsonNode operation : named) {
          ArrayNode parameters = (ArrayNode) operation.path("parameters");
          assertThat(parameters.remove(0).path("name").asText()).isEqualTo("balancer");
          if (parameters.isEmpty()) {
            ((ObjectNode) operation).remove("parameters");
          }
        }
        assertThat(named).as(rest).isEqualTo(document.path("paths").path("/api/v1" + rest));
      }
    }
    assertThat(of)
        .containsExactly(
            "/algorithm",
            "/algorithms",
            "/events",
            "/explain",
            "/health",
            "/keys",
            "/metrics",
            "/metrics/requests",
            "/metrics/servers",
            "/servers",
            "/servers/{id}",
            "/servers/{id}/health");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/balancers/{balancer}"})
  void everyAnswer_toAChange_isAsDescribed(String prefix) throws Exception {
    List<String[]> changes =
        List.of(
            new String[] {"POST", "/servers", "{\"host\":\"h\",\"port\":1,\"id\":\"x\"}"},
            new String[] {"POST", "/servers", "{\"host\":\"h\",\"port\":1,\"id\":\"x\"}"},
            new String[] {"POST", "/servers", "{"},
            new String[] {"PATCH", "/servers/a", "{\"weight\":2,\"state\":\"maintenance\"}"},
            new String[] {"PATCH", "/servers/a", "{\"state\":\"drain\"}"},
            new String[] {"PATCH", "/servers/a", "{\"weight\":-2}"},
            new String[] {"PUT", "/algorithm", "{\"name\":\"maglev\"}"},
            new String[] {
              "PUT", "/algorithm", "{\"name\":\"maglev\",\"options\":{\"table_size\":\"4\"}}"
            },
            new String[] {"POST", "/reload", ""},
            new String[] {"POST", "/shutdown", ""},
            new String[] {"PUT", "/config", "{}"},
            new String[] {"POST", "/session", ""},
            new String[] {"DELETE", "/session", ""},
            new String[] {"DELETE", "/servers/x", ""},
            new String[] {"DELETE", "/servers/a?drain_seconds=1", ""});
    for (String[] change : changes) {
      String path =
          "/api/v1"
              + prefix
              + change[1].replaceFirst("\\?.*", "").replaceFirst("/servers/.*", "/servers/{id}");
      JsonNode operation =
          document.path("paths").path(path).path(change[0].toLowerCase(Locale.ROOT));
      Reply reply = api.send(change[0], at("/api/v1" + prefix) + change[1], change[2]);
      if (prefix.isEmpty() || change[1].matches("/(servers|algorithm).*")) {
        check(reply, operation);
      } else { // not one of a balancer
        assertThat(operation.isMissingNode()).isTrue();
        assertThat(reply.status()).isEqualTo(404);
      }
    }
  }

  @Test
  void bodies_thatTheSchemaForbids_areRefused() throws Exception {
    JsonNode fields = document.at("/components/schemas/ServerChange/properties");
    assertThat(fields).isNotEmpty();
    for (Map.Entry<String, JsonNode> field : fields.properties()) {
      JsonNode schema = field.getValue();
      List<String> bad = new ArrayList<>(List.of("[]", "true", "1.5"));
      if (schema.has("minimum")) {
        bad.add("" + (schema.path("minimum").asLong() - 1));
        bad.add("" + (schema.path("maximum").asLong() + 1));
      }
      if (schema.has("maxLength")) {
        bad.add("\"" + "x".repeat(schema.path("maxLength").asInt() + 1) + "\"");
      }
      if (!schema.path("type").isArray()) {
        bad.add("null");
      }
      for (String value : bad) {
        Reply reply =
            api.send("PATCH", "/api/v1/servers/a", "{\"" + field.getKey() + "\":" + value + "}");
        assertThat(reply.status()).as(field.getKey() + "=" + value).isEqualTo(422);
      }
    }
  }

  private static String at(String path) {
    return path.replace("{balancer}", "web").replace("{id}", "a").replace("{name}", "of-a-test.js");
  }

  private void check(Reply reply, JsonNode operation) {
    JsonNode response = operation.path("responses").path("" + reply.status());
    assertThat(response.isObject()).as("status of " + reply).isTrue();
    if (reply.body().isEmpty()) {
      return;
    }
    String type = reply.header("Content-Type").replaceFirst(";.*", "");
    JsonNode content = response.path("content");
    if (content.has("*/*")) {
      return;
    }
    assertThat(content.has(type)).as("type of " + reply).isTrue();
    if (type.endsWith("json")) {
      List<String> faults = new ArrayList<>();
      check(reply.json(), content.path(type).path("schema"), "", faults);
      assertThat(faults).as(reply.toString()).isEmpty();
    }
  }

  /** As much of JSON Schema as the document uses. */
  private void check(JsonNode value, JsonNode schema, String at, List<String> faults) {
    if (schema.has("$ref")) {
      check(value, document.at(schema.path("$ref").asText().substring(1)), at, faults);
      return;
    }
    if (schema.has("anyOf")) {
      List<String> all = new ArrayList<>();
      for (JsonNode one : schema.path("anyOf")) {
        List<String> own = new ArrayList<>();
        check(value, one, at, own);
        if (own.isEmpty()) {
          return;
        }
        all.addAll(own);
      }
      faults.addAll(all);
      return;
    }
    JsonNode type = schema.path("type");
    List<String> types = new ArrayList<>();
    if (type.isTextual()) {
      types.add(type.asText());
    }
    type.forEach(one -> types.add(one.asText()));
    if (!types.isEmpty() && types.stream().noneMatch(one -> is(value, one))) {
      faults.add(at + ": " + value + " is not " + types);
      return;
    }
    if (schema.has("enum") && !schema.path("enum").toString().contains(value.toString())) {
      faults.add(at + ": " + value + " is not one of " + schema.path("enum"));
    }
    if (value.isObject()) {
      schema
          .path("required")
          .forEach(
              key -> {
                if (!value.has(key.asText())) {
                  faults.add(at + "/" + key.asText() + ": missing");
                }
              });
      for (Map.Entry<String, JsonNode> entry : value.properties()) {
        JsonNode inner = schema.path("properties").path(entry.getKey());
        JsonNode more = schema.path("additionalProperties");
        String where = at + "/" + entry.getKey();
        if (inner.isObject()) {
          check(entry.getValue(), inner, where, faults);
        } else if (more.isBoolean() && !more.asBoolean()) {
          faults.add(where + ": not in the schema");
        } else if (more.isObject()) {
          check(entry.getValue(), more, where, faults);
        }
      }
    }
    for (int i = 0; value.isArray() && i < value.size(); i++) {
      check(value.get(i), schema.path("items"), at + "/" + i, faults);
    }
  }

  private static boolean is(JsonNode value, String type) {
    return switch (type) {
      case "object" -> value.isObject();
      case "array" -> value.isArray();
      case "string" -> value.isTextual();
      case "boolean" -> value.isBoolean();
      case "integer" -> value.isIntegralNumber();
      case "number" -> value.isNumber();
      case "null" -> value.isNull();
      default -> throw new AssertionError(type);
    };
  }
}
