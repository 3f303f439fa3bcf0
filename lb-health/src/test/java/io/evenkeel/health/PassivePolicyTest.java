package io.evenkeel.health;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.evenkeel.health.OutlierPolicy.SuccessRate;
import java.net.ConnectException;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** The numbers of ejection and of circuits: what they are, and what is refused. */
class PassivePolicyTest {

  private static final OutcomeWindow WINDOW = OutcomeWindow.ofCount(10);

  @Test
  void outlierDefaults_areThoseOfTheDocumentation() {
    OutlierPolicy policy = OutlierPolicy.builder().build();
    assertThat(policy.consecutiveFailures()).isEqualTo(5);
    assertThat(policy.failureWindow()).isNull();
    assertThat(policy.successRate()).isNull();
    assertThat(policy.interval()).isEqualTo(ofSeconds(10));
    assertThat(policy.ejectionTime()).isEqualTo(ofSeconds(30));
    assertThat(policy.maxEjectionTime()).isEqualTo(ofMinutes(5));
    assertThat(policy.maxEjectedShare()).isEqualTo(0.1);
    assertThat(policy.ejectsOneAtLeast()).isFalse();
    assertThat(policy.countsAsFailure().test(new ConnectException())).isTrue();
    assertThat(policy.countsAsFailure().test(new CancellationException())).isFalse();
    assertThat(SuccessRate.DEFAULT).isEqualTo(new SuccessRate(1.9, 5, 100));
    assertThat(policy)
        .hasToString(
            "consecutiveFailures 5, ejectionTime 30s to 5m, jitter 0.1, maxEjectedShare 0.1");
  }

  @Test
  void circuitDefaults_areThoseOfTheDocumentation() {
    CircuitPolicy policy = CircuitPolicy.builder().build();
    assertThat(policy.countsAsFailure().test(new CancellationException())).isFalse();
    assertThat(policy)
        .hasToString(
            "consecutiveFailures 5, openTime 10s to 5m, jitter 0.1, trials 3, trialTimeout 1m");
  }

  @Test
  void longTimes_moveTheCapWithThem() {
    assertThat(OutlierPolicy.builder().ejectionTime(ofMinutes(15)).build().maxEjectionTime())
        .isEqualTo(ofMinutes(15));
    assertThat(CircuitPolicy.builder().openTime(ofMinutes(15)).build().maxOpenTime())
        .isEqualTo(ofMinutes(15));
  }

  @Test
  void badOutlierNumbers_areRefusedByName() {
    OutlierPolicy.Builder b = OutlierPolicy.builder();
    refused(() -> b.consecutiveFailures(0), "consecutiveFailures: 0 (expected: >= 1)");
    refused(() -> b.failureShare(-0.1, WINDOW), "failureShare: -0.1 (expected: 0 to below 1)");
    refused(() -> b.failureShare(1, WINDOW), "failureShare: 1.0 (expected: 0 to below 1)");
    refused(() -> b.failureShare(Double.NaN, WINDOW), "failureShare: NaN (expected: 0 to below 1)");
    refused(() -> b.interval(Duration.ZERO), "interval: 0s (expected: 0.001s to 24h)");
    refused(() -> b.ejectionTime(ofSeconds(-3)), "ejectionTime: -3s (expected: 0.001s to 24h)");
    refused(
        () -> b.maxEjectionTime(ofSeconds(-3)), "maxEjectionTime: -3s (expected: 0.001s to 24h)");
    refused(() -> b.jitter(1.01), "jitter: 1.01 (expected: 0 to 1)");
    refused(() -> b.maxEjectedShare(1.01), "maxEjectedShare: 1.01 (expected: 0 to 1)");
    refused(() -> b.maxEjectedShare(-0.01), "maxEjectedShare: -0.01 (expected: 0 to 1)");
    refused(() -> new SuccessRate(-1, 5, 100), "factor: -1.0 (expected: 0 to 100)");
    refused(() -> new SuccessRate(1, 2, 100), "minServers: 2 (expected: >= 3)");
    refused(() -> new SuccessRate(1, 5, 0), "minOutcomes: 0 (expected: >= 1)");
    refused(
        () -> OutlierPolicy.builder().maxEjectionTime(ofSeconds(29)).build(),
        "maxEjectionTime: 29s (expected: >= ejectionTime 30s)");
    refused(
        () -> OutlierPolicy.builder().withoutConsecutiveFailures().build(),
        "rules: none (expected: consecutiveFailures, failureShare or successRate)");
  }

  @Test
  void badCircuitNumbers_areRefusedByName() {
    CircuitPolicy.Builder b = CircuitPolicy.builder();
    refused(() -> b.consecutiveFailures(0), "consecutiveFailures: 0 (expected: >= 1)");
    refused(() -> b.failureShare(1.5, WINDOW), "failureShare: 1.5 (expected: 0 to below 1)");
    refused(() -> b.openTime(ofMillis(-1)), "openTime: -0.001s (expected: 0.001s to 24h)");
    refused(() -> b.maxOpenTime(Duration.ZERO), "maxOpenTime: 0s (expected: 0.001s to 24h)");
    refused(() -> b.trials(0), "trials: 0 (expected: >= 1)");
    refused(() -> b.trialTimeout(Duration.ZERO), "trialTimeout: 0s (expected: 0.001s to 24h)");
    refused(() -> b.jitter(-0.5), "jitter: -0.5 (expected: 0 to 1)");
    refused(
        () -> CircuitPolicy.builder().maxOpenTime(ofSeconds(9)).build(),
        "maxOpenTime: 9s (expected: >= openTime 10s)");
    refused(
        () -> CircuitPolicy.builder().withoutConsecutiveFailures().build(),
        "rules: none (expected: consecutiveFailures or failureShare)");
  }

  /** Whole per cents, as a person would reckon. */
  @Property
  void mayBeOut_isTheShareRoundedDown(
      @ForAll @IntRange(max = 100) int percent, @ForAll @IntRange(max = 1_000) int members) {
    OutlierPolicy.Builder builder = OutlierPolicy.builder().maxEjectedShare(percent / 100.0);
    int share = percent * members / 100;
    assertThat(builder.build().mayBeOut(members)).isEqualTo(share);
    assertThat(builder.ejectsOneAtLeast(true).build().mayBeOut(members))
        .isEqualTo(members == 0 ? 0 : Math.max(1, share));
  }

  @Example
  void predicateThatThrows_countsTheFailure() {
    assertThat(
            FailureCount.counts(
                cause -> {
                  throw new IllegalStateException("on purpose");
                },
                new ConnectException()))
        .isTrue();
  }

  private static void refused(ThrowingCallable call, String message) {
    assertThatIllegalArgumentException().isThrownBy(call).withMessage(message);
  }
}
