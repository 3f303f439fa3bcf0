package io.evenkeel.pool;

import io.evenkeel.core.Server;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All that a pool calls of its users' code: connector, executor, scheduler, logger. None of it can
 * be trusted to return what it should, once, and without throwing, nor to be quick, while the pool
 * has connections, permits and waiters in its hands. Called under no lock. Safe for use by any
 * thread.
 *
 * @param <C> the type of connection
 */
final class UserCode<C> {

  private static final Logger log = LoggerFactory.getLogger(ConnectionPool.class);

  private final Connector<C> connector;
  private final Executor executor;

  /** Completes futures whose time is up: not the pool's only timer thread, nor what may be busy. */
  private final Executor callbacks;

  private final ScheduledExecutorService scheduler;

  UserCode(
      Connector<C> connector,
      Executor executor,
      Executor callbacks,
      ScheduledExecutorService scheduler) {
    this.connector = connector;
    this.executor = executor;
    this.callbacks = callbacks;
    this.scheduler = scheduler;
  }

  /**
   * Runs what may block, or is the user's, once; here and now if the executor does not. Throws
   * nothing: the caller may have something in its hands.
   */
  void execute(Runnable task) {
    execute(executor, task);
  }

  /** Runs what the user has put behind a future whose time is up. */
  void callBack(Runnable task) {
    execute(callbacks, task);
  }

  private static void execute(Executor executor, Runnable task) {
    AtomicBoolean isBegun = new AtomicBoolean();
    Runnable once =
        () -> {
          if (isBegun.compareAndSet(false, true)) {
            try {
              task.run();
            } catch (Throwable e) {
              warn("a task of a connection pool failed", e);
            }
          }
        };
    try {
      executor.execute(once);
    } catch (Throwable e) {
      note("the executor of a connection pool refuses a task", e);
      once.run();
    }
  }

  /** Returns what stops it. */
  Runnable later(Runnable task, long nanos) {
    Future<?> timer = scheduler.schedule(task, nanos, TimeUnit.NANOSECONDS);
    return () -> timer.cancel(false);
  }

  /** The executor did not take a connect, which is no fault of the server's. */
  static final class NotExecuted extends RuntimeException {

    private static final long serialVersionUID = 1L;

    NotExecuted(Throwable cause) {
      super(cause);
    }
  }

  /**
   * Begins to connect. Says how it ended, or throws; a bad connector or executor more than once.
   */
  void connect(Server server, BiConsumer<@Nullable C, @Nullable Throwable> ended) {
    if (connector instanceof AsyncConnector<C> async) {
      CompletionStage<C> stage = async.connectAsync(server);
      if (stage == null) {
        throw returnedNull();
      }
      CompletionStage<C> unused = stage.whenComplete(ended);
      return;
    }
    try {
      executor.execute(() -> connectNow(server, ended));
    } catch (Throwable e) {
      throw new NotExecuted(e);
    }
  }

  private void connectNow(Server server, BiConsumer<@Nullable C, @Nullable Throwable> ended) {
    C connection = null;
    Throwable failure = null;
    try {
      connection = connector.connect(server);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      failure = e;
    } catch (Throwable e) {
      failure = e;
    }
    ended.accept(connection, failure);
  }

  NullPointerException returnedNull() {
    return new NullPointerException(
        "connector " + connector.getClass().getName() + " returned null");
  }

  boolean isAlive(ServerConnections<C> home, C connection) {
    try {
      return connector.isAlive(connection);
    } catch (Throwable e) {
      note(home + " taken for dead", e);
      return false;
    }
  }

  void close(ServerConnections<C> home, C connection) {
    try {
      connector.close(connection);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (Throwable e) {
      warn(home + ": connector failed to close it", e);
    }
  }

  /** As {@link #warn}, for what is the user's own doing. */
  static void note(String what, Throwable cause) {
    try {
      log.debug("{}", what, cause);
    } catch (Throwable ignored) {
      // as below
    }
  }

  /**
   * Logs, for a thread that has something in its hands and must not lose it: an exception may throw
   * when it is printed, and a logger of the user's at any time.
   */
  static void warn(String what, Throwable cause) {
    try {
      log.warn("{}", what, cause);
    } catch (Throwable ignored) {
      // There is nobody left to tell.
    }
  }
}
