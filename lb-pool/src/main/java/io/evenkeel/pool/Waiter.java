package io.evenkeel.pool;

import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Somebody who waits for a connection: a thread, or a future. In the line or not, with an outcome
 * or not; both only ever change under the lock of {@link ServerConnections}, so one who gives up
 * under it has either taken itself off the line, or has an outcome to deal with.
 */
final class Waiter<C> {

  /** One of the two. */
  final @Nullable Thread thread;

  final @Nullable CompletableFuture<Pooled<C>> future;

  /** On the pool's clock. */
  final long since;

  /** Of a future: its time was up while it was not in the line, for what it had been given. */
  boolean isLate;

  /** A {@link Pooled}, or the {@link PoolException} why there is none; null while it waits. */
  volatile @Nullable Object outcome;

  @Nullable Waiter<C> before;
  @Nullable Waiter<C> after;
  boolean inLine;

  Waiter(@Nullable Thread thread, @Nullable CompletableFuture<Pooled<C>> future, long since) {
    this.thread = thread;
    this.future = future;
    this.since = since;
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
