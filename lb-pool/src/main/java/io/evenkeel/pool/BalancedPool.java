package io.evenkeel.pool;

import io.evenkeel.core.BalancerEvent;
import io.evenkeel.core.BalancerListener;
import io.evenkeel.core.Lease;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.NoServerAvailableException;
import io.evenkeel.core.Node;
import io.evenkeel.core.Query;
import io.evenkeel.core.Server;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Connections to the servers of a {@link LoadBalancer}: it picks, the pool has the connection, and
 * both uses end together. Safe for use by any thread.
 *
 * <pre>{@code
 * BalancedPool<Socket> balanced = BalancedPool.of(balancer, pool);
 *
 * try (Leased<Socket> leased = balanced.acquire("user-7", Duration.ofMillis(200))) {
 *   talk(leased.connection());        // if that goes wrong: leased.invalidate(cause)
 *   leased.success();
 * }
 * }</pre>
 *
 * <p>Listens to its balancer meanwhile. A server that may not be picked any more (it has left, is
 * down, ejected, draining) or has moved to another address has its idle connections closed, and
 * those in use when they are given back. Minima are kept for servers without a block.
 *
 * @param <C> the type of connection
 */
public final class BalancedPool<C> implements AutoCloseable {

  private final LoadBalancer balancer;
  private final ConnectionPool<C> pool;
  private final BalancerListener listener = this::heard;

  private BalancedPool(LoadBalancer balancer, ConnectionPool<C> pool) {
    this.balancer = balancer;
    this.pool = pool;
  }

  /** Puts the two together, and warms up the servers there are. Closes neither. */
  public static <C> BalancedPool<C> of(LoadBalancer balancer, ConnectionPool<C> pool) {
    BalancedPool<C> balanced =
        new BalancedPool<>(
            Objects.requireNonNull(balancer, "balancer"), Objects.requireNonNull(pool, "pool"));
    balancer.addListener(balanced.listener);
    for (Node node : balancer.nodes()) {
      balanced.warmUpIfOpen(node);
    }
    return balanced;
  }

  /** As {@link #acquire(Query, Duration)}, for any server. */
  public Leased<C> acquire(Duration timeout) throws InterruptedException {
    return acquire(Query.any(), timeout);
  }

  /** As {@link #acquire(Query, Duration)}, for a key. */
  public Leased<C> acquire(CharSequence key, Duration timeout) throws InterruptedException {
    return acquire(Query.forKey(key), timeout);
  }

  /**
   * Takes a connection to the next server; if connecting fails, or so many wait there that nobody
   * else may, to another. Each server is tried once at most. A connect that fails is a failure of
   * the server; so is a time that ran out while nothing but connects was under way there. To be
   * full, or removed meanwhile, is none, nor is a timeout of zero.
   *
   * @param timeout for all servers together; zero not to wait at all
   * @return a use that the caller must end
   * @throws NoServerAvailableException if there is no server to begin with
   * @throws PoolException of the last server tried, those before suppressed: {@link
   *     ConnectFailedException} or {@link PoolFullException} if it is so of all, {@link
   *     PoolTimeoutException} when the time is up, {@link PoolClosedException} if the pool is
   *     closed, or that server was removed
   * @throws InterruptedException if the thread is interrupted while it waits
   * @throws IllegalArgumentException if the timeout is negative
   */
  public Leased<C> acquire(Query query, Duration timeout) throws InterruptedException {
    long nanos = ConnectionPool.requireNanos(timeout);
    Lease lease = balancer.acquire(query);
    try {
      Slot<C> idle = pool.takeIdle(lease.server());
      if (idle != null) {
        return new Leased<>(idle, idle.ticket(), lease);
      }
    } catch (Throwable e) { // of a user's clock
      lease.close();
      throw e;
    }
    return acquireSlowly(lease, query, nanos);
  }

  private Leased<C> acquireSlowly(Lease first, Query query, long nanos)
      throws InterruptedException {
    long begun = System.nanoTime();
    Lease lease = first;
    Query left = query;
    PoolException failure = null;
    long rest = nanos;
    while (true) {
      try {
        Slot<C> slot = pool.take(lease.server(), false, rest);
        return new Leased<>(slot, slot.ticket(), lease);
      } catch (PoolException e) {
        if (e instanceof ConnectFailedException) {
          lease.failure(e.getCause() == null ? e : e.getCause());
        } else if (e instanceof PoolTimeoutException timedOut && timedOut.onlyConnecting) {
          lease.failure(e);
        }
        lease.close();
        failure = join(failure, e);
        if (e instanceof PoolTimeoutException || pool.isClosed()) {
          throw failure;
        }
      } catch (Throwable e) {
        lease.close();
        throw e;
      }
      left = left.excluding(lease.node());
      Lease next = balancer.tryAcquire(left);
      if (next == null) {
        throw failure;
      }
      lease = next;
      rest = Math.max(0, nanos - (System.nanoTime() - begun));
    }
  }

  private static PoolException join(@Nullable PoolException before, PoolException now) {
    if (before != null) {
      now.addSuppressed(before);
    }
    return now;
  }

  /** By the thread that made the change: closes and connects are left to the pool's executor. */
  private void heard(BalancerEvent event) {
    Server server = event.server();
    if (event instanceof BalancerEvent.ServerRemoved) {
      pool.remove(server.id());
    } else if (event instanceof BalancerEvent.ServerBlocked) {
      pool.closeIdle(server.id());
    } else if (event instanceof BalancerEvent.ServerUpdated updated) {
      if (!ServerConnections.isSameAddress(server, updated.before())) {
        pool.remove(server.id());
        warmUpIfOpen(server);
      }
    } else if (event instanceof BalancerEvent.ServerAdded
        || event instanceof BalancerEvent.ServerUnblocked) {
      warmUpIfOpen(server);
    }
  }

  private void warmUpIfOpen(Server server) {
    if (pool.policy().minPerServer > 0) { // else not worth looking for its node
      Node node = nodeOf(server.id());
      if (node != null) {
        warmUpIfOpen(node);
      }
    }
  }

  private @Nullable Node nodeOf(String id) {
    for (Node node : balancer.nodes()) {
      if (node.server().id().equals(id)) {
        return node;
      }
    }
    return null;
  }

  /** What changes meanwhile is seen after it, if it was not before. */
  private void warmUpIfOpen(Node node) {
    Server server = node.server();
    if (!node.blocks().isEmpty() || pool.isClosed()) {
      return;
    }
    try {
      pool.warmUp(server);
    } catch (PoolClosedException e) {
      return; // meanwhile
    }
    Node now = nodeOf(server.id());
    if (now == null) {
      pool.remove(server.id());
    } else if (!ServerConnections.isSameAddress(now.server(), server)) {
      pool.remove(server.id());
      warmUpIfOpen(now);
    } else if (!now.blocks().isEmpty()) {
      pool.closeIdle(server.id());
    }
  }

  /** Hears no more of its balancer; closes neither that nor the pool. */
  @Override
  public void close() {
    balancer.removeListener(listener);
  }
}
