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

  private final Executor executor;
  private final ServerFunction<T, ?> function;
  private final Server server;

  /** Guarded by this, as are the next three. */
  private @Nullable Thread runner;

  private boolean begun;
  private boolean withdrawn;
  private boolean interrupted;

  /** Not yet {@linkplain #start started}. */
  ExecutorAttempt(Executor executor, ServerFunction<T, ?> function, Server server) {
    this.executor = executor;
    this.function = function;
    this.server = server;
  }

  /** Has the executor run it, unless it was cancelled; fails if the executor will not. */
  void start() {
    if (isDone()) {
      return;
    }
    try {
      executor.execute(this);
    } catch (Throwable e) {
      completeExceptionally(e); // so that it does not begin either, if the executor kept it
    }
  }

  /** Keeps it from beginning; false if it has begun, so that the server may have heard of it. */
  synchronized boolean withdraw() {
    withdrawn = true;
    return !begun;
  }

  @Override
  public void run() {
    synchronized (this) {
      if (withdrawn || isDone()) {
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
