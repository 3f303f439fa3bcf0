package io.evenkeel.proxy;

import io.evenkeel.core.Lease;
import io.evenkeel.core.Query;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/**
 * One client connection, one server connection, and the bytes between them. Event loop only.
 *
 * <pre>
 * CONNECTING  a server is connected                  → RELAYING
 * CONNECTING  {@link ServerSearch} found none        → CLOSED, the client is reset
 * CONNECTING  the client leaves                      → CLOSED
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

  private enum State {
    CONNECTING,
    RELAYING,
    LINGERING,
    CLOSED
  }

  private final RelayTerms terms;
  private final RelayEnd client;
  private @Nullable RelayEnd server;
  private @Nullable Lease lease;

  /**
   * What finds a server; null once one is connected, for relays may be idle for long, and there may
   * be many. On a warm connection it is kept until something has passed over that.
   */
  private @Nullable ServerSearch search;

  private State state = State.CONNECTING;
  private long lastByteNanos;
  private final RelayRecord record;

  Relay(RelayTerms terms, SocketChannel client, Query query) {
    this.terms = terms;
    this.client = new RelayEnd(this, loop(), client);
    this.search = new ServerSearch(this, query);
    this.record = new RelayRecord(loop().nowNanos());
  }

  ProxyContext context() {
    return terms.context();
  }

  private EventLoop loop() {
    return terms.acceptor().loop();
  }

  boolean isOpen() {
    return state != State.CLOSED;
  }

  /** Whether there is, or was, a server at the other end. */
  boolean wasConnected() {
    return record.wasConnected();
  }

  /** Whether it is on a warm connection that nothing has passed over yet. */
  private boolean isUntried() {
    return search != null && record.wasConnected();
  }

  /** The id of the server that is connected; null if none is. */
  @Nullable String connectedServer() {
    return lease == null || !record.wasConnected() ? null : lease.server().id();
  }

  RelayEnd otherThan(RelayEnd end) {
    RelayEnd other = end == client ? server : client;
    if (other == null) {
      throw new IllegalStateException("not connected to a server");
    }
    return other;
  }

  // ---- connecting ----

  /** Finds a server for the client. */
  void connect() {
    ServerSearch search = this.search;
    if (search != null) {
      search.connect();
    }
  }

  void connectReady() {
    ServerSearch search = this.search;
    RelayEnd end = server;
    if (state == State.CONNECTING && search != null && end != null) {
      search.connectReady(end);
    }
  }

  /** The client is gone before it was connected. */
  void clientLeft() {
    close(true, EndReason.CLIENT_LEFT);
  }

  // What the search does to its relay.

  Acceptor acceptor() {
    return terms.acceptor();
  }

  SourceAddresses sources() {
    return terms.sources();
  }

  RelayEnd client() {
    return client;
  }

  RelayRecord record() {
    return record;
  }

  @Nullable Lease lease() {
    return lease;
  }

  /** A connection, or one that is under way, to the server that is leased. */
  RelayEnd serverEnd(SocketChannel channel) {
    RelayEnd end = new RelayEnd(this, loop(), channel);
    server = end;
    return end;
  }

  boolean hasServerEnd() {
    return server != null;
  }

  void closeServer() {
    loop().timers().disarm(this);
    RelayEnd end = server;
    if (end != null) {
      server = null;
      end.close(false);
    }
  }

  /** Whatever happens now, this lease ends with the relay. */
  void takes(Lease next) {
    lease = next;
  }

  /**
   * The server is connected.
   *
   * @param sinceNanos when that began
   * @param isWarm whether it was before, so that it may be gone
   */
  void established(long sinceNanos, boolean isWarm) throws IOException {
    RelayEnd end = otherThan(client);
    SocketChannel channel = end.channel();
    ServerSockets.requireNotToItself(channel);
    Lease leased = lease;
    ProxyContext context = context();
    context.requireNotCut(leased);
    end.await(SelectionKey.OP_READ);
    client.await(SelectionKey.OP_READ);
    state = State.RELAYING;
    if (leased != null) {
      leased.success();
      context.addresses().worked(leased.server(), (InetSocketAddress) channel.getRemoteAddress());
    }
    long now = loop().nowNanos();
    record.connected(acceptor().stats(), sinceNanos, now, isWarm);
    context.outage().served(now);
    lastByteNanos = now;
    armIdle();
    if (!isWarm) {
      search = null;
    }
    end.passOnEarly(); // a greeting, maybe
    client.begin(); // it has spoken by now, as a rule
  }

  /** The client need not know: it has said nothing to that server, nor heard of it. */
  private void warmIsGone(ServerSearch search) {
    closeServer();
    client.hold(); // what it says is read once it is connected
    state = State.CONNECTING;
    record.connectsAnew();
    search.connectAnew();
  }

  /** Lets go of the server, if it has one: somebody may be waiting for it. */
  void endLease() {
    try {
      record.leavesServer(acceptor().stats());
    } finally {
      Lease ended = lease;
      if (ended != null) {
        lease = null;
        ended.close();
        context().waiting().roomMayBe();
      }
    }
  }

  // ---- relaying ----

  void touch() {
    lastByteNanos = loop().nowNanos();
  }

  /**
   * Whether this end is to be read. Before a client's first bytes go out on a warm connection it is
   * looked whether that is still there: they could not be taken back.
   */
  boolean isToBeRead(RelayEnd from) {
    if (from == client && isUntried()) {
      otherThan(client).read();
    }
    return isOpen() && record.wasConnected();
  }

  /** Bytes came from this end, more than none. */
  void received(RelayEnd from, int bytes) {
    touch();
    search = null;
    if (from == client) {
      record.receivedFromClient(bytes);
    } else {
      record.receivedFromServer(acceptor().stats(), bytes, lastByteNanos);
    }
  }

  /** A FIN came from this end: send it on once all bytes before it are sent on. */
  void inputEnded(RelayEnd from) {
    if (wasGone(from)) {
      return;
    }
    search = null;
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
      loop().timers().arm(this, loop().nowNanos() + context().halfClosedTimeoutNanos());
    } else {
      to.endOutput();
      armIdle();
    }
  }

  /** A reset came from this end, or it is gone in some other way: so is the other one. */
  void aborted(RelayEnd from, IOException cause) {
    log.debug("{}: gone", from, cause);
    if (!wasGone(from)) {
      close(true, resetBy(from));
    }
  }

  /** Whether that was a warm connection, on which nothing is lost yet. */
  private boolean wasGone(RelayEnd end) {
    ServerSearch untried = end == server && isUntried() ? search : null;
    if (untried != null) {
      warmIsGone(untried);
    }
    return untried != null;
  }

  private EndReason resetBy(RelayEnd end) {
    return end == client ? EndReason.CLIENT_RESET : EndReason.SERVER_RESET;
  }

  @Override
  void failed(Throwable cause) {
    if (isOpen() && !record.wasConnected()) {
      log.debug("{}: given up", client, cause);
      EventLoop.runGuarded(() -> context().outage().refused(loop().nowNanos(), cause));
    } else if (isOpen()) {
      log.warn("relay given up: {} to {}", client, server, cause);
    }
    close(true, EndReason.INTERNAL_ERROR);
  }

  @Override
  void expired(long nowNanos) {
    switch (state) {
      case CONNECTING -> {
        ServerSearch search = this.search;
        if (search != null) {
          search.expired(nowNanos);
        }
      }
      case RELAYING -> {
        if (nowNanos - record.connectedNanos() >= context().maxLifetimeNanos()) {
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
    long lifetimeEndNanos = record.connectedNanos() + context().maxLifetimeNanos();
    loop().timers().arm(this, lastByteNanos + idleLimitNanos(), lifetimeEndNanos);
  }

  private boolean isHalfClosed() {
    return client.inputEnded() || (server != null && server.inputEnded());
  }

  private long idleLimitNanos() {
    return isHalfClosed()
        ? Math.min(context().halfClosedTimeoutNanos(), context().idleTimeoutNanos())
        : context().idleTimeoutNanos();
  }

  /** Ends the relay, with a reset of both ends or a FIN to each, whatever throws on the way. */
  void close(boolean reset, EndReason reason) {
    if (state == State.CLOSED) {
      return;
    }
    State before = state;
    state = State.CLOSED;
    loop().timers().disarm(this);
    ServerSearch ended = search;
    if (ended != null) {
      search = null;
      EventLoop.runGuarded(ended::end);
    }
    RelayEnd end = server;
    EventLoop.runGuarded(
        () ->
            record.ended(
                acceptor().stats(),
                before == State.LINGERING ? EndReason.SERVER_STOPPED_READING : reason,
                loop().nowNanos(),
                client,
                end));
    EventLoop.runGuarded(() -> client.close(reset));
    if (end != null) {
      EventLoop.runGuarded(() -> end.close(reset));
    }
    EventLoop.runGuarded(this::endLease);
    acceptor().relayEnded();
  }
}
