package io.evenkeel.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.Server;
import io.evenkeel.server.config.BalancerConfig.SelectorConfig;
import io.evenkeel.server.config.ConfigFile.Format;
import io.evenkeel.server.config.ConfigWriter.Edit;
import io.evenkeel.server.config.ConfigWriter.How;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.UnaryOperator;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Tuple;
import net.jqwik.api.Tuple.Tuple2;
import org.junit.jupiter.api.Test;

/** What is written is read again as what it was; hand-written texts keep their comments. */
class ConfigWriterTest {

  private static final String TEXT =
      """
      # top
      listeners:
        web: {address: 127.0.0.1:9000, balancer: web}   # one line
      balancers:
        # before web
        web:
          # the algorithm
          selector: round_robin   # trailing
          servers:
            # first
            - 10.0.0.1:80
            # second
            - 10.0.0.2:80,weight=3   # heavy
            - host: 10.0.0.3   # in lines
              port: 80
              # its weight
              weight: 2
            - {host: 10.0.0.4, port: 80}
          # end of web

        api:
          servers: [a:1, b:2]
      # bottom
      """;

  private static Config yaml(String text) throws ConfigException {
    return ConfigFile.parse(text, Format.YAML, null);
  }

  private static Edit edit(String text, Config after) throws ConfigException {
    return ConfigWriter.edit(text, Format.YAML, null, after);
  }

  private static Config with(Config config, BalancerConfig balancer) {
    List<BalancerConfig> balancers = new ArrayList<>(config.balancers());
    balancers.replaceAll(one -> one.name().equals(balancer.name()) ? balancer : one);
    return new Config(
        config.listeners(),
        balancers,
        config.admin(),
        config.drain(),
        config.watch(),
        config.summary());
  }

  private static BalancerConfig with(
      BalancerConfig balancer, List<Server> servers, SelectorConfig selector) {
    return new BalancerConfig(
        balancer.name(),
        servers,
        balancer.discovery(),
        selector,
        balancer.health(),
        balancer.ejection(),
        balancer.breaker(),
        balancer.maxConcurrent(),
        balancer.slowStart(),
        balancer.panicThreshold());
  }

  private static Config change(Config config, String name, UnaryOperator<List<Server>> change) {
    BalancerConfig balancer = config.balancer(name).orElseThrow();
    List<Server> servers = change.apply(new ArrayList<>(balancer.servers()));
    return with(config, with(balancer, servers, balancer.selector()));
  }

  @Property(tries = 300)
  void json_isReadAgainAsWhatItWas(@ForAll long seed) throws Exception {
    Config config = yaml(new Documents(seed).next());
    String json = ConfigWriter.json(config);
    Config again = ConfigFile.readJson(json, config);
    assertThat(ConfigWriter.isSame(again, config)).as(json).isTrue();
    assertThat(ConfigWriter.json(again)).isEqualTo(json);
    assertThat(json).doesNotContain("0123456789abcdef", "!!!!!!!!!!!!!!!!", "hidden");
  }

  @Test
  void json_leavesOutWhatIsAsByDefault() throws Exception {
    assertThat(
            ConfigWriter.json(
                yaml(
                    """
                    listeners: {web: {address: ':9000', idle_timeout: 60s}}
                    balancers: {web: {servers: ['a:1,weight=2'], health: tcp}}
                    """)))
        .isEqualTo(
            """
            {
              "listeners": {
                "web": {
                  "address": "0.0.0.0:9000",
                  "balancer": "web"
                }
              },
              "balancers": {
                "web": {
                  "servers": [
                    {
                      "host": "a",
                      "port": 1,
                      "weight": 2
                    }
                  ]
                }
              }
            }\
            """
                .strip());
  }

  @Test
  void secrets_comeFromTheConfigurationInForce_andFromNowhereElse() throws Exception {
    Config config =
        yaml(TEXT + "admin: {address: ':1', tokens: {a: {token: 0123456789abcdef, role: write}}}");
    String json = ConfigWriter.json(config);
    assertThat(json).doesNotContain("0123456789abcdef").contains("\"token\": \"(unchanged)\"");
    assertThat(ConfigFile.readJson(json, config)).isEqualTo(config);
    assertThatThrownBy(() -> ConfigFile.readJson(json, yaml(TEXT)))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("'(unchanged)', and there is none of that name in force");
  }

  @Test
  void whatChecksSend_comesFromTheBalancerInForce_andIsWrittenToFilesAsItIs() throws Exception {
    String text =
        """
        listeners: {l: {address: "127.0.0.1:1", balancer: a}}
        balancers:
          a:
            servers: [a:1]
            health: {http: {headers: {Authorization: Bearer hunter2, X: hunter3}}}
          b:
            servers: [b:1]
            health: {send_expect: {send: AUTH hunter2, expect: OK}}
          c:
            servers: [c:1]
            health: {send_expect: {expect: OK}}
        """;
    Config config = yaml(text);
    String json = ConfigWriter.json(config);
    assertThat(json)
        .doesNotContain("hunter")
        .contains("\"Authorization\": \"(unchanged)\"", "\"send\": \"(unchanged)\"");
    assertThat(ConfigFile.readJson(json, config)).isEqualTo(config);
    Config replaced = ConfigFile.readJson(json.replaceFirst("\\(unchanged\\)", "new"), config);
    assertThat(Objects.requireNonNull(replaced.balancer("a").orElseThrow().health()).probe())
        .isInstanceOfSatisfying(
            ProbeConfig.Http.class,
            http ->
                assertThat(http.headers())
                    .isEqualTo(Map.of("Authorization", "new", "X", "hunter3")));
    assertThat(ConfigWriter.isSame(replaced, config)).isFalse();

    Config more = change(config, "b", servers -> plus(servers, Server.of("x", 1)));
    assertThat(edit(text, more).text()).contains("Bearer hunter2, X: hunter3", "AUTH hunter2");

    String others = json.replace("\"X\"", "\"Y\"").replace("\"b\": {", "\"d\": {");
    assertThatThrownBy(() -> ConfigFile.readJson(others, config))
        .hasMessageContaining(
            "balancers.a.health.http.headers: 'Y' is '(unchanged)', and the balancer of that name"
                + " has none in force (expected: its value)")
        .hasMessageContaining(
            "balancers.d.health.send_expect.send: '(unchanged)', and the balancer of that name has"
                + " none in force (expected: the text)");
    assertThatThrownBy(() -> yaml(text.replace("Bearer hunter2", "(unchanged)")))
        .hasMessageContaining("'Authorization' is '(unchanged)'");
  }

  @Test
  void edit_withinBracketsWithComments_saysThatTheyAreGone_ifSomethingComesOrGoes()
      throws Exception {
    String text =
        """
        listeners: {l: {address: "127.0.0.1:1", balancer: web}}
        balancers:
          web:
            # stays
            servers: [
              "a:1", # the first
              {host: b, port: 2, # the second
               weight: 2},
              c:3 # the third
            ] # so does this
        """;
    Config before = yaml(text);
    Edit heavier =
        edit(
            text, change(before, "web", servers -> with(servers, 1, servers.get(1).withWeight(5))));
    assertThat(heavier).isEqualTo(new Edit(text.replace("weight: 2", "weight: 5"), How.EDITED));

    Edit fewer =
        edit(text, change(before, "web", servers -> List.of(servers.get(1), servers.get(2))));
    assertThat(fewer.how()).isEqualTo(How.REWRITTEN);
    assertThat(fewer.text())
        .contains("# stays", "# so does this", "# the second")
        .doesNotContain("# the first", "# the third");

    Edit more = edit(text, change(before, "web", servers -> plus(servers, Server.of("d", 4))));
    assertThat(more.how()).isEqualTo(How.REWRITTEN);
    assertThat(more.text())
        .contains("# stays", "# so does this", "# the second")
        .doesNotContain("# the first", "# the third");

    Edit zone =
        edit(
            text, change(before, "web", servers -> with(servers, 1, servers.get(1).withZone("z"))));
    assertThat(zone.how()).isEqualTo(How.REWRITTEN);
    assertThat(zone.text())
        .contains("# the first", "# the third", "zone: z")
        .doesNotContain("# the second");
  }

  private static List<Server> with(List<Server> servers, int at, Server server) {
    servers.set(at, server);
    return servers;
  }

  @Test
  void edit_changesWhatChanges_andNothingElse() throws Exception {
    Config before = yaml(TEXT);
    Config after =
        change(
            before,
            "web",
            servers -> {
              servers.remove(0);
              servers.set(0, servers.get(0).withWeight(5));
              servers.set(1, servers.get(1).withWeight(1).withTier(1));
              servers.set(2, servers.get(2).withZone("x").withMaxConcurrent(9));
              servers.add(Server.of("10.0.0.9", 80));
              servers.add(Server.of("::1", 81).withMetadata("k", "v w"));
              return servers;
            });
    after = change(after, "api", servers -> List.of(servers.get(1), Server.of("c", 3)));
    BalancerConfig web = after.balancer("web").orElseThrow();
    after =
        with(
            after,
            with(
                web,
                web.servers(),
                new SelectorConfig("ring_hash", Map.of("placement", "ketama"))));
    Edit edit = edit(TEXT, after);
    assertThat(edit.how()).isEqualTo(How.EDITED);
    assertThat(edit.text())
        .isEqualTo(
            """
            # top
            listeners:
              web: {address: 127.0.0.1:9000, balancer: web}   # one line
            balancers:
              # before web
              web:
                # the algorithm
                selector: {name: ring_hash, placement: ketama}   # trailing
                servers:
                  # first
                  # second
                  - 10.0.0.2:80,weight=5   # heavy
                  - host: 10.0.0.3   # in lines
                    port: 80
                    # its weight
                    weight: 1
                    tier: 1
                  - {host: 10.0.0.4, port: 80, zone: x, max_concurrent: 9}
                  - {host: 10.0.0.9, port: 80}
                  - {host: "::1", port: 81, metadata: {k: "v w"}}
                # end of web

              api:
                servers: [b:2, c:3]
            # bottom
            """);
    assertThat(yaml(edit.text())).isEqualTo(after);
  }

  @Test
  void edit_ofNothing_isTheTextItself() throws Exception {
    assertThat(edit(TEXT, yaml(TEXT))).isEqualTo(new Edit(TEXT, How.UNCHANGED));
  }

  @Test
  void edit_ofJson_ofCrLf_ofATextWithoutALastLineBreak() throws Exception {
    String json =
        "{\"listeners\": {\"web\": {\"address\": \"127.0.0.1:1\"}},\n \"balancers\": {\"web\":"
            + " {\"servers\": [\n    \"a:1\",\n    {\"host\": \"b\", \"port\": 2}\n  ]}}}";
    Config before = ConfigFile.parse(json, Format.JSON, null);
    Config after =
        change(
            before,
            "web",
            servers ->
                List.of(
                    servers.get(0),
                    servers.get(1).withWeight(3),
                    Server.of("c", 3).withId("say \"c\"")));
    assertThat(ConfigWriter.edit(json, Format.JSON, null, after))
        .isEqualTo(
            new Edit(
                json.replace(
                    "\"port\": 2}",
                    "\"port\": 2, \"weight\": 3},\n    {\"host\":\"c\",\"port\":3,\"id\":\"say"
                        + " \\\"c\\\"\"}"),
                How.EDITED));

    String crLf = TEXT.replace("\n", "\r\n");
    Config more = change(yaml(crLf), "web", servers -> plus(servers, Server.of("x", 1)));
    assertThat(edit(crLf, more).text().replace("\r\n", "")).doesNotContain("\n");

    String open = TEXT.substring(0, TEXT.indexOf("    # end of web")).stripTrailing();
    String openGood = open.replace("balancer: web", "idle_timeout: 1s");
    Config longer = change(yaml(openGood), "web", servers -> plus(servers, Server.of("x", 1)));
    assertThat(edit(openGood, longer).text()).isEqualTo(openGood + "\n      - {host: x, port: 1}");
  }

  private static List<Server> plus(List<Server> servers, Server server) {
    servers.add(server);
    return servers;
  }

  @Test
  void edit_thatHasNoPlace_writesTheSectionAnew_andSaysSo() throws Exception {
    // The order of servers is a part of what they are: for rotation, and for ip_hash.
    Config after = change(yaml(TEXT), "api", servers -> List.of(servers.get(1), servers.get(0)));
    Edit edit = edit(TEXT, after);
    assertThat(edit.how()).isEqualTo(How.REWRITTEN);
    assertThat(edit.text()).contains("# first", "# heavy", "# bottom");
    assertThat(yaml(edit.text())).isEqualTo(after);
  }

  @Test
  void edit_leavesSecretsWhereTheyAre_andWritesNone() throws Exception {
    String text = TEXT + "admin:\n  tokens:\n    a: {role: read, token: 0123456789abcdef}\n";
    Config before = yaml(text);
    Config after = change(before, "api", servers -> plus(servers, Server.of("c", 3)));
    assertThat(edit(text, after).text()).contains("token: 0123456789abcdef");
    Config stranger =
        new Config(
            before.listeners(),
            before.balancers(),
            new AdminConfig(
                Objects.requireNonNull(before.admin()).address(),
                List.of(new AdminConfig.Token("a", "another-secret-it-is", AdminConfig.Role.READ)),
                false),
            before.drain(),
            before.watch(),
            before.summary());
    assertThatThrownBy(() -> edit(text, stranger)).isInstanceOf(ConfigException.class);
  }

  @Property(tries = 100)
  void edit_ofAnything_readsAsAsked_andKeepsComments(@ForAll long seed) throws Exception {
    Random random = new Random(seed);
    String text = new Documents(seed).next();
    Config config = yaml(text);
    for (int round = 0; round < 4; round++) {
      Tuple2<String, Config> changed = changed(config, random);
      Config after = changed.get2();
      Edit edit = edit(text, after);
      String how = changed.get1() + "\n" + text + "\n=>\n" + edit.text();
      assertThat(ConfigWriter.isSame(yaml(edit.text()), after)).as(how).isTrue();
      assertThat(edit.how()).as(how).isNotEqualTo(How.REWRITTEN);
      assertThat(ownLines(edit.text())).as(how).containsSubsequence(ownLines(text));
      text = edit.text();
      config = after;
    }
  }

  private static List<String> ownLines(String text) {
    return text.lines().map(String::strip).filter(line -> line.startsWith("#")).toList();
  }

  /** What the admin API can do to a balancer. */
  private static Tuple2<String, Config> changed(Config config, Random random) {
    BalancerConfig balancer = config.balancers().get(random.nextInt(config.balancers().size()));
    List<Server> servers = new ArrayList<>(balancer.servers());
    SelectorConfig selector = balancer.selector();
    int at = random.nextInt(servers.size());
    Server server = servers.get(at);
    int what = random.nextInt(8);
    switch (what) {
      case 0 -> servers.add(Server.of("new" + random.nextInt(1_000_000), 1 + random.nextInt(9)));
      case 1 ->
          servers.add(
              Server.of("::", 7)
                  .withId("'#: " + random.nextInt(1_000_000))
                  .withZone("- x")
                  .withWeight(0));
      case 2 -> {
        // The one that always is there weighs something: without it nobody might.
        if (at > 0) {
          servers.remove(at);
        }
      }
      case 3 -> servers.set(at, server.withWeight(1 + random.nextInt(4)));
      case 4 -> servers.set(at, server.withTier(random.nextInt(2)));
      case 5 -> servers.set(at, server.withZone(random.nextBoolean() ? null : "z"));
      case 6 -> servers.set(at, server.withMaxConcurrent(random.nextInt(2) * 5));
      default ->
          selector =
              random.nextBoolean()
                  ? new SelectorConfig("least_connections", Map.of())
                  : new SelectorConfig(
                      "ring_hash", Map.of("placement", "ketama", "bounded", "0.5"));
    }
    return Tuple.of(what + " at " + at, with(config, with(balancer, servers, selector)));
  }

  @Test
  void paths_areTheFilesOwn() throws Exception {
    Path file = Examples.file("server-file.yaml");
    Config config = ConfigFile.read(file);
    Config after = change(config, "web", servers -> plus(servers, Server.of("x", 1)));
    Edit edit = ConfigWriter.edit(file, Examples.text("server-file.yaml"), after);
    assertThat(edit.how()).isEqualTo(How.EDITED);
    assertThat(edit.text()).contains("file: servers.txt").contains("servers: [");
    assertThat(ConfigFile.read(file, edit.text())).isEqualTo(after);
  }
}
