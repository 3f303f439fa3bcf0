package io.evenkeel.server.admin;

import static io.evenkeel.server.admin.WatchedRig.STRANGE;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.evenkeel.core.BalancerStats;
import io.evenkeel.core.Lease;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Query;
import io.evenkeel.core.Selectors;
import io.evenkeel.core.Server;
import io.evenkeel.health.CircuitBreakers;
import io.evenkeel.health.CircuitPolicy;
import io.evenkeel.health.OutlierDetector;
import io.evenkeel.health.OutlierPolicy;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ViewsTest {

  private WatchedRig rig;
  private History history;
  private Views views;
  private boolean draining;

  @BeforeEach
  void open() throws Exception {
    rig = new WatchedRig();
    history = new History(rig.inventory);
    views = new Views(rig.inventory, history, () -> draining);
    rig.pass(ofSeconds(11));
  }

  @AfterEach
  void close() throws Exception {
    rig.close();
  }

  private Reading now() {
    return Reading.of(rig.inventory);
  }

  private Inventory.Balancer web() {
    return Objects.requireNonNull(rig.inventory.balancer("web"));
  }

  private JsonNode server(String id) {
    JsonNode json = views.server(web(), id, false);
    assertThat(json).isNotNull();
    return json;
  }

  /** A balancer alone, of this many servers s0, s1, ... */
  private Inventory.Balancer alone(String name, int servers, String selector) {
    LoadBalancer balancer =
        LoadBalancer.builder()
            .servers(
                IntStream.range(0, servers)
                    .mapToObj(i -> Server.of("10.0.0." + i % 250, 80 + i).withId("s" + i))
                    .toList())
            .selector(Selectors.named(selector))
            .clock(rig.time)
            .scheduler(rig.time)
            .build();
    Inventory.Balancer all = Inventory.Balancer.of(name, balancer);
    rig.inventory.put(all);
    return all;
  }

  @Test
  void health_saysUp_thenDegraded_thenDown() {
    JsonNode up = views.health(now());
    assertThat(up.get("status").asText()).isEqualTo("up");
    assertThat(up.get("version").asText()).isNotEmpty();
    assertThat(up.get("uptime_seconds").asDouble()).isEqualTo(11);
    assertThat(up.get("draining").asBoolean()).isFalse();
    JsonNode web = up.get("balancers").get(0);
    assertThat(web.get("name").asText()).isEqualTo("web");
    assertThat(web.get("servers").asInt()).isEqualTo(2);
    assertThat(web.get("eligible").asInt()).isEqualTo(2);
    assertThat(web.get("panicking").asBoolean()).isFalse();
    assertThat(web.get("warnings").get(0).get("name").asText())
        .isEqualTo("few_servers_for_ejection");
    JsonNode front = up.get("listeners").get(0);
    assertThat(front.get("name").asText()).isEqualTo("front");
    assertThat(front.get("balancer").asText()).isEqualTo("web");
    assertThat(front.get("address").asText())
        .isEqualTo("127.0.0.1:" + rig.proxy.localAddress().getPort());
    assertThat(front.get("status").asText()).isEqualTo("listening");
    assertThat(front.get("paused")).isEmpty();
    assertThat(front.get("open").asInt()).isZero();

    rig.sick.add("plain");
    rig.pass(ofSeconds(20));
    assertThat(views.health(now()).get("status").asText()).isEqualTo("degraded");

    rig.sick.add(STRANGE);
    rig.pass(ofSeconds(20));
    draining = true;
    JsonNode down = views.health(now());
    assertThat(down.get("status").asText()).isEqualTo("down");
    assertThat(down.get("balancers").get(0).get("status").asText()).isEqualTo("down");
    assertThat(down.get("draining").asBoolean()).isTrue();
  }

  @Test
  void aServerThatDrains_degradesNothing_andAListenerThatStopped_saysSo() {
    rig.balancer.drain("plain");
    assertThat(views.health(now()).get("status").asText()).isEqualTo("up");

    int cut = rig.proxy.shutdown(ofSeconds(1));
    assertThat(cut).isZero();
    JsonNode front = views.health(now()).get("listeners").get(0);
    assertThat(front.get("status").asText()).isEqualTo("stopped");
  }

  @Test
  void aServer_hasAllOfTheContract() throws Exception {
    history.sample();
    rig.clients(8, 1_000);
    rig.pass(ofSeconds(2));
    history.sample();

    JsonNode json = views.servers(web(), true).get("servers").get(1);

    assertThat(json.fieldNames())
        .toIterable()
        .containsExactly(
            "id",
            "host",
            "port",
            "weight",
            "effective_weight",
            "tier",
            "zone",
            "metadata",
            "max_concurrent",
            "state",
            "eligible",
            "since_seconds",
            "blocks",
            "in_flight",
            "limit",
            "picks",
            "successes",
            "failures",
            "neutral",
            "failures_by_kind",
            "check",
            "traffic",
            "rates",
            "spark");
    assertThat(json.get("id").asText()).isEqualTo(STRANGE);
    assertThat(json.get("weight").asInt()).isEqualTo(3);
    assertThat(json.get("effective_weight").asDouble()).isEqualTo(3);
    assertThat(json.get("zone").isNull()).isTrue();
    assertThat(json.get("max_concurrent").isNull()).isTrue();
    assertThat(json.get("limit").isNull()).isTrue();
    assertThat(json.get("state").asText()).isEqualTo("up");
    assertThat(json.get("eligible").asBoolean()).isTrue();
    assertThat(json.get("picks").asInt()).isEqualTo(6);
    assertThat(json.get("check").get("status").asText()).isEqualTo("UP");
    assertThat(json.get("check").get("last").get("ok").asBoolean()).isTrue();
    assertThat(json.get("check").get("last").get("text").asText()).isEqualTo("passed");
    assertThat(json.get("since_seconds").asDouble())
        .isEqualTo(json.get("check").get("since_seconds").asDouble())
        .isBetween(8.0, 13.0);
    JsonNode traffic = json.get("traffic");
    assertThat(traffic.get("open").asInt()).isZero();
    assertThat(traffic.get("connections").asInt()).isEqualTo(6);
    assertThat(traffic.get("bytes_in").asInt()).isEqualTo(6_000);
    assertThat(traffic.get("bytes_out").asInt()).isEqualTo(6_000);
    assertThat(traffic.get("duration_ms").fieldNames())
        .toIterable()
        .containsExactly("p50", "p90", "p95", "p99", "max");
    assertThat(traffic.get("duration_ms").get("max").asDouble()).isPositive();
    assertThat(json.get("rates").get("connections").asDouble()).isEqualTo(3);
    assertThat(json.get("rates").get("bytes_out").asDouble()).isEqualTo(3_000);
    assertThat(json.get("spark")).hasSize(60);
    assertThat(views.servers(web(), false).get("servers").get(1).has("spark")).isFalse();
    assertThat(views.server(web(), "nobody", false)).isNull();
  }

  @Test
  void state_isTheFirstThatHolds_andSinceIsItsOwn() {
    assertThat(server("plain").get("state").asText()).isEqualTo("up");

    rig.sick.add("plain");
    rig.pass(ofSeconds(30));
    JsonNode down = server("plain");
    assertThat(down.get("state").asText()).isEqualTo("down");
    assertThat(down.get("eligible").asBoolean()).isFalse();
    assertThat(down.get("blocks").get(0).get("reason").asText()).isEqualTo("PROBE_DOWN");
    assertThat(down.get("blocks").get(0).get("cause").asText()).contains("connection refused");
    assertThat(down.get("blocks").get(0).get("time_left_seconds").isNull()).isTrue();
    assertThat(down.get("check").get("status").asText()).isEqualTo("DOWN");
    assertThat(down.get("check").get("last").get("ok").asBoolean()).isFalse();
    assertThat(down.get("check").get("last").get("text").asText()).isEqualTo("connection refused");

    rig.balancer.drain("plain");
    rig.pass(ofSeconds(1));
    assertThat(server("plain").get("state").asText()).isEqualTo("draining");
    assertThat(server("plain").get("since_seconds").asDouble()).isEqualTo(1);
    rig.balancer.maintain("plain");
    assertThat(server("plain").get("state").asText()).isEqualTo("maintenance");
    assertThat(server("plain").get("since_seconds").asDouble()).isZero();

    rig.sick.clear();
    rig.pass(ofSeconds(100));
    rig.balancer.resume("plain");
    rig.pass(ofSeconds(4));
    assertThat(server("plain").get("state").asText()).isEqualTo("up");
    assertThat(server("plain").get("since_seconds").asDouble()).isEqualTo(4);

    rig.balancer.update(rig.server("plain").withWeight(0));
    rig.pass(ofSeconds(1));
    assertThat(server("plain").get("state").asText()).isEqualTo("weight_zero");
    assertThat(server("plain").get("since_seconds").asDouble()).isEqualTo(1);

    rig.balancer.add(rig.server("new").withMaxConcurrent(7));
    JsonNode fresh = server("new");
    assertThat(fresh.get("state").asText()).isEqualTo("unknown");
    assertThat(fresh.get("max_concurrent").asInt()).isEqualTo(7);
    assertThat(fresh.get("limit").asInt()).isEqualTo(7);
    assertThat(fresh.get("since_seconds").asDouble()).isZero();
  }

  @Test
  void ejectedAndOpen_sayHowLong() {
    Inventory.Balancer pair = alone("pair", 2, "round_robin");
    OutlierDetector detector =
        OutlierDetector.builder(pair.balancer())
            .policy(OutlierPolicy.builder().consecutiveFailures(3).maxEjectedShare(0.5).build())
            .clock(rig.time)
            .scheduler(rig.time)
            .seed(1)
            .start();
    CircuitBreakers breakers =
        CircuitBreakers.builder(pair.balancer())
            .policy(CircuitPolicy.builder().consecutiveFailures(5).build())
            .clock(rig.time)
            .scheduler(rig.time)
            .seed(1)
            .start();
    Inventory.Balancer all =
        new Inventory.Balancer("pair", pair.balancer(), null, detector, breakers);
    rig.inventory.put(all);
    var leases = new ArrayList<Lease>();
    for (int i = 0; i < 10; i++) {
      leases.add(pair.balancer().acquire());
    }
    leases.stream()
        .filter(lease -> lease.server().id().equals("s0"))
        .forEach(lease -> lease.failure(new ConnectException("refused")));
    leases.forEach(Lease::close);
    rig.pass(ofSeconds(2));

    JsonNode json = Objects.requireNonNull(views.server(all, "s0", false));
    assertThat(json.get("failures_by_kind").get("CONNECT").asInt()).isEqualTo(5);
    assertThat(json.get("state").asText()).isEqualTo("ejected");
    assertThat(json.get("check").isNull()).isTrue();
    assertThat(json.get("traffic").isNull()).isTrue();
    JsonNode ejected = json.get("blocks").get(0);
    assertThat(ejected.get("reason").asText()).isEqualTo("EJECTED");
    assertThat(ejected.get("time_left_seconds").asDouble()).isBetween(20.0, 30.0);

    JsonNode health = Objects.requireNonNull(views.serverHealth(all, "s0"));
    assertThat(health.get("check").isNull()).isTrue();
    assertThat(health.get("ejection").get("ejected").asBoolean()).isTrue();
    assertThat(health.get("ejection").get("times").asInt()).isEqualTo(1);
    assertThat(health.get("circuit").get("status").asText()).isIn("CLOSED", "OPEN");
    assertThat(health.get("blocks")).isEqualTo(json.get("blocks"));
    assertThat(views.serverHealth(all, "nobody")).isNull();
    breakers.close();
    detector.close();
  }

  @Test
  void serverHealth_hasTheLastResults() {
    rig.sick.add("plain");
    rig.pass(ofSeconds(30));

    JsonNode json = Objects.requireNonNull(views.serverHealth(web(), "plain"));

    JsonNode check = json.get("check");
    assertThat(check.get("weight_percent").asInt()).isEqualTo(100);
    assertThat(check.get("checks").asInt()).isGreaterThan(3);
    assertThat(check.get("failures").asInt()).isGreaterThan(1);
    assertThat(check.get("results")).hasSizeBetween(3, 5);
    assertThat(check.get("results").get(0).fieldNames())
        .toIterable()
        .containsExactly("ok", "text", "took_ms", "age_seconds");
  }

  @Test
  void metrics_areStats_andTotalsTheirSums() throws Exception {
    rig.clients(4, 100);
    rig.uses(3);
    Inventory.Balancer alone = alone("alone", 2, "random");
    alone.balancer().acquire();

    JsonNode json = views.metrics(now(), null);

    BalancerStats stats = rig.balancer.stats();
    JsonNode web = json.get("balancers").get("web");
    assertThat(web.get("picks").asLong()).isEqualTo(stats.picks()).isEqualTo(7);
    assertThat(web.get("successes").asLong()).isEqualTo(stats.successes());
    assertThat(web.get("servers").asInt()).isEqualTo(2);
    assertThat(json.get("balancers").get("alone").get("in_flight").asInt()).isEqualTo(1);
    JsonNode front = json.get("listeners").get("front");
    assertThat(front.get("accepted").asInt()).isEqualTo(4);
    assertThat(front.get("ended").get("FINISHED").asInt()).isEqualTo(4);
    assertThat(front.get("bytes_in").asInt()).isEqualTo(400);
    assertThat(json.get("connections").get("accepted").asInt())
        .as("of the listener, and of the balancer without one")
        .isEqualTo(5);
    assertThat(json.get("connections").get("open").asInt()).isEqualTo(1);
    assertThat(json.get("bytes").get("out").asInt()).isEqualTo(400);
    assertThat(json.get("errors").get("total").asInt()).isZero();

    JsonNode requests = views.requestMetrics(now()).get("listeners").get("front");
    assertThat(requests.get("duration_ms").get("count").asInt()).isEqualTo(4);
    assertThat(requests.get("duration_ms").has("p99")).isTrue();
    assertThat(requests.get("wait_ms").has("p99")).isFalse();
    assertThat(requests.get("ended").get("FINISHED").asInt()).isEqualTo(4);

    JsonNode servers = views.serverMetrics(web());
    assertThat(servers.get("balancer").asText()).isEqualTo("web");
    assertThat(servers.get("servers")).hasSize(2);
    assertThat(servers.get("servers").get(1).get("latency_ms").get("count").asInt()).isPositive();
  }

  @Test
  void oneAnswer_isOfOneLook() throws Exception {
    ExecutorService traffic = Executors.newSingleThreadExecutor();
    try {
      Future<?> going =
          traffic.submit(
              () -> {
                while (!Thread.currentThread().isInterrupted()) {
                  rig.uses(10);
                }
              });
      for (int i = 0; i < 200; i++) {
        history.sample();
        JsonNode json = views.stats(null, false);
        JsonNode web = json.get("metrics").get("balancers").get("web");
        long picks = 0;
        for (JsonNode server : json.get("balancers").get("web").get("servers")) {
          picks += server.get("picks").asLong();
        }
        assertThat(picks).isEqualTo(web.get("picks").asLong());
      }
      going.cancel(true);
    } finally {
      traffic.shutdownNow();
      assertThat(traffic.awaitTermination(1, TimeUnit.MINUTES)).isTrue();
    }
  }

  @Test
  void stats_haveHealthMetricsAndServers() {
    history.sample();
    JsonNode json = views.stats(null, true);

    assertThat(json.get("time_unix").asDouble())
        .isEqualTo(rig.wallClock.millis() / 1e3, within(1e-3));
    assertThat(json.get("health").get("status").asText()).isEqualTo("up");
    assertThat(json.get("metrics").get("balancers").has("web")).isTrue();
    JsonNode web = json.get("balancers").get("web");
    assertThat(web.get("algorithm").get("name").asText()).isEqualTo("weighted_round_robin");
    assertThat(web.get("servers")).hasSize(2);
    assertThat(web.get("servers").get(0).get("spark")).hasSize(60);
    assertThat(
            views.stats(null, false).get("balancers").get("web").get("servers").get(0).has("spark"))
        .isFalse();
  }

  @Test
  void history_hasItsSeries() throws Exception {
    history.sample();
    rig.clients(5, 10);
    try (Socket open = rig.connect()) {
      assertThat(open.isConnected()).isTrue();
      while (rig.proxy.stats().open() == 0) {
        Thread.onSpinWait();
      }
      rig.pass(ofSeconds(5));
      history.sample();
    }

    JsonNode json = views.history();

    assertThat(json.get("step_seconds").asInt()).isEqualTo(5);
    assertThat(json.get("end_unix").asLong())
        .isEqualTo(WatchedRig.START.plusSeconds(16).getEpochSecond());
    assertThat(json.get("connections").get(0).asDouble()).isEqualTo(1.2);
    assertThat(json.get("bytes_in").get(0).asDouble()).isEqualTo(10);
    assertThat(json.get("open").get(0).asInt()).isEqualTo(1);
    assertThat(json.get("eligible").get(0).asInt()).isEqualTo(2);
    assertThat(json.get("p99_ms").get(0).asDouble()).isNotNegative();
    assertThat(json.get("errors")).hasSize(1);
    assertThat(json.get("bytes_out")).hasSize(1);
  }

  @Test
  void algorithms_allHaveASummary_andOptionsThatNamedTakes() {
    Map<String, String> values =
        Map.ofEntries(
            Map.entry("bounded", "0.25"),
            Map.entry("zone", "z"),
            Map.entry("subset", "0/2"),
            Map.entry("sticky_ttl", "10s"),
            Map.entry("sticky_max", "5"),
            Map.entry("placement", "envoy"),
            Map.entry("minimum_size", "64"),
            Map.entry("maximum_size", "128"),
            Map.entry("table_size", "251"));
    List<String> names = new ArrayList<>();
    for (JsonNode algorithm : views.algorithms().get("algorithms")) {
      String name = algorithm.get("name").asText();
      names.add(name);
      assertThat(algorithm.get("summary").asText()).isNotEmpty();
      Map<String, String> options = new HashMap<>();
      algorithm.get("options").forEach(o -> options.put(o.asText(), values.get(o.asText())));
      assertThat(Selectors.named(name, options)).isNotNull();
      Inventory.Balancer of = alone(name, 2, name);
      boolean explained = of.balancer().explain("a key").next() != null;
      if (algorithm.get("keyed").asBoolean()) {
        assertThat(explained).isTrue();
      }
      assertThat(views.algorithm(of).get("name").asText()).isEqualTo(name);
      assertThat(views.keys(of, 10).get("keyed")).isEqualTo(algorithm.get("keyed"));
    }
    assertThat(names).containsExactlyElementsOf(Selectors.names());
  }

  @Test
  void explain_saysWhoIsNext_andTakesAddressesAsTheListenerDoes() throws Exception {
    LoadBalancer hashing =
        LoadBalancer.builder()
            .servers(rig.server("a"), rig.server("b"), rig.server("c"))
            .selector(Selectors.maglev())
            .build();
    Inventory.Balancer byText = Inventory.Balancer.of("hashing", hashing);
    rig.inventory.put(byText);
    JsonNode json = views.explain(byText, "10.1.2.3");
    assertThat(json.get("taken_as").asText()).isEqualTo("text");
    assertThat(json.get("next").asText())
        .isEqualTo(Objects.requireNonNull(hashing.explain("10.1.2.3").next()).id());
    assertThat(json.get("servers")).hasSize(3);
    assertThat(json.get("servers").get(0).fieldNames())
        .toIterable()
        .containsExactly("id", "verdict", "reason");

    rig.inventory.put(new Inventory.Listener("second", rig.proxy, "hashing"));
    for (String address : List.of("10.1.2.3", "192.168.0.7", "::1", "2001:db8::5")) {
      byte[] bytes = InetAddress.getByName(address).getAddress();
      JsonNode asked = views.explain(byText, address);
      assertThat(asked.get("taken_as").asText()).isEqualTo("address");
      assertThat(asked.get("next").asText())
          .isEqualTo(Objects.requireNonNull(hashing.explain(Query.forKey(bytes)).next()).id());
    }
    for (String text : List.of("user-7", "example.org", "999.1.1.1", "1:2:3", "a:b", ":")) {
      assertThat(views.explain(byText, text).get("taken_as").asText()).isEqualTo("text");
    }
    assertThat(views.explain(web(), "k").get("next").isMissingNode()).isFalse();
  }

  @Test
  void keys_areSharedAsExpected_andABlockedServerGetsNone() {
    Inventory.Balancer ring = alone("ring", 4, "maglev");
    ring.balancer().drain("s3");

    JsonNode json = views.keys(ring, 2_000);

    assertThat(json.get("keyed").asBoolean()).isTrue();
    assertThat(json.get("sample").asInt()).isEqualTo(2_000);
    double sum = 0;
    for (JsonNode share : json.get("shares")) {
      boolean blocked = share.get("id").asText().equals("s3");
      assertThat(share.get("expected").asDouble()).isEqualTo(blocked ? 0 : 1 / 3.0);
      assertThat(share.get("share").asDouble()).isEqualTo(blocked ? 0 : 1 / 3.0, within(0.05));
      sum += share.get("share").asDouble();
    }
    assertThat(sum).isEqualTo(1, within(1e-9));
    assertThat(views.keys(web(), 10).get("keyed").asBoolean()).isFalse();
    assertThatThrownBy(() -> views.keys(ring, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("sample: 0 (expected: 1 to 10000)");
    assertThatThrownBy(() -> views.keys(ring, 10_001)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void manyServers_takeFewerKeys() {
    Inventory.Balancer large = alone("large", 1_000, "maglev");

    assertThat(views.keys(large, 10_000).get("sample").asInt()).isEqualTo(1_000);
    assertThat(views.servers(large, true).get("servers")).hasSize(1_000);
  }

  @Test
  void nothingAtAll_isShownToo() {
    Inventory empty = new Inventory();
    Views none = new Views(empty, new History(empty), () -> false);

    assertThat(none.health(Reading.of(empty)).get("status").asText()).isEqualTo("up");
    assertThat(none.balancers().get("balancers")).isEmpty();
    assertThat(none.metrics(Reading.of(empty), null).get("connections").get("open").asInt())
        .isZero();
    assertThat(none.history().get("open")).isEmpty();
    assertThat(none.events(0, entry -> true).get("events")).isEmpty();
    assertThat(none.stats(null, true).get("balancers")).isEmpty();
  }

  @Test
  void manyReadAtOnce_whileEverythingChanges() throws Exception {
    ExecutorService readers = Executors.newFixedThreadPool(3);
    try {
      List<Future<?>> all = new ArrayList<>();
      for (int r = 0; r < 3; r++) {
        all.add(
            readers.submit(
                () -> {
                  for (int i = 0; i < 100; i++) {
                    assertThat(views.health(now())).isNotNull();
                    assertThat(views.metrics(now(), null)).isNotNull();
                    assertThat(views.stats(null, true)).isNotNull();
                    assertThat(views.events(0, entry -> true)).isNotNull();
                    for (Inventory.Balancer balancer : rig.inventory.balancers()) {
                      assertThat(views.servers(balancer, true)).isNotNull();
                      assertThat(views.explain(balancer, "key")).isNotNull();
                    }
                  }
                }));
      }
      int round = 0;
      while (!all.stream().allMatch(Future::isDone)) {
        rig.balancer.add(rig.server("more" + round));
        alone("other" + round % 5, 3, "maglev");
        history.sample();
        rig.inventory.removeBalancer("other" + (round + 2) % 5);
        rig.balancer.remove("more" + round);
        round++;
      }
      for (Future<?> reader : all) {
        reader.get();
      }
    } finally {
      readers.shutdownNow();
    }
  }
}
