package io.evenkeel.proxy;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * How many clients the loops of a proxy may have taken in at a time, together. Safe for use by any
 * thread. Counts also while there is no limit, for there may be one later.
 *
 * <p>A loop that may take in no more waits here for a place that another gives back. No place is
 * lost in between: {@link #tryTake(Acceptor)} lines the loop up first and then looks again, and
 * {@link #giveBack} counts first and then looks who waits. Where the limit was lowered, a place
 * that is given back is none before enough are. Whoever is called has the listener of a loop that
 * may have no client; so one that finds no use for a place calls the next.
 */
final class ClientLimit {

  private volatile int most;
  private final AtomicInteger taken = new AtomicInteger();
  private final Queue<Acceptor> waiting = new ConcurrentLinkedQueue<>();

  ClientLimit(int most) {
    this.most = most;
  }

  /** Who is in stays in; who waits looks again. */
  void change(int most) {
    this.most = most;
    for (int left = waiting.size(); left > 0; left--) {
      callNext();
    }
  }

  /** Takes a place; if there is none, this loop is called when there may be. */
  boolean tryTake(Acceptor acceptor) {
    if (tryTake()) {
      return true;
    }
    if (!waiting.contains(acceptor)) { // else a call is due, and comes after this
      waiting.add(acceptor);
    }
    return tryTake(); // then a call comes that nobody needs, and does no harm
  }

  /** Takes a place, even if there is none. */
  void take() {
    taken.incrementAndGet();
  }

  private boolean tryTake() {
    int before;
    do {
      before = taken.get();
      if (before >= most) {
        return false;
      }
    } while (!taken.compareAndSet(before, before + 1));
    return true;
  }

  /** A place that was taken is free again. */
  void giveBack() {
    if (taken.decrementAndGet() < most) {
      callNext();
    }
  }

  /** Calls the loop that has waited longest, if any does. */
  void callNext() {
    Acceptor next = waiting.poll();
    if (next != null) {
      next.loop().execute(next::placeFree);
    }
  }
}
