package io.evenkeel.pool;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * What is to be done once a lock is free, in order. Of one thread.
 *
 * <p>Every task is run, whatever those before it throw. A task may lead to another of these on the
 * same thread, as when a connect fails at once and the next is begun for who is next in line: some
 * levels deep that is run there and then, below that it is queued, for the line may be longer than
 * the stack is deep. A thread that is about to wait {@linkplain #runQueued runs the queue} first.
 */
final class Later {

  private static final int MAX_DEPTH = 8;

  private static final ThreadLocal<Later> RUNNING = new ThreadLocal<>();

  private @Nullable List<Runnable> tasks;

  // Of the outermost, which the thread remembers while it runs.

  private final Queue<Runnable> queue = new ArrayDeque<>(0);
  private int depth;

  void add(Runnable task) {
    if (tasks == null) {
      tasks = new ArrayList<>(2);
    }
    tasks.add(task);
  }

  void run() {
    if (tasks == null) {
      return;
    }
    Later outermost = RUNNING.get();
    if (outermost == null) {
      RUNNING.set(this);
      try {
        runIn(this);
      } finally {
        RUNNING.remove();
      }
    } else if (outermost.depth < MAX_DEPTH) {
      runIn(outermost);
    } else {
      outermost.queue.addAll(tasks);
    }
  }

  private void runIn(Later outermost) {
    if (tasks != null) {
      outermost.depth++;
      tasks.forEach(Later::run);
      if (outermost.depth == MAX_DEPTH) {
        outermost.drain();
      }
      outermost.depth--;
    }
  }

  private void drain() {
    for (Runnable task = queue.poll(); task != null; task = queue.poll()) {
      run(task);
    }
  }

  /** Runs what this thread has queued, before it waits for what that may bring. */
  static void runQueued() {
    Later outermost = RUNNING.get();
    if (outermost != null) {
      outermost.drain();
    }
  }

  private static void run(Runnable task) {
    try {
      task.run();
    } catch (Throwable e) {
      UserCode.warn("a task of a connection pool failed", e);
    }
  }
}
