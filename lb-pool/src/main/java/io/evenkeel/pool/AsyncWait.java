package io.evenkeel.pool;

import io.evenkeel.core.Server;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;

/**
 * A future that waits for a connection. Completed once, by whoever comes first: a connection, why
 * there is none, its time, or its user; what comes for it later goes to the next.
 */
final class AsyncWait<C> {

  private final ServerConnections<C> home;
  private final CompletableFuture<Pooled<C>> future;
  private final Waiter<C> waiter;

  /** Set before it may be delivered to. */
  private long timeoutNanos;

  AsyncWait(ServerConnections<C> home, Server wanted, CompletableFuture<Pooled<C>> future) {
    this.home = home;
    this.future = future;
    this.waiter = new Waiter<>(wanted, this::deliver, home.pool.nanoTime());
  }

  /** Stands in line; false if the server was forgotten meanwhile. */
  boolean begin(long timeoutNanos) {
    this.timeoutNanos = timeoutNanos;
    if (!home.enter(waiter, false, true)) {
      return false;
    }
    end(true);
    return true;
  }

  /**
   * Has an idle connection checked that the caller has borrowed. Who does not want to wait at all
   * gets it nevertheless, if it is alive.
   */
  void begin(Slot<C> borrowed, long timeoutNanos) {
    this.timeoutNanos = timeoutNanos;
    waiter.outcome = borrowed;
    home.pool.user().execute(waiter::over);
    end(timeoutNanos > 0);
  }

  /** Whatever it has been granted by now: only once it is complete is there nothing to end. */
  private void end(boolean isTimed) {
    if (future.isDone()) {
      return;
    }
    Runnable cancel = isTimed ? timer() : () -> {};
    CompletableFuture<Pooled<C>> unused =
        future.whenComplete(
            (pooled, failure) -> {
              boolean unusedToo = home.leave(waiter);
              cancel.run();
            });
  }

  /** Returns what stops it. Without one it would have no end: then that is the end. */
  private Runnable timer() {
    try {
      return home.pool.user().later(this::timeOut, timeoutNanos);
    } catch (RejectedExecutionException e) {
      future.completeExceptionally(
          new PoolClosedException(
              home.serverId(),
              home.pool.isClosed() ? ConnectionPool.CLOSED : "the pool's scheduler is closed"));
    } catch (Throwable e) {
      future.completeExceptionally(e);
    }
    return () -> {};
  }

  private void timeOut() {
    boolean unused = home.leave(waiter);
    PoolTimeoutException timedOut = home.timedOut(timeoutNanos);
    home.pool.user().callBack(() -> future.completeExceptionally(timedOut));
  }

  /** What it waited for is there. On the pool's executor. */
  private void deliver() {
    Object outcome = waiter.outcome;
    if (!(outcome instanceof Slot<?> granted)) {
      future.completeExceptionally(ServerConnections.rethrowable(outcome));
      return;
    }
    Slot<C> slot = home.mine(granted);
    if (future.isDone()) {
      home.putBack(slot);
    } else if (!home.isFit(slot, waiter.wanted)) {
      waitAgain();
    } else if (home.pool.isClosed() && !Slot.isBorrowed(slot.state)) {
      future.completeExceptionally(home.turnedAway()); // closed by force meanwhile
    } else if (future.complete(new Pooled<>(slot, slot.ticket()))) {
      home.noteWait(waiter.since);
    } else {
      home.putBack(slot); // complete meanwhile
    }
  }

  private void waitAgain() {
    waiter.outcome = null;
    try {
      if (!home.enter(waiter, true, false)) {
        future.completeExceptionally(home.turnedAway());
        return;
      }
      if (timeoutNanos == 0) {
        Runnable unused = timer();
      }
      if (future.isDone()) {
        boolean unused = home.leave(waiter); // its end found nothing to take off the line
      }
    } catch (PoolException e) {
      future.completeExceptionally(e);
    }
  }
}
