package io.evenkeel.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.evenkeel.server.config.ConfigFile.Format;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** No problem and no text for people has a secret in it. */
class SecretsTest {

  private static final String LISTENERS = "listeners: {web: {address: '127.0.0.1:9000'}}\n";

  private static String problems(String text, Format format) {
    return Objects.requireNonNull(
            catchThrowableOfType(ConfigException.class, () -> ConfigFile.parse(text, format, null)))
        .problems()
        .toString();
  }

  private static String web(String balancer) {
    return LISTENERS + "balancers: {web: {servers: ['a:1']" + balancer + "}}\n";
  }

  private static String shown(String health) throws ConfigException {
    return ConfigFile.parse(web(", health: " + health), Format.YAML, null).toString();
  }

  @Test
  void badTokens_areNotShown() {
    for (String tokens :
        List.of(
            "hunter2",
            "[hunter2]",
            "{a: hunter2}",
            "{a: {token: hunter2}}",
            "{a: {token: hunter2hunter2\u00e9}}",
            "{a: {token: [hunter2]}}",
            "{a: {token: {hunter: 2}}}",
            "{a: {token_env: hunter2}}",
            "{a: {token_env: hunter2!}}",
            "{a: {token_file: hunter2}}",
            "{a: {token_file: /dev/null/hunter2}}",
            "{a: {token_file: \"hunter2\\0\"}}",
            "{a: {token_file: [hunter2]}}")) {
      assertThat(problems(web("") + "admin: {tokens: " + tokens + "}", Format.YAML))
          .as(tokens)
          .contains("admin.tokens")
          .doesNotContain("hunter2");
    }
  }

  @Test
  void whatChecksSend_isNotShown() throws Exception {
    for (String health :
        List.of(
            "{http: {headers: hunter2}}",
            "{http: {headers: [hunter2]}}",
            "{http: {headers: {A: 20202}}}",
            "{http: {headers: {A: \"hunter2\\n\"}}}",
            "{send_expect: {send: 20202, expect: a}}")) {
      assertThat(problems(web(", health: " + health), Format.YAML))
          .as(health)
          .contains("balancers.web.health")
          .doesNotContain("hunter2", "20202");
    }
    assertThat(shown("{http: {headers: {B: hunter2, A: hunter2}}}"))
        .contains("headers=[A, B]")
        .doesNotContain("hunter2");
    assertThat(shown("{send_expect: {send: hunter2, expect: OK}}"))
        .contains("SendExpect[expect=OK]")
        .doesNotContain("hunter2");
  }

  @Test
  void whatIsNoJsonOrYaml_isNotQuoted() {
    assertThat(problems("{\"admin\": {\"token\": hunter2}}", Format.JSON))
        .startsWith("[line 1, column ")
        .endsWith(
            ": not JSON: a word (expected: an object, a list, a text in quotes, a number, true,"
                + " false or null)]");
    for (String text :
        List.of("hunter2", "{\"a\": \"hunter2", "{\"a\": \"\\hunter2\"}", "[1hunter2]")) {
      assertThat(problems(text, Format.JSON)).as(text).doesNotContain("hunter2");
    }
    assertThat(problems("a: !hunter2!x y", Format.YAML)).doesNotContain("hunter2");
  }
}
