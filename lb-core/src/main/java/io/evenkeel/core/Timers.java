package io.evenkeel.core;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Runs tasks after a while: on the scheduler that the balancer was given, else by the JDK's own
 * timer, on a thread of its own each: nothing may keep that timer busy, and the common pool is the
 * application's, who may have filled it with work that waits. A timer that is stopped holds on to
 * nothing.
 */
final class Timers {

  private static final Duration LONGEST = Duration.ofDays(36_525);

  private final @Nullable ScheduledExecutorService scheduler;

  Timers(@Nullable ScheduledExecutorService scheduler) {
    this.scheduler = scheduler;
  }

  /** A time in nanoseconds; a century where that is shorter. */
  static long nanos(Duration time) {
    return time.compareTo(LONGEST) < 0 ? time.toNanos() : LONGEST.toNanos();
  }

  /**
   * Runs a task once, unless it is stopped before.
   *
   * @return what stops it; may be called at any time, again and again
   */
  Runnable later(Runnable task, long delayNanos) {
    if (scheduler != null) {
      // A cancelled task may stay in the scheduler's queue until it is due, but not what it is for.
      AtomicReference<@Nullable Runnable> pending = new AtomicReference<>(task);
      Future<?> timer =
          scheduler.schedule(() -> runOnce(pending), delayNanos, TimeUnit.NANOSECONDS);
      return () -> {
        if (pending.getAndSet(null) != null) {
          timer.cancel(false);
        }
      };
    }
    // Stopped by completing it, since the JDK (before 21) forgets its timer only on a completion
    // that is no failure.
    CompletableFuture<Boolean> timer =
        new CompletableFuture<Boolean>().completeOnTimeout(true, delayNanos, TimeUnit.NANOSECONDS);
    CompletableFuture<Void> unused = timer.thenAccept(due -> runIf(due, task));
    return () -> timer.complete(false);
  }

  private static void runIf(boolean due, Runnable task) {
    if (due) {
      Thread thread = new Thread(task, "evenkeel-timer");
      thread.setDaemon(true);
      try {
        thread.start();
      } catch (OutOfMemoryError e) { // no more threads to be had: late is better than never
        CompletableFuture<Void> unused = CompletableFuture.runAsync(task);
      }
    }
  }

  private static void runOnce(AtomicReference<@Nullable Runnable> pending) {
    Runnable task = pending.getAndSet(null);
    if (task != null) {
      task.run();
    }
  }
}
