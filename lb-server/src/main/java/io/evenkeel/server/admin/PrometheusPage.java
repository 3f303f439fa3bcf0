package io.evenkeel.server.admin;

/**
 * What Prometheus scrapes: all that {@link EvenkeelMetrics} has, and how the JVM and the process
 * fare. Safe for use by any thread but an event loop's.
 */
final class PrometheusPage implements AutoCloseable {

  static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

  private final Inventory inventory;

  PrometheusPage(Inventory inventory) {
    this.inventory = inventory;
  }

  /** The text of one scrape, in Prometheus' own format, {@link #CONTENT_TYPE}. */
  String scrape() {
    throw new UnsupportedOperationException(inventory.balancers().toString());
  }

  @Override
  public void close() {}
}
