package io.evenkeel.pool;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Looks after a pool's connections from time to time: closes those that are idle or old enough, has
 * others checked, reports leaks, makes up minima, forgets servers that nobody uses.
 *
 * <p>Nobody writes down when a connection is used, since a reading of the clock costs more than all
 * of a use. What is looked at is the word of the slot: as long as the number of uses is the same,
 * it has been idle, or in use, since it was first seen so. Hence late by one look at most, and
 * never early.
 *
 * <p>One look at a time, by the pool's scheduler, and none while there are no servers.
 */
final class Housekeeper<C> {

  private final ConnectionPool<C> pool;
  private final PoolPolicy policy;
  private final AtomicBoolean isArmed = new AtomicBoolean();
  private volatile Runnable cancel = () -> {};
  private volatile long lastLook;

  Housekeeper(ConnectionPool<C> pool) {
    this.pool = pool;
    this.policy = pool.policy();
  }

  /** There is something to look after. */
  void arm() {
    if (isArmed.compareAndSet(false, true)) {
      schedule();
    }
  }

  private void schedule() {
    try {
      cancel = pool.user().later(this::look, policy.sweepNanos());
      if (pool.isClosed()) { // then stop() may have come before the line above
        cancel.run();
      }
    } catch (Throwable e) { // the pool is closed, or its user's scheduler; or that has failed
      isArmed.set(false);
      UserCode.note("the scheduler of a connection pool refuses a task", e);
    }
  }

  /** Leaves nothing on the scheduler of a pool that is closed. */
  void stop() {
    cancel.run();
  }

  /** On the pool's clock. */
  long lastLook() {
    return lastLook;
  }

  private void look() {
    if (pool.isClosed()) {
      return;
    }
    try {
      long now = pool.nanoTime();
      lastLook = now;
      for (ServerConnections<C> server : pool.servers()) {
        lookAfter(server, now);
      }
    } catch (Throwable e) {
      UserCode.warn("the housekeeper of a connection pool failed", e);
    }
    if (!pool.servers().isEmpty()) {
      schedule();
      return;
    }
    isArmed.set(false);
    if (!pool.servers().isEmpty()) { // one came between the two lines, and found it armed
      arm();
    }
  }

  private void lookAfter(ServerConnections<C> server, long now) {
    List<Slot<C>> toCheck = new ArrayList<>(0);
    int surplus = server.surplus();
    Slot<C>[] slots = server.slots().all();
    for (int i = slots.length - 1; i >= 0; i--) { // the last ones are those used least
      Slot<C> slot = slots[i];
      long state = slot.state;
      if (Slot.isBorrowed(state)) {
        since(slot, state, now);
        if (isOver(slot, now)) {
          boolean unused = slot.retire(CloseReason.MAX_LIFETIME);
        }
        reportLeak(server, slot, state, now);
      } else if (Slot.isIdle(state)) {
        long since = since(slot, state, now);
        if (isOver(slot, now)) {
          surplus -= discard(server, slot, state, CloseReason.MAX_LIFETIME);
        } else if (surplus > 0 && now - since >= policy.idleTimeoutNanos) {
          surplus -= discard(server, slot, state, CloseReason.IDLE_TIMEOUT);
        } else {
          if (policy.validationIntervalNanos > 0
              && now - slot.checkedAt >= policy.validationIntervalNanos) {
            toCheck.add(slot);
          }
          if (policy.validateAfterIdleNanos > 0
              && now - since >= policy.validateAfterIdleNanos
              && Slot.codeOf(state) == Slot.IDLE) {
            boolean unused = slot.change(state, Slot.as(state, Slot.STALE));
          }
        }
      }
    }
    checkLater(server, toCheck, now);
    server.slots().forgetHints();
    boolean unused = server.lookAgain(false);
    forgetIfUnused(server, now);
  }

  /** Since when it has been as it is. */
  private static long since(Slot<?> slot, long state, long now) {
    long phase = Slot.usesOf(state) << 1 | (Slot.isIdle(state) ? 0 : 1);
    if (slot.seen != phase || slot.seenConnection != slot.connectionNumber) {
      slot.seen = phase;
      slot.seenConnection = slot.connectionNumber;
      slot.seenAt = now;
      slot.checkedAt = now;
    }
    return slot.seenAt;
  }

  /**
   * Since when it has been idle, as far as is known; for whoever is not the housekeeper, and for
   * whom an old answer will do.
   */
  static long idleSince(Slot<?> slot, long now) {
    return slot.seen == Slot.usesOf(slot.state) << 1 ? slot.seenAt : now;
  }

  private boolean isOver(Slot<C> slot, long now) {
    return policy.maxLifetimeNanos > 0 && now - slot.expiresAt >= 0;
  }

  /** 1 if it was still so, and is going to be closed now. */
  private int discard(ServerConnections<C> server, Slot<C> slot, long state, CloseReason reason) {
    if (!slot.change(state, Slot.as(state, Slot.HELD))) {
      return 0;
    }
    server.discardLater(slot, reason);
    return 1;
  }

  /** All that are due, one after the other: so at most one of a server's is kept from its users. */
  private void checkLater(ServerConnections<C> server, List<Slot<C>> due, long now) {
    if (!due.isEmpty() && server.isChecking.compareAndSet(false, true)) {
      due.sort(Comparator.comparingLong(slot -> slot.checkedAt - now));
      due.forEach(slot -> slot.checkedAt = now);
      pool.user()
          .execute(
              () -> {
                try {
                  due.forEach(slot -> check(server, slot));
                } finally {
                  server.isChecking.set(false);
                }
              });
    }
  }

  private void check(ServerConnections<C> server, Slot<C> slot) {
    if (!slot.holdIdle()) {
      return; // used meanwhile, or gone
    }
    C connection = slot.connection;
    if (connection == null || pool.user().isAlive(server, connection)) {
      slot.unchecked = false;
      server.passOn(slot);
    } else {
      server.capacity().discard(slot, CloseReason.DEAD);
    }
  }

  private void reportLeak(ServerConnections<C> server, Slot<C> slot, long state, long now) {
    long use = Slot.usesOf(state);
    SlotState.Borrower borrower = slot.borrower;
    if (policy.leakThresholdNanos > 0
        && now - slot.seenAt >= policy.leakThresholdNanos
        && slot.leaked != use
        && borrower != null
        && borrower.use == use
        && slot.isInUse(Slot.as(state, Slot.BORROWED))) {
      slot.leaked = use;
      server.countLeak();
      UserCode.warn(server + " is in use for too long: a leak?", borrower);
    }
  }

  private void forgetIfUnused(ServerConnections<C> server, long now) {
    if (server.open() > 0) {
      server.isEmptySince = null;
    } else if (server.isEmptySince == null) {
      server.isEmptySince = now;
    } else if (now - server.isEmptySince >= policy.idleTimeoutNanos && server.forgetIfEmpty()) {
      pool.forget(server);
    }
  }
}
