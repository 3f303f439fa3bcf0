package io.evenkeel.health;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;

class ProbeResultTest {

  @Test
  void success_hasNoCause() {
    assertThat(ProbeResult.success().isSuccess()).isTrue();
    assertThat(ProbeResult.success().cause()).isNull();
    assertThat(ProbeResult.success()).hasToString("success");
  }

  @Test
  void failure_hasItsCause() {
    ProbeResult failure = ProbeResult.failure("connection refused");

    assertThat(failure.isSuccess()).isFalse();
    assertThat(failure.cause()).isEqualTo("connection refused");
    assertThat(failure).isEqualTo(ProbeResult.failure("connection refused"));
    assertThat(failure)
        .isNotEqualTo(ProbeResult.success())
        .hasToString("failure: connection refused");
  }

  @Test
  void failure_causeOfSeveralLines_becomesOneShortLine() {
    assertThat(ProbeResult.failure("bad\r\nINFO all is well\n").cause())
        .isEqualTo("bad INFO all is well");
    assertThat(ProbeResult.failure("x".repeat(1_000)).cause()).hasSize(200).endsWith("x…");
  }

  @Test
  void failure_ofException_namesItAndItsMessage() {
    assertThat(ProbeResult.failure(new IOException("broken")).cause())
        .isEqualTo("IOException: broken");
    assertThat(ProbeResult.failure(new IOException()).cause()).isEqualTo("IOException");
  }
}
