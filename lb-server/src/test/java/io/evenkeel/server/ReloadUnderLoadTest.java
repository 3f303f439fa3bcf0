package io.evenkeel.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A hundred reloads, each of another configuration, while clients come and go and others stay: none
 * is refused, none loses a byte, and what came before the first reload is there after the last.
 */
class ReloadUnderLoadTest {

  private static final int RELOADS = 100;
  private static final List<String> SELECTORS =
      List.of(
          "round_robin",
          "weighted_round_robin",
          "random",
          "weighted_random",
          "least_connections",
          "least_response_time",
          "peak_ewma",
          "power_of_two",
          "ip_hash",
          "ring_hash",
          "{name: ring_hash, placement: ketama, bounded: '0.5'}",
          "{name: maglev, table_size: 251}",
          "rendezvous",
          "{name: round_robin, sticky_ttl: 1m}");

  @TempDir private Path folder;

  /** Something of everything that can be changed, from the seed of this round. */
  private static String yaml(int round, List<TestServer> servers) {
    SplittableRandom random = new SplittableRandom(round);
    List<String> yaml = new ArrayList<>();
    yaml.add("listeners:");
    yaml.add("  web:");
    yaml.add("    address: '127.0.0.1:0'");
    yaml.add("    balancer: web");
    yaml.add("    event_loops: 2");
    yaml.add("    idle_timeout: " + (60 + random.nextInt(60)) + "s");
    yaml.add("    connect_timeout: " + (20 + random.nextInt(20)) + "s");
    yaml.add("    connect_deadline: 60s");
    yaml.add("    connect_attempts: " + (1 + random.nextInt(4)));
    yaml.add("    max_connections: " + (1_000 + random.nextInt(1_000)));
    yaml.add("    max_waiting: " + random.nextInt(100));
    yaml.add("    warm_connections: " + random.nextInt(3));
    yaml.add("    tcp_no_delay: " + random.nextBoolean());
    if (round % 2 == 1) {
      yaml.add("  extra: {address: '127.0.0.1:0', balancer: extra}");
    }
    yaml.add("balancers:");
    if (round % 2 == 1) {
      yaml.add("  extra: {servers: ['" + servers.get(round % 4).address() + "'], health: off}");
    }
    yaml.add("  web:");
    yaml.add("    selector: " + SELECTORS.get(round % SELECTORS.size()));
    yaml.add("    max_concurrent: " + (1_000 + random.nextInt(1_000)));
    yaml.add("    panic_threshold: " + random.nextInt(10) / 10.0);
    yaml.add("    slow_start: " + (random.nextBoolean() ? "off" : "{window: 2s}"));
    yaml.add("    ejection: " + (random.nextBoolean() ? "on" : "off"));
    yaml.add("    breaker: " + (random.nextBoolean() ? "on" : "off"));
    yaml.add(
        "    health: "
            + (random.nextBoolean()
                ? "off"
                : "{interval: " + (30 + random.nextInt(30)) + "s, timeout: 30s, fall: 9}"));
    yaml.add("    servers:");
    int first = random.nextInt(4);
    boolean byName = round % 3 == 2; // so that all of them are new, and their name is, too
    for (int i = 0; i < 4; i++) {
      if (i == first || random.nextBoolean()) {
        String address = servers.get(i).address();
        String server =
            (byName ? address.replace("127.0.0.1", "localhost") : address)
                + ",weight="
                + (1 + random.nextInt(5));
        yaml.add("      - '" + server + (random.nextInt(4) == 0 ? ",zone=z" : "") + "'");
      }
    }
    yaml.add("drain: 5m");
    return String.join("\n", yaml);
  }

  @Test
  void aHundredReloads_nobodyIsRefused_noByteIsLost_longOnesSurvive() throws Exception {
    try (TestServer a = new TestServer("a");
        TestServer b = new TestServer("b");
        TestServer c = new TestServer("c");
        TestServer d = new TestServer("d")) {
      List<TestServer> servers = List.of(a, b, c, d);
      List<Socket> extras = new ArrayList<>();
      try (Program program = Program.start(folder, yaml(0, servers));
          Load load = new Load()) {
        load.longConnections(6, program.address("web"));
        load.shortConnections(3, program.address("web"));
        load.awaitShortConnections(10);
        for (int round = 1; round <= RELOADS; round++) {
          assertThat(program.reload(yaml(round, servers))).isNotEmpty();
          if (round % 20 == 1) { // its listener leaves with the next reload
            Socket extra = TestServer.connect(program.address("extra"));
            assertThat(extra.getInputStream().read()).isPositive();
            extras.add(extra);
          }
          load.awaitShortConnections(5);
        }
        load.awaitExchanges(50);
        load.finish();
        assertThat(load.shortConnections()).isGreaterThanOrEqualTo(5L * RELOADS);
        assertThat(extras).hasSize(5);
        for (Socket extra : extras) {
          extra.getOutputStream().write('x');
          assertThat(extra.getInputStream().read()).isEqualTo('x');
          extra.close();
        }
        Running running = program.control().running();
        assertThat(running.listeners()).hasSize(1);
        assertThat(running.listeners().get(0).proxy().refusedClients()).isZero();
        Waiting.until("no relay is left", () -> running.openRelays() == 0);
        Waiting.until(
            "no listener is left of those before",
            () -> running.inventory().listeners().size() == 1);
      }
      Waiting.until(
          "no connection is left",
          () -> servers.stream().allMatch(server -> server.openConnections() == 0));
    }
  }
}
