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

  /** Written under this object's lock, read by anyone. */
  private volatile ProxySettings settings;

  private final LoadBalancer balancer;
  private final ServerAddresses addresses;
  private final Outage outage;
  private final WaitingClients waiting;

  private final ProxyEvents events;

  /** Null if there are to be none, or it was not started. Written by the life cycle. */
  private volatile @Nullable WarmConnections warm;

  /** One and the same each time, for it to be removed again. */
  private final BalancerListener membership = this::onEvent;

  /** Whether there may be relays that are cut when their server goes down. As the settings. */
  private volatile boolean cutsSome;

  // Guarded by this object's lock: the life cycle. Those that are volatile are read by anyone.
  private boolean started;
  private volatile boolean shutDown;
  private volatile boolean draining;
  private int cut;

  /** Closed; their threads are to be waited for. */
  private final List<WarmConnections> warmBefore = new ArrayList<>();

  /** What relays begin with. Null before the start. */
  private @Nullable ProxyContext context;

  /** Set once by {@link #start}. */
  private volatile List<EventLoop> loops = List.of();

  /** One for each loop; set once by {@link #start}. */
  private volatile List<Acceptor> acceptors = List.of();

  private volatile @Nullable InetSocketAddress localAddress;

  TcpProxy(ProxySettings settings) {
    this.settings = settings;
    this.cutsSome = settings.onServerDown() == OnServerDown.CUT;
    this.balancer = settings.balancer();
    this.addresses = new ServerAddresses("evenkeel-resolver", settings.resolver(), this::lookedUp);
    this.outage = new Outage(balancer);
    this.waiting = new WaitingClients(balancer, addresses, settings.maxWaiting());
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

  /**
   * Changes settings while it runs, all or none: {@code proxy.update(b -> b.maxConnections(500))}.
   * Clients that come from now on meet the new ones; relays that are there, and clients that wait,
   * keep what they began with. But limits are common to all: connections above a lower one finish,
   * and nobody new is taken in meanwhile; who is in a line that has become too long stays in it.
   * The read buffer is each loop's own, so that relays that are there read by it, too. Listeners
   * keep a receive buffer that they were bound with. Warm connections of another number are made
   * anew, and those before are closed.
   *
   * @param change is handed a builder with the settings of now, and may call what it likes of it
   *     but for another {@link TcpProxyBuilder#listen}, {@link TcpProxyBuilder#reusePort}, {@link
   *     TcpProxyBuilder#eventLoops}, {@link TcpProxyBuilder#threadFactory} or {@link
   *     TcpProxyBuilder#onEvent} than it was built with. Called under a lock of the proxy
   * @return whether that changed anything
   * @throws IllegalArgumentException if a setting is out of its range, is one that stays, or is a
   *     source address that is none of this machine; nothing has changed then
   * @throws IllegalStateException if it was shut down
   */
  public boolean update(Consumer<TcpProxyBuilder> change) {
    requireNotShutDown(); // without waiting for the end of that
    synchronized (this) {
      requireNotShutDown();
      ProxySettings before = settings;
      TcpProxyBuilder builder = new TcpProxyBuilder(before);
      change.accept(builder);
      ProxySettings next = builder.settings();
      next.requireFixedAsIn(before);
      if (next.equals(before)) {
        return false;
      }
      if (!next.sourceAddresses().equals(before.sourceAddresses())) {
        try {
          SourceAddresses.check(next.sourceAddresses());
        } catch (IOException e) {
          throw new IllegalArgumentException(e.getMessage(), e);
        }
      }
      settings = next;
      cutsSome |= next.onServerDown() == OnServerDown.CUT;
      waiting.limit(next.maxWaiting());
      ProxyContext running = context;
      if (running != null) { // else the start does the rest
        work(running, before, next);
        log.info("{}: settings changed", AccessLog.text(localAddress()));
      }
      return true;
    }
  }

  private void requireNotShutDown() {
    if (shutDown) {
      throw new IllegalStateException("it was shut down");
    }
  }

  /** By the next settings from now on, whatever began before. */
  private void work(ProxyContext running, ProxySettings before, ProxySettings next) {
    WarmConnections warmNow = warm;
    boolean isOtherWarm = next.warmConnections() != before.warmConnections() && !draining;
    if (isOtherWarm) {
      warm = next.warmConnections() == 0 ? null : newWarm();
    }
    ProxyContext other = contextOf(next, running.clients(), running.rate());
    context = other;
    boolean isOtherSource = !next.sourceAddresses().equals(before.sourceAddresses());
    for (int i = 0; i < acceptors.size(); i++) {
      Acceptor acceptor = acceptors.get(i);
      EventLoop loop = acceptor.loop();
      acceptor.use(
          other,
          isOtherSource ? new SourceAddresses(next.sourceAddresses(), i) : acceptor.sources());
      loop.execute(() -> loop.resizeReadBuffer(next.readBufferBytes()));
    }
    if (isOtherWarm) {
      replaceWarm(warmNow);
    }
    if (next.maxConnections() != before.maxConnections()) {
      running.clients().change(next.maxConnections());
    }
    if (next.acceptRate() != before.acceptRate()) {
      running.rate().change(next.acceptRate(), next.clock().nanoTime());
      acceptors.forEach(acceptor -> acceptor.loop().execute(acceptor::rateChanged));
    }
  }

  private WarmConnections newWarm() {
    return new WarmConnections(
        balancer, settings.warmConnections(), settings.clock(), WarmConnections.QUIET);
  }

  /** Relays that began with those before find none there from now on. */
  private void replaceWarm(@Nullable WarmConnections before) {
    if (warm != null) {
      warm.start(acceptors);
    }
    warmBefore.removeIf(WarmConnections::hasEnded);
    if (before != null) {
      before.close();
      warmBefore.add(before);
    }
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
        warm = newWarm();
      }
      startLoops(listeners);
      if (warm != null) {
        warm.start(acceptors);
      }
    } catch (Throwable e) {
      closeWarm();
      boolean interrupted = stopLoops();
      warm = null;
      context = null;
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

  private ProxyContext contextOf(ProxySettings with, ClientLimit clients, AcceptRate rate) {
    return new ProxyContext(
        balancer,
        addresses,
        outage,
        clients,
        rate,
        waiting,
        warm,
        events,
        toNanos(with.waitTimeout()),
        with.sockets(),
        with.lowWaterBytes(),
        with.highWaterBytes(),
        with.onServerDown() == OnServerDown.CUT,
        with.connectAttempts(),
        toNanos(with.connectDeadline()),
        toNanos(with.connectTimeout()),
        toNanos(with.maxLifetime()),
        toNanos(with.idleTimeout()),
        toNanos(with.halfClosedTimeout()));
  }

  private void startLoops(List<ServerSocketChannel> listeners) throws IOException {
    ProxyContext first =
        contextOf(
            settings,
            new ClientLimit(settings.maxConnections()),
            new AcceptRate(settings.acceptRate(), settings.clock().nanoTime()));
    ThreadFactory threads =
        settings.threadFactory() == null ? loopThreads() : settings.threadFactory();
    List<EventLoop> newLoops = new ArrayList<>();
    List<Acceptor> newAcceptors = new ArrayList<>();
    try {
      for (ServerSocketChannel listener : listeners) {
        EventLoop loop = new EventLoop(threads, settings.clock(), settings.readBufferBytes());
        SourceAddresses sources = new SourceAddresses(settings.sourceAddresses(), newLoops.size());
        Acceptor acceptor = new Acceptor(first, loop, listener, sources);
        loop.execute(acceptor::open);
        newLoops.add(loop);
        newAcceptors.add(acceptor);
      }
    } finally { // those there are, if it failed half way: to be stopped
      loops = List.copyOf(newLoops);
      acceptors = List.copyOf(newAcceptors);
    }
    context = first;
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

  /** A name was looked up. */
  private void lookedUp() {
    waiting.roomMayBe();
  }

  /** Tells every loop who has left, and who is there again. */
  private void onEvent(BalancerEvent event) {
    if (event instanceof ServerRemoved || event instanceof ServerBlocked) {
      waiting.serverGone();
    } else {
      waiting.roomMayBe();
    }
    String id = event.server().id();
    for (Acceptor acceptor : acceptors) {
      if (event instanceof ServerRemoved) {
        acceptor.loop().execute(() -> acceptor.stats().left(id));
      } else if (event instanceof ServerAdded) {
        acceptor.loop().execute(() -> acceptor.stats().joined(id));
      } else if (cutsSome
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
    draining = true;
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
    for (WarmConnections before : warmBefore) {
      interrupted |= before.awaitEnd();
    }
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
