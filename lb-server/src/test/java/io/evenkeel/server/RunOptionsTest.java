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
    options.idleTimeout = Duration.ofSeconds(1);
    assertThatThrownBy(() -> options.over(two))
        .hasMessage(
            "--idle-timeout: the file has 2 listeners (expected: beside a file with one listener)");
  }

  @Test
  void healthBesideAFile_isRefused() {
    options.config = Path.of("x.yaml");
    options.rise = 1;
    assertThatThrownBy(options::checkTogether)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("--rise: beside --config (expected: in the file, as health of the balancer)");
  }
}
