package io.evenkeel.health;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostNamesTest {

  @ParameterizedTest
  @ValueSource(
      strings = {"127.0.0.1", "0.0.0.0", "255.255.255.255", "10.20.30.249", "::1", "fe80::1"})
  void literal_address_isFound(String host) {
    assertThat(HostNames.literal(host)).isNotNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"localhost", "1.2.3", "1.2.3.4.", "1.2.3.256", "1.2.3.4.5", "1234", "a.b.c.d"})
  void literal_name_isNone(String host) {
    assertThat(HostNames.literal(host)).isNull();
  }
}
