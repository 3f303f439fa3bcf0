package io.evenkeel.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.HostPort;
import io.evenkeel.core.Server;
import io.evenkeel.server.config.BalancerConfig;
import io.evenkeel.server.config.BalancerConfig.DiscoveryConfig.FromDns;
import io.evenkeel.server.config.BalancerConfig.SelectorConfig;
import io.evenkeel.server.config.Config;
import io.evenkeel.server.config.ConfigFile;
import io.evenkeel.server.config.ListenerConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What options make of a configuration, a file's or none. */
class RunOptionsTest {

  private static final String[] ONE = {
    "listeners:",
    "  front: {address: '127.0.0.1:9000', idle_timeout: 7s, connect_attempts: 2}",
    "balancers:",
    "  web:",
    "    servers: ['10.0.0.1:80']",
    "    selector: {name: ring_hash, placement: ketama}",
    "    health: {rise: 4}",
    "admin: {address: '127.0.0.1:9901', write_back: true}",
    "drain: 3s"
  };

  private final RunOptions options = new RunOptions();

  private static Config file(String... yaml) throws Exception {
    return ConfigFile.parse(Program.text(yaml), ConfigFile.Format.YAML, null);
  }

  @Test
  void withoutAFile_whatIsNotGivenIsAsAFileThatLeavesItOut() throws Exception {
    options.listen = new HostPort("127.0.0.1", 9000);
    options.servers.add(Server.of("10.0.0.1", 80));
    assertThat(options.over(RunOptions.BARE))
        .isEqualTo(
            file(
                "listeners: {main: {address: '127.0.0.1:9000'}}",
                "balancers: {main: {servers: ['10.0.0.1:80'], health: tcp}}"));
  }

  @Test
  void nothingGiven_isTheFile() throws Exception {
    options.config = Path.of("x.yaml");
    assertThat(options.over(file(ONE))).isEqualTo(file(ONE));
  }

  @Test
  void given_overridesTheFile_andNothingElse() throws Exception {
    options.config = Path.of("x.yaml");
    options.listen = new HostPort("127.0.0.1", 1);
    options.eventLoops = 3;
    options.warmConnections = 5;
    options.connectTimeout = Duration.ofSeconds(9);
    options.idleTimeout = Duration.ofSeconds(8);
    options.drain = Duration.ofSeconds(6);
    options.admin = new HostPort("127.0.0.1", 2);
    options.servers.add(Server.of("10.0.0.2", 80));
    options.dns = new HostPort("db.example.com", 80);
    options.selector = "maglev";
    Config config = options.over(file(ONE));
    ListenerConfig listener = config.listeners().get(0);
    assertThat(listener.name()).isEqualTo("front");
    assertThat(listener.address()).isEqualTo(new HostPort("127.0.0.1", 1));
    assertThat(listener.eventLoops()).isEqualTo(3);
    assertThat(listener.warmConnections()).isEqualTo(5);
    assertThat(listener.connectTimeout()).isEqualTo(Duration.ofSeconds(9));
    assertThat(listener.idleTimeout()).isEqualTo(Duration.ofSeconds(8));
    assertThat(listener.connectAttempts()).isEqualTo(2);
    BalancerConfig balancer = config.balancers().get(0);
    assertThat(balancer.servers()).containsExactly(Server.of("10.0.0.2", 80));
    assertThat(balancer.discovery())
        .isEqualTo(new FromDns(new HostPort("db.example.com", 80), null));
    assertThat(balancer.selector()).isEqualTo(new SelectorConfig("maglev", Map.of()));
    assertThat(balancer.health()).isEqualTo(file(ONE).balancers().get(0).health());
    assertThat(Objects.requireNonNull(config.admin()).address())
        .isEqualTo(new HostPort("127.0.0.1", 2));
    assertThat(config.admin().writeBack()).isTrue();
    assertThat(config.drain()).isEqualTo(Duration.ofSeconds(6));
  }

  @Test
  void selectorOptionAlone_isPutOverThoseOfTheFile() throws Exception {
    options.config = Path.of("x.yaml");
    options.selectorOptions = List.of("bounded=0.5", "placement=nginx");
    assertThat(options.over(file(ONE)).balancers().get(0).selector())
        .isEqualTo(new SelectorConfig("ring_hash", Map.of("bounded", "0.5", "placement", "nginx")));
  }

  @ParameterizedTest
  @CsvSource({"200,200", "5000,3000"})
  void healthTimeoutNotGiven_isNeverLongerThanTheInterval(long interval, long timeout) {
    options.listen = new HostPort("127.0.0.1", 0);
    options.servers.add(Server.of("10.0.0.1", 80));
    options.healthInterval = Duration.ofMillis(interval);
    assertThat(
            Objects.requireNonNull(options.over(RunOptions.BARE).balancers().get(0).health())
                .policy()
                .timeout())
        .isEqualTo(Duration.ofMillis(timeout));
  }

  @Test
  void ofAListenerOrABalancer_besideSeveral_isRefused() throws Exception {
    options.config = Path.of("x.yaml");
    Config two =
        file(
            "listeners:",
            "  a: {address: '127.0.0.1:1', balancer: web}",
            "  b: {address: '127.0.0.1:2', balancer: api}",
            "balancers:",
            "  web: {servers: ['10.0.0.1:80']}",
            "  api: {servers: ['10.0.0.1:81']}");
    options.drain = Duration.ofSeconds(1);
    assertThat(options.over(two).drain()).isEqualTo(Duration.ofSeconds(1));
    options.selector = "random";
    assertThatThrownBy(() -> options.over(two))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "--selector: the file has 2 balancers (expected: beside a file with one balancer)");
    options.selector = null;
    options.fall = 1;
    assertThatThrownBy(() -> options.over(two))
        .hasMessage("--fall: the file has 2 balancers (expected: beside a file with one balancer)");
    options.fall = null;
    options.idleTimeout = Duration.ofSeconds(1);
    assertThatThrownBy(() -> options.over(two))
        .hasMessage(
            "--idle-timeout: the file has 2 listeners (expected: beside a file with one listener)");
  }

  @Test
  void dnsResolver_isAskedForTheFilesName() throws Exception {
    options.config = Path.of("x.yaml");
    options.dnsResolver = new HostPort("127.0.0.1", 8600);
    options.checkTogether();
    String[] yaml = ONE.clone();
    String[] expected = ONE.clone();
    for (String found : List.of("dns: 'db.example.com:80'", "srv: _db._tcp.example.com")) {
      yaml[4] = "    discovery: {" + found + ", resolver: '10.0.0.1:53'}";
      expected[4] = "    discovery: {" + found + ", resolver: '127.0.0.1:8600'}";
      assertThat(options.over(file(yaml))).isEqualTo(file(expected));
    }
    assertThatThrownBy(() -> options.over(file(ONE)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "--dns-resolver: balancer web does not find its servers by DNS (expected: beside"
                + " --dns, --dns-srv or a file with one of them)");
  }

  @Test
  void whatTheFileDecides_isNotRefusedBeforeItIsRead() {
    options.config = Path.of("x.yaml");
    options.healthTimeout = Duration.ofSeconds(6);
    options.selectorOptions = List.of("placement=nginx");
    options.checkTogether();

    options.selector = "random";
    assertThatThrownBy(options::checkTogether)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("--selector-option: ");
  }

  @Test
  void ofHealth_overridesTheFilesNumbers_andWhatFollowsFromThem() throws Exception {
    options.config = Path.of("x.yaml");
    options.healthInterval = Duration.ofSeconds(2);
    options.fall = 7;
    String[] checked = ONE.clone();
    checked[6] = "    health: {http: /up, rise: 4, jitter: 0.2}";
    String[] expected = ONE.clone();
    expected[6] = "    health: {http: /up, rise: 4, jitter: 0.2, interval: 2s, fall: 7}";
    assertThat(options.over(file(checked))).isEqualTo(file(expected));

    options.rise = 1;
    options.healthTimeout = Duration.ofMillis(1500);
    expected[6] =
        "    health: {http: /up, rise: 1, jitter: 0.2, interval: 2s, fall: 7, timeout: 1500ms}";
    assertThat(options.over(file(checked))).isEqualTo(file(expected));

    checked[6] = "    health: tcp";
    expected[6] = "    health: {interval: 2s, timeout: 1500ms, rise: 1, fall: 7}";
    assertThat(options.over(file(checked))).isEqualTo(file(expected));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "off | --rise: health of balancer web is off (expected: beside a file that has its servers"
            + " checked)",
        "{timeout: 2s} | --health-interval: beside the file's timeout: 2s (expected: <= interval 1s)",
        "{max_interval: 6s, interval: 6s} | ",
        "{fast_interval: 2s} | --health-interval: beside the file's fastInterval: 2s (expected: <="
            + " interval 1s)"
      })
  void ofHealth_thatDoNotGoWithTheFile_areRefused(String health, @Nullable String message)
      throws Exception {
    options.config = Path.of("x.yaml");
    options.rise = 1;
    options.checkTogether();
    String[] yaml = ONE.clone();
    yaml[6] = "    health: " + health;
    options.healthInterval = health.equals("off") ? null : Duration.ofSeconds(1);
    Config config = file(yaml);
    if (message == null) {
      assertThat(options.over(config)).isNotEqualTo(config);
    } else {
      assertThatThrownBy(() -> options.over(config))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(message);
    }
  }
}
