package io.evenkeel.health;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofNanos;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class HealthPolicyTest {

  @Test
  void build_nothingSet_hasTheDefaults() {
    HealthPolicy policy = HealthPolicy.builder().build();

    assertThat(policy.interval()).isEqualTo(ofSeconds(5));
    assertThat(policy.timeout()).isEqualTo(ofSeconds(3));
    assertThat(policy.healthyThreshold()).isEqualTo(2);
    assertThat(policy.unhealthyThreshold()).isEqualTo(3);
    assertThat(policy)
        .hasToString("interval 5s, timeout 3s, healthyThreshold 2, unhealthyThreshold 3");
  }

  @Test
  void build_shortIntervalAlone_shortensTheDefaultTimeout() {
    assertThat(HealthPolicy.builder().interval(ofSeconds(1)).build().timeout())
        .isEqualTo(ofSeconds(1));
  }

  @Test
  void build_timeoutLongerThanInterval_isRefused() {
    HealthPolicy.Builder builder = HealthPolicy.builder().timeout(ofSeconds(6));

    assertThatThrownBy(builder::build)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("timeout: 6s (expected: <= interval 5s)");
    assertThat(builder.interval(ofSeconds(6)).build().timeout()).isEqualTo(ofSeconds(6));
  }

  @Test
  void setters_outOfRange_sayWhatIsExpected() {
    HealthPolicy.Builder builder = HealthPolicy.builder();

    assertThatThrownBy(() -> builder.healthyThreshold(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("healthyThreshold: 0 (expected: >= 1)");
    assertThatThrownBy(() -> builder.unhealthyThreshold(-1))
        .hasMessage("unhealthyThreshold: -1 (expected: >= 1)");
    assertThatThrownBy(() -> builder.interval(Duration.ZERO))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("interval: 0s (expected: 0.001s to 24h)");
    assertThatThrownBy(() -> builder.interval(ofNanos(999_999)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> builder.timeout(ofSeconds(-1)))
        .hasMessage("timeout: -1s (expected: 0.001s to 24h)");
    assertThatThrownBy(() -> builder.timeout(ofSeconds(Long.MAX_VALUE)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> builder.timeout(null)).isInstanceOf(NullPointerException.class);
  }

  @Test
  void equals_comparesEveryNumber() {
    HealthPolicy policy = HealthPolicy.builder().build();

    assertThat(policy).isEqualTo(HealthPolicy.builder().build());
    assertThat(policy).hasSameHashCodeAs(HealthPolicy.builder().build());
    assertThat(policy).isNotEqualTo(HealthPolicy.builder().interval(ofSeconds(6)).build());
    assertThat(policy).isNotEqualTo(HealthPolicy.builder().timeout(ofMillis(1)).build());
    assertThat(policy).isNotEqualTo(HealthPolicy.builder().healthyThreshold(1).build());
    assertThat(policy).isNotEqualTo(HealthPolicy.builder().unhealthyThreshold(1).build());
  }
}
