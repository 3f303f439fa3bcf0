package io.evenkeel.pool;

import io.evenkeel.core.Server;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A thread that waits for a connection, from when it began to want one; what {@link AsyncWait} is
 * for a future.
 *
 * <p>Before standing in line it yields a few times, for a hand-over between threads costs a
 * thousand uses of nothing: where uses are so short that connections come back meanwhile, no line
 * forms, and where there is one it can end.
 */
final class ThreadWait<C> {

  private static final int YIELDS = 4;

  private final ServerConnections<C> home;
  private final Server wanted;

  /** By {@link System#nanoTime}, for waiting takes real time. */
  private final long begun;

  private final long timeoutNanos;

  ThreadWait(ServerConnections<C> home, Server wanted, long begun, long timeoutNanos) {
    this.home = home;
    this.wanted = wanted;
    this.begun = begun;
    this.timeoutNanos = timeoutNanos;
  }

  /** The connection, borrowed; null if the server was forgotten meanwhile. */
  @SuppressWarnings("ThreadPriorityCheck") // see the class comment
  @Nullable Slot<C> await(boolean keepsMinimum) throws InterruptedException {
    for (int i = 0; i < YIELDS && timeoutNanos > 0 && home.slots().all().length > 0; i++) {
      Thread.yield();
      Slot<C> slot = home.takeIdle(wanted);
      if (slot != null) {
        return slot;
      }
      throwIfLate();
    }
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    long since = home.pool.nanoTime();
    for (boolean again = false; ; again = true) {
      Waiter<C> waiter = new Waiter<>(wanted, Thread.currentThread(), since);
      if (!home.enter(waiter, again, keepsMinimum)) {
        return null;
      }
      Slot<C> slot = outcome(waiter);
      if (home.isFit(slot, wanted)) {
        home.noteWait(since);
        if (home.pool.isClosed() && !Slot.isBorrowed(slot.state)) {
          throw home.turnedAway(); // closed by force meanwhile
        }
        return slot;
      }
      throwIfLate();
    }
  }

  /** Checks may take time. Who does not want to wait at all has them made nevertheless. */
  private void throwIfLate() {
    if (timeoutNanos > 0 && System.nanoTime() - begun >= timeoutNanos) {
      throw home.timedOut(timeoutNanos);
    }
  }

  private Slot<C> outcome(Waiter<C> waiter) throws InterruptedException {
    while (waiter.outcome == null) {
      Later.runQueued(); // if this thread is itself a callback of the pool
      long left = timeoutNanos - (System.nanoTime() - begun);
      if (waiter.outcome != null) {
        break;
      } else if (left > 0) {
        LockSupport.parkNanos(home, left);
      } else if (home.leave(waiter)) {
        throw home.timedOut(timeoutNanos);
      }
      if (Thread.interrupted()) {
        if (!home.leave(waiter) && waiter.outcome instanceof Slot<?> slot) {
          home.putBack(home.mine(slot));
        }
        throw new InterruptedException();
      }
    }
    if (waiter.outcome instanceof Slot<?> slot) {
      return home.mine(slot);
    }
    throw ServerConnections.rethrowable(waiter.outcome);
  }
}
