package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

/** Exceptions are users' objects: kept, shared, in circles. */
class FailuresTest {

  private final IOException one = new IOException("one");
  private final IOException two = new IOException("two");

  @Test
  void suppress_eachOnce_neverItself_noCircle() {
    Failures.suppress(one, List.of(two, one, two));
    assertThat(one.getSuppressed()).containsExactly(two);
    Failures.suppress(one, List.of(two));
    assertThat(one.getSuppressed()).containsExactly(two);
    Failures.suppress(two, List.of(one));
    assertThat(two.getSuppressed()).isEmpty();
    IOException caused = new IOException("caused", one);
    Failures.suppress(caused, List.of(one));
    assertThat(caused.getSuppressed()).isEmpty();
  }

  @Test
  void suppress_inAnExceptionThatIsKept_doesNotGrowForever() {
    for (int i = 0; i < 1_000; i++) {
      Failures.suppress(one, List.of(new IOException("" + i)));
    }
    assertThat(one.getSuppressed()).hasSize(16);
  }

  @Test
  void unwrap_endsInCirclesToo() {
    CompletionException outer = new CompletionException(one);
    assertThat(Failures.unwrap(new CompletionException(outer))).isSameAs(one);
    assertThat(Failures.unwrap(one)).isSameAs(one);
    CompletionException circle =
        new CompletionException("a circle", null) {
          @Override
          public synchronized Throwable getCause() {
            return this;
          }
        };
    assertThat(Failures.unwrap(circle)).isSameAs(circle);
  }
}
