package io.evenkeel.server.admin;

import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.evenkeel.proxy.EndReason;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What stands in examples/monitoring. */
class MonitoringFilesTest {

  /** Prometheus' own, and one that is there only once there was a collection. */
  private static final Set<String> NOT_IN_EVERY_SCRAPE = Set.of("up", "jvm_gc_pause_seconds_sum");

  private static final Pattern NAME = Pattern.compile("\\b(?:up|(?:evenkeel|jvm|process)_\\w+)\\b");

  private static final Pattern ERRORS = Pattern.compile("reason=~\"(server_reset[^\"]*)\"");

  /** From the module's directory, or from that above. */
  private static Path directory() {
    return Stream.of("../examples/monitoring", "examples/monitoring")
        .map(Path::of)
        .filter(Files::isDirectory)
        .findFirst()
        .orElseThrow();
  }

  private static void promtool(String... args) throws Exception {
    Promtool.assumeInstalled();
    Promtool.Answer answer = Promtool.run(directory(), null, args);
    assertThat(answer.status()).as(answer.text()).isZero();
  }

  private static JsonNode yaml(String file) throws Exception {
    return new ObjectMapper(new YAMLFactory()).readTree(directory().resolve(file).toFile());
  }

  private static JsonNode dashboard() throws Exception {
    return new ObjectMapper().readTree(directory().resolve("grafana-dashboard.json").toFile());
  }

  private static List<String> alerts() throws Exception {
    return yaml("evenkeel-alerts.yml").findValuesAsText("alert");
  }

  private static List<String> expressions() throws Exception {
    List<String> all = new ArrayList<>(yaml("evenkeel-alerts.yml").findValuesAsText("expr"));
    all.addAll(dashboard().findValuesAsText("expr"));
    dashboard()
        .findValuesAsText("definition")
        .forEach(
            definition -> all.add(definition.replaceAll("label_values\\((.*), \\w+\\)", "$1")));
    return all;
  }

  @Test
  void promtool_findsNothingInTheFiles() throws Exception {
    promtool("check", "rules", "evenkeel-alerts.yml");
    promtool("check", "config", "prometheus.yml");
  }

  @Test
  void eachAlertFires_whenItShould_andNotElse() throws Exception {
    promtool("test", "rules", "evenkeel-alerts-test.yml");
  }

  @Test
  void eachAlert_isTestedBothWays() throws Exception {
    JsonNode tests = yaml("evenkeel-alerts-test.yml").get("tests");
    assertThat(tests).hasSize(2);
    for (int i = 0; i < 2; i++) {
      boolean fires = i == 1;
      List<String> tested = new ArrayList<>();
      for (JsonNode test : tests.get(i).get("alert_rule_test")) {
        tested.add(test.get("alertname").asText());
        assertThat(test.get("exp_alerts").isEmpty()).isNotEqualTo(fires);
      }
      assertThat(tested).containsExactlyInAnyOrderElementsOf(alerts());
    }
  }

  @Test
  void everyMetricThatIsNamed_isInAScrape() throws Exception {
    Set<String> scraped;
    try (WatchedRig rig = new WatchedRig();
        PrometheusPage page = new PrometheusPage(rig.inventory)) {
      rig.pass(ofSeconds(11));
      rig.clients(2, 10);
      scraped = Scrape.of(page.scrape()).names();
    }
    Set<String> named = new TreeSet<>();
    for (String expression : expressions()) {
      Matcher matcher = NAME.matcher(expression.replaceAll("\\{[^}]*}", ""));
      while (matcher.find()) {
        named.add(matcher.group());
      }
    }

    named.removeAll(NOT_IN_EVERY_SCRAPE);
    assertThat(named).hasSizeGreaterThan(30);
    assertThat(scraped).containsAll(named);
  }

  /** The same that the API counts as errors. */
  @Test
  void whatCountsAsAnError_isTheSameEverywhere() throws Exception {
    Set<String> errors = new TreeSet<>();
    for (EndReason reason : EndReason.values()) {
      if (Reading.OfListener.isError(reason)) {
        errors.add(reason.name().toLowerCase(Locale.ROOT));
      }
    }
    int found = 0;
    for (String expression : expressions()) {
      Matcher matcher = ERRORS.matcher(expression);
      while (matcher.find()) {
        assertThat(new TreeSet<>(List.of(matcher.group(1).split("\\|", -1)))).isEqualTo(errors);
        found++;
      }
    }
    assertThat(found).as("one rule, one panel").isEqualTo(2);
  }

  @Test
  void theDashboard_isOne() throws Exception {
    JsonNode dashboard = dashboard();

    assertThat(dashboard.get("title").asText()).isEqualTo("Evenkeel");
    Set<Integer> ids = new TreeSet<>();
    for (JsonNode panel : dashboard.get("panels")) {
      assertThat(ids.add(panel.get("id").asInt())).isTrue();
      JsonNode place = panel.get("gridPos");
      assertThat(place.get("x").asInt() + place.get("w").asInt()).isLessThanOrEqualTo(24);
      if (!panel.get("type").asText().equals("row")) {
        assertThat(panel.get("targets")).isNotEmpty();
      }
    }
    assertThat(ids).hasSizeGreaterThan(25);
  }

  /** PromQL as promtool reads it: each panel's expression as a rule. */
  @Test
  void theDashboardsExpressions_arePromQl() throws Exception {
    Promtool.assumeInstalled();
    StringBuilder rules = new StringBuilder("groups:\n- name: panels\n  rules:\n");
    int i = 0;
    for (String expression : dashboard().findValuesAsText("expr")) {
      String quoted = expression.replace("$__rate_interval", "1m").replace("'", "''");
      rules.append("  - record: panel_").append(i++).append("\n    expr: '").append(quoted);
      rules.append("'\n");
    }
    Path file = Files.createTempFile("panels", ".yml");
    try {
      Files.writeString(file, rules);
      promtool("check", "rules", file.toString());
    } finally {
      Files.delete(file);
    }
  }
}
