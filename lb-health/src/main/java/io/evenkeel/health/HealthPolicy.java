package io.evenkeel.health;

import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The numbers of a health check. An immutable value.
 *
 * <pre>{@code
 * HealthPolicy policy = HealthPolicy.builder().interval(ofSeconds(2)).timeout(ofSeconds(1)).build();
 * }</pre>
 */
public final class HealthPolicy {

  private static final Duration SHORTEST = Duration.ofMillis(1);
  private static final Duration LONGEST = Duration.ofDays(1);
  private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(3);

  private final Duration interval;
  private final Duration timeout;
  private final int healthyThreshold;
  private final int unhealthyThreshold;

  private HealthPolicy(Builder builder, Duration timeout) {
    this.interval = builder.interval;
    this.timeout = timeout;
    this.healthyThreshold = builder.healthyThreshold;
    this.unhealthyThreshold = builder.unhealthyThreshold;
  }

  /** Begins a policy with the defaults. */
  public static Builder builder() {
    return new Builder();
  }

  /** From the start of one check of a server to the start of its next. */
  public Duration interval() {
    return interval;
  }

  /** How long a check may take; it is a failure then. */
  public Duration timeout() {
    return timeout;
  }

  /** Successes in a row that bring a server up; 1 or more. */
  public int healthyThreshold() {
    return healthyThreshold;
  }

  /** Failures in a row that take a server down; 1 or more. */
  public int unhealthyThreshold() {
    return unhealthyThreshold;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof HealthPolicy that
        && interval.equals(that.interval)
        && timeout.equals(that.timeout)
        && healthyThreshold == that.healthyThreshold
        && unhealthyThreshold == that.unhealthyThreshold;
  }

  @Override
  public int hashCode() {
    return Objects.hash(interval, timeout, healthyThreshold, unhealthyThreshold);
  }

  @Override
  public String toString() {
    return "interval "
        + text(interval)
        + ", timeout "
        + text(timeout)
        + ", healthyThreshold "
        + healthyThreshold
        + ", unhealthyThreshold "
        + unhealthyThreshold;
  }

  /** A duration as people write it: 3s, 1m30s. */
  static String text(Duration duration) {
    return duration.toString().substring("PT".length()).toLowerCase(Locale.ROOT);
  }

  /** Collects a policy's numbers. Not safe for use by several threads at once. */
  public static final class Builder {

    private Duration interval = Duration.ofSeconds(5);
    private @Nullable Duration timeout;
    private int healthyThreshold = 2;
    private int unhealthyThreshold = 3;

    private Builder() {}

    /**
     * From the start of one check of a server to the start of its next.
     *
     * @param interval 1 ms to 24 h; 5 s by default
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder interval(Duration interval) {
      this.interval = requireInRange("interval", interval);
      return this;
    }

    /**
     * How long a check may take.
     *
     * @param timeout 1 ms to 24 h, at most the interval; by default 3 s, or the interval where that
     *     is shorter
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder timeout(Duration timeout) {
      this.timeout = requireInRange("timeout", timeout);
      return this;
    }

    /**
     * Successes in a row that bring up a server that is down.
     *
     * @param healthyThreshold 1 or more; 2 by default
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder healthyThreshold(int healthyThreshold) {
      this.healthyThreshold = requireAtLeastOne("healthyThreshold", healthyThreshold);
      return this;
    }

    /**
     * Failures in a row that take down a server that is up.
     *
     * @param unhealthyThreshold 1 or more; 3 by default
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder unhealthyThreshold(int unhealthyThreshold) {
      this.unhealthyThreshold = requireAtLeastOne("unhealthyThreshold", unhealthyThreshold);
      return this;
    }

    /**
     * The policy.
     *
     * @throws IllegalArgumentException if the timeout given is longer than the interval: a check
     *     would not be over when the next one is due
     */
    public HealthPolicy build() {
      if (timeout == null) {
        boolean fits = DEFAULT_TIMEOUT.compareTo(interval) <= 0;
        return new HealthPolicy(this, fits ? DEFAULT_TIMEOUT : interval);
      }
      if (timeout.compareTo(interval) > 0) {
        throw new IllegalArgumentException(
            "timeout: " + text(timeout) + " (expected: <= interval " + text(interval) + ")");
      }
      return new HealthPolicy(this, timeout);
    }

    private static Duration requireInRange(String name, Duration value) {
      Objects.requireNonNull(value, name);
      if (value.compareTo(SHORTEST) < 0 || value.compareTo(LONGEST) > 0) {
        throw new IllegalArgumentException(
            name
                + ": "
                + text(value)
                + " (expected: "
                + text(SHORTEST)
                + " to "
                + text(LONGEST)
                + ")");
      }
      return value;
    }

    private static int requireAtLeastOne(String name, int value) {
      if (value < 1) {
        throw new IllegalArgumentException(name + ": " + value + " (expected: >= 1)");
      }
      return value;
    }
  }
}
