package io.evenkeel.server.admin;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What the API answers to those who read, as JSON: see docs/admin.md for each. Every answer is made
 * of one look at the balancers and proxies, so that its numbers agree; O(servers). Safe for use by
 * any thread but an event loop's.
 */
final class Views {

  /**
   * Of an inventory.
   *
   * @param history for rates; someone else samples
   * @param draining whether the program is about to end
   */
  Views(Inventory inventory, History history, BooleanSupplier draining) {
    this.inventory = inventory;
    this.history = history;
    this.draining = draining;
  }

  private final Inventory inventory;
  private final History history;
  private final BooleanSupplier draining;

  /** GET /health; to be answered with 503 if its {@code status} is {@code down}. */
  ObjectNode health() {
    throw new UnsupportedOperationException(
        "" + history.latest() + draining.getAsBoolean() + inventory.balancers());
  }

  /** GET /balancers. */
  ObjectNode balancers() {
    throw new UnsupportedOperationException();
  }

  /** GET /servers. */
  ObjectNode servers(Inventory.Balancer balancer, boolean withSparks) {
    throw new UnsupportedOperationException();
  }

  /** GET /servers/{id}; null if it is not a member. */
  @Nullable ObjectNode server(Inventory.Balancer balancer, String id) {
    throw new UnsupportedOperationException();
  }

  /** GET /servers/{id}/health; null if it is not a member. */
  @Nullable ObjectNode serverHealth(Inventory.Balancer balancer, String id) {
    throw new UnsupportedOperationException();
  }

  /** GET /algorithm. */
  ObjectNode algorithm(Inventory.Balancer balancer) {
    throw new UnsupportedOperationException();
  }

  /** GET /algorithms. */
  ObjectNode algorithms() {
    throw new UnsupportedOperationException();
  }

  /** GET /metrics. */
  ObjectNode metrics() {
    throw new UnsupportedOperationException();
  }

  /** GET /metrics/servers. */
  ObjectNode serverMetrics(Inventory.Balancer balancer) {
    throw new UnsupportedOperationException();
  }

  /** GET /metrics/requests. */
  ObjectNode requestMetrics() {
    throw new UnsupportedOperationException();
  }

  /** GET /history. */
  ObjectNode history() {
    throw new UnsupportedOperationException();
  }

  /** GET /explain. */
  ObjectNode explain(Inventory.Balancer balancer, String key) {
    throw new UnsupportedOperationException();
  }

  /**
   * GET /keys.
   *
   * @param sample how many keys, 1 to 10,000; fewer are taken where there are many servers
   */
  ObjectNode keys(Inventory.Balancer balancer, int sample) {
    throw new UnsupportedOperationException();
  }

  /** GET /events, for those who do not want a stream of them. */
  ObjectNode events() {
    throw new UnsupportedOperationException();
  }

  /** The {@code data} of a {@code stats} event, of the history's last look. */
  ObjectNode stats(boolean withSparks) {
    throw new UnsupportedOperationException();
  }
}
