package io.evenkeel.health;

import io.evenkeel.core.NanoClock;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Timers of one owner, of which none is left when it is closed. Safe for use by any thread. */
final class TimerSet implements AutoCloseable {

  private final ScheduledExecutorService scheduler;
  private final NanoClock clock;
  private final Runnable refused;
  private final Set<Timer> timers = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /**
   * @param refused runs when the scheduler takes no more tasks, in the thread that had one
   */
  TimerSet(ScheduledExecutorService scheduler, NanoClock clock, Runnable refused) {
    this.scheduler = scheduler;
    this.clock = clock;
    this.refused = refused;
  }

  /** Runs a task once the clock says so: on the scheduler, which may go by another clock. */
  void later(Runnable task, long delayNanos) {
    new Timer(task, clock.nanoTime() + delayNanos).start(delayNanos);
  }

  /** No task begins after this. Idempotent. */
  @Override
  public void close() {
    closed = true;
    timers.forEach(Timer::cancel);
  }

  boolean isClosed() {
    return closed;
  }

  /** Who takes it off {@link #timers} decides what becomes of it. */
  private final class Timer implements Runnable {

    private final Runnable task;
    private final long dueNanos;
    private volatile @Nullable Future<?> future;

    Timer(Runnable task, long dueNanos) {
      this.task = task;
      this.dueNanos = dueNanos;
    }

    void start(long delayNanos) {
      timers.add(this);
      try {
        future = scheduler.schedule(this, Math.max(0, delayNanos), TimeUnit.NANOSECONDS);
      } catch (RejectedExecutionException e) {
        timers.remove(this);
        if (!closed) {
          refused.run();
        }
      }
      if (closed) {
        cancel(); // close() may have looked before this was in there, or had a future
      }
    }

    void cancel() {
      timers.remove(this);
      Future<?> scheduled = future;
      if (scheduled != null) {
        scheduled.cancel(false);
      }
    }

    @Override
    public void run() {
      if (!timers.remove(this)) {
        return;
      }
      long left = dueNanos - clock.nanoTime();
      if (left > 0) {
        start(left);
      } else {
        task.run();
      }
    }
  }
}
