package io.evenkeel.pool;

import io.evenkeel.core.Server;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Somebody who waits for a connection: a thread, or a future. In the line or not, with an outcome
 * or not; both only ever change under the lock of {@link ServerConnections}, so one who gives up
 * under it has either taken itself off the line, or has an outcome to deal with.
 */
final class Waiter<C> {

  /** Where to. */
  final Server wanted;

  /** Waits; null if {@link #whenOver} is to be run instead, on the pool's executor. */
  final @Nullable Thread thread;

  private final Runnable whenOver;

  /** On the pool's clock. */
  final long since;

  /** A {@link Slot}, or the {@link PoolException} why there is none; null while it waits. */
  volatile @Nullable Object outcome;

  @Nullable Waiter<C> before;
  @Nullable Waiter<C> after;
  boolean inLine;

  /** Of a thread. */
  Waiter(Server wanted, Thread thread, long since) {
    this.wanted = wanted;
    this.thread = thread;
    this.whenOver = () -> LockSupport.unpark(thread);
    this.since = since;
  }

  /** Of nobody in particular. */
  Waiter(Server wanted, Runnable whenOver, long since) {
    this.wanted = wanted;
    this.thread = null;
    this.whenOver = whenOver;
    this.since = since;
  }

  void over() {
    whenOver.run();
  }

  /** First come, first served; who has to come back stands in front. Not safe by itself. */
  static final class Line<C> {
    private @Nullable Waiter<C> first;
    private @Nullable Waiter<C> last;
    private int size;

    int size() {
      return size;
    }

    void addLast(Waiter<C> waiter) {
      link(waiter, last, null);
    }

    void addFirst(Waiter<C> waiter) {
      link(waiter, null, first);
    }

    private void link(Waiter<C> waiter, @Nullable Waiter<C> before, @Nullable Waiter<C> after) {
      waiter.before = before;
      waiter.after = after;
      waiter.inLine = true;
      if (before == null) {
        first = waiter;
      } else {
        before.after = waiter;
      }
      if (after == null) {
        last = waiter;
      } else {
        after.before = waiter;
      }
      size++;
    }

    @Nullable Waiter<C> poll() {
      Waiter<C> next = first;
      if (next != null) {
        boolean unused = remove(next);
      }
      return next;
    }

    /** Whether it was in the line. */
    boolean remove(Waiter<C> waiter) {
      if (!waiter.inLine) {
        return false;
      }
      waiter.inLine = false;
      if (waiter.before == null) {
        first = waiter.after;
      } else {
        waiter.before.after = waiter.after;
      }
      if (waiter.after == null) {
        last = waiter.before;
      } else {
        waiter.after.before = waiter.before;
      }
      waiter.before = null;
      waiter.after = null;
      size--;
      return true;
    }
  }
}
