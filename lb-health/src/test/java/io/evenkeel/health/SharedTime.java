package io.evenkeel.health;

import io.evenkeel.core.NanoClock;
import io.evenkeel.core.VirtualTime;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * A {@link VirtualTime} that other threads may put tasks on, as the one that does the I/O. The test
 * moves it: tasks run on the test's thread, and sockets take the time that they take.
 */
final class SharedTime extends AbstractExecutorService
    implements ScheduledExecutorService, NanoClock {

  private final VirtualTime time = new VirtualTime();

  @Override
  public synchronized long nanoTime() {
    return time.nanoTime();
  }

  synchronized void advance(Duration duration) {
    time.advance(duration);
  }

  /** Lets tasks run that are due now, until something has come true; no time passes. */
  void standUntil(String what, BooleanSupplier condition) {
    Await.until(
        what,
        () -> {
          advance(Duration.ZERO);
          return condition.getAsBoolean();
        });
  }

  /** What is cancelled meanwhile is taken off the same queue. */
  synchronized void run(Runnable action) {
    action.run();
  }

  synchronized int pending() {
    return time.pending();
  }

  @Override
  public synchronized void execute(Runnable command) {
    time.execute(command);
  }

  @Override
  public synchronized ScheduledFuture<?> schedule(Runnable command, long delay, TimeUnit unit) {
    return time.schedule(command, delay, unit);
  }

  @Override
  public synchronized <V> ScheduledFuture<V> schedule(
      Callable<V> callable, long delay, TimeUnit unit) {
    return time.schedule(callable, delay, unit);
  }

  @Override
  public ScheduledFuture<?> scheduleAtFixedRate(
      Runnable command, long initialDelay, long period, TimeUnit unit) {
    throw new UnsupportedOperationException();
  }

  @Override
  public ScheduledFuture<?> scheduleWithFixedDelay(
      Runnable command, long initialDelay, long delay, TimeUnit unit) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void shutdown() {
    throw new UnsupportedOperationException();
  }

  @Override
  public List<Runnable> shutdownNow() {
    throw new UnsupportedOperationException();
  }

  @Override
  public boolean isShutdown() {
    return false;
  }

  @Override
  public boolean isTerminated() {
    return false;
  }

  @Override
  public boolean awaitTermination(long timeout, TimeUnit unit) {
    return false;
  }
}
