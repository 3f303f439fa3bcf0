package io.evenkeel.proxy;

import io.evenkeel.core.Lease;
import io.evenkeel.core.Query;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The way of one client to a server: picks one and connects to it, to another one if that fails,
 * and waits in line where none has room. Its {@link Relay} lets go of it once it is connected.
 * Event loop only.
 *
 * <pre>
 * connecting  refused or too late, attempts left → connecting, to another server
 * connecting  no attempt or no server left       → the client is reset
 * connecting  servers left, but none with room   → in line, if that is not full
 * connecting  all left are being looked up       → beside the line
 * in line     it gets a lease                    → connecting
 * beside it   it gets a lease, or none is left   → connecting
 * either      it leaves, or time is up           → the client is reset
 * connecting  no descriptor left                 → connecting, a little later
 * </pre>
 */
final class ServerSearch {

  private static final QuietLog log = new QuietLog(ServerSearch.class);

  /** How often somebody who waits looks whether there is room that nobody told of. */
  private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final Relay relay;
  private final Acceptor acceptor;
  private final ProxyContext context;
  private final EventLoop loop;

  /**
   * By the client's address, less the servers that were tried. Written on the loop, and only while
   * it does not wait; read by any thread while it does. {@link WaitingClients} takes it in and lets
   * it go under a lock, which orders the two.
   */
  private Query query;

  private int attemptsLeft;

  /** How many more servers may turn out not to be there yet, or any more, once they are picked. */
  private int passesLeft = WaitingClients.PASSES;

  /** Of the server that is leased: where it has not been tried yet. */
  private Iterator<InetSocketAddress> addressesLeft = Collections.emptyIterator();

  /** When the first attempt began, put off by the time in line since; null before that. */
  private @Nullable Long connectBeganNanos;

  /** When the present attempt, or the present wait in line, began. */
  private long stepNanos;

  /** What it waits for among {@link WaitingClients}. */
  private enum Wait {
    NOT,
    FOR_ROOM,
    FOR_NAMES
  }

  private Wait wait = Wait.NOT;

  /** When it lined up the first time; null if it never did. */
  private @Nullable Long linedUpNanos;

  /** Until when it may wait for names to be looked up; null if it has not had to. */
  private @Nullable Long namesDeadlineNanos;

  /** Until when it may wait for a descriptor; null if it has none to wait for. */
  private @Nullable Long descriptorDeadlineNanos;

  /** Why the last attempt failed, for the log. */
  private @Nullable IOException lastFailure;

  ServerSearch(Relay relay, Query query) {
    this.relay = relay;
    this.acceptor = relay.acceptor();
    this.context = relay.context();
    this.loop = acceptor.loop();
    this.query = query;
    this.attemptsLeft = context.connectAttempts();
  }

  Query query() {
    return query;
  }

  EventLoop loop() {
    return loop;
  }

  /** Picks a server and begins to connect; goes on to the next where that fails at once. */
  void connect() {
    WaitingClients waiting = context.waiting();
    while (attemptsLeft > 0 && !isTooLate()) {
      Prospects left = waiting.prospects();
      Lease next = waiting.count() > 0 ? null : left.tryAcquire(query);
      if (next == null) {
        if (waiting.isOn() && waiting.mayHaveRoomFor(query)) {
          lineUp();
          return;
        }
        // If one that was left out of the pick is awaited no more, it is seen on entering there.
        if (left.hasAwaited(query) && awaitNames()) {
          return;
        }
        break;
      }
      if (attempt(next)) {
        return;
      }
    }
    if (lastFailure != null) {
      refuse(EndReason.CONNECT_FAILED);
    } else {
      boolean lacksDescriptor = descriptorDeadlineNanos != null && isTooLate();
      refuse(lacksDescriptor ? EndReason.NO_DESCRIPTOR : EndReason.NO_SERVER);
    }
  }

  /** Begins to connect to a server; false if that failed at once, or it is passed over. */
  private boolean attempt(Lease next) {
    relay.takes(next);
    List<InetSocketAddress> addresses = context.addresses().find(next.node());
    if (addresses == null) { // awaited, or removed, since it was picked: no attempt, nor its fault
      relay.endLease();
      if (--passesLeft == 0) { // a selector of the user's may not heed who is left out
        attemptsLeft = 0;
      }
      return false;
    }
    attemptsLeft--;
    relay.record().attempts(acceptor.stats(), next.node());
    stepNanos = loop.nowNanos();
    if (connectBeganNanos == null) {
      connectBeganNanos = stepNanos;
    }
    return beginWarm(next) || tryAddresses(next, addresses);
  }

  /** Relays over a warm connection, if there is one. */
  private boolean beginWarm(Lease to) {
    WarmConnections all = context.warm();
    WarmConnection warm = all == null ? null : all.take(to.server());
    if (warm == null) {
      return false;
    }
    try {
      relay.serverEnd(warm.channel()).hasSaid(warm.said());
      relay.established(stepNanos, true);
      return true;
    } catch (IOException e) {
      relay.closeServer();
      return false;
    }
  }

  /** A warm connection was gone before anything passed over it: to the same server, anew. */
  void connectAnew() {
    descriptorDeadlineNanos = null;
    connectBeganNanos = loop.nowNanos();
    stepNanos = loop.nowNanos();
    Lease leased = relay.lease();
    List<InetSocketAddress> addresses =
        leased == null ? null : context.addresses().find(leased.node());
    if (leased == null || addresses == null) { // it has another name since
      relay.endLease();
      connect();
    } else if (!tryAddresses(leased, addresses)) {
      connect();
    }
  }

  private boolean tryAddresses(Lease of, List<InetSocketAddress> addresses) {
    if (addresses.isEmpty()) {
      attemptFailed(ServerAddresses.notFound(of.server()));
      return false;
    }
    addressesLeft = addresses.iterator();
    return tryAddresses();
  }

  /** Begins to connect to the server's next address; false if all that are left failed at once. */
  private boolean tryAddresses() {
    while (true) {
      InetSocketAddress address = addressesLeft.next();
      try {
        SocketChannel channel = acceptor.openToward(address);
        if (channel == null) {
          awaitDescriptor();
        } else if (open(channel, address)) {
          relay.established(stepNanos, false);
        }
        return true;
      } catch (IOException e) {
        relay.closeServer();
        if (!addressesLeft.hasNext() || isTooLate()) {
          attemptFailed(e);
          return false;
        }
      }
    }
  }

  /** A connect that was under way failed: on to the next address, or the next server. */
  private void connectFailed(IOException cause) {
    relay.closeServer();
    if (addressesLeft.hasNext() && !isTooLate()) {
      if (tryAddresses()) {
        return;
      }
    } else {
      attemptFailed(cause);
    }
    connect();
  }

  private long connectDeadlineNanos() {
    return (connectBeganNanos == null ? loop.nowNanos() : connectBeganNanos)
        + context.connectDeadlineNanos();
  }

  private boolean isTooLate() {
    return loop.nowNanos() - connectDeadlineNanos() >= 0;
  }

  // ---- waiting for room on a server, or for a name ----

  private void lineUp() {
    wait = Wait.FOR_ROOM;
    descriptorDeadlineNanos = null;
    stepNanos = loop.nowNanos();
    if (linedUpNanos == null) {
      linedUpNanos = stepNanos;
    }
    relay.record().waits();
    try {
      relay.client().await(SelectionKey.OP_READ); // to see it leave
    } catch (IOException e) {
      relay.clientLeft();
      return;
    }
    if (context.waiting().enter(this)) {
      loop.timers().arm(relay, stepNanos + LOOK_NANOS, waitDeadlineNanos());
    } else {
      refuse(EndReason.QUEUE_FULL);
    }
  }

  private long waitDeadlineNanos() {
    return (linedUpNanos == null ? loop.nowNanos() : linedUpNanos) + context.waitTimeoutNanos();
  }

  /**
   * Nobody is left but servers whose names are looked up for the first time, as when all were
   * replaced a moment ago: the client waits for them, as it would wait for a connect. It is hung on
   * the loop meanwhile, asking for nothing, for a shutdown to find it.
   *
   * @return false if it may not wait any longer
   */
  private boolean awaitNames() {
    stepNanos = loop.nowNanos();
    if (namesDeadlineNanos == null) {
      namesDeadlineNanos = stepNanos + context.connectTimeoutNanos();
    }
    if (stepNanos - namesDeadlineNanos() >= 0) {
      return false;
    }
    try {
      relay.client().await(0); // what it says is read once it is connected
    } catch (IOException e) {
      relay.clientLeft();
      return true;
    }
    wait = Wait.FOR_NAMES;
    loop.timers().arm(relay, stepNanos + LOOK_NANOS, namesDeadlineNanos());
    context.waiting().enterBeside(this);
    return true;
  }

  private long namesDeadlineNanos() {
    long names = namesDeadlineNanos == null ? loop.nowNanos() : namesDeadlineNanos;
    long connects = connectDeadlineNanos();
    return names - connects < 0 ? names : connects;
  }

  /** The time of the relay has come. */
  void expired(long now) {
    if (wait != Wait.NOT) {
      waitingExpired(now);
    } else if (relay.hasServerEnd()) {
      connectFailed(new SocketTimeoutException("not connected in time"));
    } else { // it waited for a descriptor
      connect();
    }
  }

  private void waitingExpired(long now) {
    boolean isForRoom = wait == Wait.FOR_ROOM;
    long deadlineNanos = isForRoom ? waitDeadlineNanos() : namesDeadlineNanos();
    if (now - deadlineNanos < 0) {
      loop.timers().arm(relay, now + LOOK_NANOS, deadlineNanos);
      context.waiting().lookAgain(now);
    } else if (context.waiting().leave(this)) {
      if (isForRoom) {
        refuse(EndReason.QUEUE_TIMEOUT);
      } else {
        wait = Wait.NOT;
        refuse(lastFailure == null ? EndReason.NO_SERVER : EndReason.CONNECT_FAILED);
      }
    } // else a lease is on its way
  }

  /** There is no name left to wait for, nor a server with room. */
  void goesOn() {
    if (wait == Wait.FOR_NAMES) { // else it has left meanwhile
      wait = Wait.NOT;
      loop.timers().disarm(relay);
      try {
        connect();
      } catch (Throwable e) {
        failed(e);
      }
    }
  }

  /** Its turn has come. */
  void granted(Lease granted) {
    if (wait == Wait.NOT) { // it has left meanwhile
      granted.close();
      context.waiting().roomMayBe();
      return;
    }
    relay.takes(granted);
    try {
      loop.timers().disarm(relay);
      if (wait == Wait.FOR_ROOM) {
        long waitedNanos = leaveLine();
        acceptor.stats().waitTime.record(waitedNanos, loop.nowNanos());
        if (connectBeganNanos != null) { // waiting in line has a limit of its own
          connectBeganNanos += waitedNanos;
        }
      }
      wait = Wait.NOT;
      if (!attempt(granted)) {
        connect();
      }
    } catch (Throwable e) {
      failed(e);
    }
  }

  /** How long it was there this time. */
  private long leaveLine() {
    wait = Wait.NOT;
    long nanos = loop.nowNanos() - stepNanos;
    relay.record().waited(nanos);
    return nanos;
  }

  void failed(Throwable cause) {
    relay.failed(cause);
  }

  /** The relay is over. */
  void end() {
    if (wait != Wait.NOT) {
      boolean unused = context.waiting().leave(this); // else granted() finds that it has left
    }
    if (wait == Wait.FOR_ROOM) {
      long unused = leaveLine();
    }
    wait = Wait.NOT;
  }

  /** Begins one attempt; true if it is connected already. */
  private boolean open(SocketChannel channel, InetSocketAddress address) throws IOException {
    RelayEnd end = relay.serverEnd(channel);
    if (ServerSockets.connect(channel, address, context.sockets(), relay.sources())) {
      return true;
    }
    end.await(SelectionKey.OP_CONNECT);
    long timeoutNanos = loop.nowNanos() + context.connectTimeoutNanos();
    loop.timers().arm(relay, timeoutNanos, connectDeadlineNanos());
    return false;
  }

  /**
   * No descriptor is left, not even the spare one: that is not the server's doing, nor an attempt.
   * The client waits, for as long as a connect may take. It is hung on the loop meanwhile, asking
   * for nothing, for a shutdown to find it.
   */
  private void awaitDescriptor() throws IOException {
    relay.endLease();
    attemptsLeft++;
    long now = loop.nowNanos();
    if (descriptorDeadlineNanos == null) {
      descriptorDeadlineNanos = now + context.connectTimeoutNanos();
    }
    if (now - descriptorDeadlineNanos >= 0) {
      refuse(EndReason.NO_DESCRIPTOR);
      return;
    }
    relay.client().await(0); // what it says is read once it is connected
    loop.timers().arm(relay, now + Acceptor.PAUSE_NANOS);
  }

  /** The connect that was under way has come to an end. */
  void connectReady(RelayEnd end) {
    try {
      if (end.channel().finishConnect()) {
        relay.established(stepNanos, false);
      }
    } catch (IOException e) {
      connectFailed(e);
    }
  }

  private void attemptFailed(IOException cause) {
    if (!relay.isOpen()) {
      return;
    }
    lastFailure = cause;
    relay.closeServer();
    Lease failed = relay.lease();
    if (failed == null) {
      return;
    }
    log.debug("{}: could not connect to {}", relay.client(), failed.server(), cause);
    if (!(cause instanceof BindException)) { // no local port left: not the server's doing
      failed.failure(cause);
    }
    relay.record().connectFailed();
    query = query.excluding(failed.node());
    relay.endLease();
    context.addresses().suspect(failed.server());
  }

  private void refuse(EndReason reason) {
    context.outage().refused(loop.nowNanos(), lastFailure);
    relay.close(true, reason);
  }
}
