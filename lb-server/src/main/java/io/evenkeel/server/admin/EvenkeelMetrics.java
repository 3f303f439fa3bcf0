package io.evenkeel.server.admin;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;

/** All that the balancers and proxies of an inventory count, as meters of a registry. */
public final class EvenkeelMetrics implements MeterBinder, AutoCloseable {

  private final Inventory inventory;

  /** Of this inventory, whatever comes and goes in it. */
  public EvenkeelMetrics(Inventory inventory) {
    this.inventory = inventory;
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    throw new UnsupportedOperationException(inventory.balancers().toString());
  }

  @Override
  public void close() {}
}
