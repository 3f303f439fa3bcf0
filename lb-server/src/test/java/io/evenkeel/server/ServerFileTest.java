package io.evenkeel.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.Server;
import java.nio.file.Path;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** JSON and YAML: all that may be said, and what is said of anything else. */
class ServerFileTest {

  private static final Path JSON = Path.of("servers.json");
  private static final Path YAML = Path.of("servers.YAML");

  private static final List<Server> EXPECTED =
      List.of(
          Server.of("10.0.0.1", 8080),
          Server.of("::1", 80)
              .withWeight(3)
              .withTier(1)
              .withZone("east")
              .withId("b")
              .withMaxConcurrent(20)
              .withMetadata("rack", "r7")
              .withMetadata("os", "17"));

  @Test
  void yaml() {
    String text =
        """
        # both of them
        servers:
          - host: 10.0.0.1
            port: 8080
          - {id: b, host: "::1", port: 80, weight: 3, tier: 1, zone: east, max_concurrent: 20, metadata: {rack: r7, os: "17"}}
        """;
    assertThat(ServerFile.parse(YAML, text)).isEqualTo(EXPECTED);
    assertThat(ServerFile.parse(Path.of("x.yml"), text)).isEqualTo(EXPECTED);
  }

  @Test
  void json() {
    assertThat(
            ServerFile.parse(
                JSON,
                """
                {"servers": [
                  {"host": "10.0.0.1", "port": 8080},
                  {"port": 80, "host": "::1", "weight": 3, "tier": 1, "zone": "east", "id": "b",
                   "max_concurrent": 20, "metadata": {"rack": "r7", "os": "17"}}
                ]}
                """))
        .isEqualTo(EXPECTED);
    assertThat(ServerFile.parse(JSON, "{\"servers\":[]}")).isEmpty();
  }

  @Test
  void otherNames_areOneServerALine() {
    assertThat(ServerFile.parse(Path.of("servers.txt"), "10.0.0.1:8080 # one\n"))
        .containsExactly(Server.of("10.0.0.1", 8080));
  }

  @Property(tries = 200)
  void numbers_inTheirRanges(
      @ForAll @IntRange(min = 1, max = 65_535) int port,
      @ForAll @IntRange(max = Server.MAX_WEIGHT) int weight,
      @ForAll @IntRange int tier) {
    String fields =
        "\"host\": \"a\", \"port\": " + port + ", \"weight\": " + weight + ", \"tier\": " + tier;
    List<Server> expected = List.of(Server.of("a", port).withWeight(weight).withTier(tier));
    String text = "{\"servers\": [{" + fields + "}]}";
    assertThat(ServerFile.parse(JSON, text)).isEqualTo(expected);
    assertThat(ServerFile.parse(YAML, text)).isEqualTo(expected);
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "{servers: [{host: a, port: 1, wieght: 3}]} | line 1, column 31: servers[0].wieght: unknown"
            + " key; did you mean 'weight'?",
        "{severs: []} | line 1, column 1: 'servers' is missing (expected: a list",
        "{} | line 1, column 1: 'servers' is missing (expected: a list",
        "[] | line 1, column 1: a list (expected: an object: {servers: [...]})",
        "{servers: {}} | line 1, column 11: servers: an object (expected: a list",
        "{servers: [a]} | line 1, column 12: servers[0]: 'a' (expected: a text HOST:PORT",
        "{servers: [{port: 1}]} | line 1, column 12: servers[0]: 'host' is missing",
        "{servers: [{host: a}]} | line 1, column 12: servers[0]: 'port' is missing",
        "{servers: [{host: a, port: 0}]} | line 1, column 28: servers[0].port: '0' (expected: a",
        "{servers: [{host: a, port: 1.5}]} | line 1, column 28: servers[0].port: '1.5' (expected",
        "{servers: [{host: a, port: '1'}]} | line 1, column 28: servers[0].port: '1' (expected",
        "{servers: [{host: a, port: null}]} | line 1, column 28: servers[0].port: nothing (expect",
        "{servers: [{host: a, port: 1, weight: -1}]} | line 1, column 39: servers[0].weight: '-1'",
        "{servers: [{host: a, port: 1, zone: 7}]} | line 1, column 37: servers[0].zone: '7' (expe",
        "{servers: [{host: a, port: 1, id: ' '}]} | line 1, column 35: servers[0].id: ' ' (expect",
        "{servers: [{host: a, port: 1, metadata: x}]} | line 1, column 41: servers[0].metadata: no o",
        "{servers: [{host: a, port: 1, id: *x}]} | line 1, column 35: servers[0].id: alias (expec",
        "{servers: [{host: a, host: b, port: 1}]} | line 1, column 22: servers[0].host: is there t",
        "{servers: [{host: a, port: 1} | line 1, column",
        "{servers: [{host: a, port: 1}, {host: a, port: 1}]} | line 1, column 32: servers[1]: 'a:1'",
      })
  void anythingElse_isNamedWithItsPlace(String text, String complaint) {
    assertThatThrownBy(() -> ServerFile.parse(YAML, text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(complaint)
        .message()
        .hasLineCount(1);
  }

  @Example
  void anythingElse_inJson_andOverLines() {
    assertThatThrownBy(
            () ->
                ServerFile.parse(
                    JSON, "{\"servers\": [\n  {\"host\": \"a\",\n   \"port\": \"80\"}]}"))
        .hasMessage(
            "line 3, column 12: servers[0].port: '80' (expected: a whole number, 1 to 65535)");
    assertThatThrownBy(() -> ServerFile.parse(JSON, "{\"servers\": []} {}"))
        .hasMessageContaining("more after the end (expected: one document)");
    assertThatThrownBy(() -> ServerFile.parse(JSON, "{'servers': []}"))
        .hasMessageStartingWith("line 1, column 2: ");
    assertThatThrownBy(() -> ServerFile.parse(YAML, "servers: []\n---\nservers: []\n"))
        .hasMessageContaining("more after the end");
    assertThatThrownBy(() -> ServerFile.parse(YAML, ""))
        .hasMessageContaining("nothing (expected: ");
  }
}
