package io.evenkeel.core;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One call whose attempts are stages: one after the other after failures, beside each other where
 * it hedges.
 *
 * <p>An attempt is counted as {@link #underWay} from before it takes a server. What follows a
 * failed attempt is counted before the failed one is no more, so that whoever counts down to 0
 * knows that the call has failed. The call is {@link #over} once, by the first of: a success, a
 * failure that is not worth another server, that count at 0, the deadline, and whoever completes
 * the result from outside. Who ends it takes the attempts that are still {@link #running}, closes
 * their leases, cancels them, and completes the result. An attempt that is not in there any more
 * has no effect, however late or often its stage completes.
 *
 * <p><b>Threads.</b> State is guarded by this object's monitor, under which no code of the user's
 * runs. An attempt begins on the thread on which its reason arises: the caller's, the one that
 * completed a failed stage, or the timer's. Long because all of it is about the state under one
 * lock.
 */
final class AsyncCall<T extends @Nullable Object> {

  private final Caller caller;
  private final CallPolicy policy;
  private final Function<? super Server, ? extends CompletionStage<T>> function;

  /** Whether a caller waits, who is to get what the user's function threw as it is. */
  private final boolean blocking;

  private final CompletableFuture<T> result = new CompletableFuture<>();

  /** Attempts that have a server and no outcome. Guarded by this, as are all below. */
  private final List<Attempt> running = new ArrayList<>(2);

  private final List<Throwable> failures = new ArrayList<>(2);

  /** What the next attempt is to look for: none of the servers tried. */
  private Query query;

  private int begun;
  private int underWay;
  private boolean over;
  private @Nullable Throwable failure;
  private @Nullable Runnable stopDeadline;
  private @Nullable Runnable stopHedge;

  AsyncCall(
      Caller caller,
      CallPolicy policy,
      Query query,
      Function<? super Server, ? extends CompletionStage<T>> function,
      boolean blocking) {
    this.caller = caller;
    this.policy = policy;
    this.query = query;
    this.function = function;
    this.blocking = blocking;
  }

  /** Begins; completing the result from outside ends it. */
  CompletableFuture<T> start() {
    caller.budget().deposit();
    CompletableFuture<T> unused = result.whenComplete((value, e) -> abandoned());
    try {
      if (policy.deadlineNanos() != 0) {
        Runnable timer = caller.timers().later(this::timeUp, policy.deadlineNanos());
        if (!keepDeadline(timer)) {
          stop(timer);
        }
      }
      drive(next());
    } catch (Throwable e) { // the user's scheduler is shut down, as a rule
      end(e);
    }
    return result;
  }

  /**
   * Begins, and waits for the end.
   *
   * @return what to throw; null if there is a {@link #value}
   */
  @Nullable Throwable startAndWait() {
    CompletableFuture<@Nullable Throwable> ended = start().handle((value, e) -> failure());
    try {
      return ended.get();
    } catch (InterruptedException e) {
      CancellationException cancelled = new CancellationException("interrupted in a call");
      cancelled.initCause(e);
      end(cancelled);
      Thread.currentThread().interrupt();
      return ended.join(); // soon: by this thread, or by the one that was faster
    } catch (ExecutionException e) {
      throw new AssertionError(e); // what is handled does not fail
    }
  }

  private synchronized @Nullable Throwable failure() {
    return failure;
  }

  /** After a wait that found no failure. */
  T value() {
    return result.join();
  }

  /** Runs attempts one after the other as long as they fail at once: no recursion. */
  private void drive(@Nullable Attempt first) {
    Attempt attempt = first;
    while (attempt != null) {
      attempt = attempt.run();
    }
  }

  /**
   * The next attempt, on a server of its own, to be run; null if there is none to be made. If it
   * was the last hope, the call has ended.
   */
  private @Nullable Attempt next() {
    boolean first;
    synchronized (this) {
      if (over || begun == policy.attempts()) {
        return null;
      }
      first = begun++ == 0;
      underWay++;
    }
    Attempt attempt = null;
    try {
      attempt = first ? admit(true) : withBudget();
    } catch (Throwable e) { // no server for the first attempt, or a user's selector
      synchronized (this) {
        failures.add(e);
      }
    }
    if (attempt == null) {
      synchronized (this) {
        begun--;
      }
      release();
    }
    return attempt;
  }

  private @Nullable Attempt withBudget() {
    long granted = caller.budget().tryWithdraw();
    if (granted < 0) {
      return null;
    }
    Attempt attempt = null;
    try {
      attempt = admit(false);
    } finally {
      if (attempt == null) {
        caller.budget().refund(granted);
      }
    }
    return attempt;
  }

  /** Takes a server that no attempt of this call had. */
  private @Nullable Attempt admit(boolean first) {
    // Read before there is a lease to lose, and outside the lock: it is a user's clock, maybe.
    long startNanos = first && policy.hedgePercentile() != 0 ? caller.clock().nanoTime() : 0;
    while (true) {
      Query wanted = wanted();
      Lease lease =
          first ? caller.balancer().acquire(wanted) : caller.balancer().tryAcquire(wanted);
      if (lease == null) {
        return null;
      }
      synchronized (this) {
        if (!over && query == wanted) {
          Attempt attempt = new Attempt(lease, startNanos);
          query = wanted.excluding(lease.node());
          running.add(attempt);
          return attempt;
        }
      }
      // Another attempt of this call took a server meanwhile, maybe this one; or the call is over.
      lease.close();
      if (isOver()) {
        return null;
      }
    }
  }

  private synchronized Query wanted() {
    return query;
  }

  private synchronized boolean isOver() {
    return over;
  }

  /** One less under way; with the last one the call has failed. */
  private void release() {
    Throwable last;
    synchronized (this) {
      if (--underWay > 0 || over) {
        return;
      }
      last = failures.get(failures.size() - 1);
    }
    end(last);
  }

  /** An attempt was answered. */
  private void succeeded(Attempt attempt, T value) {
    if (!stopRunning(attempt, null)) {
      return;
    }
    Caller.succeeded(attempt.lease);
    attempt.observe();
    if (finish(null, true)) {
      result.complete(value);
    }
  }

  /** An attempt failed; gives the one that follows. */
  private @Nullable Attempt failed(Attempt attempt, Throwable e) {
    Throwable last = blocking ? e : Failures.unwrap(e);
    if (!stopRunning(attempt, last)) {
      return null;
    }
    Caller.failed(attempt.lease, e);
    if (!policy.isWorthAnother(last)) {
      end(last);
      return null;
    }
    Attempt next = next();
    release();
    return next;
  }

  /** Whether it was running, and its outcome counts. */
  private synchronized boolean stopRunning(Attempt attempt, @Nullable Throwable e) {
    boolean counts = running.remove(attempt);
    if (counts && e != null) {
      failures.add(e);
    }
    return counts;
  }

  private void timeUp() {
    List<String> waitingFor;
    synchronized (this) {
      waitingFor = running.stream().map(attempt -> attempt.lease.server().id()).toList();
    }
    TimeoutException timeout =
        new TimeoutException(
            "no answer within "
                + Duration.ofNanos(policy.deadlineNanos())
                + "; waiting for "
                + waitingFor);
    if (finish(timeout, true)) {
      complete(blocking ? new CallTimeoutException(timeout) : timeout);
    }
  }

  private void abandoned() {
    boolean unused = finish(null, false);
  }

  private void end(Throwable e) {
    if (finish(null, false)) {
      complete(e);
    }
  }

  /**
   * Ends the call, unless it is over; then the result is to be completed.
   *
   * @param cause what the servers under way did wrong; null for nothing but being slower
   * @param slow whether it is known that they are
   */
  private boolean finish(@Nullable Throwable cause, boolean slow) {
    List<Attempt> losers;
    Runnable deadline;
    Runnable hedge;
    synchronized (this) {
      if (over) {
        return false;
      }
      over = true;
      losers = List.copyOf(running);
      running.clear();
      deadline = stopDeadline;
      hedge = stopHedge;
    }
    stop(deadline);
    stop(hedge);
    for (Attempt loser : losers) {
      try {
        loser.cut(cause == null ? new CancellationException("no longer needed") : cause);
      } catch (Throwable e) { // a user's clock, maybe: the others are to be cut all the same
        Caller.debug(loser.lease, "could not be judged", e);
      }
    }
    if (slow) {
      losers.forEach(Attempt::observe);
    }
    return true;
  }

  private static void stop(@Nullable Runnable timer) {
    try {
      if (timer != null) {
        timer.run();
      }
    } catch (Throwable ignored) {
      // A scheduler of the user's. Should the timer go off, it finds the call over.
    }
  }

  /** With the failures before, outside the lock: it runs what the user hung on the result. */
  private void complete(Throwable e) {
    List<Throwable> earlier;
    synchronized (this) {
      failure = e;
      earlier = List.copyOf(failures);
    }
    Failures.suppress(e, earlier);
    result.completeExceptionally(e);
  }

  private synchronized boolean keepDeadline(Runnable stop) {
    stopDeadline = stop;
    return !over;
  }

  /** Has a hedge begin if no answer comes in time after the attempt that has just begun. */
  private void hedgeLater() {
    if (!mayHedge()) {
      return;
    }
    long delay =
        policy.hedgePercentile() == 0
            ? policy.hedgeAfterNanos()
            : caller.latencies().atPercentile(policy.hedgePercentile(), caller.clock().nanoTime());
    if (delay < 0) {
      return;
    }
    Runnable stop;
    try {
      stop = caller.timers().later(this::hedge, delay);
    } catch (RejectedExecutionException e) { // the scheduler is shut down: there is no hedge then
      return;
    }
    Runnable obsolete;
    synchronized (this) {
      obsolete = over ? stop : stopHedge;
      stopHedge = stop;
    }
    stop(obsolete);
  }

  private void hedge() {
    try {
      drive(next());
    } catch (Throwable unexpected) {
      end(unexpected);
    }
  }

  private boolean mayHedge() {
    if (policy.hedgePercentile() == 0 && policy.hedgeAfterNanos() == 0) {
      return false;
    }
    synchronized (this) {
      return !over && begun < policy.attempts();
    }
  }

  /** One server, asked once. */
  private final class Attempt implements BiConsumer<T, @Nullable Throwable> {

    private final Lease lease;

    /** When it began, where it is the call's first and somebody looks at that; else 0. */
    private final long startNanos;

    /** Who is in {@link #run}, as far as that thread itself looks: others find another or null. */
    private @Nullable Thread runner;

    /** What follows it, if it failed on the thread that is in {@link #run}. That thread only. */
    private @Nullable Attempt follower;

    /** Guarded by the call, as are the next two. */
    private @Nullable CompletableFuture<T> future;

    /** Whether the user's function was, or is just about to be, called for it. */
    private boolean asked;

    private boolean cut;

    Attempt(Lease lease, long startNanos) {
      this.lease = lease;
      this.startNanos = startNanos;
    }

    /** Asks the server; gives what follows if that failed at once. */
    @Nullable Attempt run() {
      synchronized (AsyncCall.this) {
        if (over) { // and who ended it closes the lease, if that has not happened yet
          return null;
        }
        asked = true;
      }
      runner = Thread.currentThread();
      try {
        CompletionStage<T> stage = function.apply(lease.server());
        if (stage == null) { // a user's function may not have been checked for nullness
          throw new NullPointerException("stage: " + function + " returned null");
        }
        attach(stage);
        CompletionStage<T> unused = stage.whenComplete(this);
        if (stage instanceof ExecutorAttempt<?> attempt) {
          attempt.start(); // only now, so that it is known whether it began, whenever it is cut
        }
      } catch (Throwable e) {
        Attempt next = failed(this, e);
        if (next != null) { // else one may be there already, if it failed before this was thrown
          follower = next;
        }
      } finally {
        runner = null;
      }
      if (follower == null) {
        hedgeLater();
      }
      return follower;
    }

    /** Keeps what cancels it; does so where it was cut before it could be. */
    private void attach(CompletionStage<T> stage) {
      CompletableFuture<T> cancellable;
      try {
        cancellable = stage.toCompletableFuture();
      } catch (UnsupportedOperationException e) {
        return;
      }
      boolean late;
      synchronized (AsyncCall.this) {
        future = cancellable;
        late = cut;
      }
      if (late) {
        cancel(cancellable);
      }
    }

    @Override
    public void accept(T value, @Nullable Throwable e) {
      try {
        if (e == null) {
          succeeded(this, value);
          return;
        }
        Attempt next = failed(this, e);
        if (runner == Thread.currentThread()) {
          follower = next;
        } else {
          drive(next);
        }
      } catch (Throwable unexpected) { // a user's clock, maybe; nobody must wait forever for that
        end(unexpected);
      }
    }

    /** Has its latency so far known, if it is looked at. */
    void observe() {
      if (startNanos == 0) {
        return;
      }
      try {
        long now = caller.clock().nanoTime();
        caller.latencies().record(now - startNanos, now);
      } catch (Throwable e) { // a user's clock
        Caller.debug(lease, "could not be timed", e);
      }
    }

    /** The call ends without it. */
    void cut(Throwable cause) {
      CompletableFuture<T> running;
      boolean heard;
      synchronized (AsyncCall.this) {
        cut = true;
        running = future;
        heard = asked;
      }
      if (blocking) {
        heard = running instanceof ExecutorAttempt<?> attempt && !attempt.withdraw();
      }
      try {
        if (heard) {
          Caller.failed(lease, cause);
        } else {
          lease.close();
        }
      } finally {
        if (running != null) {
          cancel(running);
        }
      }
    }

    private void cancel(CompletableFuture<T> running) {
      try {
        running.cancel(true);
      } catch (Throwable e) { // of a class of the user's
        Caller.debug(lease, "could not be cancelled", e);
      }
    }
  }
}
