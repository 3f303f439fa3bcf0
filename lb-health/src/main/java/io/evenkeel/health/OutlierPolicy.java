package io.evenkeel.health;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * When a server is an outlier, and for how long it is out. An immutable value.
 *
 * <pre>{@code
 * OutlierPolicy policy = OutlierPolicy.builder()
 *     .consecutiveFailures(3)
 *     .failureShare(0.5, OutcomeWindow.ofCount(10))     // more than 50 % of the last 10
 *     .maxEjectedShare(0.2)
 *     .build();
 * }</pre>
 */
public final class OutlierPolicy {

  private final int consecutiveFailures;
  private final double failureShare;
  private final @Nullable OutcomeWindow failureWindow;
  private final @Nullable SuccessRate successRate;
  private final Duration interval;
  private final Duration ejectionTime;
  private final Duration maxEjectionTime;
  private final double jitter;
  private final double maxEjectedShare;
  private final boolean ejectsOneAtLeast;
  private final Predicate<? super Throwable> countsAsFailure;

  private OutlierPolicy(Builder builder, Duration maxEjectionTime) {
    this.consecutiveFailures = builder.consecutiveFailures;
    this.failureShare = builder.failureShare;
    this.failureWindow = builder.failureWindow;
    this.successRate = builder.successRate;
    this.interval = builder.interval;
    this.ejectionTime = builder.ejectionTime;
    this.maxEjectionTime = maxEjectionTime;
    this.jitter = builder.jitter;
    this.maxEjectedShare = builder.maxEjectedShare;
    this.ejectsOneAtLeast = builder.ejectsOneAtLeast;
    this.countsAsFailure = builder.countsAsFailure;
  }

  /** Begins a policy with the defaults. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * How a server's success rate is compared with its peers', as in Envoy: it is an outlier below
   * mean − factor · standard deviation of all that had enough outcomes in the last interval.
   *
   * @param factor standard deviations below the mean, 0 or more
   * @param minServers servers with enough outcomes that there must be, 3 or more
   * @param minOutcomes what is enough, 1 or more, of one server in one interval
   */
  public record SuccessRate(double factor, int minServers, int minOutcomes) {

    /** 1.9 standard deviations, 5 servers, 100 outcomes: the defaults. */
    public static final SuccessRate DEFAULT = new SuccessRate(1.9, 5, 100);

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if one is out of its range
     */
    public SuccessRate {
      if (!(factor >= 0 && factor <= 100)) {
        throw Require.refused("factor", factor, "0 to 100");
      }
      Require.atLeast("minServers", minServers, 3);
      Require.atLeast("minOutcomes", minOutcomes, 1);
    }
  }

  /** Failures in a row that are too many, 1 or more; 0 if they are not counted. */
  public int consecutiveFailures() {
    return consecutiveFailures;
  }

  /** The share of failures in the {@link #failureWindow()} that is too much if exceeded. */
  public double failureShare() {
    return failureShare;
  }

  /** What the share is taken of; null if it is not. */
  public @Nullable OutcomeWindow failureWindow() {
    return failureWindow;
  }

  /** How success rates are compared; null if they are not. */
  public @Nullable SuccessRate successRate() {
    return successRate;
  }

  /** How often success rates are compared, and the time of which they are. */
  public Duration interval() {
    return interval;
  }

  /** How long a first ejection lasts; a second one twice as long, a third three times. */
  public Duration ejectionTime() {
    return ejectionTime;
  }

  /** The longest that an ejection lasts. */
  public Duration maxEjectionTime() {
    return maxEjectionTime;
  }

  /** By what share at most an ejection is shorter, at random; 0 to 1. */
  public double jitter() {
    return jitter;
  }

  /** The share of the members that may be out at once, 0 to 1; rounded down. */
  public double maxEjectedShare() {
    return maxEjectedShare;
  }

  /** Whether one may be out where the share makes less than one. */
  public boolean ejectsOneAtLeast() {
    return ejectsOneAtLeast;
  }

  /** Which failures say something about the server. */
  public Predicate<? super Throwable> countsAsFailure() {
    return countsAsFailure;
  }

  Tally.Limits limits() {
    return new Tally.Limits(consecutiveFailures, failureWindow, failureShare);
  }

  /** How many of so many may be out: exact, where 0.29 · 100 in binary is less than 29. */
  int mayBeOut(int members) {
    int share = (int) Math.floor(maxEjectedShare * members + 1e-9);
    return ejectsOneAtLeast && members > 0 ? Math.max(1, share) : share;
  }

  private List<@Nullable Object> values() {
    return Arrays.asList(
        consecutiveFailures,
        failureShare,
        failureWindow,
        successRate,
        interval,
        ejectionTime,
        maxEjectionTime,
        jitter,
        maxEjectedShare,
        ejectsOneAtLeast);
  }

  /** Compares the numbers, and whether failures are told by the very same object. */
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof OutlierPolicy that
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
    if (successRate != null) {
      text.append(successRate).append(" over ").append(Require.text(interval)).append(", ");
    }
    return text.append("ejectionTime ")
        .append(Require.text(ejectionTime))
        .append(" to ")
        .append(Require.text(maxEjectionTime))
        .append(", jitter ")
        .append(jitter)
        .append(", maxEjectedShare ")
        .append(maxEjectedShare)
        .append(ejectsOneAtLeast ? ", one at least" : "")
        .toString();
  }

  /** Collects a policy's numbers. Not safe for use by several threads at once. */
  public static final class Builder {

    private static final Duration DEFAULT_MAX_EJECTION_TIME = Duration.ofMinutes(5);

    private int consecutiveFailures = 5;
    private double failureShare;
    private @Nullable OutcomeWindow failureWindow;
    private @Nullable SuccessRate successRate;
    private Duration interval = Duration.ofSeconds(10);
    private Duration ejectionTime = Duration.ofSeconds(30);
    private @Nullable Duration maxEjectionTime;
    private double jitter = 0.1;
    private double maxEjectedShare = 0.1;
    private boolean ejectsOneAtLeast;
    private Predicate<? super Throwable> countsAsFailure = FailureCount.BY_DEFAULT;

    private Builder() {}

    /**
     * Failures in a row that eject a server.
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
     * A share of failures that ejects a server if it is exceeded; by default it is not looked at.
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
     * Ejects servers whose success rate is far below that of their peers; by default rates are not
     * compared. {@link SuccessRate#DEFAULT} has the usual numbers.
     */
    public Builder successRate(SuccessRate rate) {
      this.successRate = Objects.requireNonNull(rate, "rate");
      return this;
    }

    /**
     * How often success rates are compared.
     *
     * @param interval 1 ms to 24 h; 10 s by default
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder interval(Duration interval) {
      this.interval = Require.time("interval", interval);
      return this;
    }

    /**
     * How long a first ejection lasts; the second in a row lasts twice as long, and so on. Each
     * such time that a server is in use takes one off again, whether it has traffic or not.
     *
     * @param time 1 ms to 24 h; 30 s by default
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder ejectionTime(Duration time) {
      this.ejectionTime = Require.time("ejectionTime", time);
      return this;
    }

    /**
     * The longest that an ejection lasts.
     *
     * @param time 1 ms to 24 h, at least the ejection time; by default 300 s, or the ejection time
     *     where that is longer
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder maxEjectionTime(Duration time) {
      this.maxEjectionTime = Require.time("maxEjectionTime", time);
      return this;
    }

    /**
     * By what share at most an ejection is shorter, at random: so that servers that went together
     * do not come back together.
     *
     * @param share 0 to 1; 0.1 by default
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder jitter(double share) {
      this.jitter = Require.share("jitter", share);
      return this;
    }

    /**
     * The share of the balancer's members that may be out at once, whatever they do: if all fail,
     * none is an outlier. Rounded down, so that by the default no server of fewer than 10 is ever
     * ejected; see {@link #ejectsOneAtLeast}.
     *
     * @param share 0 to 1; 0.1 by default
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder maxEjectedShare(double share) {
      this.maxEjectedShare = Require.share("maxEjectedShare", share);
      return this;
    }

    /**
     * Whether one server may be out where the share makes less than one; false by default. With a
     * single server that is all there is.
     */
    public Builder ejectsOneAtLeast(boolean does) {
      this.ejectsOneAtLeast = does;
      return this;
    }

    /**
     * Which failures say something about the server; others are not counted, neither as failures
     * nor as successes. By default all but those of which the caller is the cause: {@link
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
     * @throws IllegalArgumentException if the longest ejection is shorter than the first, or there
     *     is nothing by which a server would be ejected
     */
    public OutlierPolicy build() {
      if (consecutiveFailures == 0 && failureWindow == null && successRate == null) {
        throw new IllegalArgumentException(
            "rules: none (expected: consecutiveFailures, failureShare or successRate)");
      }
      Duration longest = maxEjectionTime;
      if (longest == null) {
        boolean fits = ejectionTime.compareTo(DEFAULT_MAX_EJECTION_TIME) <= 0;
        longest = fits ? DEFAULT_MAX_EJECTION_TIME : ejectionTime;
      } else if (longest.compareTo(ejectionTime) < 0) {
        throw Require.refused(
            "maxEjectionTime",
            Require.text(longest),
            ">= ejectionTime " + Require.text(ejectionTime));
      }
      return new OutlierPolicy(this, longest);
    }
  }
}
