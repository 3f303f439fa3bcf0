package io.evenkeel.pool;

import io.evenkeel.core.NanoClock;
import io.evenkeel.core.Server;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Reusable connections of any type, kept per server. Safe for use by any thread; owns none.
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
 * <p>A server is its id. Each has a maximum of its own, and a line of its own of those who wait,
 * served first come, first served. The connection given back last is used first, so that in quiet
 * times the others grow old: one idle for as long as the idle timeout is closed, not used, as soon
 * as anyone acquires from its server or gives back to it. One that its connector calls dead is
 * replaced by a new one before the caller notices.
 *
 * @param <C> the type of connection
 */
public final class ConnectionPool<C> implements AutoCloseable {

  private final Connector<C> connector;
  private final int maxPerServer;
  private final long idleTimeoutNanos;
  private final NanoClock clock;

  /**
   * By server id. A server that has no connection left is taken out, so that ids may come and go.
   */
  private final ConcurrentHashMap<String, ServerConnections<C>> servers = new ConcurrentHashMap<>();

  /** Set once, before any server's connections are closed; read under each server's lock. */
  private volatile boolean closed;

  private ConnectionPool(Builder<C> builder) {
    this.connector = builder.connector;
    this.maxPerServer = builder.maxPerServer;
    this.idleTimeoutNanos = saturatedNanos(builder.idleTimeout);
    this.clock = builder.clock;
  }

  /** Begins a pool of the connections that this connector makes. */
  public static <C> Builder<C> builder(Connector<C> connector) {
    return new Builder<>(Objects.requireNonNull(connector, "connector"));
  }

  /**
   * Takes a connection: an idle one, or else a new one, or else the first that comes free.
   *
   * @param timeout how long to wait while as many connections as allowed are in use; zero not to
   *     wait. A connect takes the time that the connector takes, beside it.
   * @return a use that the caller must end
   * @throws PoolTimeoutException if none came free in time
   * @throws ConnectFailedException if the connector could not make one
   * @throws PoolClosedException if the pool is closed
   * @throws InterruptedException if the thread is interrupted while it waits or connects
   * @throws IllegalArgumentException if the timeout is negative
   */
  public Pooled<C> acquire(Server server, Duration timeout) throws InterruptedException {
    Objects.requireNonNull(server, "server");
    if (timeout.isNegative()) {
      throw new IllegalArgumentException("timeout: " + timeout + " (expected: >= 0)");
    }
    String id = server.id();
    while (true) {
      if (closed) {
        throw new PoolClosedException(id); // and leave no trace of the server
      }
      ServerConnections<C> connections =
          servers.computeIfAbsent(id, key -> new ServerConnections<>(this, key));
      Pooled<C> pooled = connections.acquire(server, timeout);
      if (pooled != null) {
        return pooled;
      }
      // It was given up between the two lines. Its last user may not have come to forget it yet.
      forget(id, connections);
    }
  }

  /**
   * Closes the idle connections and wakes those who wait, with a {@link PoolClosedException}. Those
   * in use are closed when they are given back, and those under way once they are connected.
   * Returns without waiting for either. Idempotent.
   */
  @Override
  public void close() {
    closed = true;
    // A server put in meanwhile that this iteration does not meet was put in after the write above,
    // and so its first user, who reads the flag after putting it in, sees it set.
    servers.values().forEach(ServerConnections::close);
  }

  Connector<C> connector() {
    return connector;
  }

  int maxPerServer() {
    return maxPerServer;
  }

  long idleTimeoutNanos() {
    return idleTimeoutNanos;
  }

  NanoClock clock() {
    return clock;
  }

  boolean isClosed() {
    return closed;
  }

  void forget(String serverId, ServerConnections<C> connections) {
    servers.remove(serverId, connections);
  }

  /** How many servers have connections or somebody who wants one. */
  int serverCount() {
    return servers.size();
  }

  /** What one server has now; all zero for one that is not known. */
  ServerConnections.Counts counts(String serverId) {
    ServerConnections<C> connections = servers.get(serverId);
    return connections == null ? new ServerConnections.Counts(0, 0, 0) : connections.counts();
  }

  /** 292 years are enough for anyone. */
  static long saturatedNanos(Duration duration) {
    return duration.compareTo(Duration.ofNanos(Long.MAX_VALUE)) >= 0
        ? Long.MAX_VALUE
        : duration.toNanos();
  }

  /**
   * Collects what a pool is made of. Not safe for use by several threads at once.
   *
   * @param <C> the type of connection
   */
  public static final class Builder<C> {

    private final Connector<C> connector;
    private int maxPerServer = 10;
    private Duration idleTimeout = Duration.ofSeconds(60);
    private NanoClock clock = NanoClock.system();

    private Builder(Connector<C> connector) {
      this.connector = connector;
    }

    /**
     * How many connections one server may have: idle, in use, being made and being closed together.
     *
     * @param maxPerServer 1 or more; 10 by default
     * @throws IllegalArgumentException if it is less
     */
    public Builder<C> maxPerServer(int maxPerServer) {
      if (maxPerServer < 1) {
        throw new IllegalArgumentException("maxPerServer: " + maxPerServer + " (expected: >= 1)");
      }
      this.maxPerServer = maxPerServer;
      return this;
    }

    /**
     * How long a connection may be idle and still be used again.
     *
     * @param idleTimeout more than 0; 60 seconds by default
     * @throws IllegalArgumentException if it is 0 or less
     */
    public Builder<C> idleTimeout(Duration idleTimeout) {
      if (idleTimeout.isNegative() || idleTimeout.isZero()) {
        throw new IllegalArgumentException("idleTimeout: " + idleTimeout + " (expected: > 0)");
      }
      this.idleTimeout = idleTimeout;
      return this;
    }

    /**
     * Says how long a connection has been idle; {@link NanoClock#system()} by default. Waiting for
     * a connection takes real time, whatever this clock says.
     */
    public Builder<C> clock(NanoClock clock) {
      this.clock = Objects.requireNonNull(clock, "clock");
      return this;
    }

    /** The pool. */
    public ConnectionPool<C> build() {
      return new ConnectionPool<>(this);
    }
  }
}
