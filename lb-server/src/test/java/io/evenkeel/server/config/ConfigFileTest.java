package io.evenkeel.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.evenkeel.core.HostPort;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Selectors;
import io.evenkeel.core.Server;
import io.evenkeel.health.HealthPolicy;
import io.evenkeel.health.OutcomeWindow;
import io.evenkeel.proxy.OnServerDown;
import io.evenkeel.proxy.TcpProxy;
import io.evenkeel.server.config.AdminConfig.Role;
import io.evenkeel.server.config.AdminConfig.Token;
import io.evenkeel.server.config.BalancerConfig.DiscoveryConfig;
import io.evenkeel.server.config.BalancerConfig.HealthConfig;
import io.evenkeel.server.config.BalancerConfig.SelectorConfig;
import io.evenkeel.server.config.BalancerConfig.SlowStartConfig;
import io.evenkeel.server.config.ConfigFile.Format;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a config file means, and what is said of one that means nothing. */
class ConfigFileTest {

  private static final String LISTENERS = "listeners: {web: {address: '127.0.0.1:9000'}}\n";
  private static final String GOOD = LISTENERS + "balancers: {web: {servers: ['a:1']}}\n";

  private static Config yaml(String text) throws ConfigException {
    return ConfigFile.parse(text, Format.YAML, null);
  }

  private static List<Problem> problems(String text, Format format) {
    return Objects.requireNonNull(
            catchThrowableOfType(ConfigException.class, () -> ConfigFile.parse(text, format, null)))
        .problems();
  }

  /** Of one balancer, web, that says so beside a server. */
  private static BalancerConfig balancer(String lines) throws ConfigException {
    return yaml(LISTENERS + "balancers:\n  web:\n    servers: ['a:1']\n" + lines.indent(4))
        .balancer("web")
        .orElseThrow();
  }

  @Test
  void theLeast_hasTheDefaultsOfTheProgram() throws Exception {
    Config config = yaml(GOOD);
    ListenerConfig listener = config.listener("web").orElseThrow();
    assertThat(listener.address()).isEqualTo(new HostPort("127.0.0.1", 9000));
    assertThat(listener.balancer()).isEqualTo("web");
    assertThat(listener.eventLoops()).isNull();
    assertThat(listener.maxConnections()).isEqualTo(Integer.MAX_VALUE);
    assertThat(listener.acceptRate()).isZero();
    assertThat(listener.maxLifetime()).isZero();
    assertThat(listener.idleTimeout()).isEqualTo(Duration.ofSeconds(60));
    assertThat(listener.onServerDown()).isEqualTo(OnServerDown.FINISH);
    BalancerConfig balancer = config.balancer("web").orElseThrow();
    assertThat(balancer.servers()).containsExactly(Server.of("a", 1));
    assertThat(balancer.selector()).isEqualTo(new SelectorConfig("round_robin", Map.of()));
    assertThat(balancer.health())
        .isEqualTo(new HealthConfig(new ProbeConfig.Tcp(), HealthPolicy.builder().build()));
    assertThat(balancer.ejection()).isNull();
    assertThat(balancer.breaker()).isNull();
    assertThat(balancer.slowStart()).isNull();
    assertThat(balancer.discovery()).isNull();
    assertThat(balancer.maxConcurrent()).isEqualTo(Integer.MAX_VALUE);
    assertThat(config.admin()).isNull();
    assertThat(config.drain()).isEqualTo(Duration.ofSeconds(30));
    assertThat(config.watch()).isFalse();
    assertThat(config.summary()).isZero();
  }

  @Test
  void aListenersDefaults_areTheProxys_andLimitsCanBeTakenBack() throws Exception {
    ListenerConfig plain = yaml(GOOD).listener("web").orElseThrow();
    ListenerConfig limited =
        yaml(GOOD.replace(
                "9000'",
                "9000', accept_rate: 5, max_connections: 6, max_lifetime: 1h, read_buffer: 8KiB"))
            .listener("web")
            .orElseThrow();
    try (LoadBalancer balancer = LoadBalancer.builder().servers(Server.of("a", 1)).build()) {
      TcpProxy proxy = TcpProxy.builder(balancer).build();
      assertThat(proxy.update(plain::applyTo)).isFalse();
      assertThat(proxy.update(limited::applyTo)).isTrue();
      assertThat(proxy.update(plain::applyTo)).isTrue();
      assertThat(proxy.update(builder -> {})).isFalse();
      TcpProxy another = TcpProxy.builder(balancer).acceptRate(5).build();
      assertThat(another.update(plain::applyTo)).isTrue();
    }
  }

  @Test
  void json_saysTheSame() throws Exception {
    String json =
        "{\"listeners\": {\"web\": {\"address\": \"127.0.0.1:9000\"}},"
            + "\"balancers\": {\"web\": {\"servers\": [\"a:1\"]}}}";
    assertThat(ConfigFile.parse(json, Format.JSON, null)).isEqualTo(yaml(GOOD));
    assertThat(ConfigFile.parse("\uFEFF" + json, Format.JSON, null)).isEqualTo(yaml(GOOD));
  }

  @Test
  void listener_withEverything() throws Exception {
    ListenerConfig listener =
        yaml("""
        listeners:
          web:
            address: :9000
            balancer: web
            event_loops: 2
            reuse_port: true
            max_connections: 10
            accept_rate: 20
            max_waiting: 30
            wait_timeout: 500ms
            connect_attempts: 4
            connect_timeout: 1s
            connect_deadline: 2m
            idle_timeout: 1h
            half_closed_timeout: 7s
            max_lifetime: 8h
            source_addresses: [127.0.0.2, "::1"]
            warm_connections: 5
            on_server_down: cut
            tcp_no_delay: false
            keep_alive: true
            receive_buffer: 64KiB
            send_buffer: 65536
            read_buffer: 1MiB
            low_water: 1KiB
            high_water: 2KiB
        balancers: {web: {servers: ['a:1']}}
        """)
            .listener("web")
            .orElseThrow();
    assertThat(listener)
        .hasToString(
            "ListenerConfig[name=web, address=0.0.0.0:9000, balancer=web, eventLoops=2,"
                + " reusePort=true, maxConnections=10, acceptRate=20, maxWaiting=30,"
                + " waitTimeout=PT0.5S, connectAttempts=4, connectTimeout=PT1S,"
                + " connectDeadline=PT2M, idleTimeout=PT1H, halfClosedTimeout=PT7S,"
                + " maxLifetime=PT8H, sourceAddresses=[/127.0.0.2, /0:0:0:0:0:0:0:1],"
                + " warmConnections=5, onServerDown=CUT, tcpNoDelay=false, keepAlive=true,"
                + " receiveBuffer=65536, sendBuffer=65536, readBuffer=1048576, lowWater=1024,"
                + " highWater=2048]");
  }

  @Test
  void servers_asTextsAndAsObjects() throws Exception {
    Config config =
        yaml(
            LISTENERS
                + """
                balancers:
                  web:
                    servers:
                      - "[::1]:80,weight=3,tier=1,zone=no,id=b"
                      - {host: "::1", port: 80, weight: 3, tier: 1, zone: no, id: c,
                         max_concurrent: 7, metadata: {rack: r7}}
                """);
    Server server = Server.of("::1", 80).withWeight(3).withTier(1).withZone("no");
    assertThat(config.balancers().get(0).servers())
        .containsExactly(
            server.withId("b"), server.withId("c").withMaxConcurrent(7).withMetadata("rack", "r7"));
  }

  @Test
  void shorthands_meanTheirObjects() throws Exception {
    assertThat(balancer("selector: ring_hash").selector())
        .isEqualTo(balancer("selector: {name: ring_hash}").selector());
    assertThat(balancer("selector: {name: ring_hash, placement: ketama, bounded: .25}").selector())
        .isEqualTo(
            new SelectorConfig("ring_hash", Map.of("placement", "ketama", "bounded", ".25")));
    assertThat(balancer("health: off").health()).isNull();
    assertThat(balancer("health: false").health()).isNull();
    assertThat(balancer("health: tcp").health()).isEqualTo(balancer("").health());
    assertThat(balancer("health: {http: /x}").health())
        .isEqualTo(balancer("health: {http: {path: /x}}").health());
    assertThat(balancer("slow_start: 30s").slowStart())
        .isEqualTo(balancer("slow_start: {window: 30s}").slowStart())
        .isEqualTo(new SlowStartConfig(Duration.ofSeconds(30), 1));
    assertThat(balancer("ejection: on").ejection())
        .hasToString(String.valueOf(balancer("ejection: {}").ejection()));
    assertThat(balancer("breaker: on").breaker())
        .hasToString(String.valueOf(balancer("breaker: {}").breaker()));
    assertThat(yaml(GOOD + "admin: on").admin())
        .isEqualTo(new AdminConfig(new HostPort("127.0.0.1", 9901), List.of(), false));
    assertThat(yaml(GOOD + "summary: 10s").summary()).isEqualTo(Duration.ofSeconds(10));
  }

  @Test
  void probes() throws Exception {
    assertThat(
            Objects.requireNonNull(
                    balancer(
                            "health: {http: {path: /x, method: HEAD, status: 200, body: UP, host:"
                                + " h, headers: {A: b}, tls: true, verify: false}}")
                        .health())
                .probe())
        .isEqualTo(
            new ProbeConfig.Http("/x", "HEAD", 200, 200, "UP", "h", Map.of("A", "b"), true, false));
    assertThat(
            Objects.requireNonNull(
                    balancer("health: {send_expect: {send: \"PING\\r\\n\", expect: PONG}}")
                        .health())
                .probe())
        .isEqualTo(new ProbeConfig.SendExpect("PING\r\n", "PONG"));
    assertThat(Objects.requireNonNull(balancer("health: {agent: 9000}").health()).probe())
        .isEqualTo(new ProbeConfig.Agent(9000));
  }

  @Test
  void numbersOfHealth_ejection_breaker() throws Exception {
    assertThat(
            Objects.requireNonNull(
                    balancer(
                            "health: {interval: 10s, timeout: 2s, rise: 4, fall: 5,"
                                + " first_result_decides: false, fast_interval: 1s,"
                                + " backoff_multiplier: 2, max_interval: 1h, jitter: 0}")
                        .health())
                .policy())
        .hasToString(
            "interval 10s, timeout 2s, healthyThreshold 4, unhealthyThreshold 5, the first result"
                + " does not decide, fastInterval 1s, backoffMultiplier 2.0, maxInterval 1h,"
                + " jitter 0.0");
    assertThat(
            balancer(
                    "ejection: {consecutive_failures: off, failure_share: {share: 0.5, count: 100,"
                        + " minimum: 10}, success_rate: on, interval: 1s, ejection_time: 2s,"
                        + " max_ejection_time: 3s, jitter: 0, max_ejected_share: 0.5,"
                        + " ejects_one_at_least: true}")
                .ejection())
        .hasToString(
            "failureShare 0.5 of the last 100 if there are 10, SuccessRate[factor=1.9,"
                + " minServers=5, minOutcomes=100] over 1s, ejectionTime 2s to 3s, jitter 0.0,"
                + " maxEjectedShare 0.5, one at least");
    assertThat(
            Objects.requireNonNull(
                    balancer("breaker: {failure_share: {share: 0, time: 30s, minimum: 20}}")
                        .breaker())
                .failureWindow())
        .isEqualTo(OutcomeWindow.ofTime(Duration.ofSeconds(30), 20));
  }

  @Test
  void discovery_andPathsFromTheFilesFolder(@TempDir Path folder) throws Exception {
    Path file =
        Files.writeString(
            folder.resolve("c.yaml"),
            LISTENERS
                + """
                balancers:
                  web: {discovery: {file: servers.txt}}
                """);
    assertThat(ConfigFile.read(file).balancers().get(0).discovery())
        .isEqualTo(new DiscoveryConfig.FromFile(folder.toAbsolutePath().resolve("servers.txt")));
    assertThat(balancer("discovery: {dns: 'a.b:80', resolver: '127.0.0.1:53'}").discovery())
        .isEqualTo(
            new DiscoveryConfig.FromDns(new HostPort("a.b", 80), new HostPort("127.0.0.1", 53)));
    assertThat(balancer("discovery: {srv: _a._tcp.b}").discovery())
        .isEqualTo(new DiscoveryConfig.FromSrv("_a._tcp.b", null));
  }

  @Test
  void tokens_fromTheText_fromAFile_fromTheEnvironment(@TempDir Path folder) throws Exception {
    String text =
        GOOD
            + """
            admin:
              address: 0.0.0.0:9901
              tokens:
                a: {token: 0123456789abcdef}
                b: {role: write, token_file: b.token}
                c: {role: read, token_env: C_TOKEN}
            """;
    String unused = Files.writeString(folder.resolve("b.token"), "  0123456789abcdeg\n").toString();
    AdminConfig admin =
        ConfigFile.parse(
                text, Format.YAML, folder, name -> name.equals("C_TOKEN") ? "x".repeat(16) : null)
            .admin();
    assertThat(Objects.requireNonNull(admin).tokens())
        .containsExactly(
            new Token("a", "0123456789abcdef", Role.READ),
            new Token("b", "0123456789abcdeg", Role.WRITE),
            new Token("c", "x".repeat(16), Role.READ));
    assertThat(problems(text, Format.YAML))
        .extracting(Problem::path)
        .containsExactly("admin.tokens.b.token_file", "admin.tokens.c.token_env");
  }

  @Test
  void aSelectorThatItsServersDoNotFit_isFoundByReading_andNothingRuns() throws Exception {
    String start = LISTENERS + "balancers:\n  web:\n    servers: [a:1, b:1, c:1, d:1, e:1, ";
    assertThat(problems(start + "f:1]\n    selector: {name: maglev, table_size: 5}", Format.YAML))
        .singleElement()
        .asString()
        .startsWith("line 5, column 15: balancers.web.selector: table_size: 5 (expected: ");
    assertThat(
            problems(
                start + "'f:1,weight=60000']\n    selector: {name: ring_hash, placement: nginx}",
                Format.YAML))
        .singleElement()
        .asString()
        .startsWith("line 5, column 15: balancers.web.selector: servers: ");
    Set<Thread> before = Thread.getAllStackTraces().keySet();
    for (String selector : Selectors.names()) {
      assertThat(balancer("selector: " + selector).selector().name()).isEqualTo(selector);
    }
    assertThat(Thread.getAllStackTraces().keySet())
        .filteredOn(thread -> thread.getName().startsWith("evenkeel") && !before.contains(thread))
        .isEmpty();
  }

  @Test
  void aServerInOneText_isBounded_andWrittenAsAnObjectBeyond() throws Exception {
    assertThat(problems(GOOD.replace("a:1", "a:1,zone=" + "z".repeat(1016)), Format.YAML))
        .singleElement()
        .hasToString(
            "line 2, column 29: balancers.web.servers[0]: 1025 characters (expected: 1024 at"
                + " most)");
    String zone = "z".repeat(1015);
    assertThat(yaml(GOOD.replace("a:1", "a:1,zone=" + zone)).balancers().get(0).servers())
        .containsExactly(Server.of("a", 1).withZone(zone));
    Tree longer =
        (Tree)
            Objects.requireNonNull(ServerKeys.TYPE.write(Server.of("a", 1).withZone(zone + "z")));
    assertThat(longer.brief()).isNull();
  }

  @Test
  void everyProblemAtOnce_inTheOrderOfTheDocument() {
    assertThat(
            problems(
                """
                listeners:
                  web:
                    adress: 127.0.0.1:9000
                    max_connections: 0
                    wait_timeout: 5
                  x: {address: "127.0.0.1:9001", balancer: webb}
                  y: {address: "127.0.0.1:9001", balancer: web}
                balancers:
                  web:
                    servers:
                      - a:1
                      - a:1
                      - {host: b, port: "80"}
                    health: {interval: 1s, timeout: 2s}
                  other:
                    servers: []
                admin: {address: "0.0.0.0:9901"}
                drian: 1s
                """,
                Format.YAML))
        .extracting(Problem::toString)
        .containsExactly(
            "line 3, column 5: listeners.web.adress: unknown key; did you mean 'address'?",
            "line 3, column 5: listeners.web: 'address' is missing (expected: HOST:PORT, an IPv6"
                + " address in brackets as in [::1]:9000, or :PORT for every address of this"
                + " machine; port 0 takes a free one)",
            "line 4, column 22: listeners.web.max_connections: '0' (expected: off, or a whole"
                + " number, 1 or more)",
            "line 5, column 19: listeners.web.wait_timeout: '5' (expected: a duration such as"
                + " 500ms, 5s, 2m or 1h, from 1ms to 8760h)",
            "line 6, column 44: listeners.x.balancer: 'webb' is no balancer; did you mean 'web'?",
            "line 7, column 16: listeners.y.address: '127.0.0.1:9001' (expected: an address of its"
                + " own; listeners.x has 127.0.0.1:9001)",
            "line 12, column 9: balancers.web.servers[1]: 'a:1' is there twice (expected: once; the"
                + " other is balancers.web.servers[0])",
            "line 13, column 25: balancers.web.servers[2].port: '80' (expected: a whole number, 1"
                + " to 65535)",
            "line 14, column 37: balancers.web.health.timeout: 2s (expected: <= interval 1s)",
            "line 16, column 14: balancers.other.servers: none (expected: one at least, or a"
                + " discovery)",
            "line 17, column 18: admin.address: beyond loopback without a token (expected: tokens,"
                + " or an address such as 127.0.0.1:9901)",
            "line 18, column 1: drian: unknown key; did you mean 'drain'?");
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "servers: [a] | servers[0]: 'a' (expected: a text HOST:PORT[,weight=N][,tier=N]",
        "servers: ['a:1,wieght=2'] | servers[0]: 'a:1,wieght=2': unknown key 'wieght'",
        "servers: ['a:99999'] | servers[0]: 'a:99999': port 99999 is not in 1 to 65535",
        "servers: [{host: a, port: 1, weight: -1}] | servers[0].weight: '-1' (expected: a whole",
        "servers: [{host: a, port: 010}] | servers[0].port: '010' (expected: a whole number, 1 to",
        "servers: [{host: a, port: 0x10}] | servers[0].port: '0x10' (expected: a whole number, 1",
        "servers: [{host: a, port: 1.0}] | servers[0].port: '1.0' (expected: a whole number, 1 to",
        "servers: [{host: ' ', port: 1}] | servers[0].host: ' ' (expected: not blank)",
        "servers: [{host: a, port: 1, id: 7}] | servers[0].id: '7' (expected: a text; in quotes",
        "servers: [{port: 1}] | servers[0]: 'host' is missing (expected: a text",
        "servers: ['a:1,weight=0'] | servers: every weight is 0 (expected: one above 0 at least)",
        "servers: {a: 1} | servers: an object (expected: a list",
        "servers: | servers: nothing (expected: a list",
        "selector: fastest | selector: 'fastest' (expected: one of ip_hash, ",
        "selector: {name: maglev, table_size: 6} | selector.table_size: 6 (expected: a prime",
        "selector: {name: random, placement: envoy} | selector.placement: unknown option of random",
        "selector: {name: random, bounded: -1} | selector.bounded: '-1' (expected: a number above",
        "selector: {name: random, sticky_max: 5} | selector.sticky_max: without sticky_ttl",
        "selector: {placement: envoy} | selector: 'name' is missing (expected: one of ip_hash,",
        "health: http | health: 'http' (expected: off, tcp, or an object",
        "health: [tcp] | health: a list (expected: tcp, or an object",
        "health: {http: health} | health.http: 'health' (expected: a path, as /health)",
        "health: {http: {status: 99}} | health.http.status: '99' (expected: a status, or a range",
        "health: {http: {status: 500-200}} | health.http.status: 500 to 200 (expected: a range wit",
        "health: {http: {headers: {Host: x}}} | health.http: header: 'Host' (expected: none of",
        "health: {http: /a, agent: 1} | health.agent: beside http (expected: one of",
        "health: {agent: 0} | health.agent: '0' (expected: a whole number, 1 to 65535)",
        "health: {send_expect: {send: a}} | health.send_expect: 'expect' is missing",
        "health: {interval: 48h} | health.interval: '48h' (expected: a duration",
        "health: {jitter: 2} | health.jitter: '2' (expected: a number, 0 to 1)",
        "health: {jitter: .nan} | health.jitter: '.nan' (expected: a number, 0 to 1)",
        "health: {max_interval: 1s} | health.max_interval: 1s (expected: >= interval 5s)",
        "ejection: yes | ejection: 'yes' (expected: off, on, or an object",
        "ejection: {consecutive_failures: off} | ejection: rules: none (expected: consecutiveFail",
        "ejection: {failure_share: {share: 1, count: 5}} | ejection.failure_share.share: '1' (exp",
        "ejection: {failure_share: {share: 0, count: 5, time: 1s}} | ejection.failure_share.time:",
        "ejection: {failure_share: {share: 0}} | ejection.failure_share: nothing (expected: one of",
        "ejection: {failure_share: {share: 0, time: 1s}} | ejection.failure_share: 'minimum' is mi",
        "ejection: {max_ejection_time: 1s} | ejection.max_ejection_time: 1s (expected: >= ejection",
        "breaker: {max_open_time: 1s} | breaker.max_open_time: 1s (expected: >= openTime 10s)",
        "breaker: {trials: 0} | breaker.trials: '0' (expected: a whole number, 1 or more)",
        "slow_start: 0s | slow_start: '0s' (expected: off, a duration",
        "slow_start: {window: 1s, aggression: 0} | slow_start.aggression: '0' (expected: a number",
        "panic_threshold: 1.5 | panic_threshold: '1.5' (expected: a number, 0 to 1)",
        "max_concurrent: 0 | max_concurrent: '0' (expected: off, or a whole number, 1 or more)",
        "discovery: {} | discovery: nothing (expected: one of file, dns, srv)",
        "discovery: {file: a, srv: b} | discovery.srv: beside file (expected: one of file, dns",
        "discovery: {file: a, resolver: 'b:1'} | discovery.resolver: beside file (expected:",
        "discovery: {dns: a} | discovery.dns: 'a': not HOST:PORT (expected: HOST:PORT",
        "discovery: {srv: ' '} | discovery.srv: name: ' ' (expected: not blank)",
        "discovery: {srv: a, file: ~} | discovery.file: nothing (expected: a file's path)",
      })
  void aBalancersProblem_isNamedWithItsPathAndWhatIsAllowed(String line, String complaint) {
    String servers = line.startsWith("servers") ? "" : "    servers: ['a:1']\n";
    assertThat(problems(LISTENERS + "balancers:\n  web:\n" + servers + "    " + line, Format.YAML))
        .singleElement()
        .satisfies(
            problem -> {
              assertThat(problem.path() + ": " + problem.message())
                  .startsWith("balancers.web." + complaint);
              assertThat(problem.line()).isBetween(4, 5);
              assertThat(problem.column()).isPositive();
            });
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "low_water: 5 | low_water: 5 (expected: less than high_water, 1)",
        "source_addresses: [localhost] | source_addresses[0]: 'localhost' (expected: an IP addre",
        "source_addresses: ['1'] | source_addresses[0]: '1' (expected: an IP address of this mac",
        "source_addresses: ['1.2.3.400'] | source_addresses[0]: '1.2.3.400' (expected: an IP addr",
        "source_addresses: ['1:2'] | source_addresses[0]: '1:2' (expected: an IP address of this",
        "read_buffer: 64KB | read_buffer: '64KB' (expected: auto, or a size such as 4096, 64KiB",
        "read_buffer: 9999999999GiB | read_buffer: '9999999999GiB' (expected: auto, or a size",
        "event_loops: 0 | event_loops: '0' (expected: auto, or a whole number, 1 to 1024)",
        "warm_connections: 1001 | warm_connections: '1001' (expected: a whole number, 0 to 1000)",
        "accept_rate: 1000001 | accept_rate: '1000001' (expected: off, or a whole number, 1 to",
        "max_connections: 99999999999999999999 | max_connections: '99999999999999999999' (expect",
        "keep_alive: on | keep_alive: 'on' (expected: true or false)",
        "on_server_down: drop | on_server_down: 'drop' (expected: one of finish, cut)",
        "idle_timeout: 0s | idle_timeout: '0s' (expected: a duration such as 500ms, 5s, 2m or 1h,",
        "idle_timeout: 99999h | idle_timeout: '99999h' (expected: a duration such as 500ms, 5s,",
      })
  void aListenersProblem(String line, String complaint) {
    String text =
        "listeners:\n  web:\n    address: 127.0.0.1:9000\n    "
            + line
            + "\nbalancers: {web: {servers: ['a:1']}}";
    assertThat(problems(text, Format.YAML))
        .singleElement()
        .satisfies(
            problem ->
                assertThat(problem.path() + ": " + problem.message())
                    .startsWith("listeners.web." + complaint));
  }

  @ParameterizedTest(name = "{index}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "~~ | line 1, column 1: nothing (expected: a configuration)",
        "# nothing | line 1, column 1: nothing (expected: a configuration)",
        "[] | line 1, column 1: a list (expected: an object: listeners and balancers)",
        "a: [ | line 1, column 5: not YAML: ",
        "a: @x | line 1, column 4: not YAML: found character '@' that cannot start any token",
        "a: &x 1 | line 1, column 4: a: anchor (expected: the value alone)",
        "a: !!str 1 | line 1, column 4: a: tag (expected: the value alone)",
        "{a: 1, b: *x} | line 1, column 11: b: alias (expected: the value itself)",
        "{} | line 1, column 1: 'listeners' is missing",
        "{drain: 1s, drain: 2s} | line 1, column 1: 'listeners' is missing",
      })
  void noConfigurationAtAll(String text, String complaint) {
    assertThat(problems(text, Format.YAML).get(0).toString()).startsWith(complaint);
  }

  @Test
  void jsonsProblems_havePlacesToo() {
    assertThat(problems("{\"listeners\": {},\n \"drain\": 5,\n \"x\": 1}", Format.JSON))
        .extracting(Problem::toString)
        .satisfiesExactly(
            one -> assertThat(one).startsWith("line 1, column 1: 'balancers' is missing"),
            one ->
                assertThat(one)
                    .isEqualTo("line 1, column 15: listeners: nothing (expected: 1 at least)"),
            one ->
                assertThat(one).startsWith("line 2, column 11: drain: '5' (expected: a duration"),
            one ->
                assertThat(one)
                    .startsWith("line 3, column 2: x: unknown key (expected: listeners"));
    assertThat(problems("{\"a\": 1} {}", Format.JSON).toString()).contains("more after the end");
    assertThat(problems("{'a': 1}", Format.JSON).get(0).line()).isEqualTo(1);
    assertThat(problems("a: 1\n---\nb: 1\n", Format.YAML).toString())
        .contains("line 3", "more after the end (expected: one document)");
  }

  @Test
  void keysThatAreThereTwice_areSaidWithBothLines() {
    assertThat(problems(GOOD + "drain: 1s\nwatch: true\ndrain: 2s\n", Format.YAML))
        .singleElement()
        .hasToString(
            "line 5, column 1: drain: is there twice (expected: once; the other is in line 3)");
  }

  @Test
  void whatIsDeepOrLargeOrFullOfErrors_isBounded() {
    assertThat(problems("[".repeat(100_000), Format.JSON).toString()).contains("too deep");
    assertThat(problems("[".repeat(100_000), Format.YAML).toString()).contains("too deep");
    assertThat(problems("a: " + "x".repeat(5_000_000), Format.YAML).toString())
        .contains("5000003 characters (expected: 4194304 at most)");
    StringBuilder many = new StringBuilder(GOOD);
    for (int i = 0; i < 1_000; i++) {
      many.append("unknown_").append(i).append(": 1\n");
    }
    assertThat(problems(many.toString(), Format.YAML))
        .hasSize(101)
        .last()
        .extracting(Problem::message)
        .isEqualTo("and 900 problems more");
  }

  @Test
  void loopback_isToldByTheText() {
    for (String host : List.of("localhost", "127.0.0.1", "127.9.9.9", "::1", "0:0:0:0:0:0:0:1")) {
      assertThat(AdminKeys.isLoopback(host)).as(host).isTrue();
    }
    for (String host : List.of("0.0.0.0", "::", "10.0.0.1", "127.evil.example", "::11", "1::1")) {
      assertThat(AdminKeys.isLoopback(host)).as(host).isFalse();
    }
  }

  @Test
  void wildcards_areInTheWayOfEveryoneElseAtThatPort() {
    assertThat(
            problems(
                "listeners: {a: {address: ':9000'}, b: {address: '127.0.0.1:9000'}}\n"
                    + "balancers: {web: {servers: ['a:1']}}\nadmin: {address: '127.0.0.1:9000'}",
                Format.YAML))
        .extracting(Problem::path)
        .contains("listeners.b.address", "admin.address");
  }

  @Test
  void aFileThatIsNotThere_isAnIOException(@TempDir Path folder) {
    assertThatThrownBy(() -> ConfigFile.read(folder.resolve("x.yaml")))
        .isInstanceOf(java.nio.file.NoSuchFileException.class);
  }
}
