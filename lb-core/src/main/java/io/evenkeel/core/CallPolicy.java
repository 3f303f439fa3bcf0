package io.evenkeel.core;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * How {@link LoadBalancer#call} and {@link LoadBalancer#callAsync} go about it: how many servers to
 * try, after which failures, for how long, and whether to ask a second one when the first is slow.
 * Immutable.
 *
 * <pre>{@code
 * CallPolicy policy = CallPolicy.builder().attempts(2).deadline(ofSeconds(1)).hedgeAtPercentile(95).build();
 * }</pre>
 *
 * <p>By default up to three servers are tried after {@link IOException}s, without a deadline and
 * without hedging. An {@code IOException} does not say that the server did nothing: where a request
 * must not be carried out twice, retry only what failed before it was sent, {@code retryOn(e -> e
 * instanceof ConnectException)}, or do not retry, {@code attempts(1)}, and do not hedge.
 */
public final class CallPolicy {

  private static final double LOWEST_PERCENTILE = 50;

  private final int attempts;
  private final Predicate<? super Throwable> retryOn;
  private final long deadlineNanos;
  private final long hedgeAfterNanos;
  private final double hedgePercentile;
  private final @Nullable Executor executor;

  private CallPolicy(Builder builder) {
    this.attempts = builder.attempts;
    this.retryOn = builder.retryOn;
    this.deadlineNanos = builder.deadline == null ? 0 : Timers.nanos(builder.deadline);
    this.hedgeAfterNanos = builder.hedgeAfter == null ? 0 : Timers.nanos(builder.hedgeAfter);
    this.hedgePercentile = builder.hedgePercentile;
    this.executor = builder.executor;
  }

  /** Begins a policy with the defaults. */
  public static Builder builder() {
    return new Builder();
  }

  int attempts() {
    return attempts;
  }

  /** The overall deadline in nanoseconds; 0 for none. */
  long deadlineNanos() {
    return deadlineNanos;
  }

  /** 0 for no fixed delay. */
  long hedgeAfterNanos() {
    return hedgeAfterNanos;
  }

  /** 0 for no percentile. */
  double hedgePercentile() {
    return hedgePercentile;
  }

  @Nullable Executor executor() {
    return executor;
  }

  /**
   * Whether another server may do better. An {@link Error} is nothing that another server mends,
   * and an {@link InterruptedException} asks to stop. What the user's predicate throws is
   * suppressed.
   */
  boolean isWorthAnother(Throwable failure) {
    Throwable inner = Failures.unwrap(failure);
    if (inner instanceof Error || inner instanceof InterruptedException) {
      return false;
    }
    try {
      return retryOn.test(inner);
    } catch (Throwable e) {
      Failures.suppress(failure, List.of(e));
      return false;
    }
  }

  private static boolean isIo(Throwable failure) {
    return failure instanceof IOException || failure instanceof UncheckedIOException;
  }

  @Override
  public String toString() {
    return "attempts "
        + attempts
        + (deadlineNanos == 0 ? "" : ", deadline " + Duration.ofNanos(deadlineNanos))
        + (hedgeAfterNanos == 0 ? "" : ", hedge after " + Duration.ofNanos(hedgeAfterNanos))
        + (hedgePercentile == 0 ? "" : ", hedge at percentile " + hedgePercentile)
        + (executor == null ? "" : ", on " + executor);
  }

  /** Collects a policy. Not safe for use by several threads at once. */
  public static final class Builder {

    private int attempts = 3;
    private Predicate<? super Throwable> retryOn = CallPolicy::isIo;
    private @Nullable Duration deadline;
    private @Nullable Duration hedgeAfter;
    private double hedgePercentile;
    private @Nullable Executor executor;

    private Builder() {}

    /**
     * How many servers one call may try, each once, hedges included; 3 by default. All but the
     * first come out of the {@linkplain LoadBalancerBuilder#retryBudget retry budget}.
     *
     * @param attempts 1 or more
     * @throws IllegalArgumentException if it is less than 1
     */
    public Builder attempts(int attempts) {
      if (attempts < 1) {
        throw new IllegalArgumentException("attempts: " + attempts + " (expected: >= 1)");
      }
      this.attempts = attempts;
      return this;
    }

    /**
     * Which failures are worth another server; by default {@link IOException} and {@link
     * UncheckedIOException}: the server could not be reached or did not finish its answer, and
     * another may. Anything else, as a refusal by the application or a mistake in the program,
     * would be the same on every server.
     *
     * <p>It is asked about the failure itself, without a {@code CompletionException} or {@code
     * ExecutionException} around it, and never about an {@link Error} or an {@link
     * InterruptedException}: those are not retried. If it throws, there is no retry.
     *
     * @param predicate safe for use by any thread
     */
    public Builder retryOn(Predicate<? super Throwable> predicate) {
      this.retryOn = Objects.requireNonNull(predicate, "predicate");
      return this;
    }

    /**
     * How long a call may take, all attempts together; no limit by default. A {@code callAsync},
     * and a {@code call} with an {@linkplain #executor executor}, is cut off then. A {@code call}
     * on its caller's thread cannot be: no further attempt begins after the deadline.
     *
     * @param deadline above 0
     * @throws IllegalArgumentException if it is not above 0
     */
    public Builder deadline(Duration deadline) {
      this.deadline = requirePositive("deadline", deadline);
      return this;
    }

    /**
     * Has another server asked as well whenever no answer has come for so long since the last
     * attempt began. The first answer counts; the others are cancelled. A failure while others are
     * under way is answered by another attempt if it is worth one, and ends the call if not. Off by
     * default. Needs an {@linkplain #executor executor} in {@code call}, and has no effect without.
     *
     * @param delay above 0
     * @throws IllegalArgumentException if it is not above 0
     */
    public Builder hedgeAfter(Duration delay) {
      this.hedgeAfter = requirePositive("hedgeAfter", delay);
      return this;
    }

    /**
     * As {@link #hedgeAfter}, with the delay that this share of the balancer's calls stayed below
     * lately (10 to 20 s): of their first attempts, where they were answered or cut off. There are
     * no hedges while there are fewer than 100 of them. To be known to 1 %, looked at anew every
     * second.
     *
     * @param percentile 50 to below 100, as 95: one call in twenty is hedged
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder hedgeAtPercentile(double percentile) {
      if (!(percentile >= LOWEST_PERCENTILE && percentile < 100)) {
        throw new IllegalArgumentException(
            "hedgeAtPercentile: " + percentile + " (expected: 50 to below 100)");
      }
      this.hedgePercentile = percentile;
      return this;
    }

    /**
     * Where {@code call} runs its attempts while its caller waits, so that they can be interrupted
     * at the deadline, and hedged; by default on the caller's own thread. Not used by {@code
     * callAsync}. It should have a thread for each attempt: time in its queue counts as the
     * server's. Not closed by the balancer.
     */
    public Builder executor(Executor executor) {
      this.executor = Objects.requireNonNull(executor, "executor");
      return this;
    }

    /**
     * The policy.
     *
     * @throws IllegalArgumentException if there are two delays for hedging
     */
    public CallPolicy build() {
      if (hedgeAfter != null && hedgePercentile != 0) {
        throw new IllegalArgumentException(
            "hedgeAfter: " + hedgeAfter + " (expected: not together with hedgeAtPercentile)");
      }
      return new CallPolicy(this);
    }

    private static Duration requirePositive(String name, Duration value) {
      if (value.isNegative() || value.isZero()) {
        throw new IllegalArgumentException(name + ": " + value + " (expected: > 0)");
      }
      return value;
    }
  }
}
