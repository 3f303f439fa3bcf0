package io.evenkeel.server.admin;

import io.evenkeel.server.admin.HttpProblem.Fault;
import io.evenkeel.server.config.AdminConfig.Role;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One thing that can be asked for. Requests are routed by it, and it is described by the same in
 * the OpenAPI document. Immutable.
 *
 * @param method of HTTP; HEAD goes where GET goes
 * @param pattern a path; <code>{name}</code> is one segment that is not empty, <code>{name+}</code>
 *     the rest of the path
 * @param role what it takes; null if anybody may
 * @param summary in one line
 * @param parameters of the query, all that there may be
 * @param form what the body is; null if there is none
 * @param bodyLimit the most bytes of a body; 0 if there is none
 * @param answers the schema, by status, of good answers
 */
record Route(
    String method,
    String pattern,
    @Nullable Role role,
    Handler handler,
    String summary,
    List<Parameter> parameters,
    @Nullable Form form,
    int bodyLimit,
    Map<Integer, String> answers) {

  /** The most bytes of a body that is a form. */
  private static final int FORM_LIMIT = 16 * 1024;

  /** What is done. */
  interface Handler {
    /** The answer; null if the handler takes care of it itself. */
    @Nullable Answer handle(Exchange exchange) throws HttpProblem;
  }

  /**
   * A parameter of the query.
   *
   * @param type {@code integer}, {@code boolean} or {@code string}
   * @param least of an integer
   * @param most of an integer, or the most characters of a string
   */
  record Parameter(
      String name, String type, long least, long most, boolean required, String meaning) {

    static Parameter integer(String name, long least, long most, String meaning) {
      return new Parameter(name, "integer", least, most, false, meaning);
    }

    static Parameter flag(String name, String meaning) {
      return new Parameter(name, "boolean", 0, 0, false, meaning);
    }

    static Parameter text(String name, int most, String meaning) {
      return new Parameter(name, "string", 0, most, true, meaning);
    }

    private @Nullable String complaint(String value) {
      boolean good =
          switch (type) {
            case "integer" -> isWithin(value);
            case "boolean" -> value.equals("true") || value.equals("false");
            default -> value.length() <= most;
          };
      return good
          ? null
          : "'"
              + (value.length() <= 60 ? value : value.substring(0, 60) + "...")
              + "' (expected: "
              + switch (type) {
                case "integer" -> least + " to " + most;
                case "boolean" -> "true or false";
                default -> "at most " + most + " characters";
              }
              + ")";
    }

    private boolean isWithin(String value) {
      if (!value.matches("[0-9]{1,18}")) {
        return false;
      }
      long number = Long.parseLong(value);
      return number >= least && number <= most;
    }
  }

  static Route get(String pattern, @Nullable Role role, Handler handler, String summary) {
    return of("GET", pattern, role, handler, summary);
  }

  static Route of(
      String method, String pattern, @Nullable Role role, Handler handler, String summary) {
    return new Route(method, pattern, role, handler, summary, List.of(), null, 0, Map.of());
  }

  Route at(String otherPattern) {
    return new Route(
        method, otherPattern, role, handler, summary, parameters, form, bodyLimit, answers);
  }

  Route taking(Parameter... more) {
    return new Route(
        method, pattern, role, handler, summary, List.of(more), form, bodyLimit, answers);
  }

  Route reading(Form body) {
    return new Route(
        method, pattern, role, handler, summary, parameters, body, FORM_LIMIT, answers);
  }

  /** Takes any JSON. */
  Route readingUpTo(int bytes) {
    return new Route(method, pattern, role, handler, summary, parameters, form, bytes, answers);
  }

  Route answering(int status, String schema) {
    Map<Integer, String> more = new LinkedHashMap<>(answers);
    more.put(status, schema);
    return new Route(method, pattern, role, handler, summary, parameters, form, bodyLimit, more);
  }

  List<String> segments() {
    return List.of(pattern.substring(1).split("/", -1));
  }

  /** The variables' values if a path is one of the pattern's; else null. */
  @Nullable Map<String, String> match(List<String> path) {
    List<String> segments = segments();
    Map<String, String> variables = new LinkedHashMap<>();
    for (int i = 0; i < segments.size(); i++) {
      String segment = segments.get(i);
      if (i >= path.size()) {
        return null;
      }
      if (segment.endsWith("+}")) {
        variables.put(
            segment.substring(1, segment.length() - 2),
            String.join("/", path.subList(i, path.size())));
        return variables;
      }
      if (segment.startsWith("{")) {
        if (path.get(i).isEmpty()) {
          return null;
        }
        variables.put(segment.substring(1, segment.length() - 1), path.get(i));
      } else if (!segment.equals(path.get(i))) {
        return null;
      }
    }
    return path.size() == segments.size() ? variables : null;
  }

  /**
   * Checks a request's query.
   *
   * @throws HttpProblem that names all that is wrong
   */
  void checkQuery(Exchange exchange) throws HttpProblem {
    List<Fault> faults = new ArrayList<>();
    for (String name : exchange.parameters()) {
      Parameter known =
          parameters.stream().filter(p -> p.name().equals(name)).findFirst().orElse(null);
      String complaint =
          known == null
              ? "unknown parameter" + expected()
              : known.complaint(exchange.parameter(name).orElse(""));
      if (complaint != null) {
        faults.add(Fault.parameter(name, complaint));
      }
    }
    for (Parameter parameter : parameters) {
      if (parameter.required() && exchange.parameter(parameter.name()).isEmpty()) {
        faults.add(Fault.parameter(parameter.name(), "missing"));
      }
    }
    if (!faults.isEmpty()) {
      throw HttpProblem.of(400, faults);
    }
  }

  private String expected() {
    return parameters.isEmpty()
        ? " (expected: none)"
        : " (expected: "
            + String.join(", ", parameters.stream().map(Parameter::name).toList())
            + ")";
  }
}
