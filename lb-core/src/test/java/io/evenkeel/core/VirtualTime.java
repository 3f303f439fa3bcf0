package io.evenkeel.core;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.Delayed;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * A clock and a scheduler that stand still until a test moves them. Tasks run on the thread that
 * calls {@link #advance}, in the order in which they are due; those due at once, too. Not safe for
 * use by several threads.
 */
public final class VirtualTime extends AbstractExecutorService
    implements ScheduledExecutorService, NanoClock {

  private final PriorityQueue<Task<?>> tasks = new PriorityQueue<>();
  private long now;
  private long scheduled;
  private boolean shutdown;

  /** Starts at an odd place, so that nobody takes the origin for zero. */
  public VirtualTime() {
    this(-1_234_567_890L);
  }

  public VirtualTime(long originNanos) {
    this.now = originNanos;
  }

  @Override
  public long nanoTime() {
    return now;
  }

  /** Lets time pass, and runs what comes due meanwhile. */
  public void advance(Duration time) {
    long until = now + time.toNanos();
    for (Task<?> next = tasks.peek(); next != null && next.due - until <= 0; next = tasks.peek()) {
      tasks.remove();
      now = Math.max(now, next.due);
      next.run();
    }
    now = until;
  }

  /** Tasks that wait for their time. */
  public int pending() {
    tasks.removeIf(FutureTask::isCancelled);
    return tasks.size();
  }

  @Override
  public void execute(Runnable command) {
    if (shutdown) {
      throw new RejectedExecutionException("shut down");
    }
    tasks.add(new Task<>(() -> run(command), 0, 0));
  }

  @Override
  public ScheduledFuture<?> schedule(Runnable command, long delay, TimeUnit unit) {
    return add(new Task<>(() -> run(command), unit.toNanos(delay), 0));
  }

  @Override
  public <V> ScheduledFuture<V> schedule(Callable<V> callable, long delay, TimeUnit unit) {
    return add(new Task<>(callable, unit.toNanos(delay), 0));
  }

  @Override
  public ScheduledFuture<?> scheduleAtFixedRate(
      Runnable command, long initialDelay, long period, TimeUnit unit) {
    return add(new Task<>(() -> run(command), unit.toNanos(initialDelay), unit.toNanos(period)));
  }

  @Override
  public ScheduledFuture<?> scheduleWithFixedDelay(
      Runnable command, long initialDelay, long delay, TimeUnit unit) {
    return scheduleAtFixedRate(command, initialDelay, delay, unit);
  }

  @Override
  public void shutdown() {
    shutdown = true;
  }

  @Override
  public List<Runnable> shutdownNow() {
    shutdown = true;
    List<Runnable> left = new ArrayList<>(tasks);
    tasks.clear();
    return left;
  }

  @Override
  public boolean isShutdown() {
    return shutdown;
  }

  @Override
  public boolean isTerminated() {
    return shutdown && tasks.isEmpty();
  }

  @Override
  public boolean awaitTermination(long timeout, TimeUnit unit) {
    advance(Duration.ofNanos(unit.toNanos(timeout)));
    return isTerminated();
  }

  private static Object run(Runnable command) {
    command.run();
    return null;
  }

  private <V> Task<V> add(Task<V> task) {
    if (shutdown) {
      throw new RejectedExecutionException("shut down");
    }
    tasks.add(task);
    return task;
  }

  private final class Task<V> extends FutureTask<V> implements ScheduledFuture<V> {
    private final long order = scheduled++;
    private final long periodNanos;
    private long due;

    Task(Callable<V> callable, long delayNanos, long periodNanos) {
      super(callable);
      this.due = now + Math.max(0, delayNanos);
      this.periodNanos = periodNanos;
    }

    @Override
    public void run() {
      if (periodNanos == 0) {
        super.run();
      } else if (runAndReset() && !shutdown) {
        due += periodNanos;
        tasks.add(this);
      }
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
      tasks.remove(this);
      return super.cancel(mayInterruptIfRunning);
    }

    @Override
    public long getDelay(TimeUnit unit) {
      return unit.convert(due - now, TimeUnit.NANOSECONDS);
    }

    @Override
    public int compareTo(Delayed other) {
      Task<?> that = (Task<?>) other;
      return due != that.due ? Long.signum(due - that.due) : Long.compare(order, that.order);
    }
  }
}
