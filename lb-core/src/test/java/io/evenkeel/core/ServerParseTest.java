package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ServerParseTest {

  @Property
  void parse_everyKey_inAnyPlace(
      @ForAll @IntRange(min = 1, max = 65_535) int port,
      @ForAll @IntRange(max = Server.MAX_WEIGHT) int weight,
      @ForAll @IntRange int tier,
      @ForAll @IntRange int most) {
    Server expected =
        Server.of("db", port)
            .withWeight(weight)
            .withTier(tier)
            .withZone("z")
            .withMaxConcurrent(most)
            .withId("n");
    String numbers = ",weight=" + weight + ",tier=" + tier + ",max_concurrent=" + most;
    assertThat(Server.parse("db:" + port + numbers + ",zone=z,id=n")).isEqualTo(expected);
    assertThat(Server.parse("db:" + port + ",id=n,zone=z" + numbers)).isEqualTo(expected);
  }

  @Test
  void parse_addressAlone_hasTheDefaults() {
    assertThat(Server.parse("10.0.0.1:80")).isEqualTo(Server.of("10.0.0.1", 80));
    assertThat(Server.parse("[::1]:80")).isEqualTo(Server.of("::1", 80));
    assertThat(Server.parse("[::1]:80").id()).isEqualTo("[::1]:80");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "foo | not HOST:PORT (expected: HOST:PORT[,weight=N]",
        "a:0 | port 0 is not in 1 to 65535 (expected: HOST:PORT[,weight=N]",
        "a:80,wieght=3 | unknown key 'wieght' (expected: weight, tier, zone, max_concurrent or id)",
        "a:80,weight=-1 | weight '-1' (expected: a whole number, 0 to 1000000)",
        "a:80,weight=1000001 | weight '1000001' (expected: a whole number, 0 to 1000000)",
        "a:80,weight= | weight '' (expected: a whole number, 0 to 1000000)",
        "a:80,tier=x | tier 'x' (expected: a whole number, 0 to 2147483647)",
        "a:80,max_concurrent=-1 | max_concurrent '-1' (expected: a whole number, 0 to 2147483647)",
        "a:80,zone= | zone: '' (expected: not blank)",
        "a:80,id= | id: '' (expected: not blank)",
        "a:80,id=x,id=y | id is given twice (expected: once)",
        "a:80,weight | 'weight' is no KEY=VALUE (expected: HOST:PORT[,weight=N]",
        "a:80, | '' is no KEY=VALUE (expected: HOST:PORT[,weight=N]"
      })
  void parse_anythingElse_quotesItAndSaysWhatIsExpected(String text, String what) {
    assertThatThrownBy(() -> Server.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("'" + text + "': " + what);
  }

  @Test
  void parse_null_isNamedToo() {
    assertThatThrownBy(() -> Server.parse(null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("server: null (expected: HOST:PORT[,weight=N]");
  }
}
