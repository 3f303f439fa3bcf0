package io.evenkeel.server.admin;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.evenkeel.server.config.AdminConfig.Role;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.eclipse.jetty.http.HttpStatus;
import org.jspecify.annotations.Nullable;

/** The OpenAPI 3.1 document of a table of routes. What answers look like stands in a resource. */
final class OpenApi {

  private final List<Route> routes;

  /** Guarded by this. */
  private @Nullable Answer answer;

  OpenApi(List<Route> routes) {
    this.routes = routes;
  }

  /** Made when it is first asked for, since most are never asked. */
  synchronized Answer answer() {
    if (answer == null) {
      answer = Answer.json(document());
    }
    return answer;
  }

  private ObjectNode document() {
    ObjectNode document = JsonNodeFactory.instance.objectNode();
    document.put("openapi", "3.1.0");
    document
        .putObject("info")
        .put("title", "Evenkeel")
        .put("version", "1")
        .put(
            "description",
            "What the balancers of one process do, and how to change that. Errors are problem"
                + " documents of RFC 9457.");
    ObjectNode paths = document.putObject("paths");
    for (Route route : routes) {
      String path = route.pattern().replace("+}", "}");
      ObjectNode item = paths.has(path) ? (ObjectNode) paths.get(path) : paths.putObject(path);
      item.set(route.method().toLowerCase(Locale.ROOT), operation(route));
    }
    ObjectNode components = document.putObject("components");
    ObjectNode schemas = schemas();
    for (Form form : List.of(Changes.NEW_SERVER, Changes.SERVER_CHANGE, Changes.ALGORITHM)) {
      schemas.set(form.name(), form.schema());
    }
    components.set("schemas", schemas);
    ObjectNode security = components.putObject("securitySchemes");
    security.putObject("token").put("type", "http").put("scheme", "bearer");
    return document;
  }

  private static ObjectNode schemas() {
    try (InputStream in = OpenApi.class.getResourceAsStream("schemas.json")) {
      if (in == null) {
        throw new IllegalStateException("schemas.json is not on the class path");
      }
      return JsonBody.object(in.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (HttpProblem e) {
      throw new IllegalStateException("schemas.json: " + e.json(), e);
    }
  }

  private static ObjectNode operation(Route route) {
    ObjectNode operation = JsonNodeFactory.instance.objectNode().put("summary", route.summary());
    ArrayNode parameters = JsonNodeFactory.instance.arrayNode();
    for (String segment : route.segments()) {
      if (segment.startsWith("{")) {
        parameters
            .addObject()
            .put("name", segment.replaceAll("[{}+]", ""))
            .put("in", "path")
            .put("required", true)
            .putObject("schema")
            .put("type", "string");
      }
    }
    for (Route.Parameter parameter : route.parameters()) {
      ObjectNode schema =
          parameters
              .addObject()
              .put("name", parameter.name())
              .put("in", "query")
              .put("required", parameter.required())
              .put("description", parameter.meaning())
              .putObject("schema")
              .put("type", parameter.type());
      if (parameter.type().equals("integer")) {
        schema.put("minimum", parameter.least()).put("maximum", parameter.most());
      } else if (parameter.type().equals("string")) {
        schema.put("maxLength", parameter.most());
      }
    }
    if (isConditional(route)) {
      parameters
          .addObject()
          .put("name", "If-Match")
          .put("in", "header")
          .put(
              "description",
              "The ETag of the configuration that may be replaced; any if not given.")
          .putObject("schema")
          .put("type", "string");
    }
    if (!parameters.isEmpty()) {
      operation.set("parameters", parameters);
    }
    if (route.bodyLimit() > 0) {
      ObjectNode body = operation.putObject("requestBody").put("required", true);
      ObjectNode schema = body.putObject("content").putObject(Answer.JSON).putObject("schema");
      refer(schema, route.form() == null ? "Any" : route.form().name());
    }
    ArrayNode security = operation.putArray("security");
    if (route.role() != null) {
      security.addObject().putArray("token").add(route.role() == Role.READ ? "read" : "write");
      security.addObject(); // without tokens, on loopback
    }
    operation.set("responses", responses(route));
    return operation;
  }

  private static ObjectNode responses(Route route) {
    ObjectNode responses = JsonNodeFactory.instance.objectNode();
    for (Map.Entry<Integer, String> answer : route.answers().entrySet()) {
      int status = answer.getKey();
      ObjectNode response = response(responses, status);
      String schema = answer.getValue();
      if (schema.contains("/")) {
        response.putObject("content").putObject(schema).putObject("schema").put("type", "string");
      } else if (!schema.isEmpty()) {
        refer(response.putObject("content").putObject(Answer.JSON).putObject("schema"), schema);
      }
    }
    for (int status : problems(route)) {
      if (!responses.has(Integer.toString(status))) {
        refer(
            response(responses, status)
                .putObject("content")
                .putObject(Answer.PROBLEM)
                .putObject("schema"),
            "Problem");
      }
    }
    return responses;
  }

  private static ObjectNode response(ObjectNode responses, int status) {
    return responses
        .putObject(Integer.toString(status))
        .put("description", HttpStatus.getMessage(status));
  }

  /** The statuses of what can go wrong, in order. */
  private static Set<Integer> problems(Route route) {
    Set<Integer> problems = new TreeSet<>(List.of(400, 403, 413));
    if (route.role() != null || route.pattern().endsWith("/session")) {
      problems.add(401);
    }
    if (route.role() != null || route.pattern().contains("{")) {
      problems.add(404);
    }
    if (route.role() == Role.WRITE || route.pattern().endsWith("/session")) {
      problems.add(409);
    }
    if (route.bodyLimit() > 0) {
      problems.addAll(List.of(415, 422));
    }
    if (isConditional(route)) {
      problems.add(412);
    }
    if (route.pattern().endsWith("/reload")) {
      problems.add(422);
    }
    if (route.pattern().endsWith("/events")) {
      problems.add(503);
    }
    return problems;
  }

  private static boolean isConditional(Route route) {
    return route.method().equals("PUT") && route.pattern().endsWith("/config");
  }

  private static void refer(ObjectNode schema, String name) {
    schema.put("$ref", "#/components/schemas/" + name);
  }
}
