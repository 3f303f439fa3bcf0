package io.evenkeel.health;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * The numbers of a health check. An immutable value.
 *
 * <pre>{@code
 * HealthPolicy policy = HealthPolicy.builder().interval(ofSeconds(2)).timeout(ofSeconds(1)).build();
 * }</pre>
 *
 * <p>A server that has died gets no new traffic after {@code interval · unhealthyThreshold +
 * timeout} at the latest, and sooner with a {@linkplain Builder#fastInterval fast interval}.
 */
public final class HealthPolicy {

  private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(3);

  /** Of the longest wait between two checks of a dead server, by default, in intervals. */
  private static final int DEFAULT_MAX_INTERVALS = 6;

  private final Duration interval;
  private final Duration timeout;
  private final int healthyThreshold;
  private final int unhealthyThreshold;
  private final boolean firstResultDecides;
  private final Duration fastInterval;
  private final double backoffMultiplier;
  private final Duration maxInterval;
  private final double jitter;

  private HealthPolicy(
      Builder builder, Duration timeout, Duration fastInterval, Duration maxInterval) {
    this.interval = builder.interval;
    this.timeout = timeout;
    this.healthyThreshold = builder.healthyThreshold;
    this.unhealthyThreshold = builder.unhealthyThreshold;
    this.firstResultDecides = builder.firstResultDecides;
    this.fastInterval = fastInterval;
    this.backoffMultiplier = builder.backoffMultiplier;
    this.maxInterval = maxInterval;
    this.jitter = builder.jitter;
  }

  /** Begins a policy with the defaults. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * Begins another one with these numbers. Timeout, fast interval and longest interval that are
   * what follows from the interval are not given in it: they follow from another interval, too.
   */
  public Builder toBuilder() {
    HealthPolicy plain = builder().interval(interval).build();
    Builder builder =
        builder()
            .interval(interval)
            .healthyThreshold(healthyThreshold)
            .unhealthyThreshold(unhealthyThreshold)
            .firstResultDecides(firstResultDecides)
            .backoffMultiplier(backoffMultiplier)
            .jitter(jitter);
    builder.timeout = timeout.equals(plain.timeout) ? null : timeout;
    builder.fastInterval = fastInterval.equals(plain.fastInterval) ? null : fastInterval;
    builder.maxInterval = maxInterval.equals(plain.maxInterval) ? null : maxInterval;
    return builder;
  }

  /** From the start of one check of a server to the start of its next, as a rule. */
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

  /** Whether the first result of a new server takes it down, where it is a failure. */
  public boolean firstResultDecides() {
    return firstResultDecides;
  }

  /** As {@link #interval()}, while the last result speaks against what is thought of the server. */
  public Duration fastInterval() {
    return fastInterval;
  }

  /** By how much the wait between two checks of a dead server grows each time; 1 or more. */
  public double backoffMultiplier() {
    return backoffMultiplier;
  }

  /** How long the wait between two checks of a dead server grows at most. */
  public Duration maxInterval() {
    return maxInterval;
  }

  /** By what share each wait is shortened at most, at random; 0 to 1. */
  public double jitter() {
    return jitter;
  }

  long intervalNanos() {
    return interval.toNanos();
  }

  long fastIntervalNanos() {
    return fastInterval.toNanos();
  }

  /**
   * How long to wait for a dead server.
   *
   * @param failures how many there were since it went down; below 0 counts as 0
   */
  long backoffNanos(int failures) {
    double nanos = intervalNanos() * Math.pow(backoffMultiplier, Math.max(0, failures));
    return (long) Math.min(nanos, (double) maxInterval.toNanos());
  }

  /** A wait as it is made: shorter by chance, never longer, so that detection keeps its bound. */
  long jittered(long nanos, SplittableRandom random) {
    return jitter == 0 ? nanos : nanos - (long) (nanos * jitter * random.nextDouble());
  }

  private List<Object> values() {
    return List.of(
        interval,
        timeout,
        healthyThreshold,
        unhealthyThreshold,
        firstResultDecides,
        fastInterval,
        backoffMultiplier,
        maxInterval,
        jitter);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof HealthPolicy that && values().equals(that.values());
  }

  @Override
  public int hashCode() {
    return values().hashCode();
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
        + unhealthyThreshold
        + (firstResultDecides ? "" : ", the first result does not decide")
        + ", fastInterval "
        + text(fastInterval)
        + ", backoffMultiplier "
        + backoffMultiplier
        + ", maxInterval "
        + text(maxInterval)
        + ", jitter "
        + jitter;
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
    private boolean firstResultDecides = true;
    private @Nullable Duration fastInterval;
    private double backoffMultiplier = 1.5;
    private @Nullable Duration maxInterval;
    private double jitter = 0.1;

    private Builder() {}

    /**
     * From the start of one check of a server to the start of its next.
     *
     * @param interval 1 ms to 24 h; 5 s by default
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder interval(Duration interval) {
      this.interval = Require.time("interval", interval);
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
      this.timeout = Require.time("timeout", timeout);
      return this;
    }

    /**
     * Successes in a row that bring up a server that is down.
     *
     * @param healthyThreshold 1 or more; 2 by default
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder healthyThreshold(int healthyThreshold) {
      this.healthyThreshold = Require.atLeast("healthyThreshold", healthyThreshold, 1);
      return this;
    }

    /**
     * Failures in a row that take down a server that is up.
     *
     * @param unhealthyThreshold 1 or more; 3 by default
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder unhealthyThreshold(int unhealthyThreshold) {
      this.unhealthyThreshold = Require.atLeast("unhealthyThreshold", unhealthyThreshold, 1);
      return this;
    }

    /**
     * Whether a new server goes down by its first result, if that is a failure. A first success
     * counts in any case. If not, a new server is taken for one that is up, until it has failed as
     * often in a row as the unhealthy threshold says: for servers that may be added before they
     * listen.
     *
     * @param firstResultDecides true by default
     */
    public Builder firstResultDecides(boolean firstResultDecides) {
      this.firstResultDecides = firstResultDecides;
      return this;
    }

    /**
     * From the start of one check to the start of the next while the last result speaks against
     * what is thought of the server, so that a change is confirmed sooner; HAProxy's {@code
     * fastinter}.
     *
     * @param fastInterval 1 ms to 24 h, at most the interval; the interval by default
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder fastInterval(Duration fastInterval) {
      this.fastInterval = Require.time("fastInterval", fastInterval);
      return this;
    }

    /**
     * A server that is down and goes on failing is asked less and less often: from {@link
     * #unhealthyThreshold} failures in a row on, each wait is the one before times this, up to
     * {@link #maxInterval}. It is never given up; a success ends that.
     *
     * @param backoffMultiplier 1 to 100; 1.5 by default; 1 for no backoff
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder backoffMultiplier(double backoffMultiplier) {
      if (!(backoffMultiplier >= 1 && backoffMultiplier <= 100)) { // not a number, too
        throw Require.refused("backoffMultiplier", backoffMultiplier, "1 to 100");
      }
      this.backoffMultiplier = backoffMultiplier;
      return this;
    }

    /**
     * How long the wait for a dead server grows at most: a server that comes back is noticed after
     * this at the latest.
     *
     * @param maxInterval 1 ms to 24 h, at least the interval; 6 intervals by default, 24 h at most
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder maxInterval(Duration maxInterval) {
      this.maxInterval = Require.time("maxInterval", maxInterval);
      return this;
    }

    /**
     * By what share of itself each wait is shortened at most, at random, so that several monitors
     * of one server do not fall into step. Waits are never lengthened.
     *
     * @param jitter 0 to 1, that is 0 to 100 %; 0.1 by default; 0 for none
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder jitter(double jitter) {
      this.jitter = Require.share("jitter", jitter);
      return this;
    }

    /**
     * The policy.
     *
     * @throws IllegalArgumentException if the timeout given is longer than the interval: a check
     *     would not be over when the next one is due; or the fast interval is longer than it, or
     *     the longest shorter
     */
    public HealthPolicy build() {
      Duration most = interval.multipliedBy(DEFAULT_MAX_INTERVALS);
      Duration shorter = DEFAULT_TIMEOUT.compareTo(interval) <= 0 ? DEFAULT_TIMEOUT : interval;
      HealthPolicy policy =
          new HealthPolicy(
              this,
              timeout != null ? timeout : shorter,
              fastInterval != null ? fastInterval : interval,
              maxInterval != null
                  ? maxInterval
                  : most.compareTo(Require.LONGEST) <= 0 ? most : Require.LONGEST);
      requireAtMostInterval("timeout", policy.timeout);
      requireAtMostInterval("fastInterval", policy.fastInterval);
      if (policy.maxInterval.compareTo(interval) < 0) {
        throw Require.refused(
            "maxInterval", text(policy.maxInterval), ">= interval " + text(interval));
      }
      return policy;
    }

    private void requireAtMostInterval(String name, Duration value) {
      if (value.compareTo(interval) > 0) {
        throw Require.refused(name, text(value), "<= interval " + text(interval));
      }
    }
  }
}
