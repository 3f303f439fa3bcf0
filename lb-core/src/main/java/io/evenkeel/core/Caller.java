package io.evenkeel.core;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes a balancer's calls. A blocking call without an executor is a loop on its caller's thread
 * and is all here; the others are an {@link AsyncCall} each. The retry budget and the latencies
 * observed are the balancer's, whatever policy a call has.
 */
final class Caller {

  private static final Logger log = LoggerFactory.getLogger(LoadBalancer.class);

  private final LoadBalancer balancer;
  private final NanoClock clock;
  private final RetryBudget budget;
  private final Timers timers;
  private final ObservedLatency latencies = new ObservedLatency();

  Caller(LoadBalancer balancer, NanoClock clock, RetryBudget budget, Timers timers) {
    this.balancer = balancer;
    this.clock = clock;
    this.budget = budget;
    this.timers = timers;
  }

  LoadBalancer balancer() {
    return balancer;
  }

  NanoClock clock() {
    return clock;
  }

  RetryBudget budget() {
    return budget;
  }

  Timers timers() {
    return timers;
  }

  ObservedLatency latencies() {
    return latencies;
  }

  <T extends @Nullable Object> CompletableFuture<T> callAsync(
      CallPolicy policy,
      Query query,
      Function<? super Server, ? extends CompletionStage<T>> function) {
    return new AsyncCall<>(this, policy, query, function, false).start();
  }

  <T extends @Nullable Object, X extends Exception> T call(
      CallPolicy policy, Query query, ServerFunction<T, X> function) throws X {
    Executor executor = policy.executor();
    if (executor != null) {
      AsyncCall<T> call =
          new AsyncCall<>(
              this,
              policy,
              query,
              server -> new ExecutorAttempt<>(executor, function, server),
              true);
      Throwable failure = call.startAndWait();
      if (failure != null) {
        throw Failures.<X>rethrow(failure);
      }
      return call.value();
    }
    budget.deposit();
    long deadlineNanos = policy.deadlineNanos();
    long start = deadlineNanos == 0 ? 0 : clock.nanoTime();
    Lease lease = balancer.acquire(query);
    Retries retries = null;
    while (true) {
      T value;
      try {
        value = function.apply(lease.server());
      } catch (Throwable e) {
        failed(lease, e);
        retries = retries == null ? new Retries(policy, query, start) : retries;
        Lease another = retries.after(lease.node(), e);
        if (another == null) {
          throw e;
        }
        lease = another;
        continue;
      }
      succeeded(lease);
      return value;
    }
  }

  /** What a call on its caller's thread knows once an attempt has failed. One thread only. */
  private final class Retries {

    private final CallPolicy policy;
    private final long startNanos;
    private final List<Throwable> failures = new ArrayList<>();
    private Query tried;

    Retries(CallPolicy policy, Query query, long startNanos) {
      this.policy = policy;
      this.tried = query;
      this.startNanos = startNanos;
    }

    /** The next server, or null if this failure is the end, with those before suppressed in it. */
    @Nullable Lease after(Node node, Throwable failure) {
      tried = tried.excluding(node);
      Lease lease = mayGoOn(failure) ? takeAnother(failure) : null;
      if (lease == null) {
        Failures.suppress(failure, failures);
      }
      failures.add(failure);
      return lease;
    }

    private boolean mayGoOn(Throwable failure) {
      return failures.size() + 1 < policy.attempts()
          && policy.isWorthAnother(failure)
          && !Thread.currentThread().isInterrupted()
          && (policy.deadlineNanos() == 0
              || clock.nanoTime() - startNanos < policy.deadlineNanos());
    }

    private @Nullable Lease takeAnother(Throwable failure) {
      long granted = budget.tryWithdraw();
      if (granted < 0) {
        return null;
      }
      Lease lease = null;
      try {
        lease = balancer.tryAcquire(tried);
      } catch (RuntimeException | Error e) { // of a user's selector
        failures.add(failure);
        Failures.suppress(e, failures);
        throw e;
      } finally {
        if (lease == null) {
          budget.refund(granted);
        }
      }
      return lease;
    }
  }

  static void succeeded(Lease lease) {
    try {
      lease.success();
    } finally {
      lease.close();
    }
  }

  /**
   * What the server's latency is told is the failure itself, not its envelope; and nothing where an
   * executor of this JVM had no room for the attempt.
   */
  static void failed(Lease lease, Throwable failure) {
    Throwable inner = Failures.unwrap(failure);
    try {
      if (!(inner instanceof RejectedExecutionException)) {
        lease.failure(inner);
      }
    } finally {
      lease.close();
    }
    debug(lease, "failed", failure);
  }

  static void debug(Lease lease, String what, Throwable failure) {
    try {
      if (log.isDebugEnabled()) {
        log.debug("attempt at {} {}: {}", lease.server(), what, failure.toString());
      }
    } catch (Throwable ignored) {
      // An exception may throw when it is printed, and a logger of the user's at any time.
    }
  }
}
