package io.evenkeel.core;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * One attempt of a blocking call on an executor. Cancelling it interrupts the thread that runs it,
 * and nothing that this thread does afterwards.
 */
final class ExecutorAttempt<T extends @Nullable Object> extends CompletableFuture<T>
    implements Runnable {

  private final ServerFunction<T, ?> function;
  private final Server server;

  /** Guarded by this, as are the next two. */
  private @Nullable Thread runner;

  private boolean begun;
  private boolean interrupted;

  private ExecutorAttempt(ServerFunction<T, ?> function, Server server) {
    this.function = function;
    this.server = server;
  }

  /**
   * Has an executor run it.
   *
   * @throws java.util.concurrent.RejectedExecutionException if it will not
   */
  static <T extends @Nullable Object> ExecutorAttempt<T> start(
      Executor executor, ServerFunction<T, ?> function, Server server) {
    ExecutorAttempt<T> attempt = new ExecutorAttempt<>(function, server);
    executor.execute(attempt);
    return attempt;
  }

  /** Whether the server may have heard of it. */
  synchronized boolean hasBegun() {
    return begun;
  }

  @Override
  public void run() {
    synchronized (this) {
      if (isDone()) {
        return;
      }
      begun = true;
      runner = Thread.currentThread();
    }
    try {
      T value = function.apply(server);
      release();
      complete(value);
    } catch (Throwable e) {
      release();
      completeExceptionally(e);
    }
  }

  /** From here on nobody interrupts the thread; an interrupt that came too late is taken back. */
  private synchronized void release() {
    runner = null;
    if (interrupted) {
      interrupted = false;
      boolean unused = Thread.interrupted();
    }
  }

  @Override
  public boolean cancel(boolean mayInterruptIfRunning) {
    boolean cancelled = super.cancel(mayInterruptIfRunning);
    synchronized (this) {
      if (cancelled && runner != null) {
        runner.interrupt();
        interrupted = true;
      }
    }
    return cancelled;
  }
}
