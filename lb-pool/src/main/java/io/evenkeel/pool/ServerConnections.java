package io.evenkeel.pool;

import io.evenkeel.core.Server;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connections to one server, and the line of those who wait for one.
 *
 * <p>Capacity is what is handed around. It is taken by counting up {@link #open}, and whoever has
 * taken it owns it until they give it away: to an idle entry, to a waiter, or back by counting
 * down. An entry carries its capacity with it, while it is idle, in use and being closed. So a
 * thread that finds its idle connection dead closes it and connects anew on the same capacity.
 *
 * <p>One invariant holds whenever {@link #lock} is free: <em>somebody waits only if nothing is idle
 * and {@code open} is at its maximum</em>. Everyone who has capacity to spare gives it to the first
 * waiter under the lock, instead of putting it where a newcomer could take it. Hence first come,
 * first served, and no wakeup to lose: a waiter is granted something by being told what, while the
 * granter takes it off the line, in one critical section. A waiter that gives up does so under the
 * lock too: it is either still in the line, and removes itself, or it has been granted something.
 *
 * <p>The connector is called without the lock, by a thread that owns the capacity concerned.
 */
final class ServerConnections<C> {

  private static final Logger log = LoggerFactory.getLogger(ConnectionPool.class);

  /** A connection and the capacity that goes with it. */
  static final class Entry<C> {
    private final C connection;

    /** Written by the one thread that gives it back, before it lets go of it under the lock. */
    private long idleSince;

    private Entry(C connection) {
      this.connection = connection;
    }

    C connection() {
      return connection;
    }
  }

  /** Somebody in the line. All fields are guarded by {@link #lock}. */
  private static final class Waiter<C> {
    private final Condition ready;

    /** Whether it was taken off the line; the two below say for what. */
    private boolean granted;

    /** What it was granted: a connection, or, where null, the capacity for one. */
    private @Nullable Entry<C> entry;

    /** It was granted nothing: the pool was closed. */
    private boolean turnedAway;

    private boolean interrupted;

    private Waiter(Condition ready) {
      this.ready = ready;
    }
  }

  /** What there is at one instant. */
  record Counts(int open, int idle, int waiting) {}

  private final ConnectionPool<C> pool;
  private final String serverId;

  private final ReentrantLock lock = new ReentrantLock();

  /** Guarded by {@link #lock}; the one given back last comes first. */
  private final ArrayDeque<Entry<C>> idle = new ArrayDeque<>();

  /** Guarded by {@link #lock}; the one that came first comes first. */
  private final ArrayDeque<Waiter<C>> waiters = new ArrayDeque<>();

  /**
   * Guarded by {@link #lock}. Capacity taken: connections idle, in use, being made and being
   * closed; at most the pool's maximum.
   */
  private int open;

  /**
   * Guarded by {@link #lock}. Set when the last capacity came back, or none was ever taken before
   * the pool was closed; nothing happens here any more.
   */
  private boolean givenUp;

  ServerConnections(ConnectionPool<C> pool, String serverId) {
    this.pool = pool;
    this.serverId = serverId;
  }

  /**
   * A connection; null if this object was given up, so that the caller must look for its successor.
   */
  @Nullable Pooled<C> acquire(Server server, Duration timeout) throws InterruptedException {
    long now = pool.clock().nanoTime();
    List<Entry<C>> expired;
    Entry<C> entry;
    boolean usable = true;
    Waiter<C> waiter = null;
    lock.lock();
    try {
      boolean closed = pool.isClosed();
      if (closed && open == 0) {
        givenUp = true; // put in as the pool was being closed: nobody else would take it out
      }
      if (givenUp) {
        return null;
      }
      if (closed) {
        throw new PoolClosedException(serverId);
      }
      expired = takeExpired(now);
      entry = idle.pollFirst();
      if (entry == null && !expired.isEmpty()) {
        entry = expired.remove(expired.size() - 1); // for its capacity
        usable = false;
      } else if (entry == null && open < pool.maxPerServer()) {
        open++;
      } else if (entry == null) {
        waiter = waitInLine(timeout);
        entry = waiter.entry;
      }
    } finally {
      lock.unlock();
    }
    // From here on this thread owns capacity, with or without an entry, and must not lose it.
    expired.forEach(this::discard);
    if (waiter != null && waiter.interrupted) {
      if (waiter.granted && entry != null) {
        giveBack(entry);
      } else if (waiter.granted && !waiter.turnedAway) {
        giveBackCapacity();
      }
      throw new InterruptedException();
    }
    if (waiter != null && waiter.turnedAway) {
      throw new PoolClosedException(serverId);
    }
    if (entry != null) {
      if (usable && isAlive(entry)) {
        return new Pooled<>(this, entry);
      }
      close(entry);
    }
    return connect(server);
  }

  /**
   * Waits for a grant. Under the lock, which the wait releases. Returns a waiter that is off the
   * line: granted something, or interrupted, or both.
   */
  private Waiter<C> waitInLine(Duration timeout) {
    Waiter<C> waiter = new Waiter<>(lock.newCondition());
    waiters.addLast(waiter);
    try {
      long left = ConnectionPool.saturatedNanos(timeout);
      while (!waiter.granted && left > 0) {
        left = waiter.ready.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      waiter.interrupted = true; // the caller throws it, once it has passed on what was granted
    }
    if (!waiter.granted) {
      waiters.remove(waiter);
      if (!waiter.interrupted) {
        throw new PoolTimeoutException(
            serverId,
            "none of its "
                + open
                + " connections came free within "
                + timeout
                + " ("
                + waiters.size()
                + " others wait)");
      }
    }
    return waiter;
  }

  /** Under the lock. */
  private void grant(Waiter<C> waiter, @Nullable Entry<C> entry) {
    waiter.granted = true;
    waiter.entry = entry;
    waiter.ready.signal();
  }

  /**
   * Takes out the idle ones past their time, which are at the back. Under the lock; the caller owns
   * them. Only ever leaves some behind when there is no one in the line.
   */
  private List<Entry<C>> takeExpired(long now) {
    List<Entry<C>> expired = new ArrayList<>(0);
    for (Entry<C> last = idle.peekLast();
        last != null && now - last.idleSince >= pool.idleTimeoutNanos();
        last = idle.peekLast()) {
      expired.add(idle.removeLast());
    }
    return expired;
  }

  /** Connects on capacity that the caller owns. */
  private Pooled<C> connect(Server server) throws InterruptedException {
    Entry<C> entry = null;
    try {
      if (!pool.isClosed()) {
        entry = new Entry<>(notNull(pool.connector().connect(server)));
      }
    } catch (InterruptedException | Error e) {
      throw e;
    } catch (Exception e) {
      throw new ConnectFailedException(serverId, e);
    } finally {
      if (entry == null) {
        giveBackCapacity();
      }
    }
    if (entry != null && !pool.isClosed()) {
      return new Pooled<>(this, entry); // closed from now on: then closed when it is given back
    }
    if (entry != null) {
      discard(entry);
    }
    throw new PoolClosedException(serverId);
  }

  private C notNull(@Nullable C connection) {
    if (connection == null) {
      throw new NullPointerException(
          "connector " + pool.connector().getClass().getName() + " returned null");
    }
    return connection;
  }

  /** To the first in the line, or else among the idle ones. */
  void giveBack(Entry<C> entry) {
    long now = pool.clock().nanoTime();
    List<Entry<C>> surplus;
    lock.lock();
    try {
      if (pool.isClosed()) {
        // close() has emptied this object or will, under the lock: either way it must stay empty.
        surplus = List.of(entry);
      } else {
        entry.idleSince = now;
        surplus = takeExpired(now);
        Waiter<C> first = waiters.pollFirst();
        if (first != null) {
          grant(first, entry);
        } else {
          idle.addFirst(entry);
        }
      }
    } finally {
      lock.unlock();
    }
    surplus.forEach(this::discard);
  }

  /** To the first in the line, who connects on it, or else counted down. */
  private void giveBackCapacity() {
    lock.lock();
    try {
      Waiter<C> first = waiters.pollFirst();
      if (first != null) {
        grant(first, null);
      } else if (--open == 0) {
        givenUp = true;
      }
      if (!givenUp) {
        return;
      }
    } finally {
      lock.unlock();
    }
    pool.forget(serverId, this);
  }

  void invalidate(Entry<C> entry, Throwable cause) {
    quietly(() -> log.debug("{}: connection thrown away", this, cause));
    discard(entry);
  }

  /** Closes a connection that the caller owns, and gives its capacity back. */
  private void discard(Entry<C> entry) {
    close(entry);
    giveBackCapacity();
  }

  /** Closes a connection that the caller owns, who keeps its capacity. */
  private void close(Entry<C> entry) {
    try {
      pool.connector().close(entry.connection);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (Throwable e) {
      quietly(() -> log.warn("{}: connector failed to close a connection", this, e));
    }
  }

  private boolean isAlive(Entry<C> entry) {
    try {
      return pool.connector().isAlive(entry.connection);
    } catch (Throwable e) {
      quietly(() -> log.debug("{}: connection taken for dead", this, e));
      return false;
    }
  }

  /**
   * Logs for a thread that owns capacity, and must not lose it: an exception may throw when it is
   * printed, and a logger of the user's at any time.
   */
  private static void quietly(Runnable logging) {
    try {
      logging.run();
    } catch (Throwable ignored) {
      // There is nobody left to tell.
    }
  }

  /**
   * After the pool's flag is set. Who comes later sees the flag under the lock, and leaves nothing.
   */
  void close() {
    List<Entry<C>> left;
    lock.lock();
    try {
      left = List.copyOf(idle);
      idle.clear();
      for (Waiter<C> waiter : waiters) {
        waiter.turnedAway = true;
        grant(waiter, null);
      }
      waiters.clear();
    } finally {
      lock.unlock();
    }
    left.forEach(this::discard);
  }

  Counts counts() {
    lock.lock();
    try {
      return new Counts(open, idle.size(), waiters.size());
    } finally {
      lock.unlock();
    }
  }

  @Override
  public String toString() {
    return "connection to '" + serverId + "'";
  }
}
