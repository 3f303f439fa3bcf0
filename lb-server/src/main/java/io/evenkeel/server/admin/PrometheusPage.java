package io.evenkeel.server.admin;

import com.sun.management.OperatingSystemMXBean;
import io.evenkeel.server.admin.MetricsWalk.Sink;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.DataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Exemplars;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricMetadata;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.prometheus.metrics.model.snapshots.Quantile;
import io.prometheus.metrics.model.snapshots.Quantiles;
import io.prometheus.metrics.model.snapshots.SummarySnapshot;
import io.prometheus.metrics.model.snapshots.SummarySnapshot.SummaryDataPointSnapshot;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * What Prometheus scrapes: all that {@link MetricsWalk} names, and how the JVM and the process
 * fare, by Micrometer. Safe for use by any thread but an event loop's.
 *
 * <p>Micrometer is begun with the first scrape, not with the program: it is a fifth of the classes
 * that a start would load, and nobody may ever ask. So collections of garbage are counted from then
 * on.
 *
 * <p>Each scrape is one reading, and its series are exactly those of what there is at that moment:
 * see docs/decisions/030-metrics.md for why they are not meters.
 */
final class PrometheusPage implements AutoCloseable {

  static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

  private final Inventory inventory;

  /** How many of each status. */
  private final Map<Integer, LongAdder> answers = new ConcurrentSkipListMap<>();

  // Guarded by this object's lock.
  private @Nullable PrometheusMeterRegistry registry;
  private @Nullable JvmGcMetrics gc;
  private boolean closed;

  PrometheusPage(Inventory inventory) {
    this.inventory = inventory;
  }

  private synchronized PrometheusMeterRegistry registry() {
    if (closed) {
      throw new IllegalStateException("closed (expected: no more scrapes)");
    }
    if (registry == null) {
      registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
      gc = new JvmGcMetrics();
      begin(registry, gc);
    }
    return registry;
  }

  private void begin(PrometheusMeterRegistry registry, JvmGcMetrics gc) {
    // Those that promtool objects to: the first is below under its conventional name.
    registry
        .config()
        .meterFilter(MeterFilter.denyNameStartsWith("process.cpu.time"))
        .meterFilter(MeterFilter.denyNameStartsWith("system.cpu.count"));
    new JvmMemoryMetrics().bindTo(registry);
    gc.bindTo(registry);
    new JvmThreadMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
    new FileDescriptorMetrics().bindTo(registry);
    new UptimeMetrics().bindTo(registry);
    if (ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system) {
      FunctionCounter.builder("process.cpu", system, of -> of.getProcessCpuTime() / 1e9)
          .baseUnit("seconds")
          .description("CPU time that the process has used.")
          .register(registry);
    }
    MultiCollector collector = this::collect;
    registry.getPrometheusRegistry().register(collector);
  }

  /** The admin API has answered a request, with this status: it is counted by that. */
  void answered(int status) {
    answers.computeIfAbsent(status, first -> new LongAdder()).increment();
  }

  /** The text of one scrape, in Prometheus' own format, {@link #CONTENT_TYPE}. O(servers). */
  String scrape() {
    return registry().scrape();
  }

  /** Ends what listens to the garbage collector. Idempotent. */
  @Override
  public synchronized void close() {
    closed = true;
    if (gc != null && registry != null) {
      gc.close();
      registry.close();
    }
  }

  private MetricSnapshots collect() {
    Collected collected = new Collected();
    MetricsWalk.walk(inventory, Reading.of(inventory), collected);
    List<MetricSnapshot> all = collected.snapshots();
    List<CounterDataPointSnapshot> counts = new ArrayList<>();
    answers.forEach(
        (status, count) -> {
          Labels labels = Labels.of("status", status.toString());
          counts.add(new CounterDataPointSnapshot(count.sum(), labels, null, 0));
        });
    all.add(
        new CounterSnapshot(
            new MetricMetadata(
                "evenkeel_admin_requests",
                "Requests that the admin API has answered, by the answer's status."),
            counts));
    return new MetricSnapshots(all);
  }

  /** By families, in the order in which they come up. */
  private static final class Collected implements Sink {
    private final Map<Family, List<DataPointSnapshot>> points = new LinkedHashMap<>();

    private void add(Family family, DataPointSnapshot point) {
      points.computeIfAbsent(family, first -> new ArrayList<>()).add(point);
    }

    @Override
    public void value(Family family, Series series, double value) {
      add(
          family,
          family.kind() == Family.Kind.COUNTER
              ? new CounterDataPointSnapshot(value, series.labels(), null, 0)
              : new GaugeDataPointSnapshot(value, series.labels(), null));
    }

    @Override
    public void times(
        Family family, Series series, long count, double totalSeconds, double[] quantiles) {
      List<Quantile> values = new ArrayList<>();
      for (int i = 0; i < quantiles.length; i++) {
        values.add(new Quantile(Percentiles.SHARES[i], quantiles[i]));
      }
      add(
          family,
          new SummaryDataPointSnapshot(
              count,
              count < 0 ? Double.NaN : totalSeconds,
              Quantiles.of(values),
              series.labels(),
              Exemplars.EMPTY,
              0));
    }

    List<MetricSnapshot> snapshots() {
      List<MetricSnapshot> all = new ArrayList<>();
      points.forEach((family, of) -> all.add(snapshot(family, of)));
      return all;
    }

    private static MetricSnapshot snapshot(Family family, List<DataPointSnapshot> points) {
      MetricMetadata metadata = new MetricMetadata(family.fullName(), family.help());
      return switch (family.kind()) {
        case COUNTER -> new CounterSnapshot(metadata, only(points, CounterDataPointSnapshot.class));
        case GAUGE -> new GaugeSnapshot(metadata, only(points, GaugeDataPointSnapshot.class));
        case TIMES -> new SummarySnapshot(metadata, only(points, SummaryDataPointSnapshot.class));
      };
    }

    private static <T> List<T> only(List<DataPointSnapshot> points, Class<T> type) {
      return points.stream().map(type::cast).toList();
    }
  }
}
