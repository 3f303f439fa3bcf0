package io.evenkeel.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.Block;
import io.evenkeel.core.Lease;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Node;
import io.evenkeel.core.Server;
import io.evenkeel.server.admin.Inventory;
import io.evenkeel.server.config.Config;
import io.evenkeel.server.config.ConfigException;
import io.evenkeel.server.config.ConfigFile;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What happens between the preparation of a change and its commit, and when that is refused. */
class TransitionTest {

  private static final String LISTENERS =
      """
      listeners:
        api: {address: '127.0.0.1:0', balancer: api, max_connections: 7}
        web: {address: '127.0.0.1:0', balancer: web}
      """;

  private static final String BEFORE =
      LISTENERS
          + """
          balancers:
            api: {servers: ['127.0.0.1:1', '127.0.0.1:2', '127.0.0.1:3'], health: off}
            web: {servers: ['127.0.0.1:1', '127.0.0.1:2'], health: off, ejection: {consecutive_failures: 1, max_ejected_share: 0.5}}
          """;

  /** The selector of web has room for five servers. */
  private static final String NEXT =
      LISTENERS.replace("connections: 7", "connections: 8")
          + """
          balancers:
            api: {servers: ['127.0.0.1:2', '127.0.0.1:9'], selector: random, health: {interval: 1m}}
            web: {servers: ['127.0.0.1:1', '127.0.0.1:2'], selector: {name: maglev, table_size: 5}, health: off}
          """;

  private final Running running = new Running(null);
  private final Config before = config(BEFORE);
  private final Config next = config(NEXT);

  private static Config config(String yaml) {
    try {
      return ConfigFile.read(Path.of("evenkeel.yaml"), yaml);
    } catch (ConfigException e) {
      throw new AssertionError(e.getMessage(), e);
    }
  }

  @BeforeEach
  void start() throws Exception {
    running.change(Running.NOTHING, before);
  }

  @AfterEach
  void close() {
    running.close();
  }

  private LoadBalancer balancer(String name) {
    return running.balancer(name).balancer();
  }

  private List<String> ids(String balancer) {
    return balancer(balancer).nodes().stream().map(node -> node.server().id()).toList();
  }

  @Test
  void refusedAtTheCommit_nothingHasEverChanged() throws Exception {
    LoadBalancer api = balancer("api");
    api.acquire().close();
    api.drain("127.0.0.1:3");
    List<Node> nodes = api.nodes();
    Inventory inventory = running.inventory();
    List<Inventory.Balancer> shown = inventory.balancers();
    List<Object> events = new ArrayList<>();
    api.addListener(events::add);
    try (Transition transition = Transition.prepare(running, before, next)) {
      for (int port = 5; port < 9; port++) { // meanwhile, so that they do not fit
        balancer("web").add(Server.parse("127.0.0.1:" + port));
      }
      assertThatThrownBy(transition::commit)
          .isInstanceOf(ConfigException.class)
          .hasMessageContaining("table_size");
    }
    assertThat(api.nodes()).describedAs("the same nodes").isEqualTo(nodes);
    assertThat(nodes.stream().mapToLong(Node::picks).sum()).isEqualTo(1);
    assertThat(nodes.get(2).blocks()).containsExactly(Block.DRAINING);
    assertThat(events).isEmpty();
    assertThat(inventory.balancers()).isEqualTo(shown);
    assertThat(ids("web")).hasSize(6);
    // Who was begun has ended: its block is free.
    api.claim(Block.PROBE_DOWN).close();
    assertThatThrownBy(() -> balancer("web").claim(Block.EJECTED))
        .describedAs("who was there is there")
        .isInstanceOf(IllegalStateException.class);

    assertThat(balancer("web").remove("127.0.0.1:7")).isTrue();
    running.change(before, next);
    assertThat(ids("api")).containsExactly("127.0.0.1:2", "127.0.0.1:9");
    assertThat(ids("web")).hasSize(5);
    balancer("web").claim(Block.EJECTED).close();
  }

  /** What a guard has done by a limit is not undone by another that comes into force never. */
  @Test
  void refusedAtTheCommit_guardsHaveKeptTheirSettings() throws Exception {
    LoadBalancer web = balancer("web");
    for (int i = 0; i < 20 && web.eligibleCount() == 2; i++) {
      try (Lease lease = web.acquire()) {
        if (lease.server().id().equals("127.0.0.1:1")) {
          lease.failure(new IOException("broken"));
        }
      }
    }
    Waiting.until("it is ejected", () -> web.eligibleCount() == 1);
    Config stricter =
        config(
            BEFORE
                .replace("max_ejected_share: 0.5", "max_ejected_share: 0.1")
                .replace(
                    "health: off}\n  web",
                    "health: off, selector: {name: maglev, table_size: 5}}\n  web"));
    try (Transition transition = Transition.prepare(running, before, stricter)) {
      for (int port = 5; port < 9; port++) {
        balancer("api").add(Server.parse("127.0.0.1:" + port));
      }
      assertThatThrownBy(transition::commit).isInstanceOf(ConfigException.class);
    }
    assertThat(web.eligibleCount()).isEqualTo(1);
    for (int port = 5; port < 9; port++) {
      assertThat(balancer("api").remove("127.0.0.1:" + port)).isTrue();
    }
    running.change(before, stricter);
    Waiting.until("none may be out", () -> web.eligibleCount() == 2);
  }

  /** Its servers come by what was found when it was tried, not by those of before. */
  @Test
  void otherSource_withASelectorThatFitsOnlyWhatItFinds() throws Exception {
    try (NameServer names = new NameServer(3)) {
      Config many =
          config(
              BEFORE.replace(
                  "'127.0.0.1:3']", "'127.0.0.1:3', '127.0.0.1:4', '127.0.0.1:5', '127.0.0.1:6']"));
      running.change(before, many);
      Config found =
          config(
              LISTENERS
                  + "balancers:\n"
                  + "  api: {discovery: {dns: 'api.test:80', resolver: '"
                  + names.address()
                  + "'}, health: off, selector: {name: maglev, table_size: 5}}\n"
                  + "  web: {servers: ['127.0.0.1:1', '127.0.0.1:2'], health: off}\n");
      running.change(many, found);
      assertThat(balancer("api").nodes())
          .extracting(node -> node.server().host())
          .containsExactlyInAnyOrder("127.0.0.1", "127.0.0.2", "127.0.0.3");
      running.change(found, before);
      assertThat(ids("api")).hasSize(3);
    }
  }

  @Test
  void changedByTheApiMeanwhile_stays() throws Exception {
    try (Transition transition = Transition.prepare(running, before, next)) {
      assertThat(balancer("web").update(Server.parse("127.0.0.1:2,weight=5"))).isTrue();
      balancer("api").add(Server.parse("127.0.0.1:8"));
      assertThat(balancer("api").drain("127.0.0.1:2")).isTrue();
      transition.commit();
    }
    assertThat(ids("api")).containsExactly("127.0.0.1:2", "127.0.0.1:8", "127.0.0.1:9");
    assertThat(balancer("api").nodes().get(0).blocks()).containsExactly(Block.DRAINING);
    assertThat(balancer("web").nodes().get(1).server().weight()).isEqualTo(5);
  }

  @Test
  void notCommitted_nothingIsLeftOfIt() throws Exception {
    Config more =
        config(
            NEXT.replace(
                    "balancers:", "  more: {address: '127.0.0.1:0', balancer: more}\nbalancers:")
                + "  more: {servers: ['127.0.0.1:1']}\n");
    Transition.prepare(running, before, more).close();
    assertThat(running.listeners()).hasSize(2);
    assertThat(running.inventory().listeners()).hasSize(2);
    assertThat(running.inventory().balancers()).hasSize(2);
    running.change(before, more);
    assertThat(running.listeners()).hasSize(3);
  }

  /** A name server that says nothing makes a reload wait; the end of the program does not. */
  @Test
  void shutdown_doesNotWaitForAReloadThatWaits(@TempDir Path folder) throws Exception {
    try (DatagramSocket mute = new DatagramSocket(0, InetAddress.getByName("127.0.0.1"));
        Program program = Program.start(folder, BEFORE)) {
      program.write(
          LISTENERS,
          "balancers:",
          "  api: {servers: ['127.0.0.1:1']}",
          "  web: {discovery: {dns: 'web.test:80', resolver: '127.0.0.1:"
              + mute.getLocalPort()
              + "'}}");
      AtomicReference<Object> said = new AtomicReference<>();
      Thread reload =
          new Thread(
              () -> {
                try {
                  said.set(program.control().reload("test"));
                } catch (Exception e) {
                  said.set(e);
                }
              });
      reload.start();
      mute.receive(new DatagramPacket(new byte[512], 512));
      assertThat(program.control().json()).contains("\"max_connections\": 7");
      assertThat(program.control().drain()).hasSeconds(30);
      program.control().changed("web", "test");
      assertThat(program.control().running().shutdown(Duration.ZERO)).isZero();
      assertThat(said.get()).describedAs("it waits still").isNull();
      reload.interrupt();
      reload.join();
      assertThat(said.get()).isInstanceOf(ConfigException.class);
      assertThat(program.ids("web")).hasSize(2);
    }
  }
}
