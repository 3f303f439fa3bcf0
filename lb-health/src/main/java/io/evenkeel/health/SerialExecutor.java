package io.evenkeel.health;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs tasks one at a time, in order, on an executor that may have several threads. Each task sees
 * what those before it wrote: {@link #waiting} orders them.
 */
final class SerialExecutor implements Executor, AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(HealthMonitor.class);

  private final Executor backing;
  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();

  /** Tasks not yet done. Who raises it from 0 sends for a thread; no other may. */
  private final AtomicInteger waiting = new AtomicInteger();

  /** Set once: by {@link #close}, or when the backing executor was shut down by its owner. */
  private volatile boolean closed;

  SerialExecutor(Executor backing) {
    this.backing = backing;
  }

  @Override
  public void execute(Runnable task) {
    if (closed) {
      return;
    }
    tasks.add(task);
    if (waiting.getAndIncrement() != 0) {
      return;
    }
    try {
      backing.execute(this::drain);
    } catch (RejectedExecutionException e) {
      if (!closed) {
        log.warn("the scheduler takes no more tasks, so there are no more health checks");
      }
      close();
    }
  }

  /** No task begins after this, but one that is running goes on. Idempotent; any thread. */
  @Override
  public void close() {
    closed = true;
    tasks.clear();
  }

  private void drain() {
    do {
      Runnable task = tasks.poll();
      try {
        if (task != null && !closed) {
          task.run();
        }
      } catch (Throwable e) {
        log.error("a task of the health monitor failed", e);
      }
    } while (waiting.decrementAndGet() != 0);
  }
}
