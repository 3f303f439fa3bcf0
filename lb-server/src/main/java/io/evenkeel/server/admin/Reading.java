package io.evenkeel.server.admin;

import io.evenkeel.core.BalancerStats;
import io.evenkeel.core.FailureKind;
import io.evenkeel.core.ServerStats;
import io.evenkeel.core.Warning;
import io.evenkeel.health.CircuitStats;
import io.evenkeel.health.HealthStats;
import io.evenkeel.health.OutlierStats;
import io.evenkeel.health.ServerHealth;
import io.evenkeel.proxy.EndReason;
import io.evenkeel.proxy.ProxyStats;
import java.time.Instant;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One look at all that an inventory has, each balancer and each proxy asked once, so that whatever
 * is made of it agrees with itself. Immutable. O(servers); asks event loops, so it must not be
 * taken on one.
 *
 * @param nanos when, on the inventory's clock
 * @param time when, on the wall clock
 */
record Reading(long nanos, Instant time, List<OfBalancer> balancers, List<OfListener> listeners) {

  /**
   * A balancer and those that block its servers.
   *
   * @param health null without a monitor
   * @param checks by the servers' ids; those that the monitor knows
   * @param outliers null without a detector
   * @param circuits by the servers' ids; null without breakers
   */
  record OfBalancer(
      Inventory.Balancer balancer,
      BalancerStats stats,
      @Nullable HealthStats health,
      Map<String, ServerHealth> checks,
      @Nullable OutlierStats outliers,
      @Nullable Map<String, CircuitStats> circuits,
      List<Warning> warnings) {

    String name() {
      return balancer.name();
    }

    /** Uses that failed, unless the caller gave up, and those for which there was no server. */
    long errors() {
      return failures(stats.failuresByKind()) + stats.refused();
    }

    /** Uses that failed, unless the caller gave up. */
    static long failures(Map<FailureKind, Long> byKind) {
      long sum = 0;
      for (Map.Entry<FailureKind, Long> entry : byKind.entrySet()) {
        sum += entry.getKey() == FailureKind.CANCELLED ? 0 : entry.getValue();
      }
      return sum;
    }

    static OfBalancer of(Inventory.Balancer balancer) {
      HealthStats health = balancer.monitor() == null ? null : balancer.monitor().stats();
      Map<String, ServerHealth> checks = new HashMap<>();
      if (health != null) {
        health.servers().forEach(server -> checks.put(server.server().id(), server));
      }
      return new OfBalancer(
          balancer,
          balancer.balancer().stats(),
          health,
          checks,
          balancer.detector() == null ? null : balancer.detector().stats(),
          balancer.breakers() == null ? null : balancer.breakers().stats(),
          balancer.balancer().warnings());
    }
  }

  /** A listener. */
  record OfListener(Inventory.Listener listener, ProxyStats stats, EventLog.ListenerState state) {

    /** Ends that are the fault of servers, or ours. */
    private static final Set<EndReason> FAULTS =
        EnumSet.of(
            EndReason.SERVER_RESET,
            EndReason.SERVER_STOPPED_READING,
            EndReason.SERVER_DOWN,
            EndReason.INTERNAL_ERROR);

    static boolean isError(EndReason reason) {
      return reason.isRefusal() || FAULTS.contains(reason);
    }

    String name() {
      return listener.name();
    }

    /** Clients that were refused, or whose connection ended by the fault of a server or ours. */
    long errors() {
      long sum = 0;
      for (Map.Entry<EndReason, Long> entry : stats.ended().entrySet()) {
        sum += isError(entry.getKey()) ? entry.getValue() : 0;
      }
      return sum;
    }
  }

  /** Of everything. */
  static Reading of(Inventory inventory) {
    return of(inventory, inventory.balancers(), inventory.listeners());
  }

  /** Of one balancer and its listeners. */
  static Reading of(Inventory inventory, Inventory.Balancer balancer) {
    return of(
        inventory,
        List.of(balancer),
        inventory.listeners().stream()
            .filter(listener -> listener.balancer().equals(balancer.name()))
            .toList());
  }

  /** What of it is of the balancer of this name, and its listeners; all of it for null. */
  Reading only(@Nullable String balancer) {
    return balancer == null
        ? this
        : new Reading(
            nanos,
            time,
            balancers.stream().filter(one -> one.name().equals(balancer)).toList(),
            listenersOf(balancer));
  }

  private static Reading of(
      Inventory inventory, List<Inventory.Balancer> balancers, List<Inventory.Listener> listeners) {
    return new Reading(
        inventory.clock().nanoTime(),
        inventory.wallClock().instant(),
        balancers.stream().map(OfBalancer::of).toList(),
        listeners.stream()
            .map(
                listener ->
                    new OfListener(
                        listener,
                        listener.proxy().stats(),
                        inventory.events().listenerState(listener.name())))
            .toList());
  }

  /**
   * What there was in all: what listeners have seen, and, of balancers that no listener asks, their
   * uses.
   *
   * @param open connections now, or uses in flight
   * @param accepted connections ever, or uses
   * @param refused of them, or instead of them
   * @param waiting clients that wait for room on a server
   * @param errors see {@link OfListener#errors} and {@link OfBalancer#errors}
   * @param eligible servers that may be picked, of all balancers
   * @param servers how many there are
   */
  record Totals(
      long open,
      long accepted,
      long refused,
      long waiting,
      long bytesIn,
      long bytesOut,
      long errors,
      int eligible,
      int servers) {}

  Totals totals() {
    long open = 0;
    long accepted = 0;
    long refused = 0;
    long waiting = 0;
    long bytesIn = 0;
    long bytesOut = 0;
    long errors = 0;
    int eligible = 0;
    int servers = 0;
    for (OfListener listener : listeners) {
      ProxyStats stats = listener.stats;
      open += stats.open();
      accepted += stats.accepted();
      refused += stats.refused();
      waiting += stats.waiting();
      bytesIn += stats.bytesFromClients();
      bytesOut += stats.bytesFromServers();
      errors += listener.errors();
    }
    for (OfBalancer balancer : balancers) {
      eligible += balancer.stats.eligible();
      servers += balancer.stats.servers().size();
      if (listenersOf(balancer.name()).isEmpty()) {
        open += balancer.stats.inFlight();
        accepted += balancer.stats.picks();
        refused += balancer.stats.refused();
        errors += balancer.errors();
      }
    }
    return new Totals(
        open, accepted, refused, waiting, bytesIn, bytesOut, errors, eligible, servers);
  }

  /**
   * The slowest listener's 99th percentile of the time to the first byte, in milliseconds; where no
   * listener has one, the slowest server's of how long uses took; 0 without either.
   */
  double p99Millis() {
    long nanos = 0;
    for (OfListener listener : listeners) {
      nanos = Math.max(nanos, listener.stats.firstByteTime().p99().toNanos());
    }
    if (nanos == 0) {
      for (OfBalancer balancer : balancers) {
        for (ServerStats server : balancer.stats.servers()) {
          ServerStats.Latencies latencies = server.latencies();
          nanos = Math.max(nanos, latencies == null ? 0 : latencies.p99().toNanos());
        }
      }
    }
    return nanos / 1e6;
  }

  /** The listeners that ask this balancer. */
  List<OfListener> listenersOf(String balancer) {
    return listeners.stream()
        .filter(listener -> listener.listener().balancer().equals(balancer))
        .toList();
  }
}
