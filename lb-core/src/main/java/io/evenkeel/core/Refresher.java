package io.evenkeel.core;

import java.io.Closeable;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Asks a question again and again, one at a time, and hands the answers to a sink. On the scheduler
 * that it is given, else on one daemon thread of its own, which ends with {@link #close}.
 */
final class Refresher implements AutoCloseable {

  /** What is asked. May block; never asked twice at a time. */
  @FunctionalInterface
  interface Question {

    /** The answer of now, or null if it is the one that was given last. */
    @Nullable Answer ask() throws Exception;

    /** The answer that was given last is not in force, and is to be given again. */
    default void refused() {}
  }

  /**
   * What was found.
   *
   * @param ttlNanos how long it may be relied on, 0 or more
   */
  record Answer(List<Server> servers, long ttlNanos) {}

  /** For a look-up that cannot be interrupted. */
  private static final long CLOSE_WAIT_MILLIS = 5_000;

  private final Question question;
  private final Closeable interrupter;
  private final RefreshSchedule schedule;
  private final ServerSource.Sink sink;
  private final ScheduledExecutorService scheduler;
  private final boolean ownsScheduler;

  /** One run at a time, each scheduled by the one before. */
  private long failuresInARow;

  /** Written by the factory of the own scheduler, read by whoever closes. */
  private volatile @Nullable Thread ownThread;

  /** Guarded by this. */
  private @Nullable Future<?> next;

  private volatile boolean closed;

  /**
   * Does not begin yet.
   *
   * @param interrupter what makes a question that is being asked end soon, called by {@link #close}
   * @param scheduler null for an own thread
   */
  Refresher(
      Question question,
      Closeable interrupter,
      RefreshSchedule schedule,
      ServerSource.Sink sink,
      @Nullable ScheduledExecutorService scheduler) {
    this.question = question;
    this.interrupter = interrupter;
    this.schedule = schedule;
    this.sink = sink;
    this.scheduler =
        scheduler != null ? scheduler : new ScheduledThreadPoolExecutor(1, this::thread);
    this.ownsScheduler = scheduler == null;
  }

  /** Asks for the first time as soon as there is a thread for it. */
  Refresher startNow() {
    again(0);
    return this;
  }

  /** Hands over an answer that was had just now, and asks when that has gone stale. */
  Refresher startWith(Answer answer) {
    hand(answer);
    again(schedule.afterAnswer(answer.ttlNanos));
    return this;
  }

  private Thread thread(Runnable task) {
    Thread thread = new Thread(task, "evenkeel-discovery");
    thread.setDaemon(true);
    ownThread = thread;
    return thread;
  }

  private void run() {
    if (closed) {
      return;
    }
    long wait;
    try {
      Answer answer = question.ask();
      failuresInARow = 0;
      if (answer != null && !closed) {
        hand(answer);
      }
      wait = schedule.afterAnswer(answer == null ? 0 : answer.ttlNanos);
    } catch (Throwable e) {
      if (!closed) {
        sink.failed(e);
      }
      wait = schedule.afterFailure(++failuresInARow);
    }
    again(wait);
  }

  private void hand(Answer answer) {
    if (!Discovery.offer(sink, answer.servers)) {
      question.refused();
    }
  }

  private synchronized void again(long waitNanos) {
    if (closed) {
      return;
    }
    try {
      next = scheduler.schedule(this::run, waitNanos, TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      sink.failed(new IOException("the scheduler is shut down: no more refreshes", e));
    }
  }

  /**
   * Asks no more. Waits for a question that is being asked on the own thread, but not for long, and
   * not on that thread; on a scheduler that was given, its answer is dropped.
   */
  @Override
  public void close() throws IOException {
    synchronized (this) {
      closed = true;
      if (next != null) {
        next.cancel(false);
      }
    }
    try {
      interrupter.close();
    } finally {
      if (ownsScheduler) {
        endThread();
      }
    }
  }

  private void endThread() {
    List<Runnable> unused = scheduler.shutdownNow();
    Thread thread = ownThread;
    if (thread != null && thread != Thread.currentThread()) {
      try {
        thread.join(CLOSE_WAIT_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
