package io.evenkeel.server.admin;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * All that the balancers and proxies of an inventory count, as meters of a registry of
 * Micrometer's: for who has one. Safe for use by any thread.
 *
 * <pre>{@code
 * new EvenkeelMetrics(inventory).bindTo(registry);
 * }</pre>
 *
 * <p>docs/metrics.md lists them under the names that Prometheus shows. Times are a {@link
 * FunctionTimer} each, and beside it a gauge of the same name and {@code .percentile}, whose tag
 * {@code phi} is 0.5, 0.9, 0.95, 0.99 or 1, the longest.
 *
 * <p>Balancers and proxies are asked once a second at most, when a meter is read. That is also when
 * meters are made for what has come, and removed for what has left: they may come one scrape late.
 * What a server counted goes with it; what its balancer and its listener counted stays. A counter
 * that began anew, with a server that left and came back, is a new meter. O(servers); meters must
 * not be read on an event loop of a proxy.
 */
public final class EvenkeelMetrics implements MeterBinder, AutoCloseable {

  /** A scrape reads thousands of meters within this time. */
  private static final long FRESH_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final Inventory inventory;
  private final List<Binding> bindings = new CopyOnWriteArrayList<>();

  /** Of this inventory, whatever comes and goes in it. */
  public EvenkeelMetrics(Inventory inventory) {
    this.inventory = Objects.requireNonNull(inventory, "inventory");
  }

  /** Adds the meters to a registry; to several, if called several times. */
  @Override
  public void bindTo(MeterRegistry registry) {
    Binding binding = new Binding(registry);
    bindings.add(binding);
    binding.refresh();
  }

  /** Removes the meters from every registry. Idempotent. */
  @Override
  public void close() {
    bindings.forEach(Binding::close);
    bindings.clear();
  }

  /** The meters in one registry. */
  private final class Binding implements MetricsWalk.Sink {
    private final MeterRegistry registry;

    /** Whoever sets it may change what follows; who finds it set is content with what there is. */
    private final AtomicBoolean busy = new AtomicBoolean();

    private final Map<Key, Cell> cells = new HashMap<>();
    private long round;
    private boolean closed;
    private volatile long readNanos;

    Binding(MeterRegistry registry) {
      this.registry = registry;
    }

    /** Before a value is read. */
    void refreshIfOld() {
      if (inventory.clock().nanoTime() - readNanos > FRESH_NANOS) {
        refresh();
      }
    }

    /**
     * Reads, and makes and removes meters. A registry may read meters while it makes one: that
     * comes back here, and finds it busy.
     */
    void refresh() {
      if (!busy.compareAndSet(false, true)) {
        return;
      }
      try {
        if (!closed) {
          readNanos = inventory.clock().nanoTime(); // first: if it fails, not for every meter
          round++;
          MetricsWalk.walk(inventory, Reading.of(inventory), this);
          removeOld();
        }
      } finally {
        busy.set(false);
      }
    }

    void close() {
      while (!busy.compareAndSet(false, true)) {
        Thread.onSpinWait();
      }
      closed = true;
      round++;
      removeOld();
      busy.set(false);
    }

    private void removeOld() {
      for (Iterator<Cell> i = cells.values().iterator(); i.hasNext(); ) {
        Cell cell = i.next();
        if (cell.round != round) {
          cell.meters.forEach(registry::remove);
          i.remove();
        }
      }
    }

    @Override
    public void value(Family family, Series series, double value) {
      Key key = new Key(family, series);
      Cell cell = cells.get(key);
      boolean isCounter = family.kind() == Family.Kind.COUNTER;
      if (cell != null && isCounter && value < cell.value) {
        cell.meters.forEach(registry::remove);
        cell = null;
      }
      if (cell == null) {
        cell = new Cell(this, value, 0);
        cells.put(key, cell);
        cell.meters.add(isCounter ? counter(family, series, cell) : gauge(family, series, cell));
      }
      cell.value = value;
      cell.round = round;
    }

    @Override
    public void times(
        Family family, Series series, long count, double totalSeconds, double[] quantiles) {
      if (count >= 0) {
        Key key = new Key(family, series);
        Cell cell = cells.get(key);
        if (cell != null && count < cell.count) {
          cell.meters.forEach(registry::remove);
          cell = null;
        }
        if (cell == null) {
          cell = new Cell(this, totalSeconds, count);
          cells.put(key, cell);
          cell.meters.add(timer(family, series, cell));
        }
        cell.count = count;
        cell.value = totalSeconds;
        cell.round = round;
      }
      Family percentiles =
          new Family(family.name() + "_percentile", Family.Kind.GAUGE, "seconds", family.help());
      for (int i = 0; i < quantiles.length; i++) {
        value(percentiles, series.with("phi", phi(Percentiles.SHARES[i])), quantiles[i]);
      }
    }

    private static String phi(double quantile) {
      return quantile == 1 ? "1" : Double.toString(quantile);
    }

    private Meter counter(Family family, Series series, Cell cell) {
      return FunctionCounter.builder(family.meterName(), cell, Cell::fresh)
          .baseUnit(unit(family))
          .description(family.help())
          .tags(series.tags())
          .register(registry);
    }

    private Meter gauge(Family family, Series series, Cell cell) {
      if (family.unit().equals("seconds")) {
        return TimeGauge.builder(family.meterName(), cell, TimeUnit.SECONDS, Cell::fresh)
            .description(family.help())
            .tags(series.tags())
            .strongReference(true)
            .register(registry);
      }
      return Gauge.builder(family.meterName(), cell, Cell::fresh)
          .description(family.help())
          .tags(series.tags())
          .strongReference(true)
          .register(registry);
    }

    private Meter timer(Family family, Series series, Cell cell) {
      return FunctionTimer.builder(
              family.meterName(), cell, Cell::freshCount, Cell::fresh, TimeUnit.SECONDS)
          .description(family.help())
          .tags(series.tags())
          .register(registry);
    }

    private static @Nullable String unit(Family family) {
      return family.unit().isEmpty() ? null : family.unit();
    }
  }

  /** What a meter is found by. */
  private record Key(Family family, Series series) {}

  /** What a meter shows. */
  private static final class Cell {
    private final Binding binding;
    private final List<Meter> meters = new ArrayList<>(1);

    /** The last one in which it was there. By who has the binding's {@code busy}. */
    private long round;

    // Written by who has the binding's {@code busy}, read by anyone.
    private volatile double value;
    private volatile long count;

    Cell(Binding binding, double value, long count) {
      this.binding = binding;
      this.value = value;
      this.count = count;
    }

    double fresh() {
      binding.refreshIfOld();
      return value;
    }

    long freshCount() {
      binding.refreshIfOld();
      return count;
    }
  }
}
