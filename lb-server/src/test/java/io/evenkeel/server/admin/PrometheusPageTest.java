package io.evenkeel.server.admin;

import static io.evenkeel.server.admin.WatchedRig.STRANGE;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.BalancerStats;
import io.evenkeel.core.FailureKind;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.ServerStats;
import io.evenkeel.proxy.EndReason;
import io.evenkeel.proxy.ProxyStats;
import java.net.ConnectException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PrometheusPageTest {

  private WatchedRig rig;
  private PrometheusPage page;

  @BeforeEach
  void open() throws Exception {
    rig = new WatchedRig();
    page = new PrometheusPage(rig.inventory);
    rig.pass(ofSeconds(11));
    rig.clients(8, 1_000);
    rig.uses(5);
    try (var lease = rig.balancer.acquire()) {
      lease.failure(new ConnectException("refused"));
    }
    rig.inventory.events().reload("a test", false, "no such file");
    rig.inventory.events().reload("a test", true, "nothing");
  }

  @AfterEach
  void close() throws Exception {
    page.close();
    rig.close();
  }

  @Test
  void promtool_findsNothing() throws Exception {
    Promtool.assumeInstalled();
    String name = "of\ntwo lines, \"quoted\"\\";
    rig.inventory.put(Inventory.Balancer.of(name, rig.balancer));

    String text = page.scrape();
    Promtool.Answer answer = Promtool.run(Path.of("."), text, "check", "metrics");

    assertThat(Scrape.of(text).value("evenkeel_picks_total", "balancer", name)).isEqualTo(14);
    assertThat(answer.text()).isEmpty();
    assertThat(answer.status()).isZero();
  }

  @Test
  void promtool_wouldFindSomething() throws Exception {
    Promtool.assumeInstalled();

    String bad = "# TYPE a_counter counter\na_counter 1\n";
    Promtool.Answer answer = Promtool.run(Path.of("."), bad, "check", "metrics");

    assertThat(answer.status()).isNotZero();
  }

  @Test
  void aScrape_saysWhatStatsSay() {
    Scrape scrape = Scrape.of(page.scrape());
    ProxyStats proxy = rig.proxy.stats();
    BalancerStats balancer = rig.balancer.stats();

    String[] front = {"listener", "front", "balancer", "web"};
    assertThat(proxy.accepted()).isEqualTo(8);
    assertThat(scrape.value("evenkeel_connections_total", front)).isEqualTo(8);
    assertThat(scrape.value("evenkeel_active_connections", front)).isZero();
    assertThat(scrape.value("evenkeel_listener_up", front)).isEqualTo(1);
    assertThat(scrape.value("evenkeel_bytes_total", with(front, "direction", "in")))
        .isEqualTo((double) proxy.bytesFromClients())
        .isEqualTo(8_000);
    assertThat(scrape.value("evenkeel_bytes_total", with(front, "direction", "out")))
        .isEqualTo((double) proxy.bytesFromServers());
    for (EndReason reason : EndReason.values()) {
      String name = reason.name().toLowerCase(Locale.ROOT);
      double count = proxy.ended().get(reason);
      assertThat(scrape.value("evenkeel_connections_ended_total", with(front, "reason", name)))
          .isEqualTo(count);
      if (reason.isRefusal()) {
        assertThat(scrape.value("evenkeel_refused_total", with(front, "reason", name)))
            .isEqualTo(count);
      }
    }
    assertThat(scrape.value("evenkeel_connect_seconds_count", front)).isEqualTo(8);
    assertThat(scrape.value("evenkeel_connect_seconds_sum", front))
        .isEqualTo(proxy.connectTime().total().toNanos() / 1e9);
    assertThat(scrape.value("evenkeel_connect_seconds", with(front, "quantile", "0.95")))
        .isEqualTo(proxy.connectTime().p95().toNanos() / 1e9);
    assertThat(scrape.value("evenkeel_wait_seconds", with(front, "quantile", "0.5"))).isNaN();

    assertThat(scrape.value("evenkeel_picks_total", "balancer", "web"))
        .isEqualTo((double) balancer.picks())
        .isEqualTo(14);
    assertThat(scrape.value("evenkeel_failures_total", "balancer", "web", "kind", "connect"))
        .isEqualTo(1);
    assertThat(scrape.value("evenkeel_eligible_servers", "balancer", "web")).isEqualTo(2);
    assertThat(scrape.value("evenkeel_checks_total", "balancer", "web"))
        .isEqualTo((double) rig.monitor.stats().checks())
        .isGreaterThan(2);
    for (ServerStats server : balancer.servers()) {
      String[] of = {"balancer", "web", "server", server.server().id()};
      assertThat(scrape.value("evenkeel_server_picks_total", of))
          .isEqualTo((double) server.picks());
      assertThat(scrape.value("evenkeel_server_successes_total", of))
          .isEqualTo((double) server.successes());
      assertThat(scrape.value("evenkeel_server_weight", of))
          .isEqualTo((double) server.server().weight());
      assertThat(scrape.value("evenkeel_server_health", of)).isEqualTo(1);
      assertThat(scrape.value("evenkeel_server_failures_total", with(of, "kind", "connect")))
          .isEqualTo((double) server.failuresByKind().get(FailureKind.CONNECT));
      assertThat(scrape.value("evenkeel_server_circuit_state", with(of, "state", "closed")))
          .isEqualTo(1);
      ProxyStats.ServerTraffic traffic = proxy.servers().get(server.server().id());
      String[] here = with(of, "listener", "front");
      assertThat(scrape.value("evenkeel_server_connections_total", here))
          .isEqualTo((double) traffic.connected());
      assertThat(scrape.value("evenkeel_server_bytes_total", with(here, "direction", "out")))
          .isEqualTo((double) traffic.bytesFromServer());
      assertThat(scrape.value("evenkeel_server_connect_seconds_count", here))
          .isEqualTo((double) traffic.connectTime().count());
    }
    assertThat(scrape.value("evenkeel_config_reloads_total", "result", "failure")).isEqualTo(1);
    assertThat(scrape.value("evenkeel_config_last_reload_successful")).isEqualTo(1);
    assertThat(scrape.value("evenkeel_config_last_reload_success_timestamp_seconds"))
        .isEqualTo(rig.wallClock.millis() / 1e3);
    assertThat(scrape.value("evenkeel_build_info", "version", Views.version())).isEqualTo(1);
  }

  @Test
  void aServerThatIsDown_hasNoHealth() {
    rig.sick.add(STRANGE);
    rig.pass(ofSeconds(20));

    Scrape scrape = Scrape.of(page.scrape());

    String[] of = {"balancer", "web", "server", STRANGE};
    assertThat(scrape.value("evenkeel_server_health", of)).isZero();
    assertThat(scrape.value("evenkeel_server_eligible", of)).isZero();
    assertThat(scrape.value("evenkeel_server_blocked", with(of, "reason", "probe_down")))
        .isEqualTo(1);
    assertThat(scrape.value("evenkeel_server_health", "balancer", "web", "server", "plain"))
        .isEqualTo(1);
    assertThat(scrape.value("evenkeel_eligible_servers", "balancer", "web")).isEqualTo(1);
  }

  @Test
  void whatLeaves_leavesNoSeries_butTotalsStay() {
    assertThat(Scrape.of(page.scrape()).count("server", STRANGE)).isGreaterThan(30);

    rig.balancer.remove(STRANGE);
    while (rig.proxy.stats().servers().containsKey(STRANGE)) {
      Thread.onSpinWait(); // its loop hears of it soon
    }
    Scrape scrape = Scrape.of(page.scrape());
    assertThat(scrape.count("server", STRANGE)).isZero();
    assertThat(scrape.value("evenkeel_picks_total", "balancer", "web")).isEqualTo(14);
    assertThat(
            scrape.value(
                "evenkeel_bytes_total", "listener", "front", "balancer", "web", "direction", "in"))
        .isEqualTo(8_000);

    rig.balancer.add(rig.server(STRANGE));
    scrape = Scrape.of(page.scrape());
    assertThat(scrape.value("evenkeel_server_picks_total", "balancer", "web", "server", STRANGE))
        .isZero();

    rig.inventory.removeListener("front");
    assertThat(Scrape.of(page.scrape()).count("listener", "front")).isZero();
    rig.inventory.removeBalancer("web");
    assertThat(Scrape.of(page.scrape()).count("balancer", "web")).isZero();
  }

  @Test
  void aThousandServers_haveTheirSeries() {
    LoadBalancer large =
        LoadBalancer.builder()
            .servers(IntStream.range(0, 1_000).mapToObj(i -> rig.server("s" + i)).toList())
            .build();
    rig.inventory.put(Inventory.Balancer.of("large", large));

    Scrape scrape = Scrape.of(page.scrape());

    assertThat(scrape.value("evenkeel_servers", "balancer", "large")).isEqualTo(1_000);
    for (int i : List.of(0, 500, 999)) {
      assertThat(scrape.value("evenkeel_server_weight", "balancer", "large", "server", "s" + i))
          .isEqualTo(1);
    }
    large.close();
  }

  @Test
  void theJvm_isToldOf() {
    assertThat(Scrape.of(page.scrape()).names())
        .contains(
            "jvm_memory_used_bytes",
            "jvm_threads_live_threads",
            "process_uptime_seconds",
            "process_cpu_seconds_total",
            "process_files_open_files");
  }

  private static String[] with(String[] labels, String name, String value) {
    String[] more = Arrays.copyOf(labels, labels.length + 2);
    more[labels.length] = name;
    more[labels.length + 1] = value;
    return more;
  }
}
