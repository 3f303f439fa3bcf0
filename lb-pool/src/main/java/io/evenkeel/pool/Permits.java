package io.evenkeel.pool;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The maximum of a pool in all. A connection has a permit from before its connect until after its
 * close.
 *
 * <p>A server that gets none is put into a queue, and looks once more: either it sees the permit
 * that comes back meanwhile, or who brings it back sees it in the queue. Nobody is forgotten. Who
 * is asked and does not want it any more leaves it to the next.
 */
final class Permits {

  private final int max;
  private final AtomicInteger taken = new AtomicInteger();
  private final Queue<ServerConnections<?>> wanting = new ConcurrentLinkedQueue<>();

  Permits(int max) {
    this.max = max;
  }

  /** Takes one, or else leaves word that it is wanted. Called under the lock of who asks. */
  boolean take(ServerConnections<?> who) {
    if (take()) {
      return true;
    }
    if (who.wantsPermit.compareAndSet(false, true)) {
      wanting.add(who);
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

  int taken() {
    return taken.get();
  }

  /** Brings one back. Called under no lock, for it may begin a connect elsewhere. */
  void bringBack() {
    taken.decrementAndGet();
    while (anyLeft()) {
      ServerConnections<?> next = wanting.poll();
      if (next == null) {
        return;
      }
      next.wantsPermit.set(false);
      next.lookAgain();
    }
  }
}
