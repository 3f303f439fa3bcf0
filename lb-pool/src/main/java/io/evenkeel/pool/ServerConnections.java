package io.evenkeel.pool;

import io.evenkeel.core.Server;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The connections to one server, and the line of those who wait for one.
 *
 * <p><b>The fast path</b> takes no lock: while nobody waits, an idle slot is taken by one
 * compare-and-set and given back by another ({@link Slot}). Everything else, the line, the counts
 * and what is begun and ended, is under {@link #lock}. The connector and whatever else is the
 * user's is called without the lock; what is to be done after it is collected in a {@link Later}.
 *
 * <p><b>No waiter is lost.</b> Who wants to wait first stands in line, which raises {@link
 * #waiting}, and then looks for an idle slot. Who gives back first makes the slot idle, and then
 * looks at {@code waiting}. All four are volatile, hence in one order that everybody agrees on: of
 * the two looks at least one comes after both writes. Either the waiter finds the slot, or the
 * giver sees that somebody waits, and serves the line under the lock. It does not matter if both
 * do, for the slot goes by compare-and-set to one. A slot that comes back in any other way (a new
 * connection, one passed on to the line) becomes idle under the lock and only if the line is empty.
 * Capacity that comes back is offered to the line under the lock as well.
 *
 * <p><b>First come, first served</b>: with somebody in line nobody takes an idle slot but under the
 * lock for the first in line, and who gives back hands over without making the slot idle at all.
 * Before standing in line a thread yields a few times, for a hand-over between threads costs a
 * thousand uses of nothing: where uses are so short that connections come back meanwhile, no line
 * forms, and where there is one it can end.
 */
final class ServerConnections<C> {

  private static final int YIELDS = 4;

  final ConnectionPool<C> pool;
  final String serverId;
  private final ServerCounters counters;
  private final PoolPolicy policy;
  private final boolean checksAlways;
  private final boolean notesUses;

  private final Slots<C> slots;

  /** The length of {@link #line}. Written under the lock; read by anyone. */
  private volatile int waiting;

  /** Whether {@link Permits} has this in its queue. */
  final AtomicBoolean wantsPermit = new AtomicBoolean();

  /** On the pool's clock: when the housekeeper first found nothing open here. Its own alone. */
  @Nullable Long isEmptySince;

  private final ReentrantLock lock = new ReentrantLock();

  // Guarded by lock.

  private final Waiter.Line<C> line = new Waiter.Line<>();
  private final Capacity<C> capacity;

  ServerConnections(ConnectionPool<C> pool, Server server, long seed) {
    this.pool = pool;
    this.serverId = server.id();
    this.policy = pool.policy();
    this.counters = new ServerCounters(policy.recordUseTimes);
    this.checksAlways = policy.validateAfterIdleNanos == 0;
    this.notesUses = policy.recordUseTimes || policy.leakThresholdNanos > 0;
    this.slots = new Slots<>(this, policy.reuse);
    this.capacity = new Capacity<>(this, server, lock, seed);
  }

  // Taking.

  /** An idle connection that is fit for use, borrowed, without a lock; null if there is none. */
  @Nullable Slot<C> takeIdle() {
    while (waiting == 0) {
      Slot<C> slot = slots.borrowIdle();
      if (slot == null || isFit(slot)) {
        return slot;
      }
    }
    return null;
  }

  /** Of a slot that the caller has borrowed: if it is dead, it is closed. */
  private boolean isFit(Slot<C> slot) {
    if (slot.fresh) {
      slot.fresh = false;
    } else if (checksAlways || slot.unchecked) {
      slot.unchecked = false;
      C connection = slot.connection;
      if (connection != null && !pool.isAlive(this, connection)) {
        if (slot.endUse(slot.ticket())) {
          capacity.discard(slot, CloseReason.DEAD);
        }
        return false;
      }
    }
    if (notesUses) {
      slot.borrowedAt = pool.clock().nanoTime();
      if (policy.leakThresholdNanos > 0) {
        slot.borrower = new Throwable("taken by " + Thread.currentThread().getName());
      }
    }
    return true;
  }

  /**
   * Waits for a connection, from when the caller began to want it.
   *
   * @param begun {@link System#nanoTime}, for waiting takes real time
   * @return null if this was forgotten meanwhile
   */
  @SuppressWarnings("ThreadPriorityCheck") // see the class comment
  @Nullable Slot<C> await(Server wanted, long begun, long timeoutNanos)
      throws InterruptedException {
    for (int i = 0; i < YIELDS && timeoutNanos > 0 && slots.all().length > 0; i++) {
      Thread.yield();
      Slot<C> slot = takeIdle();
      if (slot != null) {
        return slot;
      }
    }
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    long since = pool.clock().nanoTime();
    for (boolean again = false; ; again = true) {
      Waiter<C> waiter = new Waiter<>(Thread.currentThread(), null, since);
      if (!enter(wanted, waiter, again)) {
        return null;
      }
      Slot<C> slot = outcome(waiter, begun, timeoutNanos);
      if (isFit(slot)) {
        return slot;
      }
    }
  }

  private Slot<C> outcome(Waiter<C> waiter, long begun, long timeoutNanos)
      throws InterruptedException {
    while (waiter.outcome == null) {
      long left = timeoutNanos - (System.nanoTime() - begun);
      if (left > 0) {
        LockSupport.parkNanos(this, left);
      } else if (leave(waiter)) {
        throw timedOut(timeoutNanos);
      }
      if (Thread.interrupted()) {
        if (!leave(waiter) && waiter.outcome instanceof Slot<?> slot) {
          slot.fresh = false;
          boolean unused = giveBack(mine(slot), slot.ticket());
        }
        throw new InterruptedException();
      }
    }
    if (waiter.outcome instanceof Slot<?> slot) {
      return mine(slot);
    }
    throw rethrowable(waiter.outcome);
  }

  private static RuntimeException rethrowable(@Nullable Object outcome) {
    return (RuntimeException) Objects.requireNonNull(outcome);
  }

  @SuppressWarnings("unchecked") // a waiter's outcome is a slot of its own line
  private Slot<C> mine(Slot<?> slot) {
    return (Slot<C>) slot;
  }

  /** The same for a future; false if this was forgotten meanwhile. */
  boolean await(Server wanted, CompletableFuture<Pooled<C>> future, long timeoutNanos) {
    Waiter<C> waiter = new Waiter<>(null, future, pool.clock().nanoTime());
    if (!enter(wanted, waiter, false)) {
      return false;
    }
    if (waiter.outcome == null) {
      Runnable timer;
      try {
        timer = pool.later(() -> timeOut(waiter, timeoutNanos), timeoutNanos);
      } catch (RejectedExecutionException e) { // the pool or its scheduler is closed
        if (leave(waiter)) {
          future.completeExceptionally(e);
        }
        return true;
      }
      CompletableFuture<Pooled<C>> unused =
          future.whenComplete(
              (pooled, failure) -> {
                boolean unusedToo = leave(waiter); // cancelled, or completed by the user
                timer.run();
              });
    }
    return true;
  }

  private void timeOut(Waiter<C> waiter, long timeoutNanos) {
    boolean wasInLine =
        locked(
            () -> {
              waiter.isLate = true;
              return leave(waiter);
            });
    if (wasInLine && waiter.future != null) {
      waiter.future.completeExceptionally(timedOut(timeoutNanos));
    }
  }

  /** What a future waited for is there. On the pool's executor. */
  private void deliver(Waiter<C> waiter, CompletableFuture<Pooled<C>> future) {
    if (waiter.outcome instanceof Slot<?> granted) {
      Slot<C> slot = mine(granted);
      if (!isFit(slot)) {
        waitAgain(waiter, future);
        return;
      }
      Pooled<C> pooled = new Pooled<>(slot, slot.ticket());
      if (!future.complete(pooled)) {
        pooled.close(); // cancelled meanwhile
      }
    } else {
      future.completeExceptionally(rethrowable(waiter.outcome));
    }
  }

  private void waitAgain(Waiter<C> waiter, CompletableFuture<Pooled<C>> future) {
    waiter.outcome = null;
    try {
      if (!enter(locked(capacity::server), waiter, true)) {
        future.completeExceptionally(turnedAway());
      } else if ((future.isDone() || locked(() -> waiter.isLate)) && leave(waiter)) {
        // Its end came while it was not in the line, and so found nothing to take off.
        future.completeExceptionally(timedOut(pool.clock().nanoTime() - waiter.since));
      }
    } catch (PoolException e) {
      future.completeExceptionally(e);
    }
  }

  private PoolTimeoutException timedOut(long timeoutNanos) {
    return locked(
        () ->
            new PoolTimeoutException(
                serverId,
                "no connection within %s (%d open, %d of them being made; %d others wait)"
                    .formatted(
                        Duration.ofNanos(timeoutNanos),
                        capacity.open(),
                        capacity.connecting(),
                        line.size())));
  }

  /**
   * Stands in line, unless there is an idle connection now; and has as many connects begun as there
   * is room and need for.
   *
   * @return false if this was forgotten
   */
  private boolean enter(Server wanted, Waiter<C> waiter, boolean again) {
    Later later = new Later();
    lock.lock();
    try {
      if (!capacity.want(wanted)) {
        return false;
      }
      if (pool.isClosed()) {
        throw new PoolClosedException(serverId, ConnectionPool.CLOSED);
      }
      if (again) {
        line.addFirst(waiter);
      } else {
        line.addLast(waiter);
      }
      waiting = line.size();
      serve(later);
      capacity.connectAsNeeded(later);
      if (waiter.inLine && line.size() > capacity.connecting()) {
        refuseOrMakeRoom(waiter, again, later);
      }
    } finally {
      lock.unlock();
      later.run();
    }
    return true;
  }

  /** Under the lock, for one whom nothing under way will serve. */
  private void refuseOrMakeRoom(Waiter<C> waiter, boolean again, Later later) {
    int room = capacity.room();
    if (pool.permits().anyLeft()) {
      if (!again && (long) line.size() - capacity.connecting() - room > policy.maxWaiting) {
        refuse(waiter);
      }
    } else if (!again && line.size() - capacity.connecting() > policy.maxWaiting) {
      refuse(waiter);
    } else if (room > 0 && policy.whenFull == PoolPolicy.WhenFull.DROP_IDLE_ELSEWHERE) {
      later.add(() -> pool.dropIdleElsewhere(this));
    }
  }

  private void refuse(Waiter<C> waiter) {
    boolean unused = leave(waiter);
    throw new PoolFullException(
        serverId,
        "all of its " + capacity.open() + " connections are in use, and " + waiting + " wait");
  }

  /** Whether it was in line; else it has an outcome, or never was. */
  private boolean leave(Waiter<C> waiter) {
    lock.lock();
    try {
      boolean wasInLine = line.remove(waiter);
      waiting = line.size();
      return wasInLine;
    } finally {
      lock.unlock();
    }
  }

  // Giving back.

  /** Ends a use; false if that had ended, and nothing was done. */
  boolean giveBack(Slot<C> slot, long ticket) {
    long borrowedAt = notesUses ? slot.borrowedAt : 0;
    if (waiting == 0) {
      if (slots.makeIdle(slot, ticket)) {
        if (notesUses) {
          noteUse(borrowedAt);
        }
        if (waiting != 0) {
          serveWaiting();
        }
        return true;
      }
    }
    boolean ended = passOnOrDiscard(slot, ticket);
    if (ended && notesUses) {
      noteUse(borrowedAt);
    }
    return ended;
  }

  private boolean passOnOrDiscard(Slot<C> slot, long ticket) {
    if (slot.change(ticket, Slot.as(ticket, Slot.HELD))) {
      passOn(slot);
      return true;
    }
    if (slot.change(Slot.as(ticket, Slot.RETIRING), Slot.as(ticket, Slot.HELD))) {
      capacity.discard(slot, slot.retiredFor);
      return true;
    }
    return false;
  }

  boolean invalidate(Slot<C> slot, long ticket, Throwable cause) {
    long borrowedAt = notesUses ? slot.borrowedAt : 0;
    if (!slot.endUse(ticket)) {
      return false;
    }
    if (notesUses) {
      noteUse(borrowedAt);
    }
    pool.note(this + " thrown away", cause);
    capacity.discard(slot, CloseReason.INVALIDATED);
    return true;
  }

  private void noteUse(long borrowedAt) {
    counters.used(pool.clock().nanoTime() - borrowedAt);
  }

  private void serveWaiting() {
    Later later = new Later();
    lock.lock();
    try {
      serve(later);
    } finally {
      lock.unlock();
    }
    later.run();
  }

  /** Gives a slot that the caller holds to the first in line, or makes it idle. */
  void passOn(Slot<C> slot) {
    Later later = new Later();
    lock.lock();
    try {
      passOn(slot, later);
    } finally {
      lock.unlock();
    }
    later.run();
  }

  /** Under the lock. */
  void passOn(Slot<C> slot, Later later) {
    CloseReason reason = capacity.whyNotAgain(slot);
    if (reason != null) {
      later.add(() -> capacity.discard(slot, reason));
    } else if (line.size() > 0) {
      grant(slot, later);
    } else {
      slots.makeIdle(slot);
    }
  }

  /** Under the lock: idle connections to those who wait, in order. */
  private void serve(Later later) {
    while (line.size() > 0) {
      Slot<C> slot = slots.holdIdle();
      if (slot == null) {
        return;
      }
      grant(slot, later);
    }
  }

  /** Under the lock, with somebody in line, of a slot that the caller holds. */
  private void grant(Slot<C> slot, Later later) {
    Waiter<C> waiter = Objects.requireNonNull(line.poll());
    counters.waited(pool.clock().nanoTime() - waiter.since);
    long unused = slot.lend();
    end(waiter, slot, later);
  }

  /** Under the lock, of a waiter who was taken off the line. */
  void end(Waiter<C> waiter, Object outcome, Later later) {
    waiting = line.size();
    waiter.outcome = outcome;
    CompletableFuture<Pooled<C>> future = waiter.future;
    if (future == null) {
      LockSupport.unpark(waiter.thread);
    } else {
      later.add(() -> pool.execute(() -> deliver(waiter, future)));
    }
  }

  /** What was short is there again: a permit, or time has passed. */
  void lookAgain() {
    Later later = new Later();
    lock.lock();
    try {
      capacity.connectAsNeeded(later);
    } finally {
      lock.unlock();
    }
    later.run();
  }

  /** Makes up the minimum from now on. False if this was forgotten. */
  boolean warmUp(Server wanted) {
    lock.lock();
    try {
      if (!capacity.want(wanted)) {
        return false;
      }
    } finally {
      lock.unlock();
    }
    lookAgain();
    return true;
  }

  // Ending.

  /** The server's connections are to end: the idle now, those in use when they are given back. */
  void retireAll(CloseReason reason) {
    Later later = new Later();
    lock.lock();
    try {
      capacity.beginGeneration(reason);
      for (Waiter<C> waiter = line.poll(); waiter != null; waiter = line.poll()) {
        end(waiter, turnedAway(), later);
      }
      capacity.forgetIfLeft(later);
    } finally {
      lock.unlock();
    }
    later.run();
    // From here on a slot that is held elsewhere, as one that is being connected, is discarded when
    // it comes to passOn, under the lock. One that came there before is idle or in use here.
    discardAll(slots.retireAll(reason), reason);
  }

  private PoolClosedException turnedAway() {
    return new PoolClosedException(
        serverId, pool.isClosed() ? ConnectionPool.CLOSED : "the server was removed");
  }

  /** Closes what is idle, and keeps up no minimum until the server is wanted again. */
  void closeIdle(CloseReason reason) {
    lock.lock();
    try {
      capacity.unwant();
    } finally {
      lock.unlock();
    }
    discardAll(slots.holdAllIdle(), reason);
  }

  void discardAll(List<Slot<C>> held, CloseReason reason) {
    if (pool.isClosed()) {
      held.forEach(slot -> capacity.discard(slot, reason)); // before close() returns
    } else if (!held.isEmpty()) {
      pool.execute(() -> held.forEach(slot -> capacity.discard(slot, reason)));
    }
  }

  /** Closes what is in use, under the hands of its users; returns how many. */
  int force() {
    List<Slot<C>> held = slots.holdAllBorrowed();
    held.forEach(slot -> capacity.discard(slot, CloseReason.FORCED));
    return held.size();
  }

  /** Whether this holds nothing and nobody, and is to be forgotten. */
  boolean forgetIfEmpty() {
    return locked(capacity::forgetIfEmpty);
  }

  // What others see.

  Slots<C> slots() {
    return slots;
  }

  int open() {
    return locked(capacity::open);
  }

  void countLeak() {
    long unused = locked(() -> ++counters.leaks);
  }

  private <T> T locked(Supplier<T> what) {
    lock.lock();
    try {
      return what.get();
    } finally {
      lock.unlock();
    }
  }

  Capacity<C> capacity() {
    return capacity;
  }

  ServerCounters counters() {
    return counters;
  }

  String serverId() {
    return serverId;
  }

  /** Under the lock. */
  Waiter.Line<C> line() {
    return line;
  }

  PoolStats.OfServer stats() {
    lock.lock();
    try {
      long uses = 0;
      int idle = 0;
      int active = 0;
      for (Slot<C> slot : slots.all()) {
        long now = slot.state;
        uses += Slot.usesOf(now);
        idle += Slot.isIdle(now) ? 1 : 0;
        active += Slot.isBorrowed(now) ? 1 : 0;
      }
      return counters.stats(serverId, idle, active, line.size(), capacity.connecting(), uses);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public String toString() {
    return "connection to '" + serverId + "'";
  }
}
