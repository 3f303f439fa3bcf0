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
    assertThat(policy.firstResultDecides()).isTrue();
    assertThat(policy.fastInterval()).isEqualTo(ofSeconds(5));
    assertThat(policy.backoffMultiplier()).isEqualTo(1.5);
    assertThat(policy.maxInterval()).isEqualTo(ofSeconds(30));
    assertThat(policy.jitter()).isEqualTo(0.1);
    assertThat(policy)
        .hasToString(
            "interval 5s, timeout 3s, healthyThreshold 2, unhealthyThreshold 3, fastInterval 5s,"
                + " backoffMultiplier 1.5, maxInterval 30s, jitter 0.1");
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
  void build_fastIntervalLongerOrLongestShorterThanInterval_isRefused() {
    assertThatThrownBy(() -> HealthPolicy.builder().fastInterval(ofSeconds(6)).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("fastInterval: 6s (expected: <= interval 5s)");
    assertThatThrownBy(() -> HealthPolicy.builder().maxInterval(ofSeconds(4)).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("maxInterval: 4s (expected: >= interval 5s)");
    assertThat(HealthPolicy.builder().interval(Duration.ofHours(20)).build().maxInterval())
        .isEqualTo(Duration.ofDays(1));
  }

  @Test
  void toBuilder_keepsWhatWasGiven_andNotWhatFollowsFromTheInterval() {
    HealthPolicy given =
        HealthPolicy.builder()
            .interval(ofSeconds(6))
            .timeout(ofSeconds(2))
            .healthyThreshold(7)
            .unhealthyThreshold(8)
            .firstResultDecides(false)
            .fastInterval(ofSeconds(1))
            .backoffMultiplier(2)
            .maxInterval(ofSeconds(9))
            .jitter(0.5)
            .build();
    assertThat(given.toBuilder().build()).isEqualTo(given);

    HealthPolicy following =
        HealthPolicy.builder().interval(ofSeconds(6)).fastInterval(ofSeconds(1)).build();
    assertThat(following.toBuilder().build()).isEqualTo(following);
    assertThat(following.toBuilder().interval(ofSeconds(2)).build())
        .isEqualTo(
            HealthPolicy.builder().interval(ofSeconds(2)).fastInterval(ofSeconds(1)).build());
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
    assertThatThrownBy(() -> builder.fastInterval(ofSeconds(-3)))
        .hasMessage("fastInterval: -3s (expected: 0.001s to 24h)");
    assertThatThrownBy(() -> builder.maxInterval(Duration.ZERO))
        .hasMessage("maxInterval: 0s (expected: 0.001s to 24h)");
    for (double share : new double[] {-0.01, 1.01, Double.NaN}) {
      assertThatThrownBy(() -> builder.jitter(share))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("jitter: " + share + " (expected: 0 to 1)");
    }
    for (double multiplier : new double[] {0.99, 100.5, Double.POSITIVE_INFINITY, Double.NaN}) {
      assertThatThrownBy(() -> builder.backoffMultiplier(multiplier))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("backoffMultiplier: " + multiplier + " (expected: 1 to 100)");
    }
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
    assertThat(policy).isNotEqualTo(HealthPolicy.builder().firstResultDecides(false).build());
    assertThat(policy).isNotEqualTo(HealthPolicy.builder().fastInterval(ofSeconds(1)).build());
    assertThat(policy).isNotEqualTo(HealthPolicy.builder().backoffMultiplier(2).build());
    assertThat(policy).isNotEqualTo(HealthPolicy.builder().maxInterval(ofSeconds(31)).build());
    assertThat(policy).isNotEqualTo(HealthPolicy.builder().jitter(0.2).build());
  }
}
