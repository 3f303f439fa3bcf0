package io.evenkeel.server.admin;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.evenkeel.server.config.ConfigException;
import java.util.List;
import java.util.Map;
import org.eclipse.jetty.http.HttpStatus;
import org.jspecify.annotations.Nullable;

/** Why a request is not done: what becomes a problem document of RFC 9457. */
final class HttpProblem extends Exception {

  private static final long serialVersionUID = 1;

  /**
   * One thing that is wrong with what was sent.
   *
   * @param where {@code pointer} for a JSON pointer or a config's path, {@code parameter} for one
   *     of the query
   * @param line from 1; 0 if unknown
   * @param column from 1; 0 if unknown
   */
  record Fault(String where, String name, int line, int column, String detail) {
    static Fault at(String pointer, String detail) {
      return new Fault("pointer", pointer, 0, 0, detail);
    }

    static Fault parameter(String name, String detail) {
      return new Fault("parameter", name, 0, 0, detail);
    }
  }

  private final int status;
  private final transient List<Fault> faults;
  private final transient Map<String, String> headers;

  /** Whether the answer is held back for a while. */
  private final boolean slow;

  private HttpProblem(
      int status,
      @Nullable String detail,
      List<Fault> faults,
      Map<String, String> headers,
      boolean slow) {
    super(detail, null, false, false); // an answer, not an accident: no stack trace
    this.status = status;
    this.faults = List.copyOf(faults);
    this.headers = Map.copyOf(headers);
    this.slow = slow;
  }

  static HttpProblem of(int status, String detail) {
    return new HttpProblem(status, detail, List.of(), Map.of(), false);
  }

  static HttpProblem with(int status, String detail, String header, String value) {
    return new HttpProblem(status, detail, List.of(), Map.of(header, value), false);
  }

  /** With one fault at least. */
  static HttpProblem of(int status, List<Fault> faults) {
    Fault fault = faults.get(0);
    String first = (fault.name().isEmpty() ? "" : fault.name() + ": ") + fault.detail();
    String more = faults.size() == 1 ? "" : ", and " + (faults.size() - 1) + " more";
    return new HttpProblem(status, first + more, faults, Map.of(), false);
  }

  /** A config that cannot be. */
  static HttpProblem of(ConfigException e) {
    return of(
        422,
        e.problems().stream()
            .map(p -> new Fault("pointer", p.path(), p.line(), p.column(), p.message()))
            .toList());
  }

  /** The same, to be answered after a while, so that guessing gets nowhere. */
  HttpProblem slow() {
    return new HttpProblem(status, getMessage(), faults, headers, true);
  }

  boolean isSlow() {
    return slow;
  }

  int status() {
    return status;
  }

  Map<String, String> headers() {
    return headers;
  }

  ObjectNode json() {
    ObjectNode json = json(status, getMessage());
    if (!faults.isEmpty()) {
      ArrayNode errors = json.putArray("errors");
      for (Fault fault : faults) {
        ObjectNode error = errors.addObject().put(fault.where(), fault.name());
        if (fault.line() > 0) {
          error.put("line", fault.line()).put("column", fault.column());
        }
        error.put("detail", fault.detail());
      }
    }
    return json;
  }

  /** A problem without a meaning beyond its status; so its title is the status's. */
  static ObjectNode json(int status, @Nullable String detail) {
    ObjectNode json =
        JsonNodeFactory.instance
            .objectNode()
            .put("type", "about:blank")
            .put("title", HttpStatus.getMessage(status))
            .put("status", status);
    return detail == null ? json : json.put("detail", detail);
  }
}
