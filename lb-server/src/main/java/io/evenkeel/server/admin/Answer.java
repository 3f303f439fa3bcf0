package io.evenkeel.server.admin;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a route says.
 *
 * @param body read by copies of the buffer alone
 * @param headers beside those that all answers have
 */
record Answer(int status, String type, ByteBuffer body, Map<String, String> headers) {

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
    return new Answer(status, type, StandardCharsets.UTF_8.encode(text), Map.of());
  }

  static Answer nothing() {
    return empty(204);
  }

  static Answer empty(int status) {
    return new Answer(status, "", ByteBuffer.allocate(0), Map.of());
  }

  Answer with(String header, String value) {
    Map<String, String> more = new LinkedHashMap<>(headers);
    more.put(header, value);
    return new Answer(status, type, body, more);
  }
}
