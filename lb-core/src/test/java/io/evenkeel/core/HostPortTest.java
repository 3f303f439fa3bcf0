package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostPortTest {

  @Property
  void toString_thenParse_isTheSame(@ForAll @IntRange(max = 65_535) int port) {
    for (String host : new String[] {"10.0.0.1", "db-1.example_x.org", "::1", "fe80::1%eth0"}) {
      HostPort address = new HostPort(host, port);
      assertThat(HostPort.parse(address.toString(), 0)).isEqualTo(address);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "foo",
        ":80",
        "foo:",
        "foo:x",
        "foo:-1",
        "foo:65536",
        "foo:9999999",
        "::1:80",
        "[]:80",
        "[::zz]:80",
        "[1.2.3.4]:80",
        "[foo]:80",
        "[::1]",
        "http://foo:80",
        "foo:80/",
        "a b:80",
        "foo:80 ",
        "[::1:80",
        "[:]:80"
      })
  void parse_anythingElse_isRefused(String text) {
    assertThatThrownBy(() -> HostPort.parse(text, 0)).isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"foo:0", "[::1]:0"})
  void parse_portZero_onlyWhereItMeansAnyFreeOne(String text) {
    assertThat(HostPort.parse(text, 0).port()).isZero();
    assertThatThrownBy(() -> HostPort.parse(text, 1)).hasMessage("port 0 is not in 1 to 65535");
  }
}
