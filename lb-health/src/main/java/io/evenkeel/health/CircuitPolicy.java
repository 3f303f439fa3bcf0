package io.evenkeel.health;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * When a circuit opens, and how it closes again. An immutable value.
 *
 * <pre>{@code
 * CircuitPolicy policy = CircuitPolicy.builder()
 *     .failureShare(0.5, OutcomeWindow.ofTime(ofSeconds(30), 20))
 *     .openTime(ofSeconds(5))
 *     .trials(2)
 *     .build();
 * }</pre>
 */
public final class CircuitPolicy {

  private final int consecutiveFailures;
  private final double failureShare;
  private final @Nullable OutcomeWindow failureWindow;
  private final Duration openTime;
  private final Duration maxOpenTime;
  private final double jitter;
  private final int trials;
  private final Duration trialTimeout;
  private final Predicate<? super Throwable> countsAsFailure;

  private CircuitPolicy(Builder builder, Duration maxOpenTime) {
    this.consecutiveFailures = builder.consecutiveFailures;
    this.failureShare = builder.failureShare;
    this.failureWindow = builder.failureWindow;
    this.openTime = builder.openTime;
    this.maxOpenTime = maxOpenTime;
    this.jitter = builder.jitter;
    this.trials = builder.trials;
    this.trialTimeout = builder.trialTimeout;
    this.countsAsFailure = builder.countsAsFailure;
  }

  /** Begins a policy with the defaults. */
  public static Builder builder() {
    return new Builder();
  }

  /** Failures in a row that open it, 1 or more; 0 if they are not counted. */
  public int consecutiveFailures() {
    return consecutiveFailures;
  }

  /** The share of failures in the {@link #failureWindow()} that opens it if exceeded. */
  public double failureShare() {
    return failureShare;
  }

  /** What the share is taken of; null if it is not. */
  public @Nullable OutcomeWindow failureWindow() {
    return failureWindow;
  }

  /** How long it is open the first time; twice as long each time that trials fail. */
  public Duration openTime() {
    return openTime;
  }

  /** The longest that it is open before trials. */
  public Duration maxOpenTime() {
    return maxOpenTime;
  }

  /** By what share at most an open time is shorter, at random; 0 to 1. */
  public double jitter() {
    return jitter;
  }

  /** How many trials must succeed for it to close; 1 or more. */
  public int trials() {
    return trials;
  }

  /** How long the last trial may be without an outcome. */
  public Duration trialTimeout() {
    return trialTimeout;
  }

  /** Which failures say something about what is called. */
  public Predicate<? super Throwable> countsAsFailure() {
    return countsAsFailure;
  }

  Tally.Limits limits() {
    return new Tally.Limits(consecutiveFailures, failureWindow, failureShare);
  }

  private List<@Nullable Object> values() {
    return Arrays.asList(
        consecutiveFailures,
        failureShare,
        failureWindow,
        openTime,
        maxOpenTime,
        jitter,
        trials,
        trialTimeout);
  }

  /** Compares the numbers, and whether failures are told by the very same object. */
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof CircuitPolicy that
        && countsAsFailure == that.countsAsFailure
        && values().equals(that.values());
  }

  @Override
  public int hashCode() {
    return values().hashCode();
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    if (consecutiveFailures > 0) {
      text.append("consecutiveFailures ").append(consecutiveFailures).append(", ");
    }
    if (failureWindow != null) {
      text.append("failureShare ").append(failureShare).append(" of ").append(failureWindow);
      text.append(", ");
    }
    return text.append("openTime ")
        .append(Require.text(openTime))
        .append(" to ")
        .append(Require.text(maxOpenTime))
        .append(", jitter ")
        .append(jitter)
        .append(", trials ")
        .append(trials)
        .append(", trialTimeout ")
        .append(Require.text(trialTimeout))
        .toString();
  }

  /** Collects a policy's numbers. Not safe for use by several threads at once. */
  public static final class Builder {

    private static final Duration DEFAULT_MAX_OPEN_TIME = Duration.ofMinutes(5);

    private int consecutiveFailures = 5;
    private double failureShare;
    private @Nullable OutcomeWindow failureWindow;
    private Duration openTime = Duration.ofSeconds(10);
    private @Nullable Duration maxOpenTime;
    private double jitter = 0.1;
    private int trials = 3;
    private Duration trialTimeout = Duration.ofMinutes(1);
    private Predicate<? super Throwable> countsAsFailure = FailureCount.BY_DEFAULT;

    private Builder() {}

    /**
     * Failures in a row that open the circuit.
     *
     * @param failures 1 or more; 5 by default
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder consecutiveFailures(int failures) {
      this.consecutiveFailures = Require.atLeast("consecutiveFailures", failures, 1);
      return this;
    }

    /** Failures in a row are not counted. */
    public Builder withoutConsecutiveFailures() {
      this.consecutiveFailures = 0;
      return this;
    }

    /**
     * A share of failures that opens the circuit if it is exceeded; by default it is not looked at.
     *
     * @param share 0 to below 1: 0.5 for more than 50 %
     * @param window of which outcomes
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder failureShare(double share, OutcomeWindow window) {
      this.failureShare = Require.exceedable("failureShare", share);
      this.failureWindow = Objects.requireNonNull(window, "window");
      return this;
    }

    /**
     * How long the circuit is open before trials are let through; twice as long each time that they
     * fail.
     *
     * @param time 1 ms to 24 h; 10 s by default
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder openTime(Duration time) {
      this.openTime = Require.time("openTime", time);
      return this;
    }

    /**
     * The longest that it is open before trials.
     *
     * @param time 1 ms to 24 h, at least the open time; by default 300 s, or the open time where
     *     that is longer
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder maxOpenTime(Duration time) {
      this.maxOpenTime = Require.time("maxOpenTime", time);
      return this;
    }

    /**
     * By what share at most an open time is shorter, at random: so that circuits that opened
     * together are not tried together.
     *
     * @param share 0 to 1; 0.1 by default
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder jitter(double share) {
      this.jitter = Require.share("jitter", share);
      return this;
    }

    /**
     * How many trials a half-open circuit lets through, and how many of them must succeed for it to
     * close: all. The first that fails opens it again.
     *
     * @param trials 1 or more; 3 by default
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder trials(int trials) {
      this.trials = Require.atLeast("trials", trials, 1);
      return this;
    }

    /**
     * How long a half-open circuit waits for the outcomes of its trials, from the last that was let
     * through. Then it opens again: what hangs has failed, and a permit that somebody lost must not
     * keep it half-open for ever. Longer than the longest call that may still succeed.
     *
     * @param time 1 ms to 24 h; 60 s by default
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder trialTimeout(Duration time) {
      this.trialTimeout = Require.time("trialTimeout", time);
      return this;
    }

    /**
     * Which failures say something about what is called; others are not counted, and a trial that
     * ends in one is given back. By default all but those of which the caller is the cause: {@link
     * io.evenkeel.core.FailureKind#CANCELLED}. Called for each failure, by the thread that reports
     * it. If it throws, the failure counts.
     */
    public Builder countsAsFailure(Predicate<? super Throwable> predicate) {
      this.countsAsFailure = Objects.requireNonNull(predicate, "predicate");
      return this;
    }

    /**
     * The policy.
     *
     * @throws IllegalArgumentException if the longest open time is shorter than the first, or there
     *     is nothing by which a circuit would open
     */
    public CircuitPolicy build() {
      if (consecutiveFailures == 0 && failureWindow == null) {
        throw new IllegalArgumentException(
            "rules: none (expected: consecutiveFailures or failureShare)");
      }
      Duration longest = maxOpenTime;
      if (longest == null) {
        boolean fits = openTime.compareTo(DEFAULT_MAX_OPEN_TIME) <= 0;
        longest = fits ? DEFAULT_MAX_OPEN_TIME : openTime;
      } else if (longest.compareTo(openTime) < 0) {
        throw Require.refused(
            "maxOpenTime", Require.text(longest), ">= openTime " + Require.text(openTime));
      }
      return new CircuitPolicy(this, longest);
    }
  }
}
