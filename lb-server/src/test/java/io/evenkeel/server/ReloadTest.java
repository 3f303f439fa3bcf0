package io.evenkeel.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.Block;
import io.evenkeel.core.HostPort;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Node;
import io.evenkeel.core.Selectors;
import io.evenkeel.core.Server;
import io.evenkeel.server.admin.Inventory;
import io.evenkeel.server.config.ConfigException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a reload changes, what it leaves alone, and what refuses it. */
class ReloadTest {

  @TempDir private Path folder;

  private static String[] web(String... servers) {
    return yaml("round_robin", "", servers);
  }

  private static String[] yaml(String selector, String more, String... servers) {
    return new String[] {
      "listeners:",
      "  web: {address: '127.0.0.1:0'" + more + "}",
      "balancers:",
      "  web:",
      "    selector: " + selector,
      "    health: off",
      "    servers: [" + String.join(", ", List.of(servers)) + "]"
    };
  }

  private static String quoted(TestServer server, String more) {
    return "'" + server.address() + more + "'";
  }

  private static Node node(Program program, String id) {
    return program.balancer("web").nodes().stream()
        .filter(node -> node.server().id().equals(id))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void servers_aDiff_countersAndDrainsStay_soDoesWhatTheApiChanged() throws Exception {
    String a = "127.0.0.1:1";
    String b = "127.0.0.1:2";
    String c = "127.0.0.1:3";
    String d = "127.0.0.1:4";
    try (Program program = Program.start(folder, web(q(a), q(b), q(c)))) {
      LoadBalancer balancer = program.balancer("web");
      balancer.acquire().close();
      balancer.acquire().close();
      balancer.acquire().close();
      Node before = node(program, a);
      assertThat(before.picks()).isEqualTo(1);
      assertThat(balancer.drain(a)).isTrue();
      assertThat(balancer.update(Server.parse(b + ",weight=5"))).isTrue();
      balancer.add(Server.parse("127.0.0.1:9"));
      List<String> changes = program.reload(web(q(a), q(b), q(d)));
      assertThat(changes)
          .containsExactly(
              "balancer web: server 127.0.0.1:4: added",
              "balancer web: server 127.0.0.1:3: removed");
      assertThat(program.balancer("web")).isSameAs(balancer);
      assertThat(program.ids("web")).containsExactlyInAnyOrder(a, b, d, "127.0.0.1:9");
      assertThat(node(program, a)).isSameAs(before);
      assertThat(before.picks()).isEqualTo(1);
      assertThat(before.blocks()).containsExactly(Block.DRAINING);
      assertThat(node(program, b).server().weight()).isEqualTo(5);
      assertThat(program.reload(web(q(a), q(b + ",weight=2"), q(d)))).hasSize(1);
      assertThat(node(program, b).server().weight()).isEqualTo(2);
    }
  }

  private static String q(String text) {
    return "'" + text + "'";
  }

  @Test
  void selector_isReplaced_whereTheFileSaysAnotherOne_elseTheApisStays() throws Exception {
    try (Program program = Program.start(folder, web("'127.0.0.1:1'", "'127.0.0.1:2'"))) {
      LoadBalancer balancer = program.balancer("web");
      assertThat(balancer.change().selector(Selectors.random()).apply()).isTrue();
      assertThat(program.reload(web("'127.0.0.1:1'"))).hasSize(1);
      assertThat(selector(balancer)).isEqualTo("random");
      assertThat(program.reload(yaml("{name: maglev, table_size: 251}", "", "'127.0.0.1:1'")))
          .containsExactly("balancer web: selector is maglev {table_size=251}, was round_robin");
      assertThat(selector(balancer)).isEqualTo("maglev");
    }
  }

  private static String selector(LoadBalancer balancer) {
    return Selectors.describe(balancer.settings().selector()).name();
  }

  @Test
  void guards_beginChangeAndEnd() throws Exception {
    String[] yaml = web("'127.0.0.1:1'");
    try (Program program = Program.start(folder, yaml)) {
      Inventory inventory = program.control().running().inventory();
      assertThat(Objects.requireNonNull(inventory.balancer("web")).monitor()).isNull();
      yaml[5] = "    health: {interval: 1h}";
      List<String> more = new ArrayList<>(List.of(yaml));
      more.add("    ejection: on");
      more.add("    breaker: on");
      assertThat(program.reload(more.toArray(String[]::new))).hasSize(3);
      Inventory.Balancer guarded = Objects.requireNonNull(inventory.balancer("web"));
      assertThat(guarded.monitor()).isNotNull();
      assertThat(guarded.detector()).isNotNull();
      assertThat(guarded.breakers()).isNotNull();
      more.set(5, "    health: {interval: 2h}");
      assertThat(program.reload(more.toArray(String[]::new))).hasSize(1);
      assertThat(Objects.requireNonNull(inventory.balancer("web")).monitor())
          .isSameAs(guarded.monitor());
      assertThat(program.reload(web("'127.0.0.1:1'"))).hasSize(3);
      assertThat(inventory.balancer("web"))
          .isEqualTo(Inventory.Balancer.of("web", program.balancer("web")));
    }
  }

  @Test
  void removedListener_acceptsNoMore_itsRelaysFinish_thenItsBalancerIsGone() throws Exception {
    try (TestServer a = new TestServer("a");
        TestServer b = new TestServer("b");
        Program program = Program.start(folder, two(quoted(a, ""), quoted(b, "")))) {
      HostPort api = program.address("api");
      LoadBalancer left = program.balancer("api");
      try (Socket relay = TestServer.connect(api);
          Socket other = TestServer.connect(program.address("web"))) {
        assertThat(TestServer.greeting(relay.getInputStream())).isEqualTo("b");
        assertThat(TestServer.greeting(other.getInputStream())).isEqualTo("a");
        assertThat(program.reload(web(quoted(a, ""))))
            .containsExactly("balancer api: removed", "listener api: removed");
        Waiting.until("it is refused", () -> isRefused(api));
        relay.getOutputStream().write('x');
        assertThat(relay.getInputStream().read()).isEqualTo('x');
        assertThat(program.control().running().openRelays()).isEqualTo(2);
        relay.shutdownOutput();
        assertThat(relay.getInputStream().read()).isEqualTo(-1);
        Inventory inventory = program.control().running().inventory();
        Waiting.until("it is forgotten", () -> inventory.balancer("api") == null);
        assertThat(inventory.listeners()).hasSize(1);
        assertThat(left.nodes().get(0).inFlight()).isZero();
        other.getOutputStream().write('y');
        assertThat(other.getInputStream().read()).isEqualTo('y');
      }
    }
  }

  private static String[] two(String web, String api) {
    return new String[] {
      "listeners:",
      "  web: {address: '127.0.0.1:0', balancer: web}",
      "  api: {address: '127.0.0.1:0', balancer: api}",
      "balancers:",
      "  web: {health: off, servers: [" + web + "]}",
      "  api: {health: off, servers: [" + api + "]}"
    };
  }

  private static boolean isRefused(HostPort address) throws IOException {
    try (Socket socket = new Socket(address.host(), address.port())) {
      return false;
    } catch (ConnectException e) {
      return true;
    }
  }

  @Test
  void listenerOfAnotherAddress_theOldOneDrains() throws Exception {
    try (TestServer a = new TestServer("a");
        Program program = Program.start(folder, web(quoted(a, "")))) {
      HostPort before = program.address("web");
      try (Socket relay = TestServer.connect(before)) {
        assertThat(TestServer.greeting(relay.getInputStream())).isEqualTo("a");
        String[] yaml = web(quoted(a, ""));
        yaml[1] = "  web: {address: '" + TestServer.freeAddress() + "'}";
        assertThat(program.reload(yaml)).singleElement().asString().contains("address is");
        assertThat(program.address("web")).isNotEqualTo(before);
        Waiting.until("the old one is refused", () -> isRefused(before));
        try (Socket fresh = TestServer.connect(program.address("web"))) {
          assertThat(TestServer.greeting(fresh.getInputStream())).isEqualTo("a");
        }
        relay.getOutputStream().write('x');
        assertThat(relay.getInputStream().read()).isEqualTo('x');
      }
    }
  }

  @Test
  void relayThatOutlivesTheDrainOfItsListener_isCut() throws Exception {
    try (TestServer a = new TestServer("a");
        Program program = Program.start(folder, two(quoted(a, ""), quoted(a, "")));
        Socket relay = TestServer.connect(program.address("api"))) {
      assertThat(TestServer.greeting(relay.getInputStream())).isEqualTo("a");
      List<String> yaml = new ArrayList<>(List.of(web(quoted(a, ""))));
      yaml.add("drain: 0s");
      List<String> unused = program.reload(yaml.toArray(String[]::new));
      assertThatThrownBy(() -> assertThat(relay.getInputStream().read()).isNotEqualTo(-1))
          .isInstanceOf(IOException.class);
    }
  }

  @Test
  void shutdown_doesNotWaitForALongerDrainOfBefore() throws Exception {
    try (TestServer a = new TestServer("a");
        Program program = Program.start(folder, two(quoted(a, ""), quoted(a, "")));
        Socket relay = TestServer.connect(program.address("api"))) {
      assertThat(TestServer.greeting(relay.getInputStream())).isEqualTo("a");
      List<String> yaml = new ArrayList<>(List.of(web(quoted(a, ""))));
      yaml.add("drain: 1h");
      List<String> unused = program.reload(yaml.toArray(String[]::new));
      assertThat(program.control().running().shutdown(Duration.ofMillis(100))).isEqualTo(1);
      assertThat(program.control().running().isEnding()).isTrue();
      assertThatThrownBy(() -> program.reload(web(quoted(a, ""))))
          .isInstanceOf(ConfigException.class)
          .hasMessageContaining("about to end");
    }
  }

  /** Everything about the program that a refused reload must leave as it is. */
  private static String state(Program program) {
    StringBuilder state = new StringBuilder();
    Inventory inventory = program.control().running().inventory();
    inventory.balancers().forEach(one -> state.append(one).append(one.balancer().settings()));
    program.balancer("web").nodes().forEach(node -> state.append(node.server()).append(node));
    inventory.listeners().forEach(state::append);
    return state.append(program.control().json()).toString();
  }

  @ParameterizedTest(name = "{index}: {1}")
  @CsvSource(
      delimiter = '|',
      value = {
        "not yaml at all: [ | line 2, column 1",
        "'' | nothing (expected: a configuration)",
        "listeners: {web: {address: '127.0.0.1:0'}} | balancers",
        "GOOD;selectr: random | selectr",
        "GOOD;drain: soon | drain",
        "WEB;  web: {servers: []} | servers",
        "WEB;  web: {servers: ['127.0.0.1:1', '127.0.0.1:1']} | 127.0.0.1:1",
        "WEB;  web: {servers: ['no.such.host.invalid:1']} | balancers.web.servers[0].host: host",
        "WEB;  web: {servers: ['127.0.0.1:1'], selector: fastest} | fastest",
        "WEB;  web: {servers: [S], selector: {name: maglev, table_size: 5}} | balancers.web.selector: ",
        "WEB;  web: {discovery: {file: /no/such/file}} | balancers.web.discovery: file '/no/such/file'",
        "WEB;  web: {servers: ['127.0.0.1:1']};  api: {discovery: {file: /no/such/file}}"
            + " | balancers.api.discovery: file '/no/such/file'",
        "listeners: {web: {address: '127.0.0.1:0', event_loops: 9}};BALANCERS"
            + " | listeners.web.event_loops: takes a restart to change (expected: not given)",
        "listeners: {web: {address: '127.0.0.1:0', reuse_port: true}};BALANCERS"
            + " | listeners.web.reuse_port: takes a restart to change (expected: false)",
        "listeners: {web: {address: '127.0.0.1:0', balancer: api}};BALANCERS;"
            + "  api: {servers: ['127.0.0.1:9']} | listeners.web.balancer: takes a restart",
        "listeners: {web: {address: '127.0.0.1:0'}, api: {address: 'TAKEN'}};BALANCERS"
            + " | listeners.api.address: 'TAKEN': ",
        "listeners: {web: {address: '127.0.0.1:0'}, api: {address: 'no.such.host.invalid:1'}};BALANCERS"
            + " | listeners.api.address: host 'no.such.host.invalid' does not resolve",
        "listeners: {web: {address: '127.0.0.1:0', source_addresses: ['192.0.2.1']}};BALANCERS"
            + " | listeners.web",
        "GOOD;admin: {address: 'TAKEN'} | admin.address: 'TAKEN': ",
        "GOOD;admin: {address: '0.0.0.0:0'} | admin",
      })
  void bad_leavesAllAsItWas_andSaysWhy(String bad, String why) throws Exception {
    String good = Program.text(web("'127.0.0.1:1'", "'127.0.0.1:2'"));
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"));
        Program program = Program.start(folder, good)) {
      program.balancer("web").acquire().close();
      String before = state(program);
      String address = "127.0.0.1:" + taken.getLocalPort();
      StringBuilder many = new StringBuilder("'127.0.0.1:1'");
      for (int port = 2; port < 10; port++) {
        many.append(", '127.0.0.1:").append(port).append("'");
      }
      String yaml =
          bad.replace("GOOD", good)
              .replace(
                  "WEB", "listeners: {web: {address: '127.0.0.1:0', balancer: web}};balancers:")
              .replace("BALANCERS", "balancers:;  web: {servers: ['127.0.0.1:3'], health: off}")
              .replace("TAKEN", address)
              .replace("[S]", "[" + many + "]")
              .replace(";", "\n");
      assertThatThrownBy(() -> program.reload(yaml))
          .isInstanceOf(ConfigException.class)
          .hasMessageContaining(why.replace("TAKEN", address));
      assertThat(state(program)).isEqualTo(before);
      assertThat(program.reload(web("'127.0.0.1:1'", "'127.0.0.1:2'"))).isEmpty();
      assertThat(state(program)).isEqualTo(before);
    }
  }

  @Test
  void fileThatIsGone_changesNothing() throws Exception {
    try (Program program = Program.start(folder, web("'127.0.0.1:1'"))) {
      Files.delete(program.file());
      assertThatThrownBy(() -> program.control().reload("test"))
          .isInstanceOf(IOException.class)
          .hasMessage(program.file() + ": is not there (expected: a file that can be read)");
      assertThat(program.ids("web")).containsExactly("127.0.0.1:1");
    }
  }

  @Test
  void options_stayOverTheFile_throughAReload() throws Exception {
    RunOptions options = new RunOptions();
    options.selector = "random";
    try (Program program = Program.start(folder, options, web("'127.0.0.1:1'"))) {
      assertThat(program.reload(yaml("maglev", "", "'127.0.0.1:1'", "'127.0.0.1:2'")))
          .containsExactly("balancer web: server 127.0.0.1:2: added");
      assertThat(selector(program.balancer("web"))).isEqualTo("random");
      String[] two = two("'127.0.0.1:1'", "'127.0.0.1:1'");
      assertThatThrownBy(() -> program.reload(two))
          .isInstanceOf(ConfigException.class)
          .hasMessageStartingWith("--selector: the file has 2 balancers (expected: ");
    }
  }

  @Test
  void discovery_toAndFro() throws Exception {
    Path list = Files.writeString(folder.resolve("list"), "127.0.0.1:7\n");
    String[] found = web("'127.0.0.1:1'");
    found[6] = "    discovery: {file: list}";
    try (Program program = Program.start(folder, web("'127.0.0.1:1'"))) {
      LoadBalancer balancer = program.balancer("web");
      List<String> unused = program.reload(found);
      assertThat(program.ids("web")).containsExactly("127.0.0.1:7");
      Files.writeString(list, "127.0.0.1:7\n127.0.0.1:8\n");
      Waiting.until("the file is followed", () -> program.ids("web").size() == 2);
      found[6] = "    discovery: {file: list}\n    servers: ['127.0.0.1:1']";
      List<String> unused2 = program.reload(found);
      assertThat(program.ids("web"))
          .containsExactlyInAnyOrder("127.0.0.1:7", "127.0.0.1:8", "127.0.0.1:1");
      List<String> unused3 = program.reload(web("'127.0.0.1:2'"));
      assertThat(program.ids("web")).containsExactly("127.0.0.1:2");
      assertThat(program.balancer("web")).isSameAs(balancer);
    }
  }

  @Test
  void replace_isADiffToWhatTheApiShows_andKeepsWhatItDoesNotName() throws Exception {
    try (Program program = Program.start(folder, web("'127.0.0.1:1'", "'127.0.0.1:2'"))) {
      LoadBalancer balancer = program.balancer("web");
      assertThat(balancer.update(Server.parse("127.0.0.1:1,weight=5"))).isTrue();
      String shown = program.control().json();
      assertThat(program.control().replace(shown, now -> true, "test")).isEmpty();
      assertThat(node(program, "127.0.0.1:1").server().weight()).isEqualTo(5);
      assertThat(program.control().replace(shown.replace("5", "6"), shown::equals, "test"))
          .containsExactly("balancer web: server 127.0.0.1:1: weight is 6, was 5");
      assertThat(node(program, "127.0.0.1:1").server().weight()).isEqualTo(6);
      assertThat(program.control().reload("test"))
          .containsExactly("balancer web: server 127.0.0.1:1: weight is 1, was 6");
    }
  }

  @Test
  void tokens_areOthersFromTheReloadOn_atTheSameAddress() throws Exception {
    String[] yaml = Arrays.copyOf(web("'127.0.0.1:1'"), web("").length + 1);
    int last = yaml.length - 1;
    yaml[last] =
        "admin: {address: '127.0.0.1:0', tokens: {ops: {token: 'the-first-secret-of-ops'}}}";
    try (Program program = Program.start(folder, yaml)) {
      String dashboard = Objects.requireNonNull(program.control().running().dashboard());
      assertThat(status(dashboard, "the-first-secret-of-ops")).isEqualTo(200);
      yaml[last] = yaml[last].replace("first", "second");
      assertThat(program.reload(yaml)).containsExactly("admin has changed in what is not shown");
      assertThat(program.control().running().dashboard()).isEqualTo(dashboard);
      assertThat(status(dashboard, "the-first-secret-of-ops")).isEqualTo(401);
      assertThat(status(dashboard, "the-second-secret-of-ops")).isEqualTo(200);
    }
  }

  /** Else those of before would be good for ever. */
  @Test
  void noTokensAnyMore_whereTheCommandLineListensBeyondLoopback_isRefused() throws Exception {
    RunOptions options = new RunOptions();
    options.admin = HostPort.parse("0.0.0.0:0", 0);
    String[] yaml = Arrays.copyOf(web("'127.0.0.1:1'"), web("").length + 1);
    yaml[yaml.length - 1] =
        "admin: {address: '127.0.0.1:0', tokens: {ops: {token: 'the-first-secret-of-ops'}}}";
    try (Program program = Program.start(folder, options, yaml)) {
      String before = program.control().json();
      yaml[yaml.length - 1] = "admin: {address: '127.0.0.1:0'}";
      assertThatThrownBy(() -> program.reload(yaml))
          .isInstanceOf(ConfigException.class)
          .hasMessageContaining("admin.tokens");
      assertThat(program.control().json()).isEqualTo(before);
    }
  }

  private static int status(String dashboard, String token) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(dashboard + "api/v1/servers"))
            .header("Authorization", "Bearer " + token)
            .build();
    return HttpClient.newHttpClient().send(request, BodyHandlers.discarding()).statusCode();
  }

  @Test
  void adminComesAndGoes() throws Exception {
    List<String> yaml = new ArrayList<>(List.of(web("'127.0.0.1:1'")));
    yaml.add("admin: {address: '127.0.0.1:0'}");
    try (Program program = Program.start(folder, web("'127.0.0.1:1'"))) {
      Running running = program.control().running();
      assertThat(running.dashboard()).isNull();
      assertThat(program.reload(yaml.toArray(String[]::new))).hasSize(1);
      HostPort address =
          HostPort.parse(
              Objects.requireNonNull(running.dashboard()).replaceAll("http://|/", ""), 1);
      assertThat(isRefused(address)).isFalse();
      assertThat(program.reload(web("'127.0.0.1:1'"))).hasSize(1);
      assertThat(running.dashboard()).isNull();
      Waiting.until("nobody listens there", () -> isRefused(address));
    }
  }
}
