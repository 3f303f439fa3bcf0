package io.evenkeel.server.admin;

import static io.evenkeel.server.admin.WatchedRig.STRANGE;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MockClock;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.simple.SimpleConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class EvenkeelMetricsTest {

  private WatchedRig rig;
  private EvenkeelMetrics metrics;
  private final MeterRegistry registry =
      new SimpleMeterRegistry(SimpleConfig.DEFAULT, new MockClock());

  @BeforeEach
  void open() throws Exception {
    rig = new WatchedRig();
    rig.pass(ofSeconds(11));
    rig.clients(8, 1_000);
    metrics = new EvenkeelMetrics(rig.inventory);
    metrics.bindTo(registry);
  }

  @AfterEach
  void close() throws Exception {
    metrics.close();
    rig.close();
  }

  private double count(String name, String... tags) {
    return registry.get(name).tags(tags).functionCounter().count();
  }

  private double gauge(String name, String... tags) {
    return registry.get(name).tags(tags).gauge().value();
  }

  private long metersOf(String server) {
    return registry.getMeters().stream()
        .filter(meter -> server.equals(meter.getId().getTag("server")))
        .count();
  }

  @Test
  void meters_showWhatStatsSay() {
    assertThat(count("evenkeel.connections", "listener", "front", "balancer", "web")).isEqualTo(8);
    assertThat(count("evenkeel.bytes", "listener", "front", "direction", "in")).isEqualTo(8_000);
    assertThat(count("evenkeel.server.picks", "server", STRANGE)).isEqualTo(6);
    assertThat(gauge("evenkeel.server.weight", "server", STRANGE)).isEqualTo(3);
    assertThat(gauge("evenkeel.server.health", "server", "plain")).isEqualTo(1);
    FunctionTimer connect =
        registry.get("evenkeel.connect").tags("listener", "front").functionTimer();
    assertThat(connect.count()).isEqualTo(8);
    assertThat(connect.totalTime(TimeUnit.NANOSECONDS))
        .isEqualTo((double) rig.proxy.stats().connectTime().total().toNanos(), within(0.5));
    assertThat(
            registry
                .get("evenkeel.connection.duration.percentile")
                .tags("phi", "0.95")
                .timeGauge()
                .value(TimeUnit.NANOSECONDS))
        .isEqualTo((double) rig.proxy.stats().duration().p95().toNanos(), within(0.5));
    assertThat(
            registry
                .get("evenkeel.wait.percentile")
                .tags("phi", "0.5")
                .timeGauge()
                .value(TimeUnit.SECONDS))
        .isNaN();
  }

  @Test
  void balancersAreAsked_onceASecondAtMost() {
    FunctionCounter picks =
        registry.get("evenkeel.picks").tags("balancer", "web").functionCounter();
    rig.uses(10);
    rig.pass(ofMillis(999));
    assertThat(picks.count()).isEqualTo(8);
    rig.pass(ofMillis(2));
    assertThat(picks.count()).isEqualTo(18);
  }

  @Test
  void metersFollow_whatComesAndGoes() {
    assertThat(metersOf(STRANGE)).isGreaterThan(30);
    assertThat(metersOf("new")).isZero();

    rig.balancer.add(rig.server("new"));
    rig.balancer.remove(STRANGE);
    while (rig.proxy.stats().servers().containsKey(STRANGE)) {
      Thread.onSpinWait(); // its loop hears of it soon
    }
    rig.pass(ofSeconds(2));
    assertThat(count("evenkeel.picks", "balancer", "web")).isEqualTo(8);
    assertThat(metersOf(STRANGE)).isZero();
    assertThat(metersOf("new")).isGreaterThan(15);

    rig.inventory.removeListener("front");
    rig.inventory.removeBalancer("web");
    rig.pass(ofSeconds(2));
    assertThat(gauge("evenkeel.build.info")).isEqualTo(1);
    assertThat(registry.getMeters())
        .allSatisfy(meter -> assertThat(meter.getId().getTag("balancer")).isNull());

    metrics.close();
    assertThat(registry.getMeters()).isEmpty();
  }

  @Test
  void aCounterThatBeganAnew_isANewMeter() {
    FunctionCounter before =
        registry.get("evenkeel.server.picks").tags("server", STRANGE).functionCounter();
    assertThat(before.count()).isEqualTo(6);

    rig.balancer.remove(STRANGE);
    rig.balancer.add(rig.server(STRANGE));
    rig.uses(2); // one for each
    rig.pass(ofSeconds(2));
    assertThat(gauge("evenkeel.uptime")).isEqualTo(13);

    FunctionCounter after =
        registry.get("evenkeel.server.picks").tags("server", STRANGE).functionCounter();
    assertThat(after).isNotSameAs(before);
    assertThat(after.count()).isEqualTo(1);
  }

  @Test
  void namesAreThoseOfTheScrape_butForPercentiles() {
    PrometheusMeterRegistry prometheus = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    metrics.bindTo(prometheus);
    Set<String> meters = new TreeSet<>(Scrape.of(prometheus.scrape()).names());
    meters.removeIf(name -> name.contains("_percentile"));
    Set<String> page = new TreeSet<>();
    try (PrometheusPage other = new PrometheusPage(rig.inventory)) {
      Scrape scrape = Scrape.of(other.scrape());
      scrape.values().keySet().stream()
          .filter(sample -> sample.name().startsWith("evenkeel_"))
          .filter(sample -> !sample.labels().containsKey("quantile"))
          .forEach(sample -> page.add(sample.name()));
    }

    assertThat(meters).isEqualTo(page).hasSizeGreaterThan(50);
    prometheus.close();
  }

  @Test
  void promtool_findsNothingInMetersEither() throws Exception {
    Promtool.assumeInstalled();
    PrometheusMeterRegistry prometheus = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    metrics.bindTo(prometheus);

    Promtool.Answer answer = Promtool.run(Path.of("."), prometheus.scrape(), "check", "metrics");

    assertThat(answer.text()).isEmpty();
    prometheus.close();
  }

  @Test
  void filtersAndTagsOfTheRegistry_hold() {
    MeterRegistry own = new SimpleMeterRegistry();
    own.config()
        .commonTags("app", "shop")
        .meterFilter(MeterFilter.denyNameStartsWith("evenkeel.server"));
    metrics.bindTo(own);

    assertThat(own.getMeters()).isNotEmpty();
    assertThat(own.getMeters())
        .allSatisfy(
            meter -> {
              assertThat(meter.getId().getName()).doesNotStartWith("evenkeel.server.");
              assertThat(meter.getId().getTag("app")).isEqualTo("shop");
            });
  }

  /** A registry that reads each meter as soon as it is there, which comes back to what makes it. */
  @Test
  void whoReadsMetersWhileTheyAreMade_doesNoHarm() {
    MeterRegistry own = new SimpleMeterRegistry();
    List<Double> seen = new ArrayList<>();
    own.config()
        .onMeterAdded(
            meter -> {
              rig.pass(ofSeconds(2)); // what there is, is old
              meter.measure().forEach(value -> seen.add(value.getValue()));
            });
    metrics.bindTo(own);

    assertThat(seen).hasSizeGreaterThan(100);
  }

  @Test
  void manyThreads_readWhileServersComeAndGo() throws Exception {
    ExecutorService readers = Executors.newFixedThreadPool(3);
    List<Future<?>> all = new ArrayList<>();
    try {
      for (int r = 0; r < 3; r++) {
        all.add(
            readers.submit(
                () -> {
                  for (int i = 0; i < 30; i++) {
                    registry.getMeters().forEach(meter -> meter.measure().iterator().next());
                    registry.forEachMeter(
                        meter -> meter.measure().forEach(value -> assertThat(value).isNotNull()));
                  }
                }));
      }
      int round = 0;
      while (!all.stream().allMatch(Future::isDone)) {
        rig.balancer.add(rig.server("more" + round));
        rig.balancer.remove("more" + (round - 3));
        rig.pass(ofSeconds(1));
        round++;
      }
      for (Future<?> reader : all) {
        reader.get();
      }
    } finally {
      readers.shutdownNow();
    }
    rig.pass(ofSeconds(2));
    assertThat(registry.find("evenkeel.uptime").gauge()).isInstanceOf(Gauge.class);
    gauge("evenkeel.uptime");
    Set<String> servers = new TreeSet<>();
    registry
        .find("evenkeel.server.weight")
        .gauges()
        .forEach(gauge -> servers.add(gauge.getId().getTag("server")));
    Set<String> members = new TreeSet<>();
    rig.balancer.nodes().forEach(node -> members.add(node.server().id()));
    assertThat(servers).isEqualTo(members);
  }
}
