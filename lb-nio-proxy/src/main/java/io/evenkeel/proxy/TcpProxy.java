package io.evenkeel.proxy;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.NanoClock;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.ServerSocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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
 * selectors that go by keys, is the client's IP address, 4 or 16 bytes, without the port.
 *
 * <p>Runs on its own threads ({@code evenkeel-loop-N}), one an event loop, which keep the JVM alive
 * until {@link #shutdown}. Several proxies may run in one JVM. Safe for use by any thread.
 */
public final class TcpProxy {

  private static final Logger log = LoggerFactory.getLogger(TcpProxy.class);

  private final ProxySettings settings;
  private final LoadBalancer balancer;
  private final ServerAddresses addresses = new ServerAddresses("evenkeel-resolver");
  private final Outage outage;

  // Guarded by this object's lock: the life cycle.
  private boolean started;
  private boolean shutDown;
  private int cut;

  /** Set once by {@link #start}. */
  private volatile List<EventLoop> loops = List.of();

  /** One for each loop; set once by {@link #start}. */
  private volatile List<Acceptor> acceptors = List.of();

  private volatile @Nullable InetSocketAddress localAddress;

  private TcpProxy(ProxySettings settings) {
    this.settings = settings;
    this.balancer = settings.balancer();
    this.outage = new Outage(balancer);
  }

  /**
   * Begins a proxy.
   *
   * @param balancer says which server a client goes to; may be shared with others, and changed
   *     while the proxy runs
   */
  public static Builder builder(LoadBalancer balancer) {
    return new Builder(balancer);
  }

  /**
   * Binds the address and accepts clients from now on. Looks up the servers' names, which may take
   * a while.
   *
   * @throws UnknownHostException if the name of the listener or of a server is not found; the
   *     message names it
   * @throws IOException if the address cannot be bound, as when it is in use; nothing is left open
   * @throws IllegalStateException if it was started or shut down before
   */
  public synchronized void start() throws IOException {
    if (started || shutDown) {
      throw new IllegalStateException(shutDown ? "it was shut down" : "it was started already");
    }
    InetSocketAddress address = new InetSocketAddress(settings.host(), settings.port());
    if (address.isUnresolved()) {
      throw new UnknownHostException("listener: host not found: " + settings.host());
    }
    balancer.addListener(addresses);
    List<ServerSocketChannel> listeners = List.of();
    try {
      addresses.resolveAll(balancer.nodes());
      listeners = Listeners.open(address, settings.eventLoops(), settings.shareAddress());
      localAddress = (InetSocketAddress) listeners.get(0).getLocalAddress();
      startLoops(listeners);
    } catch (Throwable e) {
      stopLoops();
      loops = List.of();
      acceptors = List.of();
      localAddress = null;
      Listeners.closeAll(listeners);
      balancer.removeListener(addresses);
      throw e;
    }
    started = true;
    log.info("listening on {}, {} event loops", text(localAddress()), settings.eventLoops());
  }

  private void startLoops(List<ServerSocketChannel> listeners) throws IOException {
    ProxyContext context =
        new ProxyContext(
            balancer,
            addresses,
            outage,
            settings.connectAttempts(),
            toNanos(settings.connectTimeout()),
            toNanos(settings.idleTimeout()),
            toNanos(settings.halfClosedTimeout()));
    for (ServerSocketChannel listener : listeners) {
      EventLoop loop = new EventLoop("evenkeel-loop-" + loops.size(), settings.clock());
      Acceptor acceptor = new Acceptor(context, loop, listener);
      loops = append(loops, loop);
      acceptors = append(acceptors, acceptor);
      loop.execute(acceptor::open);
    }
    loops.forEach(EventLoop::start);
  }

  /**
   * Cuts what is left, ends every loop and waits for that; true if it was interrupted meanwhile.
   */
  private boolean stopLoops() {
    AtomicInteger cutCount = new AtomicInteger();
    for (int i = 0; i < loops.size(); i++) {
      EventLoop loop = loops.get(i);
      Acceptor acceptor = acceptors.get(i);
      loop.stop(() -> cutCount.addAndGet(acceptor.cutRelays()));
    }
    boolean interrupted = false;
    for (EventLoop loop : loops) {
      interrupted |= joinFully(loop);
    }
    cut = cutCount.get();
    return interrupted;
  }

  private static <T> List<T> append(List<T> list, T last) {
    List<T> longer = new ArrayList<>(list);
    longer.add(last);
    return List.copyOf(longer);
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
    for (EventLoop loop : loops) {
      if (loop.isCurrentThread()) {
        throw new IllegalStateException("shutdown waits for the event loops; call it elsewhere");
      }
    }
    return shutdownOnce(drain);
  }

  private synchronized int shutdownOnce(Duration drain) {
    if (shutDown) {
      return cut;
    }
    shutDown = true;
    for (int i = 0; i < loops.size(); i++) {
      loops.get(i).execute(acceptors.get(i)::close);
    }
    boolean interrupted = !awaitDrained(drain);
    interrupted |= stopLoops();
    balancer.removeListener(addresses);
    addresses.close();
    if (started) {
      log.info("stopped listening on {}; {} relays cut", text(localAddress()), cut);
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return cut;
  }

  /** False if the wait was interrupted. */
  private boolean awaitDrained(Duration drain) {
    CompletableFuture<Void> all =
        CompletableFuture.allOf(
            acceptors.stream().map(Acceptor::drained).toArray(CompletableFuture<?>[]::new));
    try {
      all.get(toNanos(drain), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      log.debug("relays are left after {}", drain);
    } catch (ExecutionException e) {
      throw new AssertionError("nothing completes it so", e);
    } catch (InterruptedException e) {
      return false;
    }
    return true;
  }

  /** Loops end by themselves now, so this is short; true if it was interrupted meanwhile. */
  private static boolean joinFully(EventLoop loop) {
    boolean interrupted = false;
    while (true) {
      try {
        loop.join();
        return interrupted;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
  }

  /** HOST:PORT, without the slash that an address's own text begins with. */
  private static String text(InetSocketAddress address) {
    String host = address.getAddress().getHostAddress();
    return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + address.getPort();
  }

  /** In nanoseconds; a time longer than a century is a century, so that sums do not overflow. */
  private static long toNanos(Duration time) {
    Duration most = Duration.ofDays(36_525);
    return (time.compareTo(most) < 0 ? time : most).toNanos();
  }

  /** For tests. */
  List<EventLoop> loops() {
    return loops;
  }

  /** For tests; in the order of the loops. */
  List<Acceptor> acceptors() {
    return acceptors;
  }

  /** Collects the settings of a proxy. Not safe for use by several threads at once. */
  public static final class Builder {

    private final LoadBalancer balancer;
    private String host = "127.0.0.1";
    private int port;
    private int eventLoops = Runtime.getRuntime().availableProcessors();
    private int connectAttempts = 3;
    private Duration connectTimeout = Duration.ofSeconds(5);
    private Duration idleTimeout = Duration.ofSeconds(60);
    private Duration halfClosedTimeout = Duration.ofSeconds(30);
    private NanoClock clock = NanoClock.system();
    private boolean shareAddress = Listeners.canShareAddress();

    private Builder(LoadBalancer balancer) {
      this.balancer = Objects.requireNonNull(balancer, "balancer");
    }

    /**
     * Where to listen; a free port of 127.0.0.1 by default.
     *
     * @param host a name or an address of this machine; {@code 0.0.0.0} or {@code ::} for all
     * @param port 0 to 65535; 0 for a free one, see {@link TcpProxy#localAddress}
     * @throws IllegalArgumentException if the host is blank or the port out of range
     */
    public Builder listen(String host, int port) {
      if (host.isBlank()) {
        throw new IllegalArgumentException("host: '" + host + "' (expected: not blank)");
      }
      if (port < 0 || port > 65_535) {
        throw new IllegalArgumentException("port: " + port + " (expected: 0 to 65535)");
      }
      this.host = host;
      this.port = port;
      return this;
    }

    /**
     * How many event loops, each a thread; as many as there are processors by default.
     *
     * @param eventLoops 1 to 1024
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder eventLoops(int eventLoops) {
      if (eventLoops < 1 || eventLoops > 1024) {
        throw new IllegalArgumentException("eventLoops: " + eventLoops + " (expected: 1 to 1024)");
      }
      this.eventLoops = eventLoops;
      return this;
    }

    /**
     * How many servers to try for one client, the first included; 3 by default.
     *
     * @param connectAttempts 1 or more
     * @throws IllegalArgumentException if it is less than 1
     */
    public Builder connectAttempts(int connectAttempts) {
      if (connectAttempts < 1) {
        throw new IllegalArgumentException(
            "connectAttempts: " + connectAttempts + " (expected: >= 1)");
      }
      this.connectAttempts = connectAttempts;
      return this;
    }

    /**
     * How long connecting to one server may take; 5 s by default. A timeout may be 67 ms late.
     *
     * @throws IllegalArgumentException if it is not positive
     */
    public Builder connectTimeout(Duration connectTimeout) {
      this.connectTimeout = requirePositive("connectTimeout", connectTimeout);
      return this;
    }

    /**
     * How long a relay may be without a byte in either direction; 60 s by default.
     *
     * @throws IllegalArgumentException if it is not positive
     */
    public Builder idleTimeout(Duration idleTimeout) {
      this.idleTimeout = requirePositive("idleTimeout", idleTimeout);
      return this;
    }

    /**
     * The same, once one end has said that it sends no more; 30 s by default. The shorter of the
     * two counts.
     *
     * @throws IllegalArgumentException if it is not positive
     */
    public Builder halfClosedTimeout(Duration halfClosedTimeout) {
      this.halfClosedTimeout = requirePositive("halfClosedTimeout", halfClosedTimeout);
      return this;
    }

    private static Duration requirePositive(String name, Duration time) {
      if (time.isNegative() || time.isZero()) {
        throw new IllegalArgumentException(name + ": " + time + " (expected: > 0)");
      }
      return time;
    }

    /** The clock of timeouts; for tests. */
    Builder clock(NanoClock clock) {
      this.clock = clock;
      return this;
    }

    /**
     * Whether loops have a listener each, or share one as on other systems than Linux; for tests.
     */
    Builder shareAddress(boolean shareAddress) {
      this.shareAddress = shareAddress;
      return this;
    }

    /** The proxy, not yet started. */
    public TcpProxy build() {
      return new TcpProxy(
          new ProxySettings(
              balancer,
              host,
              port,
              eventLoops,
              connectAttempts,
              connectTimeout,
              idleTimeout,
              halfClosedTimeout,
              clock,
              shareAddress));
    }
  }
}
