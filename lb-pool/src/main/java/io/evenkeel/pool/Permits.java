package io.evenkeel.pool;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The maximum of a pool in all. A connection has a permit from before its connect until after its
 * close.
 *
 * <p>A server that gets none is put into a queue, and looks once more: either it sees the permit
 * that comes back meanwhile, or who brings it back sees it in the queue. Nobody is forgotten. A
 * permit that comes back goes straight to the first in the queue that needs it still: to servers
 * where somebody waits before those that are short of their minimum.
 */
final class Permits {

  private final int max;
  private final AtomicInteger taken = new AtomicInteger();
  private final Queue<ServerConnections<?>> forWaiters = new ConcurrentLinkedQueue<>();
  private final Queue<ServerConnections<?>> forMinima = new ConcurrentLinkedQueue<>();

  Permits(int max) {
    this.max = max;
  }

  /** Takes one, or else leaves word that it is wanted. Called under the lock of who asks. */
  boolean take(ServerConnections<?> who, boolean forWaiter) {
    if (take()) {
      return true;
    }
    if (forWaiter) {
      if (who.wantsForWaiter.compareAndSet(false, true)) {
        forWaiters.add(who);
      }
    } else if (who.wantsForMinimum.compareAndSet(false, true)) {
      forMinima.add(who);
    }
    return take();
  }

  private boolean take() {
    int now = taken.get();
    while (now < max) {
      if (taken.compareAndSet(now, now + 1)) {
        return true;
      }
      now = taken.get();
    }
    return false;
  }

  boolean anyLeft() {
    return taken.get() < max;
  }

  /** How many servers want one. O(n). */
  int queued() {
    return forWaiters.size() + forMinima.size();
  }

  int taken() {
    return taken.get();
  }

  /** Where somebody waits for one; may be out of date. */
  @Nullable ServerConnections<?> firstNeedy() {
    return forWaiters.peek();
  }

  /** Takes it out of the queue. Called under its lock. */
  void noLongerNeedy(ServerConnections<?> who) {
    if (forWaiters.remove(who)) {
      who.wantsForWaiter.set(false);
    }
  }

  /** Of one that wants nothing ever again. */
  void forget(ServerConnections<?> who) {
    noLongerNeedy(who);
    if (forMinima.remove(who)) {
      who.wantsForMinimum.set(false);
    }
  }

  private @Nullable ServerConnections<?> poll() {
    ServerConnections<?> next = forWaiters.poll();
    if (next != null) {
      next.wantsForWaiter.set(false);
      return next;
    }
    next = forMinima.poll();
    if (next != null) {
      next.wantsForMinimum.set(false);
    }
    return next;
  }

  /** Brings one back. Called under no lock, for it may begin a connect elsewhere. */
  void bringBack() {
    for (ServerConnections<?> next = poll(); next != null; next = poll()) {
      if (next.lookAgain(true)) {
        return; // it is theirs now
      }
    }
    taken.decrementAndGet();
    while (anyLeft()) { // somebody may have come into the queue before the line above
      ServerConnections<?> next = poll();
      if (next == null) {
        return;
      }
      boolean unused = next.lookAgain(false);
    }
  }
}
