package io.evenkeel.proxy;

import io.evenkeel.core.BalancerEvent;
import io.evenkeel.core.BalancerEvent.ServerAdded;
import io.evenkeel.core.BalancerEvent.ServerBlocked;
import io.evenkeel.core.BalancerEvent.ServerRemoved;
import io.evenkeel.core.BalancerListener;
import io.evenkeel.core.Block;
import io.evenkeel.core.LoadBalancer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.ServerSocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A TCP balancer inside one's own process: accepts clients on one address and relays each to a
 * server that a {@link LoadBalancer} picks.
 *
 * <pre>{@code
 * TcpProxy proxy = TcpProxy.builder(balancer).listen("127.0.0.1", 9000).build();
 * proxy.start();
 * ...
 * int cut = proxy.shutdown(Duration.ofSeconds(30));
 * }</pre>
 *
 * <p>A server that cannot be connected to costs the client nothing but time: another one is tried.
 * A FIN is passed on as a FIN and a reset as a reset; a client for whom there is no server is reset
 * at once. Each relay holds one lease of the balancer for as long as it lasts. Its key, for
 * selectors that go by keys, is the client's IP address, 4 or 16 bytes, without the port: what
 * nginx has as {@code $binary_remote_addr}. Envoy hashes the address as text.
 *
 * <p>Runs on its own threads, one an event loop: {@code evenkeel-loop-N}, which keep the JVM alive
 * until {@link #shutdown}, unless {@link TcpProxyBuilder#threadFactory} makes others. Several
 * proxies may run in one JVM. Safe for use by any thread.
 */
public final class TcpProxy {

  private static final QuietLog log = new QuietLog(TcpProxy.class);

  private final ProxySettings settings;
  private final LoadBalancer balancer;
  private final ServerAddresses addresses;
  private final Outage outage;
  private final WaitingClients waiting;

  private final ProxyEvents events;

  /** Null if there are to be none, or it was not started. Written by the life cycle. */
  private volatile @Nullable WarmConnections warm;

  /** One and the same each time, for it to be removed again. */
  private final BalancerListener membership = this::onEvent;

  // Guarded by this object's lock: the life cycle.
  private boolean started;
  private boolean shutDown;
  private int cut;

  /** Set once by {@link #start}. */
  private volatile List<EventLoop> loops = List.of();

  /** One for each loop; set once by {@link #start}. */
  private volatile List<Acceptor> acceptors = List.of();

  private volatile @Nullable InetSocketAddress localAddress;

  TcpProxy(ProxySettings settings) {
    this.settings = settings;
    this.balancer = settings.balancer();
    this.addresses = new ServerAddresses("evenkeel-resolver", settings.resolver());
    this.outage = new Outage(balancer);
    this.waiting = new WaitingClients(balancer, settings.maxWaiting());
    this.events = new ProxyEvents(settings.eventListener());
  }

  /**
   * Begins a proxy.
   *
   * @param balancer says which server a client goes to; may be shared with others, and changed
   *     while the proxy runs
   */
  public static TcpProxyBuilder builder(LoadBalancer balancer) {
    return new TcpProxyBuilder(balancer);
  }

  /** Changes settings while it runs; relays under way keep what they have. */
  public void update(Consumer<TcpProxyBuilder> change) {
    throw new UnsupportedOperationException();
  }

  /**
   * Binds the address and accepts clients from now on. Looks up the servers' names, which may take
   * a while.
   *
   * @throws UnknownHostException if the name of the listener or of a server is not found; the
   *     message names it
   * @throws IOException if the address cannot be bound, as when it is in use; nothing is left open
   * @throws IllegalStateException if it was started or shut down before, or the thread factory does
   *     not do what it should; nothing is left open
   */
  public synchronized void start() throws IOException {
    if (started || shutDown) {
      throw new IllegalStateException(shutDown ? "it was shut down" : "it was started already");
    }
    InetSocketAddress address = new InetSocketAddress(settings.host(), settings.port());
    if (address.isUnresolved()) {
      throw new UnknownHostException("listener: host not found: " + settings.host());
    }
    List<ServerSocketChannel> listeners = List.of();
    try {
      balancer.addListener(addresses);
      balancer.addListener(membership);
      Rehearsal.run(settings.sockets());
      SourceAddresses.check(settings.sourceAddresses());
      addresses.resolveAll(balancer.nodes());
      listeners =
          Listeners.open(
              address,
              settings.eventLoops(),
              settings.shareAddress(),
              settings.reusePort(),
              settings.sockets());
      localAddress = (InetSocketAddress) listeners.get(0).getLocalAddress();
      if (settings.warmConnections() > 0) { // closed for good if this fails: each start has its own
        warm =
            new WarmConnections(
                balancer, settings.warmConnections(), settings.clock(), WarmConnections.QUIET);
      }
      startLoops(listeners);
      if (warm != null) {
        warm.start(acceptors);
      }
    } catch (Throwable e) {
      closeWarm();
      boolean interrupted = stopLoops();
      warm = null;
      loops = List.of();
      acceptors = List.of();
      localAddress = null;
      events.startFailed();
      Listeners.closeAll(listeners);
      balancer.removeListener(addresses);
      balancer.removeListener(membership);
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
      throw e;
    }
    started = true;
    log.info(
        "listening on {}, {} event loops", AccessLog.text(localAddress()), settings.eventLoops());
    events.listening(localAddress());
    events.deliverOn(loops.get(0));
  }

  private void startLoops(List<ServerSocketChannel> listeners) throws IOException {
    ProxyContext context =
        new ProxyContext(
            balancer,
            addresses,
            outage,
            new ClientLimit(settings.maxConnections()),
            new AcceptRate(settings.acceptRate(), settings.clock().nanoTime()),
            waiting,
            warm,
            events,
            toNanos(settings.waitTimeout()),
            settings.sockets(),
            settings.lowWaterBytes(),
            settings.highWaterBytes(),
            settings.onServerDown() == OnServerDown.CUT,
            settings.connectAttempts(),
            toNanos(settings.connectDeadline()),
            toNanos(settings.connectTimeout()),
            toNanos(settings.maxLifetime()),
            toNanos(settings.idleTimeout()),
            toNanos(settings.halfClosedTimeout()));
    ThreadFactory threads =
        settings.threadFactory() == null ? loopThreads() : settings.threadFactory();
    List<EventLoop> newLoops = new ArrayList<>();
    List<Acceptor> newAcceptors = new ArrayList<>();
    try {
      for (ServerSocketChannel listener : listeners) {
        EventLoop loop =
            new EventLoop(
                threads, settings.clock(), settings.readBufferBytes(), settings.highWaterBytes());
        SourceAddresses sources = new SourceAddresses(settings.sourceAddresses(), newLoops.size());
        Acceptor acceptor = new Acceptor(context, loop, listener, sources);
        loop.execute(acceptor::open);
        newLoops.add(loop);
        newAcceptors.add(acceptor);
      }
    } finally { // those there are, if it failed half way: to be stopped
      loops = List.copyOf(newLoops);
      acceptors = List.copyOf(newAcceptors);
    }
    loops.forEach(EventLoop::start);
  }

  private static ThreadFactory loopThreads() {
    AtomicInteger count = new AtomicInteger();
    return loop -> {
      Thread thread = new Thread(loop, "evenkeel-loop-" + count.getAndIncrement());
      thread.setDaemon(false); // whoever starts the proxy
      return thread;
    };
  }

  /** Tells every loop who has left, and who is there again. */
  private void onEvent(BalancerEvent event) {
    if (!(event instanceof ServerRemoved || event instanceof ServerBlocked)) {
      waiting.roomMayBe();
    }
    String id = event.server().id();
    for (Acceptor acceptor : acceptors) {
      if (event instanceof ServerRemoved) {
        acceptor.loop().execute(() -> acceptor.stats().left(id));
      } else if (event instanceof ServerAdded) {
        acceptor.loop().execute(() -> acceptor.stats().joined(id));
      } else if (settings.onServerDown() == OnServerDown.CUT
          && event instanceof ServerBlocked blocked
          && blocked.block() == Block.PROBE_DOWN) {
        acceptor.loop().execute(() -> acceptor.cutRelaysOf(id));
      }
    }
  }

  /**
   * Cuts what is left, ends every loop and waits for that; true if it was interrupted meanwhile.
   */
  private boolean stopLoops() {
    AtomicInteger cutCount = new AtomicInteger();
    for (int i = 0; i < loops.size(); i++) {
      EventLoop loop = loops.get(i);
      Acceptor acceptor = acceptors.get(i);
      loop.stop(() -> cutCount.addAndGet(acceptor.stop()));
    }
    boolean interrupted = false;
    for (EventLoop loop : loops) {
      interrupted |= loop.join();
    }
    acceptors.forEach(Acceptor::loopEnded);
    cut = cutCount.get();
    return interrupted;
  }

  /**
   * The address that it listens on, with the port it got if 0 was asked for.
   *
   * @throws IllegalStateException if it was not started
   */
  public InetSocketAddress localAddress() {
    InetSocketAddress address = localAddress;
    if (address == null) {
      throw new IllegalStateException("it was not started");
    }
    return address;
  }

  /** Clients that are connected now, whether or not their server is connected yet. */
  public int openRelays() {
    int sum = 0;
    for (Acceptor acceptor : acceptors) {
      sum += acceptor.openRelays();
    }
    return sum;
  }

  /** Clients that were refused because no server could be picked or connected to. */
  public long refusedClients() {
    return outage.refusedCount();
  }

  /**
   * What it has done so far and how it stands. Asks one event loop after the other and waits for
   * their answers, which takes each about a microsecond and some more for each server; good for
   * once a second. Safe for use before the start and after a shutdown, too.
   *
   * @throws IllegalStateException if called on an event loop, as by a listener of the balancer
   */
  public ProxyStats stats() {
    requireOffLoop("stats");
    StatsReader reader = new StatsReader(settings.clock().nanoTime());
    List<Acceptor> all = acceptors;
    for (Acceptor acceptor : all) {
      reader.read(acceptor.loop(), acceptor);
    }
    return reader.stats(waiting.count());
  }

  private void requireOffLoop(String what) {
    for (EventLoop loop : loops) {
      if (loop.isCurrentThread()) {
        throw new IllegalStateException(what + " waits for the event loops; call it elsewhere");
      }
    }
  }

  /**
   * Accepts no more, and lets relays go on for as long as they like: {@link #shutdown} ends it all.
   * Who was accepted by the kernel before is taken in first. May be called more than once.
   *
   * <p>For another process to take over without a client being refused: both listen with {@link
   * TcpProxyBuilder#reusePort}; the other one starts, then this one drains. On Linux a client whose
   * handshake ends within the microseconds between the last look into a listener's queue and its
   * closing is reset, unless {@code net.ipv4.tcp_migrate_req} is 1 (5.14 or later): then the kernel
   * hands it to the other process.
   *
   * @return completes when no relay is open, by an event loop's thread: what is done then must not
   *     block, nor call {@link #shutdown}. At once if it was not started
   */
  public CompletionStage<@Nullable Void> drain() {
    return drained(closeListeners()).minimalCompletionStage();
  }

  private List<Acceptor> closeListeners() {
    closeWarm();
    List<Acceptor> all = acceptors;
    for (Acceptor acceptor : all) {
      acceptor.loop().execute(acceptor::close);
    }
    if (!all.isEmpty()) {
      events.draining();
      events.deliverOn(all.get(0).loop());
    }
    return all;
  }

  private static CompletableFuture<@Nullable Void> drained(List<Acceptor> acceptors) {
    return CompletableFuture.allOf(
        acceptors.stream().map(Acceptor::drained).toArray(CompletableFuture<?>[]::new));
  }

  /**
   * Stops: accepts no more, lets relays finish, then resets those that are left. Returns when every
   * thread, socket and timer of the proxy is gone. A further call, or one at the same time, waits
   * for that and returns the same number. A thread that is interrupted waits for relays no longer.
   *
   * @param drain how long relays may take to finish; 0 for not at all
   * @return how many relays were cut
   * @throws IllegalArgumentException if the time is negative
   * @throws IllegalStateException if called on an event loop, as by a listener of the balancer
   */
  public int shutdown(Duration drain) {
    if (drain.isNegative()) {
      throw new IllegalArgumentException("drain: " + drain + " (expected: >= 0)");
    }
    requireOffLoop("shutdown");
    int relaysCut = shutdownOnce(drain);
    events.deliver(); // the lock is not held here
    return relaysCut;
  }

  private synchronized int shutdownOnce(Duration drain) {
    if (shutDown) {
      return cut;
    }
    shutDown = true;
    closeListeners();
    boolean interrupted = !awaitDrained(drain);
    interrupted |= stopLoops();
    interrupted |= warm != null && warm.awaitEnd();
    balancer.removeListener(addresses);
    balancer.removeListener(membership);
    addresses.close();
    if (started) {
      log.info("stopped listening on {}; {} relays cut", AccessLog.text(localAddress()), cut);
      events.stopped(cut);
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return cut;
  }

  private void closeWarm() {
    if (warm != null) {
      warm.close();
    }
  }

  /** False if the wait was interrupted. */
  private boolean awaitDrained(Duration drain) {
    try {
      drained(acceptors).get(toNanos(drain), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      log.debug("relays are left after {}", drain);
    } catch (ExecutionException e) {
      throw new AssertionError("nothing completes it so", e);
    } catch (InterruptedException e) {
      return false;
    }
    return true;
  }

  /** In nanoseconds; a time longer than a century is a century, so that sums do not overflow. */
  private static long toNanos(Duration time) {
    Duration most = Duration.ofDays(36_525);
    return (time.compareTo(most) < 0 ? time : most).toNanos();
  }

  /** For tests. */
  @Nullable WarmConnections warm() {
    return warm;
  }

  /** For tests. */
  List<EventLoop> loops() {
    return loops;
  }

  /** For tests; in the order of the loops. */
  List<Acceptor> acceptors() {
    return acceptors;
  }
}
