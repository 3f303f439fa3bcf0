package io.evenkeel.proxy;

import io.evenkeel.core.Block;
import io.evenkeel.core.Lease;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Node;
import io.evenkeel.core.Query;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Clients for whom there are servers, but none with room: all loops' in one line, first come first
 * served. Safe for use by any thread; who finds nobody waiting reads one volatile number.
 *
 * <p><b>Nobody overtakes.</b> Whoever frees a server takes the lease for the first in line, under
 * the lock, and hands it over; a client that comes while others wait lines up behind them.
 *
 * <p><b>Nobody is forgotten.</b> A client lines up first, and then all in line are tried once more;
 * a server is freed first, and then it is looked whether somebody waits. One of the two sees the
 * other. What frees a server behind the proxy's back, as a lease that another user of the balancer
 * closes, is found by the loops of the waiting, which look now and then: {@link ServerSearch}.
 */
final class WaitingClients {

  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private static final Set<Block> BY_OPERATOR = EnumSet.of(Block.DRAINING, Block.MAINTENANCE);

  private final LoadBalancer balancer;
  private volatile int most;

  /** In their order. Guarded by this object's lock. */
  private final Set<ServerSearch> line = new LinkedHashSet<>();

  /** The size of {@link #line}; written under the lock. */
  private volatile int count;

  /** When somebody in line last looked; null if nobody did. Guarded by this object's lock. */
  private @Nullable Long lookedNanos;

  /** Whether {@link #serve} is under way. Guarded by this object's lock. */
  private boolean serving;

  WaitingClients(LoadBalancer balancer, int most) {
    this.balancer = balancer;
    this.most = most;
  }

  /** From now on; who is in line stays there. */
  void limit(int most) {
    this.most = most;
  }

  /** Whether clients may wait at all. */
  boolean isOn() {
    return most > 0;
  }

  /** Whether a server could be picked for this client if it had room. */
  boolean mayHaveRoomFor(Query query) {
    boolean isPanic = balancer.isPanicking(); // then health is not asked
    for (Node node : balancer.nodes()) {
      boolean mayBePicked =
          isPanic
              ? node.weight() > 0 && Collections.disjoint(node.blocks(), BY_OPERATOR)
              : node.isEligible();
      if (mayBePicked && !query.isTried(node)) {
        return true;
      }
    }
    return false;
  }

  /** How many wait now. */
  int count() {
    return count;
  }

  /**
   * Lines a client up; it hears on its loop of the lease that it gets.
   *
   * @return false if the line is full
   */
  synchronized boolean enter(ServerSearch client) {
    if (line.size() >= most) {
      return false;
    }
    line.add(client);
    count = line.size();
    serve();
    return true;
  }

  /**
   * Takes a client out.
   *
   * @return false if it is not in line, so that a lease is on its way to it
   */
  synchronized boolean leave(ServerSearch client) {
    boolean left = line.remove(client);
    count = line.size();
    return left;
  }

  /** There may be room on a server now. */
  void roomMayBe() {
    if (count > 0) {
      serve();
    }
  }

  /** As {@link #roomMayBe}, by those who wait: together at most ten times a second. */
  synchronized void lookAgain(long nowNanos) {
    if (lookedNanos == null || nowNanos - lookedNanos >= LOOK_NANOS) {
      lookedNanos = nowNanos;
      serve();
    }
  }

  /**
   * A pick may change the balancer, as one does that lets a circuit half-open, and that change is
   * told to us in the middle of it. It is not served twice then: what follows sees the change, and
   * who was passed over already looks within a second.
   */
  private synchronized void serve() {
    if (serving) {
      return;
    }
    serving = true;
    try {
      serveInOrder();
    } finally {
      serving = false;
    }
  }

  private void serveInOrder() {
    Iterator<ServerSearch> all = line.iterator();
    while (all.hasNext()) {
      ServerSearch first = all.next();
      Lease lease = null;
      Throwable failure = null;
      try {
        lease = balancer.tryAcquire(first.query());
      } catch (Throwable e) { // of a user's selector
        failure = e;
      }
      if (lease == null && failure == null) {
        if (first.query().triedCount() == 0) {
          break; // no room for anyone
        }
        continue; // for others there may be room where this one has been
      }
      all.remove();
      count = line.size();
      handOver(first, lease, failure);
    }
  }

  private static void handOver(
      ServerSearch to, @Nullable Lease lease, @Nullable Throwable failure) {
    to.loop()
        .execute(
            () -> {
              if (lease != null) {
                to.granted(lease);
              } else if (failure != null) {
                to.failed(failure);
              }
            });
  }
}
