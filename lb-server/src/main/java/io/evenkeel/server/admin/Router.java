package io.evenkeel.server.admin;

import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** The route of a request, out of the table. Immutable. */
final class Router {

  private final List<Route> routes;

  Router(List<Route> routes) {
    this.routes = List.copyOf(routes);
  }

  /**
   * The route, which the exchange knows from then on.
   *
   * @throws HttpProblem if there is none for the path, or none for the method
   */
  Route find(Exchange exchange) throws HttpProblem {
    String method = exchange.method().equals("HEAD") ? "GET" : exchange.method();
    for (Route route : routes) {
      Map<String, String> variables = route.match(exchange.path);
      if (variables != null && route.method().equals(method)) {
        exchange.route(route, variables);
        return route;
      }
    }
    throw HttpProblem.with(405, "not of this path's methods", "Allow", allowed(exchange.path));
  }

  /**
   * The methods of a path.
   *
   * @throws HttpProblem if there are none
   */
  String allowed(List<String> path) throws HttpProblem {
    TreeSet<String> methods = new TreeSet<>();
    for (Route route : routes) {
      if (route.match(path) != null) {
        methods.add(route.method());
        if (route.method().equals("GET")) {
          methods.add("HEAD");
        }
      }
    }
    if (methods.isEmpty()) {
      throw HttpProblem.of(404, "no such path");
    }
    methods.add("OPTIONS");
    return String.join(", ", methods);
  }
}
