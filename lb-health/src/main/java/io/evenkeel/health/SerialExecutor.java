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
 * what those before it wrote: {@link #waiting} orders them. When no more are there, or many have
 * run, a last one is run, for what is better done for several tasks at once.
 */
final class SerialExecutor implements Executor, AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(HealthMonitor.class);

  /** So that those who put tasks on without end do not put it off without end. */
  private static final int TASKS_A_TURN = 1 << 16;

  private final Executor backing;
  private final Runnable endOfTurn;
  private final Runnable refused;
  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();

  /** Tasks not yet done. Who raises it from 0 sends for a thread; no other may. */
  private final AtomicInteger waiting = new AtomicInteger();

  /** Set once: by {@link #close}, or when the backing executor was shut down by its owner. */
  private volatile boolean closed;

  /**
   * @param refused runs when the backing executor takes no more tasks, in the thread that had one
   */
  SerialExecutor(Executor backing, Runnable endOfTurn, Runnable refused) {
    this.backing = backing;
    this.endOfTurn = endOfTurn;
    this.refused = refused;
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
      boolean wasClosed = closed;
      close();
      if (!wasClosed) {
        refused.run();
      }
    }
  }

  /** No task begins after this, but one that is running goes on. Idempotent; any thread. */
  @Override
  public void close() {
    closed = true;
    tasks.clear();
  }

  private void drain() {
    int done = 0;
    do {
      Runnable task = tasks.poll();
      if (task != null) { // else close() took it away
        run(task);
      }
      // If another comes now, it is one more turn's.
      if (++done % TASKS_A_TURN == 0 || waiting.get() == 1) {
        run(endOfTurn);
      }
    } while (waiting.decrementAndGet() != 0);
  }

  /** Whatever a log's backend throws, as a lack of memory: the next task is to run. */
  private static void logFailure(Throwable failure) {
    try {
      log.error("a task of those who watch servers failed", failure);
    } catch (Throwable e) {
      failure.addSuppressed(e);
    }
  }

  private void run(Runnable task) {
    try {
      if (!closed) {
        task.run();
      }
    } catch (Throwable e) {
      logFailure(e);
    }
  }
}
