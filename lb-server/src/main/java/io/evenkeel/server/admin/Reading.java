package io.evenkeel.server.admin;

import io.evenkeel.core.BalancerStats;
import io.evenkeel.core.Warning;
import io.evenkeel.health.CircuitStats;
import io.evenkeel.health.HealthStats;
import io.evenkeel.health.OutlierStats;
import io.evenkeel.health.ServerHealth;
import io.evenkeel.proxy.ProxyStats;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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

    String name() {
      return listener.name();
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

  /** The listeners that ask this balancer. */
  List<OfListener> listenersOf(String balancer) {
    return listeners.stream()
        .filter(listener -> listener.listener().balancer().equals(balancer))
        .toList();
  }
}
