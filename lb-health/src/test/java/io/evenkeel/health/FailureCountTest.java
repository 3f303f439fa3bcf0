package io.evenkeel.health;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What a failure says gets into logs: a peer may have written it. */
class FailureCountTest {

  @Test
  void text_isOneLine_ofBoundedLength() {
    String text =
        FailureCount.text(
            new RuntimeException("one\r\nWARN two\u001b[31m\u009b31m " + "x".repeat(100_000)));
    assertThat(text)
        .startsWith("java.lang.RuntimeException: one WARN two [31m 31m x")
        .endsWith("…");
    assertThat(text).hasSize(200);
  }

  @Test
  void text_ofOneThatThrows_isItsClass() {
    RuntimeException bad =
        new RuntimeException() {
          @Override
          public String getMessage() {
            throw new IllegalStateException("no");
          }
        };
    assertThat(FailureCount.text(bad)).isEqualTo(bad.getClass().getName());
  }
}
