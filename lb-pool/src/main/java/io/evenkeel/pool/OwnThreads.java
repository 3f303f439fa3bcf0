package io.evenkeel.pool;

import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** The threads of a pool that was given none: daemons, begun when they are needed. */
final class OwnThreads {

  private static final long KEEP_SECONDS = 5;

  private OwnThreads() {}

  /** One thread for what takes no time. */
  static ScheduledExecutorService scheduler() {
    ScheduledThreadPoolExecutor scheduler =
        new ScheduledThreadPoolExecutor(1, task -> daemon(task, "evenkeel-pool-timer"));
    scheduler.setRemoveOnCancelPolicy(true);
    return scheduler;
  }

  /**
   * A thread for each task that may block, so that a server that hangs holds up no other, ended
   * when it has had nothing to do for some seconds. There are never more than connects and
   * connections allowed, one background check a server, and what users put behind their futures.
   */
  static Executor executor() {
    return new ThreadPoolExecutor(
        0,
        Integer.MAX_VALUE,
        KEEP_SECONDS,
        TimeUnit.SECONDS,
        new SynchronousQueue<>(),
        task -> daemon(task, "evenkeel-pool"));
  }

  private static Thread daemon(Runnable task, String name) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    return thread;
  }
}
