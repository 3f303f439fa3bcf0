package io.evenkeel.server.admin;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.evenkeel.core.Block;
import io.evenkeel.core.Server;
import io.evenkeel.core.ServerStats;
import io.evenkeel.health.CircuitStats;
import io.evenkeel.health.OutlierStats;
import io.evenkeel.health.ServerHealth;
import io.evenkeel.proxy.ProxyStats.ServerTraffic;
import io.evenkeel.proxy.ProxyStats.Times;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The servers of one balancer in one look, as JSON. Not safe for use by several threads; made anew
 * for each answer.
 */
final class ServerViews {

  /** The blocks from the one that says most, with the state that each makes. */
  private static final Map<Block, String> STATES =
      Map.of(
          Block.MAINTENANCE, "maintenance",
          Block.DRAINING, "draining",
          Block.PROBE_DOWN, "down",
          Block.EJECTED, "ejected",
          Block.CIRCUIT_OPEN, "circuit_open");

  private static final List<Block> BY_WEIGHT =
      List.of(
          Block.MAINTENANCE, Block.DRAINING, Block.PROBE_DOWN, Block.EJECTED, Block.CIRCUIT_OPEN);

  private final Inventory inventory;
  private final History history;
  private final Reading reading;
  private final Reading.OfBalancer balancer;
  private final List<Reading.OfListener> listeners;

  ServerViews(Inventory inventory, History history, Reading reading, Reading.OfBalancer balancer) {
    this.inventory = inventory;
    this.history = history;
    this.reading = reading;
    this.balancer = balancer;
    this.listeners = reading.listenersOf(balancer.name());
  }

  /** All of them, in the order in which they were added. */
  ArrayNode all(boolean withSparks) {
    ArrayNode servers = Json.array();
    balancer.stats().servers().forEach(server -> servers.add(one(server, withSparks)));
    return servers;
  }

  @Nullable ServerStats find(String id) {
    return balancer.stats().servers().stream()
        .filter(server -> server.server().id().equals(id))
        .findFirst()
        .orElse(null);
  }

  ObjectNode one(ServerStats stats, boolean withSparks) {
    Server server = stats.server();
    ServerHealth health = balancer.checks().get(server.id());
    ObjectNode json =
        Json.object()
            .put("id", server.id())
            .put("host", server.host())
            .put("port", server.port())
            .put("weight", server.weight())
            .put("effective_weight", Json.round(stats.effectiveWeight()))
            .put("tier", server.tier())
            .put("zone", server.zone());
    ObjectNode metadata = json.putObject("metadata");
    server.metadata().forEach(metadata::put);
    json.put("max_concurrent", server.maxConcurrent() == 0 ? null : server.maxConcurrent());
    putState(json, stats, health);
    json.set("blocks", blocks(stats));
    json.put("in_flight", stats.inFlight())
        .put("limit", stats.maxConcurrent() == Integer.MAX_VALUE ? null : stats.maxConcurrent());
    putCounts(json, stats);
    json.set("check", health == null ? null : check(health));
    json.set("traffic", traffic(server.id()));
    History.Rates rates = history.rates(balancer.name(), server.id());
    json.putObject("rates")
        .put("connections", Json.round(rates.connections()))
        .put("bytes_in", Json.round(rates.bytesIn()))
        .put("bytes_out", Json.round(rates.bytesOut()))
        .put("failures", Json.round(rates.errors()));
    if (withSparks) {
      ArrayNode spark = json.putArray("spark");
      for (float point : history.spark(balancer.name(), server.id())) {
        spark.add(Json.round(point));
      }
    }
    return json;
  }

  /** Counts and latencies only. */
  ArrayNode metrics() {
    ArrayNode servers = Json.array();
    for (ServerStats stats : balancer.stats().servers()) {
      ObjectNode json = Json.object().put("id", stats.server().id());
      json.put("in_flight", stats.inFlight());
      putCounts(json, stats);
      ServerStats.Latencies latencies = stats.latencies();
      json.set(
          "latency_ms",
          latencies == null
              ? null
              : Percentiles.put(Json.object().put("count", latencies.count()), latencies));
      json.put("ewma_ms", stats.ewma() == null ? null : Json.millis(stats.ewma()));
      json.set("traffic", traffic(stats.server().id()));
      servers.add(json);
    }
    return servers;
  }

  private static void putCounts(ObjectNode json, ServerStats stats) {
    json.put("picks", stats.picks())
        .put("successes", stats.successes())
        .put("failures", stats.failures())
        .put("neutral", stats.neutral());
    json.set("failures_by_kind", Json.failures(stats.failuresByKind()));
  }

  private void putState(ObjectNode json, ServerStats stats, @Nullable ServerHealth health) {
    String state = null;
    Duration since = null;
    for (Block block : BY_WEIGHT) {
      ServerStats.BlockStats mark = stats.blocks().get(block);
      if (mark != null) {
        state = STATES.get(block);
        since = mark.age();
        break;
      }
    }
    if (since == null) {
      boolean unchecked =
          balancer.health() != null // a monitor hears of a new server a moment later
              && (health == null || health.status() == ServerHealth.Status.UNKNOWN);
      state = stats.server().weight() == 0 ? "weight_zero" : unchecked ? "unknown" : "up";
      since = sinceUnblocked(stats.server().id(), health);
    }
    json.put("state", state)
        .put("eligible", stats.eligible())
        .put("since_seconds", Json.seconds(since));
  }

  /** Since its last change that was heard of, and its check's; else as old as the balancer. */
  private Duration sinceUnblocked(String id, @Nullable ServerHealth health) {
    Duration since = balancer.stats().age();
    Long changed = inventory.events().changedNanos(balancer.name(), id);
    if (changed != null) {
      since = shorter(since, Duration.ofNanos(Math.max(0, reading.nanos() - changed)));
    }
    return health == null ? since : shorter(since, health.age());
  }

  private static Duration shorter(Duration a, Duration b) {
    return a.compareTo(b) < 0 ? a : b;
  }

  ArrayNode blocks(ServerStats stats) {
    ArrayNode blocks = Json.array();
    stats
        .blocks()
        .forEach(
            (block, mark) ->
                blocks.add(
                    Json.object()
                        .put("reason", block.name())
                        .put("cause", mark.cause())
                        .put("since_seconds", Json.seconds(mark.age()))
                        .put("time_left_seconds", timeLeft(block, stats.server().id()))));
    return blocks;
  }

  /** Null where nobody knows. */
  private @Nullable Double timeLeft(Block block, String id) {
    if (block == Block.EJECTED && balancer.outliers() != null) {
      OutlierStats.Standing standing = balancer.outliers().servers().get(id);
      return standing == null ? null : Json.seconds(standing.returnsIn());
    }
    if (block == Block.CIRCUIT_OPEN && balancer.circuits() != null) {
      CircuitStats circuit = balancer.circuits().get(id);
      return circuit == null ? null : Json.seconds(circuit.retryAfter());
    }
    return null;
  }

  private static ObjectNode check(ServerHealth health) {
    ObjectNode json =
        Json.object()
            .put("status", health.status().name())
            .put("since_seconds", Json.seconds(health.age()))
            .put("in_a_row", health.inARow());
    json.set("last", health.last().isEmpty() ? null : result(health.last().get(0)));
    return json;
  }

  /** Of one that came to nothing {@code ok} is null. */
  private static ObjectNode result(ServerHealth.Check check) {
    boolean none = check.result().isInconclusive();
    String cause = check.result().cause();
    return Json.object()
        .put("ok", none ? null : check.result().isSuccess())
        .put("text", cause == null ? "passed" : cause)
        .put("took_ms", Json.millis(check.took()))
        .put("age_seconds", Json.seconds(check.age()));
  }

  /** GET /servers/{id}/health. */
  ObjectNode health(ServerStats stats) {
    String id = stats.server().id();
    ObjectNode json = Json.object().put("id", id);
    putState(json, stats, balancer.checks().get(id));
    ServerHealth health = balancer.checks().get(id);
    if (health == null) {
      json.putNull("check");
    } else {
      ObjectNode check = check(health);
      check
          .put("weight_percent", health.weightPercent())
          .put("checks", health.checks())
          .put("failures", health.failures());
      ArrayNode results = check.putArray("results");
      health.last().forEach(result -> results.add(result(result)));
      json.set("check", check);
    }
    OutlierStats outliers = balancer.outliers();
    OutlierStats.Standing standing = outliers == null ? null : outliers.servers().get(id);
    json.set("ejection", standing == null ? null : ejection(standing));
    Map<String, CircuitStats> circuits = balancer.circuits();
    CircuitStats circuit = circuits == null ? null : circuits.get(id);
    json.set("circuit", circuit == null ? null : circuit(circuit));
    json.set("blocks", blocks(stats));
    return json;
  }

  private static ObjectNode ejection(OutlierStats.Standing standing) {
    return Json.object()
        .put("ejected", standing.ejected())
        .put("since_seconds", Json.seconds(standing.age()))
        .put("times", standing.times())
        .put("time_left_seconds", Json.seconds(standing.returnsIn()))
        .put("cause", standing.cause());
  }

  private static ObjectNode circuit(CircuitStats circuit) {
    return Json.object()
        .put("status", circuit.status().name())
        .put("since_seconds", Json.seconds(circuit.age()))
        .put("times_opened", circuit.timesOpened())
        .put("time_left_seconds", Json.seconds(circuit.retryAfter()))
        .put("free_trials", circuit.freeTrials())
        .put("cause", circuit.cause());
  }

  /** Added up over the balancer's listeners, times of the worst; null without a listener. */
  private @Nullable ObjectNode traffic(String id) {
    if (listeners.isEmpty()) {
      return null;
    }
    List<ServerTraffic> each = new ArrayList<>(listeners.size());
    int open = 0;
    long connections = 0;
    long failures = 0;
    long bytesIn = 0;
    long bytesOut = 0;
    for (Reading.OfListener listener : listeners) {
      ServerTraffic traffic = listener.stats().servers().get(id);
      if (traffic != null) {
        each.add(traffic);
        open += traffic.open();
        connections += traffic.connected();
        failures += traffic.connectFailures();
        bytesIn += traffic.bytesFromClients();
        bytesOut += traffic.bytesFromServer();
      }
    }
    ObjectNode json =
        Json.object()
            .put("open", open)
            .put("connections", connections)
            .put("connect_failures", failures)
            .put("bytes_in", bytesIn)
            .put("bytes_out", bytesOut);
    json.set("connect_ms", worst(each, ServerTraffic::connectTime));
    json.set("first_byte_ms", worst(each, ServerTraffic::firstByteTime));
    json.set("duration_ms", worst(each, ServerTraffic::duration));
    return json;
  }

  /** Empty if nothing was measured in the last minutes. */
  private static ObjectNode worst(List<ServerTraffic> each, Function<ServerTraffic, Times> which) {
    return Percentiles.put(Json.object(), each.stream().map(which).toList());
  }
}
