package io.evenkeel.server.admin;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.evenkeel.server.admin.Route.Handler;
import io.evenkeel.server.admin.Route.Parameter;
import io.evenkeel.server.config.AdminConfig.Role;
import io.evenkeel.server.config.AdminConfig.Token;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import org.eclipse.jetty.http.HttpHeader;
import org.jspecify.annotations.Nullable;

/**
 * The table of all that can be asked for. Routing, the methods of a path and the OpenAPI document
 * are made from it.
 */
final class Routes {

  static final String API = "/api/v1";

  private static final int CONFIG_LIMIT = 1024 * 1024;
  private static final int LONGEST_KEY = 1024;

  /** Of events: the largest number that JavaScript has exactly. */
  private static final long MOST_SEQ = (1L << 53) - 1;

  private static final long DEFAULT_SAMPLE = 1_000;
  private static final int MOST_SAMPLE = 10_000;

  private static final Parameter SPARK =
      Parameter.flag("spark", "With connections per second of the last ten minutes.");

  private final Inventory inventory;
  private final Targets targets;
  private final Views views;
  private final Changes changes;
  private final EventStreams streams;
  private final Connections connections;
  private final PrometheusPage prometheus;
  private final Access access;
  private final Sessions sessions;
  private final Assets assets = new Assets();

  /** Of all that answers. */
  Routes(
      Inventory inventory,
      Targets targets,
      Views views,
      Changes changes,
      EventStreams streams,
      Connections connections,
      PrometheusPage prometheus,
      Access access,
      Sessions sessions) {
    this.inventory = inventory;
    this.targets = targets;
    this.views = views;
    this.changes = changes;
    this.streams = streams;
    this.connections = connections;
    this.prometheus = prometheus;
    this.access = access;
    this.sessions = sessions;
  }

  /** All of it; the last one is the document of those before it. */
  List<Route> table() {
    List<Route> table = new ArrayList<>();
    table.add(Route.get("/", null, assets::page, "The dashboard.").answering(200, "text/html"));
    table.add(
        Route.get("/assets/{name+}", null, assets::asset, "What the dashboard loads.")
            .answering(200, "*/*"));
    table.add(
        Route.get("/metrics", Role.READ, this::prometheus, "All metrics, for Prometheus.")
            .answering(200, "text/plain"));
    addWhole(table);
    addOfBalancers(table);
    OpenApi document = new OpenApi(List.copyOf(table));
    table.add(
        Route.get(
                API + "/openapi.json", null, exchange -> document.answer(), "The OpenAPI document.")
            .answering(200, "Any"));
    return table;
  }

  private void addWhole(List<Route> table) {
    table.add(
        get("/balancers", exchange -> Answer.json(views.balancers()), "The balancers' names.")
            .answering(200, "Balancers"));
    table.add(
        get("/history", exchange -> Answer.json(views.history()), "The last hour.")
            .answering(200, "History"));
    table.add(get("/config", changes::config, "The configuration in force.").answering(200, "Any"));
    table.add(
        write("PUT", "/config", changes::replaceConfig, "Puts another configuration in force.")
            .readingUpTo(CONFIG_LIMIT)
            .answering(200, "Changes"));
    table.add(
        write("POST", "/reload", changes::reload, "Reads the config file again.")
            .answering(200, "Changes"));
    table.add(
        write("POST", "/shutdown", changes::shutdown, "Drains and ends the program.")
            .answering(202, "Draining"));
    table.add(
        get("/session", this::session, "Who asks, and what they may do.")
            .answering(200, "Session"));
    table.add(
        Route.of("POST", API + "/session", null, this::signIn, "Gives a cookie for a token.")
            .answering(200, "Session"));
    table.add(
        Route.of("DELETE", API + "/session", null, this::signOut, "Ends the cookie's session.")
            .answering(204, ""));
  }

  /**
   * Those that there are twice: with a balancer in the path, and without. What is of one balancer
   * is then of the only one, what can be of several of all.
   */
  private void addOfBalancers(List<Route> table) {
    List<Route> routes =
        List.of(
            get("/health", this::health, "How all of it stands; 503 if it is down.")
                .answering(200, "Health")
                .answering(503, "Health"),
            get(
                    "/metrics",
                    exchange ->
                        Answer.json(views.metrics(targets.reading(exchange), exchange.balancer())),
                    "Totals.")
                .answering(200, "Metrics"),
            get(
                    "/metrics/requests",
                    exchange -> Answer.json(views.requestMetrics(targets.reading(exchange))),
                    "How long what took, for each listener.")
                .answering(200, "RequestMetrics"),
            get(
                    "/events",
                    this::events,
                    "What has happened; with Accept: text/event-stream a stream of what happens.")
                .taking(
                    Parameter.integer("after", 0, MOST_SEQ, "Those after this number alone."),
                    Parameter.flag("stats", "With a stats event every second, in a stream."))
                .answering(200, "Events"),
            get("/servers", this::servers, "The servers.").taking(SPARK).answering(200, "Servers"),
            write("POST", "/servers", changes::addServer, "Adds a server.")
                .reading(Changes.NEW_SERVER)
                .answering(201, "Server"),
            get("/servers/{id}", this::server, "A server.").taking(SPARK).answering(200, "Server"),
            write("PATCH", "/servers/{id}", changes::changeServer, "Changes a server.")
                .reading(Changes.SERVER_CHANGE)
                .answering(200, "Server"),
            write("DELETE", "/servers/{id}", changes::removeServer, "Removes a server.")
                .taking(Changes.DRAIN_SECONDS)
                .answering(200, "Removed")
                .answering(202, "Removing"),
            get("/servers/{id}/health", this::serverHealth, "What is known of its health.")
                .answering(200, "ServerHealth"),
            get(
                    "/algorithm",
                    exchange -> Answer.json(views.algorithm(targets.balancer(exchange))),
                    "How servers are picked.")
                .answering(200, "Algorithm"),
            write("PUT", "/algorithm", changes::changeAlgorithm, "Changes how servers are picked.")
                .reading(Changes.ALGORITHM)
                .answering(200, "Algorithm"),
            get("/algorithms", this::algorithms, "How servers can be picked.")
                .answering(200, "Algorithms"),
            get(
                    "/metrics/servers",
                    exchange -> Answer.json(views.serverMetrics(targets.balancer(exchange))),
                    "Counts and times of each server.")
                .answering(200, "ServerMetrics"),
            get("/explain", this::explain, "Which server a key would get, and why.")
                .taking(Parameter.text("key", LONGEST_KEY, "The key."))
                .answering(200, "Explanation"),
            get("/keys", this::keys, "Where keys go.")
                .taking(
                    Parameter.integer("sample", 1, MOST_SAMPLE, "How many; 1,000 if not given."))
                .answering(200, "Keys"));
    table.addAll(routes);
    for (Route route : routes) {
      String path = route.pattern().substring(API.length());
      table.add(route.at(API + "/balancers/{balancer}" + path));
    }
  }

  private static Route get(String path, Handler handler, String summary) {
    return Route.get(API + path, Role.READ, handler, summary);
  }

  private static Route write(String method, String path, Handler handler, String summary) {
    return Route.of(method, API + path, Role.WRITE, handler, summary);
  }

  private Answer prometheus(Exchange exchange) {
    return Answer.of(200, PrometheusPage.CONTENT_TYPE, prometheus.scrape());
  }

  private Answer health(Exchange exchange) throws HttpProblem {
    ObjectNode health = views.health(targets.reading(exchange));
    return Answer.json(health.path("status").asText().equals("down") ? 503 : 200, health);
  }

  private Answer algorithms(Exchange exchange) throws HttpProblem {
    Inventory.Balancer unused =
        targets.balancer(exchange); // they are the same for each that is there
    return Answer.json(views.algorithms());
  }

  private Answer servers(Exchange exchange) throws HttpProblem {
    return Answer.json(views.servers(targets.balancer(exchange), exchange.isSet("spark")));
  }

  private Answer server(Exchange exchange) throws HttpProblem {
    return found(
        views.server(targets.balancer(exchange), exchange.variable("id"), exchange.isSet("spark")));
  }

  private Answer serverHealth(Exchange exchange) throws HttpProblem {
    return found(views.serverHealth(targets.balancer(exchange), exchange.variable("id")));
  }

  private static Answer found(@Nullable ObjectNode server) throws HttpProblem {
    if (server == null) {
      throw HttpProblem.of(404, "no such server");
    }
    return Answer.json(server);
  }

  private Answer explain(Exchange exchange) throws HttpProblem {
    String key = exchange.parameter("key").orElseThrow();
    return Answer.json(views.explain(targets.balancer(exchange), key));
  }

  private Answer keys(Exchange exchange) throws HttpProblem {
    long sample = exchange.number("sample").orElse(DEFAULT_SAMPLE);
    return Answer.json(views.keys(targets.balancer(exchange), (int) sample));
  }

  private @Nullable Answer events(Exchange exchange) throws HttpProblem {
    String accept =
        String.join(",", exchange.request.getHeaders().getValuesList(HttpHeader.ACCEPT));
    boolean stream =
        accept.toLowerCase(Locale.ROOT).contains("text/event-stream")
            && !exchange.method().equals("HEAD");
    Long after = exchange.number("after").orElse(null);
    Predicate<EventLog.Entry> about = targets.events(exchange);
    if (!stream) {
      return Answer.json(views.events(after == null ? 0 : after, about));
    }
    // What a browser says when it comes back, with the same query as before.
    String last = exchange.header("Last-Event-ID").orElse("");
    if (last.matches("[0-9]{1,18}")) {
      after = Long.valueOf(last);
    }
    streams.open(
        exchange,
        connections,
        after == null ? inventory.events().lastSeq() : after,
        about,
        exchange.isSet("stats"));
    return null;
  }

  private Answer session(Exchange exchange) {
    return Answer.json(session(exchange.who().name(), exchange.who().role()));
  }

  private static ObjectNode session(String name, Role role) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("name", name)
        .put("role", role.name().toLowerCase(Locale.ROOT));
  }

  private Answer signIn(Exchange exchange) throws HttpProblem {
    if (!access.needsTokens()) {
      throw HttpProblem.of(409, "there are no tokens: nobody has to sign in");
    }
    Token token = access.requireToken(exchange);
    String before = access.sessionKey(exchange);
    if (before != null) { // whoever's it is, the browser forgets it
      sessions.end(before);
    }
    String secret = sessions.begin(token);
    return Answer.json(session(token.name(), token.role()))
        .with("Set-Cookie", cookie(exchange, secret, sessions.life().toSeconds()));
  }

  private Answer signOut(Exchange exchange) throws HttpProblem {
    String key = access.sessionKey(exchange);
    if (key != null) {
      sessions.end(key);
    }
    return Answer.nothing().with("Set-Cookie", cookie(exchange, "", 0));
  }

  private static String cookie(Exchange exchange, String value, long seconds) {
    return Access.cookieName(exchange)
        + "="
        + value
        + "; Path=/; Max-Age="
        + seconds
        + "; HttpOnly; SameSite=Strict";
  }
}
