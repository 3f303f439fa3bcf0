package io.evenkeel.server.admin;

import static io.evenkeel.server.admin.Family.bytes;
import static io.evenkeel.server.admin.Family.counter;
import static io.evenkeel.server.admin.Family.gauge;
import static io.evenkeel.server.admin.Family.seconds;
import static io.evenkeel.server.admin.Family.times;

import io.evenkeel.core.BalancerStats;
import io.evenkeel.core.Block;
import io.evenkeel.core.FailureKind;
import io.evenkeel.core.ServerStats;
import io.evenkeel.health.CircuitBreaker;
import io.evenkeel.health.CircuitStats;
import io.evenkeel.health.HealthStats;
import io.evenkeel.health.OutlierStats;
import io.evenkeel.health.ServerHealth;
import io.evenkeel.proxy.EndReason;
import io.evenkeel.proxy.PauseReason;
import io.evenkeel.proxy.ProxyStats;
import java.time.Duration;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Goes through one reading and names every number in it: the one list of what metrics there are,
 * for whoever exports them. docs/metrics.md is its other half.
 */
final class MetricsWalk {

  /** Who takes the numbers. */
  interface Sink {

    /** One of a counter or a gauge. */
    void value(Family family, Series series, double value);

    /**
     * One of times.
     *
     * @param count how often; negative if nobody knows
     * @param totalSeconds all added up; of no meaning if nobody knows how often
     * @param quantiles in seconds, of the order of {@link Percentiles#SHARES}; NaN for none
     */
    void times(Family family, Series series, long count, double totalSeconds, double[] quantiles);
  }

  private static final Family BUILD =
      gauge("evenkeel_build_info", "Always 1; the version is a label.");
  private static final Family UPTIME = seconds("evenkeel_uptime", "Since the start.");
  private static final Family RELOADS =
      counter("evenkeel_config_reloads", "How often the configuration was read again, by result.");
  private static final Family RELOAD_OK =
      gauge(
          "evenkeel_config_last_reload_successful",
          "Whether the configuration that was read last is in force (1) or not (0).");
  private static final Family RELOAD_TIME =
      seconds(
          "evenkeel_config_last_reload_success_timestamp",
          "When a configuration was last read again and put in force, since 1970.");

  private static final Family ACTIVE =
      gauge("evenkeel_active_connections", "Clients that are connected now.");
  private static final Family CONNECTIONS =
      counter("evenkeel_connections", "Clients that were taken in.");
  private static final Family REFUSED =
      counter("evenkeel_refused", "Clients that were turned away, by reason.");
  private static final Family ENDED =
      counter(
          "evenkeel_connections_ended",
          "Clients that are connected no more, by how it ended; refusals, too.");
  private static final Family WAITING =
      gauge("evenkeel_waiting_connections", "Clients that wait for room on a server.");
  private static final Family WARM =
      counter("evenkeel_warm_connections", "Clients that got a connection made beforehand.");
  private static final Family BYTES =
      bytes("evenkeel_bytes", "Bytes from clients (in) and from servers (out).");
  private static final Family WAIT =
      times("evenkeel_wait", "How long clients waited for room on a server.");
  private static final Family CONNECT =
      times("evenkeel_connect", "How long connecting to a server took; 0 for a warm connection.");
  private static final Family FIRST_BYTE =
      times("evenkeel_first_byte", "From being connected to the server's first byte.");
  private static final Family DURATION =
      times("evenkeel_connection_duration", "How long clients were connected.");
  private static final Family LISTENING =
      gauge("evenkeel_listener_up", "Whether it listens (1), or drains or has stopped (0).");
  private static final Family PAUSED =
      gauge("evenkeel_accepting_paused", "Whether it takes nobody in just now (1), by reason.");

  private static final Family PICKS = counter("evenkeel_picks", "Uses of a server that began.");
  private static final Family SUCCESSES = counter("evenkeel_successes", "Uses that went well.");
  private static final Family FAILURES = counter("evenkeel_failures", "Uses that failed, by kind.");
  private static final Family NEUTRAL =
      counter("evenkeel_neutral", "Uses of which nobody said how they went.");
  private static final Family UNSERVED =
      counter("evenkeel_unserved_picks", "Picks for which no server was available.");
  private static final Family IN_FLIGHT = gauge("evenkeel_in_flight", "Uses that go on now.");
  private static final Family SERVERS = gauge("evenkeel_servers", "Servers that there are.");
  private static final Family ELIGIBLE =
      gauge("evenkeel_eligible_servers", "Servers that may be picked.");
  private static final Family PANIC =
      gauge("evenkeel_panic", "Whether so few servers are healthy that health is not asked (1).");
  private static final Family WARNINGS =
      gauge("evenkeel_warnings", "What is wrong with the configuration; the API has the texts.");
  private static final Family CHECKS = counter("evenkeel_checks", "Health checks that ended.");
  private static final Family CHECK_FAILURES =
      counter("evenkeel_check_failures", "Health checks that failed.");
  private static final Family CHECKS_INCONCLUSIVE =
      counter("evenkeel_checks_inconclusive", "Health checks that could not be made.");
  private static final Family CHECKS_IN_FLIGHT =
      gauge("evenkeel_checks_in_flight", "Health checks under way.");
  private static final Family CHECKS_WAITING =
      gauge("evenkeel_checks_waiting", "Health checks that are due and wait for others.");
  private static final Family EJECTIONS =
      counter("evenkeel_ejections", "How often a server was ejected.");
  private static final Family EJECTIONS_OVER_LIMIT =
      counter(
          "evenkeel_ejections_over_limit",
          "How often one was not, only because as many as may be were out.");
  private static final Family EJECTED = gauge("evenkeel_ejected_servers", "Servers ejected now.");
  private static final Family EJECTABLE =
      gauge("evenkeel_ejectable_servers", "How many servers may be ejected at a time.");

  private static final Family SERVER_HEALTH =
      gauge(
          "evenkeel_server_health",
          "Whether checks, ejection and circuit breaker let it be picked (1) or not (0).");
  private static final Family SERVER_ELIGIBLE =
      gauge("evenkeel_server_eligible", "Whether it may be picked (1), all told.");
  private static final Family SERVER_BLOCKED =
      gauge("evenkeel_server_blocked", "Whether it is blocked (1), by reason.");
  private static final Family SERVER_WEIGHT = gauge("evenkeel_server_weight", "As configured.");
  private static final Family SERVER_EFFECTIVE_WEIGHT =
      gauge("evenkeel_server_effective_weight", "By which it is picked now.");
  private static final Family SERVER_IN_FLIGHT =
      gauge("evenkeel_server_in_flight", "Uses of it that go on now.");
  private static final Family SERVER_LIMIT =
      gauge("evenkeel_server_in_flight_limit", "How many may at a time, where there is a limit.");
  private static final Family SERVER_PICKS =
      counter("evenkeel_server_picks", "Uses of it that began.");
  private static final Family SERVER_SUCCESSES =
      counter("evenkeel_server_successes", "Uses of it that went well.");
  private static final Family SERVER_FAILURES =
      counter("evenkeel_server_failures", "Uses of it that failed, by kind.");
  private static final Family SERVER_NEUTRAL =
      counter("evenkeel_server_neutral", "Uses of it of which nobody said how they went.");
  private static final Family SERVER_LATENCY =
      times("evenkeel_server_latency", "How long uses that went well took, where recorded.");
  private static final Family SERVER_EWMA =
      seconds("evenkeel_server_ewma", "The cost by which selectors that go by latency compare.");
  private static final Family SERVER_CHECKS =
      counter("evenkeel_server_checks", "Health checks of it that ended.");
  private static final Family SERVER_CHECK_FAILURES =
      counter("evenkeel_server_check_failures", "Health checks of it that failed.");
  private static final Family SERVER_LAST_CHECK =
      seconds("evenkeel_server_last_check_duration", "How long its last health check took.");
  private static final Family SERVER_CIRCUIT =
      gauge("evenkeel_server_circuit_state", "The state of its circuit breaker has a 1.");

  private static final Family SERVER_ACTIVE =
      gauge("evenkeel_server_active_connections", "Clients that were sent to it and are there.");
  private static final Family SERVER_CONNECTIONS =
      counter("evenkeel_server_connections", "Connections to it that clients were given.");
  private static final Family SERVER_WARM =
      counter("evenkeel_server_warm_connections", "Those of them that were made beforehand.");
  private static final Family SERVER_CONNECT_FAILURES =
      counter("evenkeel_server_connect_failures", "Connections to it that failed.");
  private static final Family SERVER_BYTES =
      bytes("evenkeel_server_bytes", "Bytes from its clients (in) and from it (out).");
  private static final Family SERVER_CONNECT =
      times("evenkeel_server_connect", "How long connecting to it took; 0 for a warm connection.");
  private static final Family SERVER_FIRST_BYTE =
      times("evenkeel_server_first_byte", "From being connected to its first byte.");
  private static final Family SERVER_DURATION =
      times("evenkeel_server_connection_duration", "How long its clients were connected.");

  private static final Set<Block> BY_HEALTH =
      EnumSet.of(Block.PROBE_DOWN, Block.EJECTED, Block.CIRCUIT_OPEN);

  private static final Map<Block, String> BLOCKS = names(Block.class);
  private static final Map<FailureKind, String> KINDS = names(FailureKind.class);
  private static final Map<EndReason, String> REASONS = names(EndReason.class);
  private static final Map<PauseReason, String> PAUSES = names(PauseReason.class);
  private static final Map<CircuitBreaker.Status, String> CIRCUITS =
      names(CircuitBreaker.Status.class);

  private final Inventory inventory;
  private final Reading reading;
  private final Sink sink;

  private MetricsWalk(Inventory inventory, Reading reading, Sink sink) {
    this.inventory = inventory;
    this.reading = reading;
    this.sink = sink;
  }

  /** Everything in a reading of this inventory, in no order that matters. */
  static void walk(Inventory inventory, Reading reading, Sink sink) {
    new MetricsWalk(inventory, reading, sink).walk();
  }

  private static <E extends Enum<E>> Map<E, String> names(Class<E> type) {
    Map<E, String> names = new EnumMap<>(type);
    for (E value : EnumSet.allOf(type)) {
      names.put(value, value.name().toLowerCase(Locale.ROOT));
    }
    return names;
  }

  private void walk() {
    program();
    reading.balancers().forEach(this::balancer);
    reading.listeners().forEach(this::listener);
  }

  private void put(Family family, Series series, double value) {
    sink.value(family, series, value);
  }

  private void put(Family family, Series series, long value) {
    sink.value(family, series, (double) value); // exact up to 9 million billion
  }

  private void put(Family family, Series series, boolean value) {
    sink.value(family, series, value ? 1 : 0);
  }

  private void program() {
    put(BUILD, Series.NONE.with("version", Views.version()), 1);
    put(UPTIME, Series.NONE, inventory.ageSeconds());
    EventLog.Reloads reloads = inventory.events().reloads();
    put(RELOADS, Series.NONE.with("result", "success"), reloads.successes());
    put(RELOADS, Series.NONE.with("result", "failure"), reloads.failures());
    put(RELOAD_OK, Series.NONE, !reloads.lastFailed());
    if (reloads.lastSuccess() != null) {
      put(RELOAD_TIME, Series.NONE, reloads.lastSuccess().toEpochMilli() / 1e3);
    }
  }

  private void listener(Reading.OfListener listener) {
    ProxyStats stats = listener.stats();
    Series series =
        Series.NONE
            .with("listener", listener.name())
            .with("balancer", listener.listener().balancer());
    put(LISTENING, series, listener.state().status().equals("listening"));
    PAUSES.forEach(
        (reason, name) ->
            put(PAUSED, series.with("reason", name), listener.state().paused().contains(reason)));
    put(ACTIVE, series, stats.open());
    put(CONNECTIONS, series, stats.accepted());
    stats
        .ended()
        .forEach(
            (reason, count) -> {
              Series of = series.with("reason", REASONS.getOrDefault(reason, ""));
              put(ENDED, of, count);
              if (reason.isRefusal()) {
                put(REFUSED, of, count);
              }
            });
    put(WAITING, series, stats.waiting());
    put(WARM, series, stats.warm());
    putBytes(BYTES, series, stats.bytesFromClients(), stats.bytesFromServers());
    putTimes(WAIT, series, stats.waitTime());
    putTimes(CONNECT, series, stats.connectTime());
    putTimes(FIRST_BYTE, series, stats.firstByteTime());
    putTimes(DURATION, series, stats.duration());
    stats.servers().forEach((id, server) -> traffic(series.with("server", id), server));
  }

  private void traffic(Series series, ProxyStats.ServerTraffic server) {
    put(SERVER_ACTIVE, series, server.open());
    put(SERVER_CONNECTIONS, series, server.connected());
    put(SERVER_WARM, series, server.warm());
    put(SERVER_CONNECT_FAILURES, series, server.connectFailures());
    putBytes(SERVER_BYTES, series, server.bytesFromClients(), server.bytesFromServer());
    putTimes(SERVER_CONNECT, series, server.connectTime());
    putTimes(SERVER_FIRST_BYTE, series, server.firstByteTime());
    putTimes(SERVER_DURATION, series, server.duration());
  }

  private void putBytes(Family family, Series series, long in, long out) {
    put(family, series.with("direction", "in"), in);
    put(family, series.with("direction", "out"), out);
  }

  private void putTimes(Family family, Series series, ProxyStats.Times times) {
    sink.times(
        family, series, times.count(), inSeconds(times.total()), Percentiles.inSeconds(times));
  }

  private static double inSeconds(Duration time) {
    return time.toNanos() / 1e9;
  }

  private void balancer(Reading.OfBalancer balancer) {
    BalancerStats stats = balancer.stats();
    Series series = Series.NONE.with("balancer", balancer.name());
    put(PICKS, series, stats.picks());
    put(SUCCESSES, series, stats.successes());
    putFailures(FAILURES, series, stats.failuresByKind());
    put(NEUTRAL, series, stats.neutral());
    put(UNSERVED, series, stats.refused());
    put(IN_FLIGHT, series, stats.inFlight());
    put(SERVERS, series, stats.servers().size());
    put(ELIGIBLE, series, stats.eligible());
    put(PANIC, series, stats.panicking());
    put(WARNINGS, series, balancer.warnings().size());
    HealthStats health = balancer.health();
    if (health != null) {
      put(CHECKS, series, health.checks());
      put(CHECK_FAILURES, series, health.failures());
      put(CHECKS_INCONCLUSIVE, series, health.inconclusive());
      put(CHECKS_IN_FLIGHT, series, health.inFlight());
      put(CHECKS_WAITING, series, health.waiting());
    }
    OutlierStats outliers = balancer.outliers();
    if (outliers != null) {
      put(EJECTIONS, series, outliers.ejections());
      put(EJECTIONS_OVER_LIMIT, series, outliers.overLimit());
      put(EJECTED, series, outliers.ejected());
      put(EJECTABLE, series, outliers.mayBeEjected());
    }
    for (ServerStats server : stats.servers()) {
      String id = server.server().id();
      Series of = series.with("server", id);
      server(of, server);
      check(of, balancer.checks().get(id));
      Map<String, CircuitStats> circuits = balancer.circuits();
      circuit(of, circuits == null ? null : circuits.get(id));
    }
  }

  private void putFailures(Family family, Series series, Map<FailureKind, Long> byKind) {
    byKind.forEach(
        (kind, count) -> put(family, series.with("kind", KINDS.getOrDefault(kind, "")), count));
  }

  private void server(Series series, ServerStats stats) {
    Set<Block> blocks = stats.blocks().keySet();
    put(SERVER_HEALTH, series, blocks.stream().noneMatch(BY_HEALTH::contains));
    put(SERVER_ELIGIBLE, series, stats.eligible());
    BLOCKS.forEach(
        (block, name) -> put(SERVER_BLOCKED, series.with("reason", name), blocks.contains(block)));
    put(SERVER_WEIGHT, series, stats.server().weight());
    put(SERVER_EFFECTIVE_WEIGHT, series, stats.effectiveWeight());
    put(SERVER_IN_FLIGHT, series, stats.inFlight());
    if (stats.maxConcurrent() != Integer.MAX_VALUE) {
      put(SERVER_LIMIT, series, stats.maxConcurrent());
    }
    put(SERVER_PICKS, series, stats.picks());
    put(SERVER_SUCCESSES, series, stats.successes());
    putFailures(SERVER_FAILURES, series, stats.failuresByKind());
    put(SERVER_NEUTRAL, series, stats.neutral());
    ServerStats.Latencies latencies = stats.latencies();
    if (latencies != null) {
      sink.times(SERVER_LATENCY, series, -1, 0, Percentiles.inSeconds(latencies));
    }
    if (stats.ewma() != null) {
      put(SERVER_EWMA, series, inSeconds(stats.ewma()));
    }
  }

  private void check(Series series, @Nullable ServerHealth health) {
    if (health != null) {
      put(SERVER_CHECKS, series, health.checks());
      put(SERVER_CHECK_FAILURES, series, health.failures());
      if (!health.last().isEmpty()) {
        put(SERVER_LAST_CHECK, series, inSeconds(health.last().get(0).took()));
      }
    }
  }

  private void circuit(Series series, @Nullable CircuitStats circuit) {
    if (circuit != null) {
      CIRCUITS.forEach(
          (status, name) ->
              put(SERVER_CIRCUIT, series.with("state", name), circuit.status() == status));
    }
  }
}
