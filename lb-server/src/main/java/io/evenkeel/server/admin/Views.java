package io.evenkeel.server.admin;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.evenkeel.core.Block;
import io.evenkeel.core.Explanation;
import io.evenkeel.core.Explanation.Verdict;
import io.evenkeel.core.HostPort;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Query;
import io.evenkeel.core.SelectorDescription;
import io.evenkeel.core.Selectors;
import io.evenkeel.core.Server;
import io.evenkeel.core.ServerStats;
import io.evenkeel.core.Warning;
import io.evenkeel.proxy.PauseReason;
import io.evenkeel.proxy.ProxyStats;
import io.evenkeel.proxy.TcpProxy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What the API answers to those who read, as JSON: see docs/admin.md for each. Every answer is made
 * of one look at the balancers and proxies, so that its numbers agree; O(servers). Safe for use by
 * any thread but an event loop's.
 */
final class Views {

  /** A key is explained in O(servers): so many of them in all. */
  private static final long MOST_EXPLAINED = 1_000_000;

  static final int LARGEST_SAMPLE = 10_000;

  private static final Set<Block> BY_HEALTH =
      EnumSet.of(Block.PROBE_DOWN, Block.EJECTED, Block.CIRCUIT_OPEN);

  /** What might be an IP address, and is no host name, which nobody is to look up. */
  private static final Pattern ADDRESS =
      Pattern.compile(
          "BYTE(\\.BYTE){3}|[0-9a-fA-F:]*:[0-9a-fA-F:.]*"
              .replace("BYTE", "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)"));

  private final Inventory inventory;
  private final History history;
  private final BooleanSupplier draining;

  /**
   * Of an inventory.
   *
   * @param history for rates; someone else has it look
   * @param draining whether the program is about to end
   */
  Views(Inventory inventory, History history, BooleanSupplier draining) {
    this.inventory = inventory;
    this.history = history;
    this.draining = draining;
  }

  /** The version of this module; {@code dev} outside of a jar. */
  static String version() {
    String version = Views.class.getPackage().getImplementationVersion();
    return version == null ? "dev" : version;
  }

  /** GET /health; to be answered with 503 if its {@code status} is {@code down}. */
  ObjectNode health(Reading reading) {
    ArrayNode balancers = Json.array();
    Status worst = Status.UP;
    for (Reading.OfBalancer balancer : reading.balancers()) {
      Status status = status(balancer);
      worst = status.compareTo(worst) > 0 ? status : worst;
      ObjectNode json =
          balancers
              .addObject()
              .put("name", balancer.name())
              .put("status", status.text)
              .put("servers", balancer.stats().servers().size())
              .put("eligible", balancer.stats().eligible())
              .put("panicking", balancer.stats().panicking());
      ArrayNode warnings = json.putArray("warnings");
      for (Warning warning : balancer.warnings()) {
        warnings.addObject().put("name", warning.name()).put("text", warning.text());
      }
    }
    ObjectNode json =
        Json.object()
            .put("status", worst.text)
            .put("version", version())
            .put("uptime_seconds", Json.round(inventory.ageSeconds()))
            .put("draining", draining.getAsBoolean());
    json.set("balancers", balancers);
    ArrayNode listeners = json.putArray("listeners");
    reading.listeners().forEach(listener -> listeners.add(listener(listener)));
    return json;
  }

  private enum Status {
    UP("up"),
    DEGRADED("degraded"),
    DOWN("down");

    private final String text;

    Status(String text) {
      this.text = text;
    }
  }

  private static Status status(Reading.OfBalancer balancer) {
    if (balancer.stats().eligible() == 0) {
      return Status.DOWN;
    }
    boolean anyUnhealthy =
        balancer.stats().servers().stream()
            .anyMatch(server -> server.blocks().keySet().stream().anyMatch(BY_HEALTH::contains));
    return anyUnhealthy || balancer.stats().panicking() ? Status.DEGRADED : Status.UP;
  }

  private static ObjectNode listener(Reading.OfListener listener) {
    String address = address(listener.listener().proxy());
    ObjectNode json =
        Json.object()
            .put("name", listener.name())
            .put("balancer", listener.listener().balancer())
            .put("address", address)
            .put("status", address == null ? "stopped" : listener.state().status());
    ArrayNode paused = json.putArray("paused");
    for (PauseReason reason : listener.state().paused()) {
      paused.add(reason.name());
    }
    return json.put("open", listener.stats().open()).put("waiting", listener.stats().waiting());
  }

  /** Null if it was not started. */
  private static @Nullable String address(TcpProxy proxy) {
    try {
      InetSocketAddress address = proxy.localAddress();
      return new HostPort(address.getAddress().getHostAddress(), address.getPort()).toString();
    } catch (IllegalStateException e) {
      return null;
    }
  }

  /** GET /balancers. */
  ObjectNode balancers() {
    ObjectNode json = Json.object();
    ArrayNode names = json.putArray("balancers");
    inventory.balancers().forEach(balancer -> names.add(balancer.name()));
    return json;
  }

  /** GET /servers. */
  ObjectNode servers(Inventory.Balancer balancer, boolean withSparks) {
    ObjectNode json = Json.object().put("balancer", balancer.name());
    json.set("servers", look(balancer).all(withSparks));
    return json;
  }

  /** GET /servers/{id}; null if it is not a member. */
  @Nullable ObjectNode server(Inventory.Balancer balancer, String id, boolean withSpark) {
    ServerViews views = look(balancer);
    ServerStats server = views.find(id);
    return server == null ? null : views.one(server, withSpark);
  }

  /** GET /servers/{id}/health; null if it is not a member. */
  @Nullable ObjectNode serverHealth(Inventory.Balancer balancer, String id) {
    ServerViews views = look(balancer);
    ServerStats server = views.find(id);
    return server == null ? null : views.health(server);
  }

  private ServerViews look(Inventory.Balancer balancer) {
    Reading reading = Reading.of(inventory, balancer);
    return new ServerViews(inventory, history, reading, reading.balancers().get(0));
  }

  /** GET /algorithm. */
  ObjectNode algorithm(Inventory.Balancer balancer) {
    return Algorithms.json(description(balancer));
  }

  private static SelectorDescription description(Inventory.Balancer balancer) {
    return Selectors.describe(balancer.balancer().settings().selector());
  }

  /** GET /algorithms. */
  ObjectNode algorithms() {
    return Algorithms.all();
  }

  /**
   * GET /metrics.
   *
   * @param balancer the one that the reading is of; null if it is of all
   */
  ObjectNode metrics(Reading reading, @Nullable String balancer) {
    Reading.Totals totals = reading.totals();
    History.Rates rates = balancer == null ? history.rates() : history.rates(balancer);
    ObjectNode json = Json.object().put("uptime_seconds", Json.round(inventory.ageSeconds()));
    json.putObject("connections")
        .put("open", totals.open())
        .put("accepted", totals.accepted())
        .put("refused", totals.refused())
        .put("waiting", totals.waiting())
        .put("per_second", Json.round(rates.connections()));
    json.putObject("bytes")
        .put("in", totals.bytesIn())
        .put("out", totals.bytesOut())
        .put("in_per_second", Json.round(rates.bytesIn()))
        .put("out_per_second", Json.round(rates.bytesOut()));
    json.putObject("errors")
        .put("total", totals.errors())
        .put("per_second", Json.round(rates.errors()));
    json.put("p99_ms", Json.round(reading.p99Millis())); // as in the history
    ObjectNode balancers = json.putObject("balancers");
    for (Reading.OfBalancer one : reading.balancers()) {
      balancers.set(one.name(), counts(one));
    }
    ObjectNode listeners = json.putObject("listeners");
    for (Reading.OfListener listener : reading.listeners()) {
      ProxyStats stats = listener.stats();
      ObjectNode one =
          listeners
              .putObject(listener.name())
              .put("accepted", stats.accepted())
              .put("open", stats.open())
              .put("waiting", stats.waiting())
              .put("refused", stats.refused());
      one.set("ended", Json.ended(stats.ended()));
      one.put("warm", stats.warm())
          .put("bytes_in", stats.bytesFromClients())
          .put("bytes_out", stats.bytesFromServers());
    }
    return json;
  }

  private static ObjectNode counts(Reading.OfBalancer balancer) {
    var stats = balancer.stats();
    ObjectNode json =
        Json.object()
            .put("picks", stats.picks())
            .put("successes", stats.successes())
            .put("failures", stats.failures());
    json.set("failures_by_kind", Json.failures(stats.failuresByKind()));
    return json.put("neutral", stats.neutral())
        .put("refused", stats.refused())
        .put("in_flight", stats.inFlight())
        .put("eligible", stats.eligible())
        .put("servers", stats.servers().size());
  }

  /** GET /metrics/servers. */
  ObjectNode serverMetrics(Inventory.Balancer balancer) {
    ObjectNode json = Json.object().put("balancer", balancer.name());
    json.set("servers", look(balancer).metrics());
    return json;
  }

  /** GET /metrics/requests. */
  ObjectNode requestMetrics(Reading reading) {
    ObjectNode json = Json.object();
    ObjectNode listeners = json.putObject("listeners");
    for (Reading.OfListener listener : reading.listeners()) {
      ObjectNode one = listeners.putObject(listener.name());
      one.set("wait_ms", Json.times(listener.stats().waitTime()));
      one.set("connect_ms", Json.times(listener.stats().connectTime()));
      one.set("first_byte_ms", Json.times(listener.stats().firstByteTime()));
      one.set("duration_ms", Json.times(listener.stats().duration()));
      one.set("ended", Json.ended(listener.stats().ended()));
    }
    return json;
  }

  /** GET /history. */
  ObjectNode history() {
    History.Hour hour = history.hour();
    ObjectNode json =
        Json.object()
            .put("step_seconds", History.HOUR_STEP_SECONDS)
            .put("end_unix", hour.endUnix());
    json.set("open", Json.rounded(hour.open()));
    json.set("connections", Json.rounded(hour.connections()));
    json.set("errors", Json.rounded(hour.errors()));
    json.set("bytes_in", Json.rounded(hour.bytesIn()));
    json.set("bytes_out", Json.rounded(hour.bytesOut()));
    json.set("p99_ms", Json.rounded(hour.p99Millis()));
    json.set("eligible", Json.rounded(hour.eligible()));
    return json;
  }

  /**
   * GET /explain. Where a listener asks the balancer, a key that is an IP address is taken as the
   * listener takes it, so that the answer is where that client goes; any other is a text.
   */
  ObjectNode explain(Inventory.Balancer balancer, String key) {
    byte[] address = isAsked(balancer) ? address(key) : null;
    Query query = address == null ? Query.forKey(key) : Query.forKey(address);
    Explanation explanation = balancer.balancer().explain(query);
    Server next = explanation.next();
    ObjectNode json =
        Json.object()
            .put("key", key)
            .put("taken_as", address == null ? "text" : "address")
            .put("next", next == null ? null : next.id());
    ArrayNode servers = json.putArray("servers");
    for (Explanation.Standing standing : explanation.servers()) {
      servers
          .addObject()
          .put("id", standing.server().id())
          .put("verdict", standing.verdict().name())
          .put("reason", standing.reason());
    }
    return json;
  }

  private boolean isAsked(Inventory.Balancer balancer) {
    return inventory.listeners().stream()
        .anyMatch(listener -> listener.balancer().equals(balancer.name()));
  }

  private static byte @Nullable [] address(String key) {
    if (!ADDRESS.matcher(key).matches()) {
      return null;
    }
    try {
      return InetAddress.getByName(key).getAddress();
    } catch (UnknownHostException e) {
      return null;
    }
  }

  /**
   * GET /keys.
   *
   * @param sample how many keys, 1 to {@value #LARGEST_SAMPLE}; fewer are taken where there are
   *     many servers
   * @throws IllegalArgumentException if it is out of range
   */
  ObjectNode keys(Inventory.Balancer balancer, int sample) {
    if (sample < 1 || sample > LARGEST_SAMPLE) {
      throw new IllegalArgumentException(
          "sample: " + sample + " (expected: 1 to " + LARGEST_SAMPLE + ")");
    }
    SelectorDescription selector = description(balancer);
    if (!Algorithms.isKeyed(selector.name())) {
      return Json.object().put("keyed", false);
    }
    LoadBalancer asked = balancer.balancer();
    Explanation first = asked.explain("sample-0");
    int size = Math.max(1, first.servers().size());
    int taken = (int) Math.max(1, Math.min(sample, MOST_EXPLAINED / size));
    Map<String, Integer> hits = new HashMap<>();
    for (int i = 0; i < taken; i++) {
      Server next = asked.explain("sample-" + i).next();
      if (next != null) {
        hits.merge(next.id(), 1, Integer::sum);
      }
    }
    boolean weighted = Algorithms.looksAtWeights(selector.name());
    List<Explanation.Standing> servers = first.servers();
    double sum = servers.stream().mapToDouble(server -> part(server, weighted)).sum();
    ObjectNode json = Json.object().put("keyed", true).put("sample", taken);
    ArrayNode shares = json.putArray("shares");
    for (Explanation.Standing standing : servers) {
      String id = standing.server().id();
      shares
          .addObject()
          .put("id", id)
          .put("share", (double) hits.getOrDefault(id, 0) / taken)
          .put("expected", sum == 0 ? 0 : part(standing, weighted) / sum);
    }
    return json;
  }

  private static double part(Explanation.Standing standing, boolean weighted) {
    boolean available =
        standing.verdict() == Verdict.NEXT || standing.verdict() == Verdict.POSSIBLE;
    return !available ? 0 : weighted ? standing.server().weight() : 1;
  }

  /** GET /events, for those who do not want a stream of them. */
  ObjectNode events(long after, Predicate<EventLog.Entry> about) {
    ObjectNode json = Json.object();
    ArrayNode events = json.putArray("events");
    inventory.events().after(after).stream()
        .filter(about)
        .forEach(entry -> events.add(entry.json()));
    return json;
  }

  /**
   * The {@code data} of a {@code stats} event, of the history's last look.
   *
   * @param only the balancer that it is to be of; null for all
   */
  ObjectNode stats(@Nullable String only, boolean withSparks) {
    Reading reading = history.latest().only(only);
    ObjectNode json = Json.object().put("time_unix", reading.time().toEpochMilli() / 1e3);
    json.set("health", health(reading));
    json.set("metrics", metrics(reading, only));
    ObjectNode balancers = json.putObject("balancers");
    for (Reading.OfBalancer balancer : reading.balancers()) {
      ObjectNode one = balancers.putObject(balancer.name());
      one.set("algorithm", algorithm(balancer.balancer()));
      one.set("servers", new ServerViews(inventory, history, reading, balancer).all(withSparks));
    }
    return json;
  }
}
