package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

/** What a policy takes, and which failures are worth another server. */
class CallPolicyTest {

  private final CallPolicy.Builder builder = CallPolicy.builder();

  @Test
  void badSettings_areNamedWithWhatIsAllowed() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.attempts(0))
        .withMessage("attempts: 0 (expected: >= 1)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.deadline(Duration.ZERO))
        .withMessage("deadline: PT0S (expected: > 0)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.hedgeAfter(Duration.ofMillis(-1)))
        .withMessage("hedgeAfter: PT-0.001S (expected: > 0)");
    for (double bad : new double[] {0, 0.95, 49.9, 100, Double.NaN}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> builder.hedgeAtPercentile(bad))
          .withMessage("hedgeAtPercentile: " + bad + " (expected: 50 to below 100)");
    }
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                CallPolicy.builder().hedgeAfter(Duration.ofMillis(1)).hedgeAtPercentile(95).build())
        .withMessageStartingWith("hedgeAfter: PT0.001S (expected: ");
    assertThatNullPointerException().isThrownBy(() -> builder.retryOn(null));
    assertThatNullPointerException().isThrownBy(() -> builder.executor(null));
    assertThat(builder.build()).hasToString("attempts 3");
  }

  @Test
  void byDefault_lossesOfTheConnectionAreWorthAnotherServer_andNothingElse() {
    CallPolicy policy = builder.build();
    IOException lost = new FileNotFoundException();
    assertThat(policy.isWorthAnother(lost)).isTrue();
    assertThat(policy.isWorthAnother(new UncheckedIOException(lost))).isTrue();
    assertThat(policy.isWorthAnother(new CompletionException(lost))).isTrue();
    assertThat(policy.isWorthAnother(new ExecutionException(new CompletionException(lost))))
        .isTrue();
    assertThat(policy.isWorthAnother(new RuntimeException(lost))).isFalse();
    assertThat(policy.isWorthAnother(new TimeoutException())).isFalse();
    assertThat(policy.isWorthAnother(new CompletionException("nothing", null))).isFalse();
  }

  @Test
  void errorsAndInterrupts_areNeverWorthAnotherServer() {
    CallPolicy policy = builder.retryOn(e -> true).build();
    assertThat(policy.isWorthAnother(new RuntimeException())).isTrue();
    assertThat(policy.isWorthAnother(new OutOfMemoryError())).isFalse();
    assertThat(policy.isWorthAnother(new CompletionException(new StackOverflowError()))).isFalse();
    assertThat(policy.isWorthAnother(new InterruptedException())).isFalse();
  }

  @Test
  void predicateThatThrows_isNo_andIsSeen() {
    IllegalStateException broken = new IllegalStateException("a predicate");
    CallPolicy policy =
        builder
            .retryOn(
                e -> {
                  throw broken;
                })
            .build();
    IOException failure = new IOException();
    assertThat(policy.isWorthAnother(failure)).isFalse();
    assertThat(failure.getSuppressed()).containsExactly(broken);
  }
}
