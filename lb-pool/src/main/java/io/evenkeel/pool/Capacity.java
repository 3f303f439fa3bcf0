package io.evenkeel.pool;

import io.evenkeel.core.Server;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
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

  /** Of this generation: what is under way of an earlier one is open, and nobody waits for it. */
  private int connecting;

  /** Under way of earlier generations. */
  private int obsolete;

  /** Connections of an earlier one are not wanted back. */
  private int generation;

  private CloseReason generationEnded = CloseReason.POOL_CLOSED;

  /**
   * Whether the minimum is kept: not from when the server is down or has left, until it is wanted.
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

  /** Connects under way, of any generation. */
  int underWay() {
    return connecting + obsolete;
  }

  /** How many more there might be, but for the maximum in all. */
  int room() {
    return policy.maxPerServer - open;
  }

  Server server() {
    return server;
  }

  /**
   * Somebody wants connections: false if it is too late for that, here.
   *
   * @param keepsMinimum from now on; else as before
   */
  boolean want(Server wanted, boolean keepsMinimum) {
    if (isForgotten) {
      return false;
    }
    server = wanted;
    isWanted |= keepsMinimum;
    isLeaving = false;
    return true;
  }

  /** What there is, and what is under way, is not to be used again. */
  void beginGeneration(CloseReason reason, boolean leaves) {
    generation++;
    generationEnded = reason;
    obsolete += connecting;
    connecting = 0;
    failuresInRow = 0;
    isWanted = false;
    isLeaving |= leaves;
  }

  /** How many are open beyond the minimum, if that is kept. */
  int surplus() {
    return open - (isWanted ? policy.minPerServer : 0);
  }

  /** Null if this may be used again; else why not. */
  @Nullable CloseReason whyNotAgain(Slot<C> slot) {
    return slot.generation == generation ? null : generationEnded;
  }

  /**
   * Under the lock: begins as many connects as there is need and room for.
   *
   * @param hasPermit whether the caller has a permit for the first
   * @return whether that was used
   */
  boolean connectAsNeeded(Later later, boolean hasPermit) {
    boolean has = hasPermit;
    while (mayConnect() && needsAnother()) {
      boolean forWaiter = needsForWaiter();
      if (!has && !pool.permits().take(home, forWaiter)) {
        if (forWaiter && policy.whenFull == PoolPolicy.WhenFull.DROP_IDLE_ELSEWHERE) {
          later.add(() -> pool.dropIdleElsewhere(home));
        }
        break;
      }
      has = false;
      Slot<C> slot = home.slots().takeEmpty(policy.maxPerServer);
      Server now = server;
      int rowBefore = failuresInRow;
      slot.generation = generation;
      slot.server = now;
      slot.doubts = home.doubts();
      open++;
      connecting++;
      later.add(() -> connect(slot, now, rowBefore));
    }
    return hasPermit && !has;
  }

  private boolean mayConnect() {
    return connecting < policy.maxConnecting && open < policy.maxPerServer && !pool.isClosed();
  }

  private boolean needsForWaiter() {
    return home.line().size() > connecting;
  }

  /** Whether somebody waits here for whom a permit would do. */
  boolean needsPermit() {
    return mayConnect() && needsForWaiter();
  }

  private boolean needsAnother() {
    return needsForWaiter()
        || (isWanted
            && open < policy.minPerServer
            && (failuresInRow == 0 || pool.nanoTime() - refillNotBefore >= 0));
  }

  /** Whatever the connector does: the slot goes on once, to {@link #connected} or failed. */
  private void connect(Slot<C> slot, Server now, int rowBefore) {
    AtomicReference<@Nullable Object> end = new AtomicReference<>();
    BiConsumer<@Nullable C, @Nullable Throwable> ended =
        (connection, failure) -> {
          boolean isGood = failure == null && connection != null;
          if (!end.compareAndSet(null, isGood ? connection : end)) {
            if (connection != null && connection != end.get()) {
              pool.user().close(home, connection); // one too many
            }
          } else if (failure != null) {
            if (connection != null) {
              pool.user().close(home, connection); // of a stage that ends with both
            }
            failed(slot, failure, rowBefore);
          } else if (connection == null) {
            failed(slot, pool.user().returnedNull(), rowBefore);
          } else {
            connected(slot, connection, rowBefore);
          }
        };
    try {
      pool.user().connect(now, ended);
    } catch (Throwable e) {
      ended.accept(null, e);
    }
  }

  private void connected(Slot<C> slot, C connection, int rowBefore) {
    Later later = new Later();
    boolean isHere;
    lock.lock();
    try {
      isHere = isHere(connection);
      if (!isHere) {
        beginLife(slot, connection);
        home.passOn(slot, later);
        boolean unused = connectAsNeeded(later, false); // what was over the limit of connects
      }
    } finally {
      lock.unlock();
    }
    if (isHere) {
      failed(slot, new IllegalStateException(connection + " is in the pool already"), rowBefore);
    }
    later.run();
  }

  /** It would have two users. O(maximum per server). */
  private boolean isHere(C connection) {
    for (Slot<C> slot : home.slots().all()) {
      if (slot.connection == connection) {
        return true;
      }
    }
    return false;
  }

  private void beginLife(Slot<C> slot, C connection) {
    if (slot.generation == generation) {
      connecting--;
      failuresInRow = 0;
    } else {
      obsolete--;
    }
    home.counters().created++;
    slot.connection = connection;
    slot.connectionNumber++;
    slot.unchecked = false;
    slot.fresh = true;
    if (policy.maxLifetimeNanos > 0) {
      double share = 1 - policy.lifetimeJitter * random.nextDouble();
      slot.expiresAt = pool.nanoTime() + (long) (policy.maxLifetimeNanos * share);
    }
  }

  /**
   * Fails the first in line for whom no other connect is under way, if there is one; not if the
   * connect was begun for those of an earlier generation.
   */
  private void failed(Slot<C> slot, Throwable failure, int rowBefore) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    Later later = new Later();
    lock.lock();
    try {
      home.counters().connectFailures++;
      if (slot.generation == generation) {
        connecting--;
        if (rowBefore == failuresInRow) { // else it was begun together with one that has failed
          backOff();
        }
        if (home.line().size() > connecting) {
          Waiter<C> waiter = Objects.requireNonNull(home.line().poll());
          home.end(waiter, asException(cause), later);
        } else if (failuresInRow == 1) {
          later.add(() -> UserCode.warn(home + ": connect failed", cause));
        }
      } else {
        obsolete--;
      }
      empty(slot, later);
    } finally {
      lock.unlock();
    }
    bringBack();
    later.run();
  }

  private PoolException asException(Throwable cause) {
    return cause instanceof UserCode.NotExecuted
        ? new PoolFullException(home.serverId(), "the executor takes no connect", cause.getCause())
        : new ConnectFailedException(home.serverId(), cause);
  }

  private void backOff() {
    failuresInRow++;
    double doubled = policy.connectBackoffNanos * Math.pow(2, Math.min(62, failuresInRow - 1));
    double nanos = Math.min(doubled, (double) policy.maxConnectBackoffNanos);
    refillNotBefore = pool.nanoTime() + (long) (nanos * (1 - 0.2 * random.nextDouble()));
  }

  /** Under the lock, of a slot that the caller holds, who brings back its permit after it. */
  private void empty(Slot<C> slot, Later later) {
    slot.connection = null;
    slot.borrower = null;
    slot.release(Slot.EMPTY);
    open--;
    boolean unused = connectAsNeeded(later, false);
    forgetIfLeft(later);
  }

  /** Closes the connection of a slot that the caller holds, and gives its capacity back. */
  void discard(Slot<C> slot, CloseReason reason) {
    C connection = slot.connection;
    if (connection != null) {
      pool.user().close(home, connection);
    }
    vacate(slot, reason);
  }

  /** The connection of a slot that the caller holds is somebody else's from now on. */
  void detach(Slot<C> slot) {
    vacate(slot, null);
  }

  /**
   * Gives the capacity of a slot back, where its connection was closed for a reason, or detached.
   */
  private void vacate(Slot<C> slot, @Nullable CloseReason reason) {
    Later later = new Later();
    lock.lock();
    try {
      if (reason == null) {
        home.counters().detached++;
      } else {
        home.counters().closed(reason);
      }
      empty(slot, later);
    } finally {
      lock.unlock();
    }
    bringBack();
    later.run();
  }

  /** The permit of a slot that is empty now. Under no lock. */
  private void bringBack() {
    pool.permits().bringBack();
    if (pool.isClosed()) { // after the line above, as who closes looks at the permits after it
      pool.lookWhetherQuiet();
    }
  }

  void forgetIfLeft(Later later) {
    if ((isLeaving || pool.isClosed()) && open == 0 && home.line().size() == 0) {
      isForgotten = true;
      later.add(() -> pool.forget(home));
    }
  }

  /** Whether this holds nothing and nobody, and is to be forgotten. */
  boolean forgetIfEmpty() {
    isForgotten = open == 0 && home.line().size() == 0 && (policy.minPerServer == 0 || !isWanted);
    return isForgotten;
  }
}
