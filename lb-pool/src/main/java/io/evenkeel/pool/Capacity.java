package io.evenkeel.pool;

import io.evenkeel.core.Server;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * How many connections one server has, and how they come and go.
 *
 * <p>{@link #open} is raised when a slot is taken from EMPTY for a connect, and lowered when it is
 * EMPTY again, after the connection was closed or the connect has failed; so the maximum holds at
 * any time. A permit of the pool goes with it. Connects are begun for those in line and for the
 * minimum, no more at a time than allowed; whatever ends, gives way to the next here.
 *
 * <p>All fields are guarded by the lock of {@link ServerConnections}, which owns this and is its
 * other half. The connector is called without it.
 */
final class Capacity<C> {

  private final ServerConnections<C> home;
  private final ConnectionPool<C> pool;
  private final PoolPolicy policy;
  private final ReentrantLock lock;
  private final SplittableRandom random;

  /** As whoever asked last gave it. */
  private Server server;

  private int open;
  private int connecting;

  /** Connections of an earlier one are not wanted back. */
  private int generation;

  private CloseReason generationEnded = CloseReason.POOL_CLOSED;

  /**
   * Whether the minimum is kept: not from when the server is down or has left, until it is used.
   */
  private boolean isWanted;

  /** The server has left: to be forgotten with its last connection. */
  private boolean isLeaving;

  /** Nothing happens here any more: the pool has forgotten this, or is about to. */
  private boolean isForgotten;

  private int failuresInRow;
  private long refillNotBefore;

  Capacity(ServerConnections<C> home, Server server, ReentrantLock lock, long seed) {
    this.home = home;
    this.pool = home.pool;
    this.policy = home.pool.policy();
    this.server = server;
    this.lock = lock;
    this.random = new SplittableRandom(seed ^ server.id().hashCode());
  }

  int open() {
    return open;
  }

  int connecting() {
    return connecting;
  }

  /** How many more there might be, but for the maximum in all. */
  int room() {
    return policy.maxPerServer - open;
  }

  Server server() {
    return server;
  }

  /** Somebody wants connections: false if it is too late for that, here. */
  boolean want(Server wanted) {
    if (isForgotten) {
      return false;
    }
    server = wanted;
    isWanted = true;
    isLeaving = false;
    return true;
  }

  /** Nobody does, for now. */
  void unwant() {
    isWanted = false;
  }

  /** What there is, is not to be used again. */
  void beginGeneration(CloseReason reason) {
    generation++;
    generationEnded = reason;
    isWanted = false;
    isLeaving = true;
  }

  /** Null if this may be used again; else why not. */
  @Nullable CloseReason whyNotAgain(Slot<C> slot) {
    return slot.generation == generation ? null : generationEnded;
  }

  /** Under the lock: begins as many connects as there is need and room for. */
  void connectAsNeeded(Later later) {
    while (connecting < policy.maxConnecting
        && open < policy.maxPerServer
        && needsAnother()
        && pool.permits().take(home)) {
      Slot<C> slot = home.slots().takeEmpty(policy.maxPerServer);
      slot.generation = generation;
      open++;
      connecting++;
      Server now = server;
      later.add(() -> connect(slot, now));
    }
  }

  private boolean needsAnother() {
    if (pool.isClosed()) {
      return false;
    }
    return home.line().size() > connecting
        || (isWanted
            && open < policy.minPerServer
            && (failuresInRow == 0 || pool.clock().nanoTime() - refillNotBefore >= 0));
  }

  private void connect(Slot<C> slot, Server now) {
    CompletionStage<C> stage;
    try {
      stage = pool.connect(now);
    } catch (Throwable e) {
      failed(slot, e);
      return;
    }
    CompletionStage<C> unused =
        stage.whenComplete(
            (connection, failure) -> {
              if (failure != null) {
                failed(slot, failure);
              } else if (connection == null) {
                failed(slot, pool.returnedNull());
              } else {
                connected(slot, connection);
              }
            });
  }

  private void connected(Slot<C> slot, C connection) {
    Later later = new Later();
    lock.lock();
    try {
      connecting--;
      failuresInRow = 0;
      home.counters().created++;
      slot.connection = connection;
      slot.connectionNumber++;
      slot.unchecked = false;
      slot.fresh = true;
      if (policy.maxLifetimeNanos > 0) {
        double share = 1 - policy.lifetimeJitter * random.nextDouble();
        slot.expiresAt = pool.clock().nanoTime() + (long) (policy.maxLifetimeNanos * share);
      }
      home.passOn(slot, later);
      connectAsNeeded(later); // there may be need that was over the limit of connects
    } finally {
      lock.unlock();
    }
    later.run();
  }

  /** Fails the first in line for whom no other connect is under way, if there is one. */
  private void failed(Slot<C> slot, Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    pool.permits().bringBack();
    Later later = new Later();
    lock.lock();
    try {
      connecting--;
      home.counters().connectFailures++;
      backOff();
      empty(slot);
      if (home.line().size() > connecting) {
        Waiter<C> waiter = Objects.requireNonNull(home.line().poll());
        home.end(waiter, new ConnectFailedException(home.serverId(), cause), later);
      } else if (failuresInRow == 1) {
        later.add(() -> pool.warn(home + ": connect failed", cause));
      }
      connectAsNeeded(later);
      forgetIfLeft(later);
    } finally {
      lock.unlock();
    }
    later.run();
  }

  private void backOff() {
    failuresInRow++;
    double doubled = policy.connectBackoffNanos * Math.pow(2, Math.min(62, failuresInRow - 1));
    double nanos = Math.min(doubled, (double) policy.maxConnectBackoffNanos);
    refillNotBefore = pool.clock().nanoTime() + (long) (nanos * (1 - 0.2 * random.nextDouble()));
  }

  /** Under the lock, of a slot that the caller holds. */
  private void empty(Slot<C> slot) {
    slot.connection = null;
    slot.borrower = null;
    slot.release(Slot.EMPTY);
    open--;
  }

  /** Closes the connection of a slot that the caller holds, and gives its capacity back. */
  void discard(Slot<C> slot, CloseReason reason) {
    C connection = slot.connection;
    if (connection != null) {
      pool.close(home, connection);
    }
    pool.permits().bringBack();
    Later later = new Later();
    lock.lock();
    try {
      home.counters().closed(reason);
      empty(slot);
      connectAsNeeded(later);
      forgetIfLeft(later);
    } finally {
      lock.unlock();
    }
    later.run();
  }

  void forgetIfLeft(Later later) {
    if ((isLeaving || pool.isClosed()) && open == 0 && home.line().size() == 0) {
      isForgotten = true;
      later.add(() -> pool.forget(home));
    }
    if (pool.isClosed() && open == 0) {
      later.add(pool::lookWhetherQuiet);
    }
  }

  /** Whether this holds nothing and nobody, and is to be forgotten. */
  boolean forgetIfEmpty() {
    isForgotten = open == 0 && home.line().size() == 0 && (policy.minPerServer == 0 || !isWanted);
    return isForgotten;
  }
}
