package io.evenkeel.pool;

import io.evenkeel.core.Server;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
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
 */
final class ServerConnections<C> {

  final ConnectionPool<C> pool;
  private final UserCode<C> user;
  final String serverId;
  private final ServerCounters counters;
  private final PoolPolicy policy;
  private final boolean checksAlways;
  private final boolean notesUses;
  private final boolean dropsIdle;

  private final Slots<C> slots;

  /** The length of {@link #line}. Written under the lock; read by anyone. */
  private volatile int waiting;

  // Whether Permits has this in its queues.
  final AtomicBoolean wantsForWaiter = new AtomicBoolean();
  final AtomicBoolean wantsForMinimum = new AtomicBoolean();

  /** Whether idle connections are being checked in the background. */
  final AtomicBoolean isChecking = new AtomicBoolean();

  /**
   * Counts invalidations. Where one connection has broken, those made before that are checked when
   * they are taken next: so nobody gets one dead connection of a restarted server after the other.
   */
  private final AtomicInteger doubts = new AtomicInteger();

  /** On the pool's clock: when the housekeeper first found nothing open here. Its own alone. */
  @Nullable Long isEmptySince;

  /** As the last who looked for it named its server. */
  private Server usedFor;

  private final ReentrantLock lock = new ReentrantLock();

  // Guarded by lock.

  private final Waiter.Line<C> line = new Waiter.Line<>();
  private final Capacity<C> capacity;

  ServerConnections(ConnectionPool<C> pool, Server server, long seed) {
    this.pool = pool;
    this.user = pool.user();
    this.serverId = server.id();
    this.usedFor = server;
    this.policy = pool.policy();
    this.counters = new ServerCounters(policy.recordUseTimes);
    this.checksAlways = policy.validateAfterIdleNanos == 0;
    this.notesUses = policy.recordUseTimes || policy.leakThresholdNanos > 0;
    this.dropsIdle = policy.whenFull == PoolPolicy.WhenFull.DROP_IDLE_ELSEWHERE;
    this.slots = new Slots<>(this, policy.reuse);
    this.capacity = new Capacity<>(this, server, lock, seed);
  }

  // Taking.

  /**
   * An idle connection that is fit for use, borrowed, without a lock. Null if there is none, or one
   * that was not: then there may be others, but the caller is to look at the time.
   */
  @Nullable Slot<C> takeIdle(Server wanted) {
    Slot<C> slot = borrowIdle();
    return slot != null && isFit(slot, wanted) ? slot : null;
  }

  /** The same without a look at it: the caller asks {@link #isFit}. */
  @Nullable Slot<C> borrowIdle() {
    return waiting == 0 ? slots.borrowIdle() : null;
  }

  /** Of a slot that the caller has borrowed: whether the connector is to be asked about it. */
  boolean mustCheck(Slot<C> slot) {
    return slot.doubts != doubts.get() || (!slot.fresh && (checksAlways || slot.unchecked));
  }

  /** Of a slot that the caller has borrowed: if it is dead or leads elsewhere, it is closed. */
  boolean isFit(Slot<C> slot, Server wanted) {
    Server server = slot.server;
    if (server == null || !isSameAddress(server, wanted)) {
      endUnfit(slot, CloseReason.SERVER_REMOVED);
      return false;
    }
    if (mustCheck(slot)) {
      slot.unchecked = false;
      slot.doubts = doubts.get();
      C connection = slot.connection;
      if (connection == null
          || !user.isAlive(this, connection)
          || !Slot.isBorrowed(slot.state)) { // closed by force meanwhile: nothing is left to end
        endUnfit(slot, CloseReason.DEAD);
        return false;
      }
    }
    if (slot.fresh) {
      slot.fresh = false;
    }
    if (notesUses) {
      slot.borrowedAt = pool.nanoTime();
      if (policy.leakThresholdNanos > 0) {
        slot.borrower = new SlotState.Borrower(Slot.usesOf(slot.state));
      }
    }
    return true;
  }

  @SuppressWarnings("ReferenceEquality") // which it nearly always is, and costs nothing to see
  static boolean isSameAddress(Server a, Server b) {
    return a == b || (a.host().equals(b.host()) && a.port() == b.port());
  }

  private void endUnfit(Slot<C> slot, CloseReason reason) {
    counters.unused();
    if (slot.endUse(slot.ticket())) {
      capacity.discard(slot, reason);
    }
  }

  static RuntimeException rethrowable(@Nullable Object outcome) {
    return (RuntimeException) Objects.requireNonNull(outcome);
  }

  @SuppressWarnings("unchecked") // a waiter's outcome is a slot of its own line
  Slot<C> mine(Slot<?> slot) {
    return (Slot<C>) slot;
  }

  /** What was granted to one who does not want it any more goes to the next. */
  void putBack(Slot<C> slot) {
    counters.unused();
    boolean unused = passOnOrDiscard(slot, slot.ticket());
  }

  void noteWait(long since) {
    counters.waited(pool.nanoTime() - since);
  }

  PoolTimeoutException timedOut(long timeoutNanos) {
    return locked(
        () ->
            new PoolTimeoutException(
                serverId,
                "no connection within %s (%d open, %d of them being made; %d others wait)"
                    .formatted(
                        Duration.ofNanos(timeoutNanos),
                        capacity.open(),
                        capacity.underWay(),
                        line.size()),
                timeoutNanos > 0
                    && capacity.connecting() > 0
                    && capacity.open() == capacity.connecting()));
  }

  /**
   * Stands in line, unless there is an idle connection now; and has as many connects begun as there
   * is room and need for.
   *
   * @return false if this was forgotten
   */
  boolean enter(Waiter<C> waiter, boolean again, boolean keepsMinimum) {
    Later later = new Later();
    lock.lock();
    try {
      if (!capacity.want(waiter.wanted, keepsMinimum && !again)) {
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
      boolean unused = capacity.connectAsNeeded(later, false);
      if (!again && waiter.inLine && line.size() > capacity.connecting()) {
        refuseIfFull(waiter);
      }
    } finally {
      lock.unlock();
      later.run();
    }
    return true;
  }

  /** Under the lock, for one whom nothing under way will serve. */
  private void refuseIfFull(Waiter<C> waiter) {
    int room = pool.permits().anyLeft() ? capacity.room() : 0;
    if ((long) line.size() - capacity.connecting() - room > policy.maxWaiting) {
      boolean unused = leave(waiter);
      throw new PoolFullException(
          serverId,
          "all of its " + capacity.open() + " connections are in use, and " + waiting + " wait",
          null);
    }
  }

  /** Whether it was in line; else it has an outcome, or never was. */
  boolean leave(Waiter<C> waiter) {
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
        } else if (dropsIdle) {
          pool.dropIdleForNeedy();
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
    if (!endUse(slot, ticket)) {
      return false;
    }
    int unused = doubts.incrementAndGet();
    UserCode.note(this + " thrown away", cause);
    capacity.discard(slot, CloseReason.INVALIDATED);
    return true;
  }

  /** Of a connection that is not given back; false if the use had ended. */
  boolean endUse(Slot<C> slot, long ticket) {
    long borrowedAt = notesUses ? slot.borrowedAt : 0;
    boolean ended = slot.endUse(ticket);
    if (ended && notesUses) {
      noteUse(borrowedAt);
    }
    return ended;
  }

  private void noteUse(long borrowedAt) {
    counters.used(pool.nanoTime() - borrowedAt);
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
      if (dropsIdle) {
        later.add(pool::dropIdleForNeedy);
      }
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
    long unused = slot.lend();
    end(waiter, slot, later);
  }

  /** Under the lock, of a waiter who was taken off the line. */
  void end(Waiter<C> waiter, Object outcome, Later later) {
    waiting = line.size();
    waiter.outcome = outcome;
    if (waiter.thread != null) {
      waiter.over();
    } else {
      later.add(() -> user.execute(waiter::over));
    }
  }

  /**
   * What was short is there again: a permit, or time has passed.
   *
   * @param hasPermit whether the caller has one to give away
   * @return whether that was taken
   */
  boolean lookAgain(boolean hasPermit) {
    Later later = new Later();
    boolean isTaken;
    lock.lock();
    try {
      isTaken = capacity.connectAsNeeded(later, hasPermit);
    } finally {
      lock.unlock();
    }
    later.run();
    return isTaken;
  }

  /** Whether somebody waits here for whom a permit would do; else it leaves their queue. */
  boolean needsPermit() {
    lock.lock();
    try {
      boolean needs = capacity.needsPermit();
      if (!needs) {
        pool.permits().noLongerNeedy(this);
      }
      return needs;
    } finally {
      lock.unlock();
    }
  }

  /** Makes up the minimum from now on. False if this was forgotten. */
  boolean warmUp(Server wanted) {
    boolean isKnown = locked(() -> capacity.want(wanted, true));
    boolean unused = isKnown && lookAgain(false);
    return isKnown;
  }

  // Ending.

  /**
   * The server's connections are to end: the idle now, those in use when they are given back, those
   * under way when they arrive.
   *
   * @param leaves whether those who wait are turned away; else new ones are made for them
   */
  void retireAll(CloseReason reason, boolean leaves) {
    Later later = new Later();
    lock.lock();
    try {
      capacity.beginGeneration(reason, leaves);
      while (leaves && line.size() > 0) {
        end(Objects.requireNonNull(line.poll()), turnedAway(), later);
      }
      // Under the lock, so that none is on its way from idle to a waiter. A slot that is held
      // elsewhere is discarded when it comes to passOn, under the lock, for its generation.
      List<Slot<C>> held = slots.retireAll(reason);
      later.add(() -> held.forEach(slot -> discardLater(slot, reason)));
      boolean unused = capacity.connectAsNeeded(later, false);
      capacity.forgetIfLeft(later);
    } finally {
      lock.unlock();
    }
    later.run();
  }

  PoolClosedException turnedAway() {
    return new PoolClosedException(
        serverId, pool.isClosed() ? ConnectionPool.CLOSED : "the server was removed");
  }

  /** Closes the connection of a slot that the caller holds, each in a task of its own. */
  void discardLater(Slot<C> slot, CloseReason reason) {
    user.execute(() -> capacity.discard(slot, reason));
  }

  /** Closes what is in use, under the hands of its users; returns how many. */
  int force() {
    List<Slot<C>> held = slots.holdAllBorrowed();
    held.forEach(slot -> discardLater(slot, CloseReason.FORCED));
    return held.size();
  }

  /** Whether this holds nothing and nobody, and is to be forgotten. */
  boolean forgetIfEmpty() {
    return locked(capacity::forgetIfEmpty);
  }

  // What others see.

  Server usedFor() {
    return usedFor;
  }

  @SuppressWarnings("ReferenceEquality") // a write would take the cache line from the readers
  void isUsedFor(Server server) {
    if (usedFor != server) {
      usedFor = server;
    }
  }

  Slots<C> slots() {
    return slots;
  }

  int open() {
    return locked(capacity::open);
  }

  int surplus() {
    return locked(capacity::surplus);
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

  int doubts() {
    return doubts.get();
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
      return counters.stats(serverId, idle, active, line.size(), capacity.underWay(), uses);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public String toString() {
    return "connection to '" + serverId + "'";
  }
}
