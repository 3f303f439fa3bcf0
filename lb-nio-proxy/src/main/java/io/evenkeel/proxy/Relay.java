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
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One client connection, one server connection, and the bytes between them. Event loop only.
 *
 * <pre>
 * CONNECTING  connected                              → RELAYING
 * CONNECTING  refused or too late, attempts left     → CONNECTING, to another server
 * CONNECTING  no attempt or no server left           → CLOSED, the client is reset
 * CONNECTING  servers left, but none with room       → WAITING, if the line is not full
 * WAITING     it gets a lease                        → CONNECTING
 * WAITING     it leaves, or time is up               → CLOSED, the client is reset
 * CONNECTING  no descriptor left                     → CONNECTING, a little later
 * RELAYING    warm, and gone before the first byte   → CONNECTING, to the same server
 * RELAYING    FIN from one end, sent on              → RELAYING, under the half-closed timeout
 * RELAYING    FIN from both ends, all bytes sent on  → CLOSED
 * RELAYING    reset by one end                       → CLOSED, the other end is reset
 * RELAYING    an end took no more, then said FIN     → as for a reset; but LINGERING if it is the
 *                                                      server, and more came in between
 * RELAYING    no byte for too long                   → CLOSED
 * RELAYING    lasted too long, or the server is down → CLOSED, both ends are reset
 * LINGERING   FIN from the client, or time is up     → CLOSED
 * any         cut, or an error of ours               → CLOSED, both ends are reset
 * </pre>
 *
 * <p>A reset loses what was not delivered yet, here as anywhere. An end that takes no more and then
 * says FIN has reset us, too (its error was used up by our failed write). But a server's answer
 * that came in between must not be lost by a reset of our own: the client gets it with a FIN
 * behind, and what it still sends is read and thrown away for up to the half-closed timeout.
 *
 * <p>While a FIN waits behind bytes that are not taken yet, the half-closed timeout counts already.
 */
final class Relay extends Timer {

  private static final QuietLog log = new QuietLog(Relay.class);

  /** How often somebody who waits looks whether there is room that nobody told of. */
  private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(1);

  private enum State {
    CONNECTING,
    WAITING,
    RELAYING,
    LINGERING,
    CLOSED
  }

  private final ProxyContext context;
  private final EventLoop loop;
  private final Acceptor acceptor;
  private final RelayEnd client;
  private @Nullable RelayEnd server;
  private @Nullable Lease lease;

  /** By the client's address, less the servers that were tried. */
  private Query query;

  private int attemptsLeft;

  /** Of the server that is leased: where it has not been tried yet. */
  private Iterator<InetSocketAddress> addressesLeft = Collections.emptyIterator();

  /** When the first attempt began, put off by the time in line since; null before that. */
  private @Nullable Long connectBeganNanos;

  private State state = State.CONNECTING;

  /** Whether it is on a warm connection that nothing has passed over yet. */
  private boolean untried;

  /** Until when it may wait for a descriptor; null if it has none to wait for. */
  private @Nullable Long descriptorDeadlineNanos;

  private long lastByteNanos;

  /** When it lined up the first time; null if it never did. */
  private @Nullable Long linedUpNanos;

  private final RelayRecord record;

  /** Why the last attempt failed, for the log. */
  private @Nullable IOException lastFailure;

  Relay(
      ProxyContext context, EventLoop loop, Acceptor acceptor, SocketChannel client, Query query) {
    this.query = query;
    this.context = context;
    this.loop = loop;
    this.acceptor = acceptor;
    this.client = new RelayEnd(this, loop, client);
    this.attemptsLeft = context.connectAttempts();
    this.record = new RelayRecord(acceptor.stats(), loop.nowNanos());
  }

  boolean isOpen() {
    return state != State.CLOSED;
  }

  /** Whether there is, or was, a server at the other end. */
  boolean wasConnected() {
    return record.wasConnected();
  }

  RelayEnd otherThan(RelayEnd end) {
    RelayEnd other = end == client ? server : client;
    if (other == null) {
      throw new IllegalStateException("not connected to a server");
    }
    return other;
  }

  // ---- connecting ----

  /** Picks a server and begins to connect; goes on to the next where that fails at once. */
  void connect() {
    WaitingClients waiting = context.waiting();
    while (attemptsLeft > 0 && !isTooLate()) {
      Lease next = waiting.count() > 0 ? null : context.balancer().tryAcquire(query);
      if (next == null) {
        if (waiting.isOn() && waiting.mayHaveRoomFor(query)) {
          lineUp();
          return;
        }
        break;
      }
      if (attempt(next)) {
        return;
      }
    }
    refuse(lastFailure == null ? EndReason.NO_SERVER : EndReason.CONNECT_FAILED);
  }

  /** Begins to connect to a server; false if that failed at once. */
  private boolean attempt(Lease next) {
    attemptsLeft--;
    lease = next;
    record.attempts(next.node(), loop.nowNanos());
    if (connectBeganNanos == null) {
      connectBeganNanos = loop.nowNanos();
    }
    return beginWarm(next) || tryAddressesOf(next);
  }

  /** Relays over a warm connection, if there is one. */
  private boolean beginWarm(Lease to) {
    WarmConnections all = context.warm();
    WarmConnection warm = all == null ? null : all.take(to.server());
    if (warm == null) {
      return false;
    }
    RelayEnd end = new RelayEnd(this, loop, warm.channel());
    server = end;
    untried = true;
    try {
      end.hasSaid(warm.said());
      established();
      return true;
    } catch (IOException e) {
      closeServer();
      return false;
    }
  }

  /** The client need not know: it has said nothing to that server, nor heard of it. */
  private void warmIsGone() {
    Lease leased = lease;
    closeServer();
    client.hold(); // what it says is read once it is connected
    state = State.CONNECTING;
    descriptorDeadlineNanos = null;
    connectBeganNanos = loop.nowNanos();
    record.connectsAnew(loop.nowNanos());
    if (leased == null || !tryAddressesOf(leased)) {
      connect();
    }
  }

  private boolean tryAddressesOf(Lease of) {
    try {
      addressesLeft = context.addresses().of(of.server()).iterator();
    } catch (IOException e) {
      attemptFailed(e);
      return false;
    }
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
          established();
        }
        return true;
      } catch (IOException e) {
        closeServer();
        if (!addressesLeft.hasNext() || isTooLate()) {
          attemptFailed(e);
          return false;
        }
      }
    }
  }

  /** A connect that was under way failed: on to the next address, or the next server. */
  private void connectFailed(IOException cause) {
    closeServer();
    if (addressesLeft.hasNext() && !isTooLate()) {
      if (tryAddresses()) {
        return;
      }
    } else {
      attemptFailed(cause);
    }
    connect();
  }

  private void closeServer() {
    loop.timers().disarm(this);
    untried = false;
    RelayEnd end = server;
    if (end != null) {
      server = null;
      end.close(false);
    }
  }

  private long connectDeadlineNanos() {
    return (connectBeganNanos == null ? loop.nowNanos() : connectBeganNanos)
        + context.connectDeadlineNanos();
  }

  private boolean isTooLate() {
    return loop.nowNanos() - connectDeadlineNanos() >= 0;
  }

  // ---- waiting for room on a server ----

  private void lineUp() {
    state = State.WAITING;
    descriptorDeadlineNanos = null;
    long now = loop.nowNanos();
    if (linedUpNanos == null) {
      linedUpNanos = now;
    }
    record.waits(now);
    try {
      client.await(SelectionKey.OP_READ); // to see it leave
    } catch (IOException e) {
      clientLeft();
      return;
    }
    if (context.waiting().enter(this)) {
      loop.timers().arm(this, now + LOOK_NANOS, waitDeadlineNanos());
    } else {
      refuse(EndReason.QUEUE_FULL);
    }
  }

  private long waitDeadlineNanos() {
    return (linedUpNanos == null ? loop.nowNanos() : linedUpNanos) + context.waitTimeoutNanos();
  }

  private void waitingExpired(long now) {
    if (now - waitDeadlineNanos() < 0) {
      loop.timers().arm(this, now + LOOK_NANOS, waitDeadlineNanos());
      context.waiting().lookAgain(now);
    } else if (context.waiting().leave(this)) {
      refuse(EndReason.QUEUE_TIMEOUT);
    } // else a lease is on its way
  }

  /** Its turn has come. */
  void granted(Lease granted) {
    if (state != State.WAITING) { // it has left meanwhile
      granted.close();
      context.waiting().roomMayBe();
      return;
    }
    state = State.CONNECTING;
    lease = granted; // whatever happens now, it ends with the relay
    try {
      loop.timers().disarm(this);
      long waitedNanos = record.waited(loop.nowNanos());
      if (connectBeganNanos != null) { // waiting has a limit of its own
        connectBeganNanos += waitedNanos;
      }
      if (!attempt(granted)) {
        connect();
      }
    } catch (Throwable e) {
      failed(e);
    }
  }

  /** The client is gone before it was connected. */
  void clientLeft() {
    close(true, EndReason.CLIENT_LEFT);
  }

  ProxyContext context() {
    return context;
  }

  /** The id of the server that is connected; null if none is. */
  @Nullable String connectedServer() {
    return lease == null || !record.wasConnected() ? null : lease.server().id();
  }

  Query query() {
    return query;
  }

  EventLoop loop() {
    return loop;
  }

  /** Begins one attempt; true if it is connected already. */
  private boolean open(SocketChannel channel, InetSocketAddress address) throws IOException {
    RelayEnd end = new RelayEnd(this, loop, channel);
    server = end;
    if (ServerSockets.connect(channel, address, context.sockets(), acceptor.sources())) {
      return true;
    }
    end.await(SelectionKey.OP_CONNECT);
    long timeoutNanos = loop.nowNanos() + context.connectTimeoutNanos();
    loop.timers().arm(this, timeoutNanos, connectDeadlineNanos());
    return false;
  }

  /**
   * No descriptor is left, not even the spare one: that is not the server's doing, nor an attempt.
   * The client waits, for as long as a connect may take. It is hung on the loop meanwhile, asking
   * for nothing, for a shutdown to find it.
   */
  private void awaitDescriptor() throws IOException {
    endLease();
    attemptsLeft++;
    long now = loop.nowNanos();
    if (descriptorDeadlineNanos == null) {
      descriptorDeadlineNanos = now + context.connectTimeoutNanos();
    }
    if (now - descriptorDeadlineNanos >= 0) {
      refuse(EndReason.NO_DESCRIPTOR);
      return;
    }
    client.await(0); // what it says is read once it is connected
    loop.timers().arm(this, now + Acceptor.PAUSE_NANOS);
  }

  void connectReady() {
    RelayEnd end = server;
    if (state != State.CONNECTING || end == null) {
      return;
    }
    try {
      if (end.channel().finishConnect()) {
        established();
      }
    } catch (IOException e) {
      connectFailed(e);
    }
  }

  private void established() throws IOException {
    RelayEnd end = otherThan(client);
    SocketChannel channel = end.channel();
    ServerSockets.requireNotToItself(channel);
    Lease leased = lease;
    context.requireNotCut(leased);
    end.await(SelectionKey.OP_READ);
    client.await(SelectionKey.OP_READ);
    state = State.RELAYING;
    if (leased != null) {
      leased.success();
      context.addresses().worked(leased.server(), (InetSocketAddress) channel.getRemoteAddress());
    }
    long now = loop.nowNanos();
    record.connected(now, untried);
    context.outage().served(now);
    lastByteNanos = now;
    armIdle();
    if (!untried) {
      dropWhatConnectingTook();
    }
    end.passOnEarly(); // a greeting, maybe
    client.begin(); // it has spoken by now, as a rule
  }

  /** It may be idle for long, and there may be many. */
  private void dropWhatConnectingTook() {
    query = Query.any();
    addressesLeft = Collections.emptyIterator();
    connectBeganNanos = null;
    lastFailure = null;
  }

  private void attemptFailed(IOException cause) {
    if (state == State.CLOSED) {
      return;
    }
    lastFailure = cause;
    closeServer();
    Lease failed = lease;
    if (failed == null) {
      return;
    }
    log.debug("{}: could not connect to {}", client, failed.server(), cause);
    if (!(cause instanceof BindException)) { // no local port left: not the server's doing
      failed.failure(cause);
    }
    record.connectFailed();
    query = query.excluding(failed.node());
    endLease();
    context.addresses().suspect(failed.server());
  }

  /** Lets go of the server, if it has one: somebody may be waiting for it. */
  private void endLease() {
    try {
      record.leavesServer();
    } finally {
      Lease ended = lease;
      if (ended != null) {
        lease = null;
        ended.close();
        context.waiting().roomMayBe();
      }
    }
  }

  private void refuse(EndReason reason) {
    context.outage().refused(loop.nowNanos(), lastFailure);
    close(true, reason);
  }

  // ---- relaying ----

  void touch() {
    lastByteNanos = loop.nowNanos();
  }

  /**
   * Whether this end is to be read. Before a client's first bytes go out on a warm connection it is
   * looked whether that is still there: they could not be taken back.
   */
  boolean isToBeRead(RelayEnd from) {
    if (untried && from == client) {
      otherThan(client).read();
    }
    return isOpen() && record.wasConnected();
  }

  /** Bytes came from this end, more than none. */
  void received(RelayEnd from, int bytes) {
    touch();
    untried = false;
    if (from == client) {
      record.receivedFromClient(bytes);
    } else {
      record.receivedFromServer(bytes, lastByteNanos);
    }
  }

  /** A FIN came from this end: send it on once all bytes before it are sent on. */
  void inputEnded(RelayEnd from) {
    if (untried && from == server) {
      warmIsGone();
      return;
    }
    untried = false;
    RelayEnd to = otherThan(from);
    if (to.hasPending()) {
      armIdle(); // the half-closed timeout counts already
      return; // comes back here when they are
    }
    if (from.wasReset() || (from == client && from.outputBroken())) {
      close(true, resetBy(from));
    } else if (to.inputEnded() && !from.hasPending()) {
      close(false, from.outputBroken() ? EndReason.SERVER_STOPPED_READING : EndReason.FINISHED);
    } else if (from.outputBroken()) {
      to.endOutput();
      state = State.LINGERING;
      loop.timers().arm(this, loop.nowNanos() + context.halfClosedTimeoutNanos());
    } else {
      to.endOutput();
      armIdle();
    }
  }

  /** A reset came from this end, or it is gone in some other way: so is the other one. */
  void aborted(RelayEnd from, IOException cause) {
    log.debug("{}: gone", from, cause);
    if (untried && from == server) {
      warmIsGone();
      return;
    }
    close(true, resetBy(from));
  }

  private EndReason resetBy(RelayEnd end) {
    return end == client ? EndReason.CLIENT_RESET : EndReason.SERVER_RESET;
  }

  @Override
  void failed(Throwable cause) {
    if (isOpen() && !record.wasConnected()) {
      log.debug("{}: given up", client, cause);
      EventLoop.runGuarded(() -> context.outage().refused(loop.nowNanos(), cause));
    } else if (isOpen()) {
      log.warn("relay given up: {} to {}", client, server, cause);
    }
    close(true, EndReason.INTERNAL_ERROR);
  }

  @Override
  void expired(long nowNanos) {
    switch (state) {
      case WAITING -> waitingExpired(nowNanos);
      case CONNECTING -> {
        if (server != null) {
          connectFailed(new SocketTimeoutException("not connected in time"));
        } else { // it waited for a descriptor
          connect();
        }
      }
      case RELAYING -> {
        if (nowNanos - record.connectedNanos() >= context.maxLifetimeNanos()) {
          close(true, EndReason.LIFETIME);
        } else if (nowNanos - lastByteNanos >= idleLimitNanos()) {
          close(false, isHalfClosed() ? EndReason.HALF_CLOSED : EndReason.IDLE);
        } else {
          armIdle();
        }
      }
      case LINGERING -> close(false, EndReason.SERVER_STOPPED_READING);
      default -> {}
    }
  }

  private void armIdle() {
    long lifetimeEndNanos = record.connectedNanos() + context.maxLifetimeNanos();
    loop.timers().arm(this, lastByteNanos + idleLimitNanos(), lifetimeEndNanos);
  }

  private boolean isHalfClosed() {
    return client.inputEnded() || (server != null && server.inputEnded());
  }

  private long idleLimitNanos() {
    return isHalfClosed()
        ? Math.min(context.halfClosedTimeoutNanos(), context.idleTimeoutNanos())
        : context.idleTimeoutNanos();
  }

  /** Ends the relay, with a reset of both ends or a FIN to each, whatever throws on the way. */
  void close(boolean reset, EndReason reason) {
    if (state == State.CLOSED) {
      return;
    }
    State before = state;
    state = State.CLOSED;
    loop.timers().disarm(this);
    if (before == State.WAITING) {
      boolean unused = context.waiting().leave(this); // else granted() finds it closed
    }
    RelayEnd end = server;
    EventLoop.runGuarded(
        () ->
            record.ended(
                before == State.LINGERING ? EndReason.SERVER_STOPPED_READING : reason,
                loop.nowNanos(),
                client,
                end));
    EventLoop.runGuarded(() -> client.close(reset));
    if (end != null) {
      EventLoop.runGuarded(() -> end.close(reset));
    }
    EventLoop.runGuarded(this::endLease);
    acceptor.relayEnded();
  }
}
