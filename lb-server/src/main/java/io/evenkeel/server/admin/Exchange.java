package io.evenkeel.server.admin;

import io.evenkeel.server.admin.HttpProblem.Fault;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/** One request with what is known of it so far, and where its answer goes. One thread at a time. */
final class Exchange {

  final Request request;
  final Response response;
  final Callback callback;

  /** The segments of the path, decoded. */
  final List<String> path;

  /** By name. */
  private final Map<String, String> query;

  /** What stands in the path where its pattern has a variable. */
  private Map<String, String> variables = Map.of();

  private @Nullable Route route;
  private @Nullable Who who;
  byte[] body = {};

  Exchange(Request request, Response response, Callback callback) throws HttpProblem {
    this.request = request;
    this.response = response;
    this.callback = callback;
    this.path = segments(request.getHttpURI().getPath());
    this.query = parameters(request.getHttpURI().getQuery());
  }

  private static List<String> segments(@Nullable String path) throws HttpProblem {
    if (path == null || !path.startsWith("/")) {
      throw HttpProblem.of(400, "the target: not a path");
    }
    List<String> segments = new ArrayList<>();
    try {
      for (String segment : path.substring(1).split("/", -1)) {
        segments.add(PercentCoding.decode(segment, false));
      }
    } catch (IllegalArgumentException e) {
      throw HttpProblem.of(400, "the path: " + e.getMessage());
    }
    return segments;
  }

  private static Map<String, String> parameters(@Nullable String query) throws HttpProblem {
    Map<String, String> parameters = new LinkedHashMap<>();
    if (query == null || query.isEmpty()) {
      return parameters;
    }
    try {
      for (String parameter : query.split("&", -1)) {
        int equals = parameter.indexOf('=');
        String name = equals < 0 ? parameter : parameter.substring(0, equals);
        String value = equals < 0 ? "" : parameter.substring(equals + 1);
        String decoded = PercentCoding.decode(name, true);
        if (parameters.put(decoded, PercentCoding.decode(value, true)) != null) {
          throw HttpProblem.of(400, List.of(Fault.parameter(decoded, "twice")));
        }
      }
    } catch (IllegalArgumentException e) {
      throw HttpProblem.of(400, "the query: " + e.getMessage());
    }
    return parameters;
  }

  /** The connection that it came by. */
  EndPoint connection() {
    return request.getConnectionMetaData().getConnection().getEndPoint();
  }

  String method() {
    return request.getMethod();
  }

  /** Whether it asks for something to be changed. */
  boolean changes() {
    return !(method().equals("GET") || method().equals("HEAD") || method().equals("OPTIONS"));
  }

  /**
   * A header's only value.
   *
   * @throws HttpProblem if it is there more than once
   */
  Optional<String> header(HttpHeader header) throws HttpProblem {
    return header(header.asString());
  }

  Optional<String> header(String header) throws HttpProblem {
    List<String> values = request.getHeaders().getValuesList(header);
    if (values.size() > 1) {
      throw HttpProblem.of(400, header + ": more than once");
    }
    return values.stream().findFirst();
  }

  /** The names of all parameters. */
  Iterable<String> parameters() {
    return query.keySet();
  }

  Optional<String> parameter(String name) {
    return Optional.ofNullable(query.get(name));
  }

  /** A parameter that is a number; what it may be stands in the route and has been checked. */
  Optional<Long> number(String name) {
    return parameter(name).map(Long::valueOf);
  }

  boolean isSet(String name) {
    return parameter(name).map("true"::equals).orElse(false);
  }

  /** Where it goes, once that is known. */
  Route route() {
    return Objects.requireNonNull(route, "route");
  }

  void route(Route route, Map<String, String> variables) {
    this.route = route;
    this.variables = variables;
  }

  /** A variable of the route's pattern. */
  String variable(String name) {
    return Objects.requireNonNull(variables.get(name), name);
  }

  /** The balancer that the path names; null if it names none. */
  @Nullable String balancer() {
    return variables.get("balancer");
  }

  Who who() {
    return Objects.requireNonNull(who, "who");
  }

  void who(Who who) {
    this.who = who;
  }
}
