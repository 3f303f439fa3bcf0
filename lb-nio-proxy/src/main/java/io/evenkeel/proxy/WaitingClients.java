package io.evenkeel.proxy;

import io.evenkeel.core.Lease;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Query;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Clients who wait for a server, of all loops. Those for whom there are servers, but none with
 * room, are in one line, first come first served. Those for whom there are none but such whose
 * names are looked up for the first time are beside it, without a limit: a newcomer need not line
 * up behind them. Safe for use by any thread; who finds nobody waiting reads one volatile number.
 *
 * <p><b>Nobody overtakes.</b> Whoever frees a server takes the lease for the first in line, under
 * the lock, and hands it over; a client that comes while others wait lines up behind them.
 *
 * <p><b>Nobody is forgotten.</b> A client lines up first, and then all in line are tried once more;
 * a server is freed first, and then it is looked whether somebody waits. One of the two sees the
 * other. What frees a server behind the proxy's back, as a lease that another user of the balancer
 * closes, is found by the loops of the waiting, which look now and then: {@link ServerSearch}.
 * Names are likewise: {@link ServerAddresses} first has a server awaited no more and then looks
 * whether somebody waits.
 *
 * <p><b>What a look-up costs</b> those who wait in vain for another one is a look at the members,
 * once for all of them, and a look at the servers that are left for each who has tried some.
 */
final class WaitingClients {

  /**
   * How many servers are picked for one client that then turn out to be awaited: a selector of the
   * user's may name one again and again that is left out.
   */
  static final int PASSES = 64;

  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final LoadBalancer balancer;
  private final ServerAddresses addresses;
  private final Prospects noneAwaited;
  private volatile int most;

  /** In their order. Guarded by this object's lock. */
  private final Set<ServerSearch> line = new LinkedHashSet<>();

  /** Who waits for names, in their order. Guarded by this object's lock. */
  private final Set<ServerSearch> beside = new LinkedHashSet<>();

  /** The size of {@link #line}; written under the lock. */
  private volatile int count;

  /** Whether anybody is in {@link #line} or {@link #beside}; written under the lock. */
  private volatile boolean isAnyone;

  /** When somebody in line last looked; null if nobody did. Guarded by this object's lock. */
  private @Nullable Long lookedNanos;

  /** Whether {@link #serve} is under way. Guarded by this object's lock. */
  private boolean serving;

  WaitingClients(LoadBalancer balancer, ServerAddresses addresses, int most) {
    this.balancer = balancer;
    this.addresses = addresses;
    this.noneAwaited = Prospects.noneAwaited(balancer);
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
    return Prospects.of(balancer, addresses).hasReady(query);
  }

  /** For one pick, and what is to be done if that finds none. */
  Prospects prospects() {
    return addresses.isAnyAwaited() ? Prospects.of(balancer, addresses) : noneAwaited;
  }

  /** How many are in line now. */
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
    counted();
    serve();
    return true;
  }

  /** The same for one who waits for names; it hears, too, when there are none to wait for. */
  synchronized void enterBeside(ServerSearch client) {
    beside.add(client);
    counted();
    serve();
  }

  /**
   * Takes a client out.
   *
   * @return false if it does not wait, so that it will hear of it
   */
  synchronized boolean leave(ServerSearch client) {
    boolean left = line.remove(client) || beside.remove(client);
    counted();
    return left;
  }

  private void counted() {
    count = line.size();
    isAnyone = count > 0 || !beside.isEmpty();
  }

  /** There may be room on a server now, or a name less to wait for. */
  void roomMayBe() {
    if (isAnyone) {
      serve();
    }
  }

  /**
   * A server may be picked no more: of no use to those in line, but others need not wait for it.
   */
  void serverGone() {
    if (isAnyone && isAnyoneBeside()) {
      serve();
    }
  }

  private synchronized boolean isAnyoneBeside() {
    return !beside.isEmpty();
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
      serveBeside(serveLine(prospects()));
    } finally {
      serving = false;
    }
  }

  private Prospects serveLine(Prospects prospects) {
    Prospects now = prospects;
    Iterator<ServerSearch> all = line.iterator();
    while (all.hasNext()) {
      ServerSearch first = all.next();
      Answer answer = pick(first.query(), now);
      now = answer.prospects;
      if (answer.isNone()) {
        if (first.query().triedCount() == 0) {
          break; // no room for anyone
        }
        continue; // for others there may be room where this one has been
      }
      all.remove();
      handOver(first, answer);
    }
    return now;
  }

  private void serveBeside(Prospects prospects) {
    Prospects now = prospects;
    boolean isRoom = true;
    Iterator<ServerSearch> all = beside.iterator();
    while (all.hasNext()) {
      ServerSearch next = all.next();
      boolean isUntried = next.query().triedCount() == 0;
      Answer answer = isRoom || !isUntried ? pick(next.query(), now) : Answer.none(now);
      now = answer.prospects;
      if (!answer.isNone() || !now.hasAwaited(next.query())) {
        all.remove();
        handOver(next, answer);
      } else if (isUntried) {
        isRoom = false;
      }
    }
  }

  /**
   * What a pick came to.
   *
   * @param prospects those of which it was made
   */
  private record Answer(Prospects prospects, @Nullable Lease lease, @Nullable Throwable failure) {

    static Answer none(Prospects prospects) {
      return new Answer(prospects, null, null);
    }

    boolean isNone() {
      return lease == null && failure == null;
    }
  }

  /** Never picks a server that is awaited: who goes after its name would have lost his place. */
  private Answer pick(Query query, Prospects prospects) {
    Prospects now = prospects;
    try {
      for (int i = 0; i < PASSES; i++) {
        Lease lease = now.tryAcquire(query);
        if (lease == null || !addresses.isAwaited(lease.node())) {
          return new Answer(now, lease, null);
        }
        lease.close(); // it has come since, or its name has changed
        now = prospects();
      }
      return Answer.none(now);
    } catch (Throwable e) { // of a user's selector
      return new Answer(now, null, e);
    }
  }

  private void handOver(ServerSearch to, Answer answer) {
    counted();
    Lease lease = answer.lease;
    Throwable failure = answer.failure;
    to.loop()
        .execute(
            () -> {
              if (lease != null) {
                to.granted(lease);
              } else if (failure != null) {
                to.failed(failure);
              } else {
                to.goesOn();
              }
            });
  }
}
