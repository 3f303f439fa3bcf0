package io.evenkeel.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.Server;
import io.evenkeel.server.config.Config;
import io.evenkeel.server.config.ConfigException;
import io.evenkeel.server.config.ConfigFile;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class DifferencesTest {

  private static Config config(String... yaml) throws ConfigException {
    return ConfigFile.parse(Program.text(yaml), ConfigFile.Format.YAML, null);
  }

  /** Some of five servers, each with one of three weights. */
  @Provide
  Arbitrary<List<Server>> servers() {
    return Arbitraries.integers()
        .between(0, 3)
        .list()
        .ofSize(5)
        .map(
            weights -> {
              List<Server> servers = new ArrayList<>();
              for (int i = 0; i < weights.size(); i++) {
                if (weights.get(i) > 0) {
                  servers.add(Server.of("s" + i, 1).withWeight(weights.get(i)));
                }
              }
              return servers;
            });
  }

  private static Map<String, Server> byId(List<Server> servers) {
    Map<String, Server> byId = new HashMap<>();
    servers.forEach(server -> byId.put(server.id(), server));
    return byId;
  }

  @Property(tries = 500, seed = "8")
  void merge_takesWhatTheFileSaysAnew_andLeavesTheRestAsItIs(
      @ForAll("servers") List<Server> before,
      @ForAll("servers") List<Server> next,
      @ForAll("servers") List<Server> now) {
    Map<String, Server> was = byId(before);
    Map<String, Server> is = byId(next);
    Map<String, Server> merged = byId(Differences.merge(before, next, now));
    for (int i = 0; i < 5; i++) {
      String id = "s" + i + ":1";
      boolean fileSaysNothingNew =
          was.get(id) == null ? is.get(id) == null : was.get(id).equals(is.get(id));
      Server expected = fileSaysNothingNew ? byId(now).get(id) : is.get(id);
      assertThat(merged.get(id)).isEqualTo(expected);
    }
  }

  @Test
  void merge_keepsTheOrderOfTheFile_andPutsTheOthersLast() {
    Server a = Server.of("a", 1);
    Server b = Server.of("b", 1);
    Server c = Server.of("c", 1);
    assertThat(Differences.merge(List.of(a), List.of(b, a), List.of(c, a)))
        .containsExactly(b, a, c);
  }

  @Test
  void describe_hasASentenceForEach() throws Exception {
    Config before =
        config(
            "listeners:",
            "  web: {address: '127.0.0.1:9000', idle_timeout: 60s}",
            "  old: {address: '127.0.0.1:9001'}",
            "balancers:",
            "  web:",
            "    servers: ['10.0.0.1:80', '10.0.0.2:80']");
    Config next =
        config(
            "listeners:",
            "  web: {address: '127.0.0.1:9000', idle_timeout: 30s, max_connections: 100}",
            "  new: {address: '127.0.0.1:9002'}",
            "balancers:",
            "  web:",
            "    servers: ['10.0.0.1:80,weight=3,zone=east', '10.0.0.3:80']",
            "    selector: {name: ring_hash, placement: ketama}",
            "drain: 1m");
    assertThat(Differences.describe(before, next))
        .containsExactly(
            "balancer web: server 10.0.0.1:80: weight is 3, was 1, zone is east, was none",
            "balancer web: server 10.0.0.3:80: added",
            "balancer web: server 10.0.0.2:80: removed",
            "balancer web: selector is ring_hash {placement=ketama}, was round_robin",
            "listener web: max_connections is 100, was unlimited",
            "listener web: idle_timeout is 30s, was 1m",
            "listener new: added",
            "listener old: removed",
            "drain is 1m, was 30s");
    assertThat(Differences.describe(next, next)).isEmpty();
  }

  @Test
  void describe_neverShowsAToken() throws Exception {
    String[] yaml = {
      "listeners:",
      "  web: {address: '127.0.0.1:9000'}",
      "balancers:",
      "  web: {servers: ['10.0.0.1:80']}",
      "admin:",
      "  tokens: {ops: {role: write, token: the-first-secret-of-all}}"
    };
    Config before = config(yaml);
    yaml[5] = "  tokens: {ops: {role: write, token: another-secret-of-all}}";
    assertThat(Differences.describe(before, config(yaml)))
        .singleElement()
        .asString()
        .startsWith("admin")
        .doesNotContain("secret");
  }

  @Test
  void describe_neverShowsWhatAChecksHeadersSay() throws Exception {
    String[] yaml = {
      "listeners:",
      "  web: {address: '127.0.0.1:9000'}",
      "balancers:",
      "  web:",
      "    servers: ['10.0.0.1:80']",
      "    health: {http: {headers: {Authorization: the-first-secret}}}"
    };
    Config before = config(yaml);
    yaml[5] = "    health: {http: {headers: {Authorization: another-secret}}}";
    assertThat(Differences.describe(before, config(yaml)))
        .containsExactly("balancer web: health has changed in what is not shown");
  }
}
