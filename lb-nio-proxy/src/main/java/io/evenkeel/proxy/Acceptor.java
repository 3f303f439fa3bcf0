package io.evenkeel.proxy;

import io.evenkeel.core.Query;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * One loop's listener: takes clients in, and knows how many of its relays are open. Event loop
 * only, but for what says otherwise.
 *
 * <p>When no descriptor is left, accepting pauses: the clients wait in the kernel's queue, no relay
 * suffers, and a listener that stays ready does not spin. It goes on by itself. A client takes two
 * descriptors, and the second must not be missing when the first is taken: so one is kept spare,
 * accepting needs it to be there, and a client that got the last one is connected with it.
 */
final class Acceptor extends Timer implements ChannelHandler {

  private static final QuietLog log = new QuietLog(Acceptor.class);

  /** After so many, relays have their turn; the rest is still in the kernel's queue then. */
  private static final int CLIENTS_A_TURN = 64;

  /** The same when the listener closes: those behind are reset, but the loop must get on. */
  private static final int CLIENTS_AT_CLOSE = 1024;

  private static final long QUIET_NANOS = TimeUnit.SECONDS.toNanos(10);
  static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final EventLoop loop;
  private final ServerSocketChannel listener;

  /** For relays that begin now. Written under the proxy's lock, read by anyone. */
  private volatile RelayTerms terms;

  private @Nullable SelectionKey key;

  /** Holds a descriptor and nothing else. */
  private @Nullable SocketChannel spare;

  /**
   * Why nobody is taken in just now, null if they are: for {@code NO_DESCRIPTOR} and {@code
   * ACCEPT_RATE} until a timer goes off, for {@code MAX_CONNECTIONS} until {@link #placeFree}.
   */
  private @Nullable PauseReason pause;

  private final ProxyEvents.OfLoop events;

  /** When the turn comes that was taken of the rate and not used yet; null if there is none. */
  private @Nullable Long turnNanos;

  /** Of which rate that turn is: {@link AcceptRate#changes}. */
  private int turnOfRate;

  /** When it paused last, for the log to say it once an outage; null before the first time. */
  private @Nullable Long lastPauseNanos;

  private boolean closing;
  private boolean closed;
  private final LoopStats stats = new LoopStats();

  /** Written on the loop, read by anyone. */
  private final AtomicInteger openRelays = new AtomicInteger();

  /** Completed when the listener is closed and no relay is open. */
  private final CompletableFuture<Void> drained = new CompletableFuture<>();

  Acceptor(
      ProxyContext context, EventLoop loop, ServerSocketChannel listener, SourceAddresses sources) {
    this.terms = new RelayTerms(this, context, sources);
    this.loop = loop;
    this.listener = listener;
    this.events = new ProxyEvents.OfLoop(context.events(), loop);
  }

  /** Begins to accept. */
  void open() {
    try {
      loop.register(listener, SelectionKey.OP_ACCEPT, this);
      openSpare();
    } catch (IOException e) {
      failed(e);
    }
  }

  @Override
  public void registered(SelectionKey key) {
    this.key = key;
  }

  @Override
  public void ready(int readyOps) {
    accept(CLIENTS_A_TURN);
  }

  @Override
  public void failed(Throwable cause) {
    if (cause instanceof CancelledKeyException) {
      return; // closed by another loop, where loops share one listener
    }
    pause(cause);
    log.error("listener failed", cause);
  }

  private void accept(int most) {
    for (int i = 0; i < most && pause == null && !closed && mayTakeIn(); i++) {
      SocketChannel client = null;
      try {
        openSpare();
        client = listener.accept();
      } catch (ClosedChannelException e) {
        return; // by another loop, where loops share one listener
      } catch (IOException e) {
        pause(e);
        return;
      } finally {
        if (client == null) {
          giveBackTurn();
          context().clients().giveBack();
        }
      }
      if (client == null) {
        return;
      }
      turnNanos = null;
      begin(client);
    }
  }

  /** Takes a place and a turn for one client, or pauses until there are some. */
  private boolean mayTakeIn() {
    if (closing) { // who is in the queue then has nowhere else to go
      context().clients().take();
      return true;
    }
    if (!context().clients().tryTake(this)) {
      giveBackTurn();
      pauseFor(PauseReason.MAX_CONNECTIONS);
      return false;
    }
    if (!context().rate().isUnlimited() && !isItsTurn()) {
      context().clients().giveBack();
      return false;
    }
    return true;
  }

  private boolean isItsTurn() {
    long now = loop.nowNanos();
    Long turn = turnNanos;
    if (turn == null) {
      turnOfRate = context().rate().changes(); // first: else one of before might pass for new
      turn = now + context().rate().take(now);
      turnNanos = turn;
    }
    if (turn - now <= 0) {
      return true;
    }
    pauseFor(PauseReason.ACCEPT_RATE);
    loop.timers().arm(this, turn);
    return false;
  }

  private void giveBackTurn() {
    if (turnNanos != null) {
      turnNanos = null;
      if (turnOfRate == context().rate().changes()) {
        context().rate().giveBack();
      }
    }
  }

  private void pauseFor(PauseReason why) {
    setPause(why);
    listenFor(0);
  }

  private void setPause(@Nullable PauseReason after) {
    PauseReason before = pause;
    pause = after;
    events.pauseChanged(before, after);
  }

  private void listenFor(int ops) {
    SelectionKey current = key;
    if (current != null && current.isValid()) {
      try {
        current.interestOps(ops);
      } catch (CancelledKeyException e) {
        log.debug("{}: closed meanwhile", listener); // by another loop, where loops share it
      }
    }
  }

  /** For relays to come. By who holds the proxy's lock. */
  void use(ProxyContext next, SourceAddresses nextSources) {
    terms = new RelayTerms(this, next, nextSources);
  }

  /** A turn that is waited for is of a rate that was. */
  void rateChanged() {
    if (closed || turnNanos == null || turnOfRate == context().rate().changes()) {
      return;
    }
    turnNanos = null;
    if (pause == PauseReason.ACCEPT_RATE) {
      loop.timers().disarm(this);
      goOn();
      accept(CLIENTS_A_TURN);
    }
  }

  /**
   * There may be room for one more client. It is for the next loop that waits, if here is no client
   * or something else to wait for: in the end {@link #accept} gives back what it has no use for.
   */
  void placeFree() {
    if (closed || pause != PauseReason.MAX_CONNECTIONS) {
      context().clients().callNext();
      return;
    }
    goOn();
    accept(CLIENTS_A_TURN);
  }

  private void goOn() {
    setPause(null);
    listenFor(SelectionKey.OP_ACCEPT);
  }

  /** The key is the bytes of the client's IP address, 4 or 16, without its port. */
  private static Query byAddress(SocketChannel client) throws IOException {
    return client.getRemoteAddress() instanceof InetSocketAddress address
        ? Query.forKey(address.getAddress().getAddress())
        : Query.any();
  }

  private void begin(SocketChannel client) {
    Relay relay;
    try {
      Query query = byAddress(client);
      client.configureBlocking(false);
      context().sockets().apply(client);
      relay = new Relay(terms, client, query);
    } catch (Throwable e) { // it has left, as a rule
      loop.close(client, null);
      context().clients().giveBack();
      log.debug("{}: gone before it was begun", client, e);
      return;
    }
    openRelays.incrementAndGet();
    stats.accepted++;
    try {
      relay.connect();
    } catch (Throwable e) {
      relay.failed(e);
    }
  }

  /**
   * A socket toward a server; the spare descriptor is given up for it where no other is left. Null
   * if there is none to be had even so.
   *
   * @throws NoRouteToHostException if this machine does not know the address's family
   */
  @Nullable SocketChannel openToward(InetSocketAddress server) throws NoRouteToHostException {
    try {
      return ServerSockets.open(server);
    } catch (NoRouteToHostException e) {
      throw e;
    } catch (IOException e) {
      pause(e);
    }
    try {
      closeSpare();
      return ServerSockets.open(server);
    } catch (IOException e) {
      return null;
    }
  }

  private void openSpare() throws IOException {
    if (spare == null) {
      spare = SocketChannel.open();
    }
  }

  private void closeSpare() {
    if (spare != null) {
      loop.close(spare, null);
      spare = null;
    }
  }

  /** Stops accepting for a short while: there is no descriptor for one more. */
  private void pause(Throwable cause) {
    if (closed || key == null || !key.isValid()) {
      return;
    }
    long now = loop.nowNanos();
    boolean isNews = lastPauseNanos == null || now - lastPauseNanos > QUIET_NANOS;
    lastPauseNanos = now;
    pauseFor(PauseReason.NO_DESCRIPTOR);
    loop.timers().arm(this, now + PAUSE_NANOS);
    WarmConnections warm = context().warm();
    if (warm != null) {
      EventLoop.runGuarded(warm::makeRoom);
    }
    if (isNews) {
      log.warn("accepting pauses until there is room: {}", cause.toString());
    }
  }

  @Override
  void expired(long nowNanos) {
    goOn();
  }

  void relayEnded() {
    if (openRelays.decrementAndGet() == 0 && closed) {
      drained.complete(null);
    }
    context().clients().giveBack();
  }

  /**
   * Takes in who is already in the kernel's queue, which would be reset otherwise, and closes. The
   * listener is taken off the selector first: only then does closing take effect at once, and who
   * comes between the last look into the queue and that is reset.
   */
  void close() {
    if (closing) {
      return;
    }
    closing = true;
    if (key == null) {
      closeNow();
    } else {
      loop.deregister(key, this::closeNow);
    }
  }

  private void closeNow() {
    if (closed) {
      return;
    }
    closing = true;
    pause = null;
    EventLoop.runGuarded(() -> accept(CLIENTS_AT_CLOSE));
    closed = true;
    loop.close(listener, null);
    loop.timers().disarm(this);
    closeSpare();
    giveBackTurn();
    context().clients().callNext(); // where this one was called and has not come yet
    if (openRelays.get() == 0) {
      drained.complete(null);
    }
  }

  /** The loop has ended; one that was never run has left the listener open. */
  void loopEnded() {
    Listeners.closeAll(List.of(listener));
    drained.complete(null);
  }

  EventLoop loop() {
    return loop;
  }

  ProxyContext context() {
    return terms.context();
  }

  SourceAddresses sources() {
    return terms.sources();
  }

  LoopStats stats() {
    return stats;
  }

  /** Safe for use by any thread. */
  int openRelays() {
    return openRelays.get();
  }

  /** Safe for use by any thread. */
  CompletableFuture<Void> drained() {
    return drained;
  }

  /** Cuts the relays of one server, as far as they began under {@link OnServerDown#CUT}. */
  void cutRelaysOf(String serverId) {
    for (ChannelHandler handler : loop.handlers()) {
      if (handler instanceof RelayEnd end
          && end.relay().context().cutOnServerDown()
          && serverId.equals(end.relay().connectedServer())) {
        end.relay().close(true, EndReason.SERVER_DOWN);
      }
    }
  }

  /** Closes at once and cuts every relay; how many there were. */
  int stop() {
    closeNow();
    int before = openRelays.get();
    for (ChannelHandler handler : loop.handlers()) {
      if (handler instanceof RelayEnd end) {
        end.relay().close(true, EndReason.SHUTDOWN);
      }
    }
    return before - openRelays.get();
  }
}
