package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
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

  /** Whoever follows causes and suppressed ones, as loggers do, must come to an end. */
  @Test
  void suppress_makesNoCircle_overSeveralLevelsNeither() {
    Failures.suppress(one, List.of(new IOException("caused", new IOException(one))));
    assertThat(one.getSuppressed()).isEmpty();

    IOException middle = new IOException("middle");
    middle.addSuppressed(new IOException("caused", one));
    two.addSuppressed(middle);
    Failures.suppress(one, List.of(two));
    assertThat(one.getSuppressed()).isEmpty();

    IOException deep = new IOException(new IOException(one));
    Failures.suppress(deep, List.of(one));
    assertThat(deep.getSuppressed()).as("it is in there already").isEmpty();
  }

  @Test
  void suppress_whereACauseThrowsOrNeverEnds_ends() {
    IOException throwing = new Odd(null);
    Failures.suppress(one, List.of(throwing));
    assertThat(one.getSuppressed()).containsExactly(throwing);
    assertThat(Failures.unwrap(throwing)).isSameAs(throwing);

    Failures.suppress(two, List.of(new Odd(() -> new Odd(null))));
    assertThat(two.getSuppressed()).hasSize(1);
    Failures.suppress(two, List.of(Odd.endless()));
    assertThat(two.getSuppressed()).hasSize(1);
  }

  /** Its cause is a new one each time, or cannot be had. */
  private static final class Odd extends IOException {
    private static final long serialVersionUID = 1;
    private final transient Supplier<Throwable> cause;

    Odd(Supplier<Throwable> cause) {
      this.cause = cause;
    }

    static Odd endless() {
      return new Odd(Odd::endless);
    }

    @Override
    public synchronized Throwable getCause() {
      if (cause == null) {
        throw new IllegalStateException("no cause");
      }
      return cause.get();
    }
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

  @Test
  void unwrap_whereTheCauseCannotBeHad_isTheEnvelope() {
    CompletionException odd =
        new CompletionException("odd", null) {
          @Override
          public synchronized Throwable getCause() {
            throw new IllegalStateException("no cause");
          }
        };
    assertThat(Failures.unwrap(odd)).isSameAs(odd);
    assertThat(FailureKind.of(odd)).isEqualTo(FailureKind.OTHER);
  }
}
