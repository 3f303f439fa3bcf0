package io.evenkeel.server.admin;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a route says.
 *
 * @param body not changed by anybody
 * @param headers beside those that all answers have
 */
record Answer(int status, String type, byte[] body, Map<String, String> headers) {

  static final String JSON = "application/json";
  static final String PROBLEM = "application/problem+json";

  static Answer json(JsonNode json) {
    return json(200, json);
  }

  static Answer json(int status, JsonNode json) {
    return of(status, JSON, json.toString());
  }

  static Answer problem(HttpProblem problem) {
    Answer answer = of(problem.status(), PROBLEM, problem.json().toString());
    return new Answer(answer.status, answer.type, answer.body, problem.headers());
  }

  static Answer of(int status, String type, String text) {
    return new Answer(status, type, text.getBytes(StandardCharsets.UTF_8), Map.of());
  }

  static Answer nothing() {
    return new Answer(204, "", new byte[0], Map.of());
  }

  Answer with(String header, String value) {
    Map<String, String> more = new LinkedHashMap<>(headers);
    more.put(header, value);
    return new Answer(status, type, body, more);
  }
}
