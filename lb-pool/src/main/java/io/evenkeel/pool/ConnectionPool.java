package io.evenkeel.pool;

import io.evenkeel.core.NanoClock;
import io.evenkeel.core.Server;
import java.time.Duration;
import java.util.Collection;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Reusable connections of any type, kept per server. Safe for use by any thread. Close it: unless
 * it is given a scheduler and an executor it has threads of its own, until then.
 *
 * <pre>{@code
 * ConnectionPool<Socket> pool = ConnectionPool.builder(connector)
 *     .maxPerServer(10)
 *     .idleTimeout(Duration.ofSeconds(60))
 *     .build();
 *
 * try (Pooled<Socket> pooled = pool.acquire(server, Duration.ofMillis(200))) {
 *   talk(pooled.connection());       // if that goes wrong: pooled.invalidate(cause)
 * }
 * }</pre>
 *
 * <p>A server is its id; one that is used at another address than before gets new connections. Each
 * has a maximum of its own, and a line of its own of those who wait, served first come, first
 * served. Taking an idle connection and giving it back takes no lock, and allocates nothing but its
 * handle. One that its connector calls dead is replaced before the caller notices.
 *
 * @param <C> the type of connection
 */
public final class ConnectionPool<C> implements AutoCloseable {

  static final String CLOSED = "the pool is closed";

  private final PoolPolicy policy;
  private final NanoClock clock;
  private final long seed;
  private final ScheduledExecutorService scheduler;
  private final boolean ownsScheduler;
  private final UserCode<C> user;
  private final Permits permits;
  private final Housekeeper<C> housekeeper;

  private final Servers<C> servers = new Servers<>();

  /** Set once, before any server's connections are closed; read under each server's lock. */
  private volatile boolean closed;

  /** Tells {@link #close(Duration)} that a server has nothing open any more. */
  private final Object quiet = new Object();

  private ConnectionPool(Builder<C> builder) {
    policy = builder.policy.build();
    clock = builder.clock;
    seed = builder.seed != null ? builder.seed : ThreadLocalRandom.current().nextLong();
    ownsScheduler = builder.scheduler == null;
    scheduler = builder.scheduler == null ? OwnThreads.scheduler() : builder.scheduler;
    user =
        new UserCode<>(
            builder.connector,
            builder.executor == null ? OwnThreads.executor() : builder.executor,
            !ownsScheduler ? Runnable::run : OwnThreads.executor(),
            scheduler);
    permits = new Permits(policy.maxTotal);
    housekeeper = new Housekeeper<>(this);
  }

  /** Begins a pool of the connections that this connector makes. */
  public static <C> Builder<C> builder(Connector<C> connector) {
    return new Builder<>(Objects.requireNonNull(connector, "connector"));
  }

  /** As {@link #acquire(Server, Duration)}, by {@link PoolPolicy.Builder#waitTimeout}. */
  public Pooled<C> acquire(Server server) throws InterruptedException {
    return pooled(take(server, true, policy.waitTimeoutNanos));
  }

  /**
   * Takes a connection: an idle one, or else the first that comes free or is made. A connect that
   * is begun goes on if nobody waits for it any more, and its connection is idle then.
   *
   * @param timeout how long to wait, connecting included; zero not to wait at all
   * @return a use that the caller must end
   * @throws PoolTimeoutException if there was none in time
   * @throws ConnectFailedException if one was to be made, and could not
   * @throws PoolFullException if nobody may wait, or not so many: {@link PoolPolicy}
   * @throws PoolClosedException if the pool is closed, or the server was {@linkplain #remove
   *     removed} while the caller waited
   * @throws InterruptedException if the thread is interrupted while it waits
   * @throws IllegalArgumentException if the timeout is negative
   */
  public Pooled<C> acquire(Server server, Duration timeout) throws InterruptedException {
    requireNotNegative(timeout);
    Slot<C> slot = takeIdle(server);
    return pooled(slot == null ? takeSlowly(server, true, PoolPolicy.nanos(timeout)) : slot);
  }

  private static <C> Pooled<C> pooled(Slot<C> slot) {
    return new Pooled<>(slot, slot.ticket());
  }

  static long requireNanos(Duration timeout) {
    requireNotNegative(timeout);
    return PoolPolicy.nanos(timeout);
  }

  private static void requireNotNegative(Duration timeout) {
    if (timeout.isNegative()) {
      throw new IllegalArgumentException("timeout: " + timeout + " (expected: >= 0)");
    }
  }

  /**
   * Takes an idle connection if there is one: never waits, nor connects. Looks at one at most.
   *
   * @return a use that the caller must end; null if there is none, or if it was dead
   */
  public @Nullable Pooled<C> acquireIdle(Server server) {
    Slot<C> slot = takeIdle(server);
    return slot == null ? null : pooled(slot);
  }

  /** Borrows a slot; if that takes more than an idle one, the minimum may be kept from then on. */
  Slot<C> take(Server server, boolean keepsMinimum, long timeoutNanos) throws InterruptedException {
    Slot<C> slot = takeIdle(server);
    return slot == null ? takeSlowly(server, keepsMinimum, timeoutNanos) : slot;
  }

  /** Borrows an idle slot, if there is one and nobody waits for one. */
  @Nullable Slot<C> takeIdle(Server server) {
    ServerConnections<C> connections = servers.find(server);
    return connections == null ? null : connections.takeIdle(server);
  }

  private Slot<C> takeSlowly(Server server, boolean keepsMinimum, long timeoutNanos)
      throws InterruptedException {
    long begun = System.nanoTime();
    while (true) {
      ServerConnections<C> connections = connectionsTo(server);
      Slot<C> slot = new ThreadWait<>(connections, server, begun, timeoutNanos).await(keepsMinimum);
      if (slot != null) {
        return slot;
      }
      forget(connections); // which may not have come to it itself
    }
  }

  /** As {@link #acquireAsync(Server, Duration)}, by {@link PoolPolicy.Builder#waitTimeout}. */
  public CompletableFuture<Pooled<C>> acquireAsync(Server server) {
    return acquireAsync(server, policy.waitTimeoutNanos);
  }

  /**
   * Takes a connection without waiting for it; otherwise as {@link #acquire(Server, Duration)}.
   * Stands in the same line as those who wait.
   *
   * @return complete if there is an idle one that need not be checked; else completed on the pool's
   *     {@linkplain Builder#executor executor}, or when the time is up by the scheduler that the
   *     pool was given or a thread of the pool's own, with a use that somebody must end, or with
   *     what {@code acquire} throws. Cancelling it, or completing it otherwise, takes the caller
   *     off the line
   * @throws IllegalArgumentException if the timeout is negative
   */
  public CompletableFuture<Pooled<C>> acquireAsync(Server server, Duration timeout) {
    return acquireAsync(server, requireNanos(timeout));
  }

  private CompletableFuture<Pooled<C>> acquireAsync(Server server, long timeoutNanos) {
    CompletableFuture<Pooled<C>> future = new CompletableFuture<>();
    try {
      ServerConnections<C> connections = connectionsTo(server);
      Slot<C> slot = connections.borrowIdle();
      if (slot != null && connections.mustCheck(slot)) {
        new AsyncWait<>(connections, server, future).begin(slot, timeoutNanos);
        return future;
      } else if (slot != null && connections.isFit(slot, server)) {
        future.complete(pooled(slot));
        return future;
      }
      while (!new AsyncWait<>(connections, server, future).begin(timeoutNanos)) {
        forget(connections);
        connections = connectionsTo(server);
      }
    } catch (PoolException e) {
      future.completeExceptionally(e);
    }
    return future;
  }

  private ServerConnections<C> connectionsTo(Server server) {
    if (closed) {
      throw new PoolClosedException(server.id(), CLOSED); // and leave no trace of the server
    }
    ServerConnections<C> connections =
        servers.of(server, first -> new ServerConnections<>(this, first, seed));
    if (closed) { // meanwhile; close() may not have met the new entry
      connections.retireAll(CloseReason.POOL_CLOSED, true);
      throw new PoolClosedException(server.id(), CLOSED);
    }
    housekeeper.arm();
    return connections;
  }

  /**
   * Makes connections to a server up to {@linkplain PoolPolicy.Builder#minPerServer the minimum},
   * and keeps them up from now on. Returns at once; failures are logged and counted, and tried
   * again. Not needed for a server that is in use.
   *
   * @throws PoolClosedException if the pool is closed
   */
  public void warmUp(Server server) {
    if (policy.minPerServer > 0) {
      ServerConnections<C> connections = connectionsTo(server);
      while (!connections.warmUp(server)) {
        forget(connections);
        connections = connectionsTo(server);
      }
    }
  }

  /**
   * A server has left, or has another address now: its idle connections are closed, those in use
   * when they are given back, and who waits gets a {@link PoolClosedException}. If it is used again
   * it gets new ones, within the same maximum.
   */
  public void remove(String serverId) {
    ServerConnections<C> connections = servers.get(serverId);
    if (connections != null) {
      connections.retireAll(CloseReason.SERVER_REMOVED, true);
    }
  }

  /**
   * A server is down: its idle connections are closed, those in use when they are given back, and
   * no minimum is kept until one is wanted again. Who waits goes on waiting, for a new one.
   */
  public void closeIdle(String serverId) {
    ServerConnections<C> connections = servers.get(serverId);
    if (connections != null) {
      connections.retireAll(CloseReason.SERVER_DOWN, false);
    }
  }

  /** What the pool has done and how it stands. O(connections); keeps no use waiting. */
  public PoolStats stats() {
    return new PoolStats(servers.all().stream().map(ServerConnections::stats).toList());
  }

  /**
   * Closes the idle connections and turns away those who wait, with a {@link PoolClosedException}.
   * Those in use are closed when they are given back, and those under way once they are connected.
   * All are closed on the pool's {@linkplain Builder#executor executor}; returns without waiting
   * for any. Idempotent.
   */
  @Override
  public void close() {
    closed = true;
    // A server put in meanwhile that this iteration does not meet was put in after the write above,
    // and so its first user, who reads the flag after putting it in, sees it set.
    servers.all().forEach(server -> server.retireAll(CloseReason.POOL_CLOSED, true));
    housekeeper.stop();
    if (ownsScheduler) {
      scheduler.shutdown(); // with the last future's timer: a check may hang
    }
  }

  /**
   * As {@link #close()}, and waits for the connections in use and under way; then closes those that
   * are still in use, under the hands of their users, on the pool's executor and without waiting
   * for that. One that is still being made is closed as soon as it is there.
   *
   * @param timeout how long to wait, at most; 0 or more. An interrupt ends the wait and is kept
   * @return how many were closed while in use
   * @throws IllegalArgumentException if the timeout is negative
   */
  public int close(Duration timeout) {
    long nanos = requireNanos(timeout);
    long begun = System.nanoTime();
    close();
    synchronized (quiet) {
      long left = nanos;
      while (permits.taken() > 0 && left > 0) {
        try {
          TimeUnit.NANOSECONDS.timedWait(quiet, Math.max(left, 1_000_000));
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          break;
        }
        left = nanos - (System.nanoTime() - begun);
      }
    }
    return servers.all().stream().mapToInt(ServerConnections::force).sum();
  }

  void lookWhetherQuiet() {
    synchronized (quiet) {
      quiet.notifyAll();
    }
  }

  // For the other classes of the pool.

  PoolPolicy policy() {
    return policy;
  }

  UserCode<C> user() {
    return user;
  }

  /** Of the user's clock; if that throws, when the housekeeper last looked. */
  long nanoTime() {
    try {
      return clock.nanoTime();
    } catch (Throwable e) {
      UserCode.note("the clock of a connection pool failed", e);
      return housekeeper.lastLook();
    }
  }

  Permits permits() {
    return permits;
  }

  boolean isClosed() {
    return closed;
  }

  Collection<ServerConnections<C>> servers() {
    return servers.all();
  }

  void forget(ServerConnections<C> connections) {
    servers.remove(connections);
    permits.forget(connections);
  }

  /** A connection has become idle: it is closed if somebody waits elsewhere for its permit. */
  void dropIdleForNeedy() {
    for (ServerConnections<?> needy = permits.firstNeedy();
        needy != null;
        needy = permits.firstNeedy()) {
      if (needy.needsPermit()) {
        dropIdleElsewhere(needy);
        return;
      }
    }
  }

  /**
   * Closes the connection that has been idle the longest, to a server other than this, to make room
   * in all. Who becomes needy is in the queue of {@link Permits} before it looks here; who makes
   * one idle looks there after it: one of the two sees the other.
   */
  void dropIdleElsewhere(ServerConnections<?> needy) {
    long now = nanoTime();
    while (needy.needsPermit()) {
      Slot<C> oldest = null;
      for (ServerConnections<C> server : servers.all()) {
        if (server != needy) {
          for (Slot<C> slot : server.slots().all()) {
            if (Slot.isIdle(slot.state)
                && (oldest == null
                    || Housekeeper.idleSince(slot, now) - Housekeeper.idleSince(oldest, now) < 0)) {
              oldest = slot;
            }
          }
        }
      }
      if (oldest == null) {
        return;
      }
      if (oldest.holdIdle()) {
        oldest.home.discardLater(oldest, CloseReason.DROPPED);
        return;
      }
    }
  }

  /**
   * Collects what a pool is made of. Not safe for use by several threads at once.
   *
   * @param <C> the type of connection
   */
  public static final class Builder<C> {

    private final Connector<C> connector;
    private PoolPolicy.Builder policy = PoolPolicy.builder();
    private NanoClock clock = NanoClock.system();
    private @Nullable ScheduledExecutorService scheduler;
    private @Nullable Executor executor;
    private @Nullable Long seed;

    private Builder(Connector<C> connector) {
      this.connector = connector;
    }

    /** All numbers at once, instead of those set so far and of the defaults. */
    public Builder<C> policy(PoolPolicy policy) {
      this.policy = policy.toBuilder();
      return this;
    }

    /** As {@link PoolPolicy.Builder#maxPerServer}. */
    public Builder<C> maxPerServer(int maxPerServer) {
      policy.maxPerServer(maxPerServer);
      return this;
    }

    /** As {@link PoolPolicy.Builder#idleTimeout}. */
    public Builder<C> idleTimeout(Duration idleTimeout) {
      policy.idleTimeout(idleTimeout);
      return this;
    }

    /**
     * Says how long a connection has been idle, in use, or wanted; {@link NanoClock#system()} by
     * default. Threads wait in real time, whatever this clock says.
     */
    public Builder<C> clock(NanoClock clock) {
      this.clock = Objects.requireNonNull(clock, "clock");
      return this;
    }

    /**
     * Runs the housekeeping and the timeouts of {@code acquireAsync}; not closed by the pool. By
     * default one thread of the pool's own, until it is closed.
     */
    public Builder<C> scheduler(ScheduledExecutorService scheduler) {
      this.scheduler = Objects.requireNonNull(scheduler, "scheduler");
      return this;
    }

    /**
     * Runs what may take long: connects that block, checks and closes in the background, and what
     * depends on {@code acquireAsync}; not closed by the pool. By default as many threads of the
     * pool's own as are needed at a time. {@code Runnable::run} has connections made by the threads
     * that want them, whose timeout does not hold then.
     */
    public Builder<C> executor(Executor executor) {
      this.executor = Objects.requireNonNull(executor, "executor");
      return this;
    }

    /** Makes what is left to chance, lifetimes and backoffs, repeatable. */
    public Builder<C> seed(long seed) {
      this.seed = seed;
      return this;
    }

    /**
     * The pool.
     *
     * @throws IllegalArgumentException as {@link PoolPolicy.Builder#build}
     */
    public ConnectionPool<C> build() {
      return new ConnectionPool<>(this);
    }
  }
}
