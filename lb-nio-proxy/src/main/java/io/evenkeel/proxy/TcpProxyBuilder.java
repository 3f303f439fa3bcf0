package io.evenkeel.proxy;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.NanoClock;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ThreadFactory;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Collects the settings of a proxy. Not safe for use by several threads at once. */
public final class TcpProxyBuilder {

  private final LoadBalancer balancer;
  private String host = "127.0.0.1";
  private int port;
  private int eventLoops = Runtime.getRuntime().availableProcessors();
  private int maxConnections = Integer.MAX_VALUE;
  private int acceptRate = AcceptRate.UNLIMITED;
  private int maxWaiting;
  private Duration waitTimeout = Duration.ofSeconds(5);
  private int warmConnections;
  private int connectAttempts = 3;
  private Duration connectDeadline = Duration.ofSeconds(15);
  private List<InetAddress> sourceAddresses = List.of();
  private ServerAddresses.Resolver resolver = InetAddress::getAllByName;
  private Duration maxLifetime = Duration.ofSeconds(Long.MAX_VALUE);
  private OnServerDown onServerDown = OnServerDown.FINISH;
  private boolean tcpNoDelay = true;
  private boolean keepAlive;
  private int receiveBufferBytes;
  private int sendBufferBytes;
  private int readBufferBytes = EventLoop.READ_BUFFER_BYTES;
  private int lowWaterBytes;
  private int highWaterBytes = 1;
  private Duration connectTimeout = Duration.ofSeconds(5);
  private Duration idleTimeout = Duration.ofSeconds(60);
  private Duration halfClosedTimeout = Duration.ofSeconds(30);
  private NanoClock clock = NanoClock.system();
  private @Nullable ThreadFactory threadFactory;
  private @Nullable Consumer<? super ProxyEvent> eventListener;
  private boolean reusePort;
  private boolean shareAddress = Listeners.canShareAddress();

  TcpProxyBuilder(LoadBalancer balancer) {
    this.balancer = Objects.requireNonNull(balancer, "balancer");
  }

  /** Begins with these. */
  TcpProxyBuilder(ProxySettings settings) {
    this(settings.balancer());
    host = settings.host();
    port = settings.port();
    eventLoops = settings.eventLoops();
    maxConnections = settings.maxConnections();
    acceptRate = settings.acceptRate();
    maxWaiting = settings.maxWaiting();
    waitTimeout = settings.waitTimeout();
    warmConnections = settings.warmConnections();
    connectAttempts = settings.connectAttempts();
    connectDeadline = settings.connectDeadline();
    sourceAddresses = settings.sourceAddresses();
    resolver = settings.resolver();
    maxLifetime = settings.maxLifetime();
    onServerDown = settings.onServerDown();
    tcpNoDelay = settings.sockets().noDelay();
    keepAlive = settings.sockets().keepAlive();
    receiveBufferBytes = settings.sockets().receiveBufferBytes();
    sendBufferBytes = settings.sockets().sendBufferBytes();
    readBufferBytes = settings.readBufferBytes();
    lowWaterBytes = settings.lowWaterBytes();
    highWaterBytes = settings.highWaterBytes();
    connectTimeout = settings.connectTimeout();
    idleTimeout = settings.idleTimeout();
    halfClosedTimeout = settings.halfClosedTimeout();
    clock = settings.clock();
    threadFactory = settings.threadFactory();
    eventListener = settings.eventListener();
    reusePort = settings.reusePort();
    shareAddress = settings.shareAddress();
  }

  /**
   * Where to listen; a free port of 127.0.0.1 by default.
   *
   * @param host a name or an address of this machine; {@code 0.0.0.0} or {@code ::} for all
   * @param port 0 to 65535; 0 for a free one, see {@link TcpProxy#localAddress}
   * @throws IllegalArgumentException if the host is blank or the port out of range
   */
  public TcpProxyBuilder listen(String host, int port) {
    Objects.requireNonNull(host, "host");
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
   * Lets other processes of the same user listen on the same address at the same time
   * (SO_REUSEPORT), if they ask for it, too; off by default: then an address in use is an error.
   * For one process to take over from another: see {@link TcpProxy#drain}.
   */
  public TcpProxyBuilder reusePort(boolean reusePort) {
    this.reusePort = reusePort;
    return this;
  }

  /**
   * How many event loops, each a thread; as many as there are processors by default.
   *
   * @param eventLoops 1 to 1024
   * @throws IllegalArgumentException if it is out of range
   */
  public TcpProxyBuilder eventLoops(int eventLoops) {
    if (eventLoops < 1 || eventLoops > 1024) {
      throw new IllegalArgumentException("eventLoops: " + eventLoops + " (expected: 1 to 1024)");
    }
    this.eventLoops = eventLoops;
    return this;
  }

  /**
   * Makes the threads of the event loops; by default the proxy's own, {@code evenkeel-loop-0} and
   * so on, which are no daemons.
   *
   * <p>It is asked for each loop once, by {@link TcpProxy#start}, on the caller's thread. Name,
   * priority, daemon or not, class loader and uncaught exceptions are its business, and it may wrap
   * what it is given; the thread must run that, once it is started, and end when that returns, for
   * {@link TcpProxy#shutdown} waits for it. A factory that throws a RuntimeException, returns null,
   * or returns a thread that was started already is an {@link IllegalStateException} of the start.
   */
  public TcpProxyBuilder threadFactory(ThreadFactory threadFactory) {
    this.threadFactory = Objects.requireNonNull(threadFactory, "threadFactory");
    return this;
  }

  /**
   * How many clients may be connected at a time, of all loops together, those that wait for room on
   * a server included; no limit by default. Further clients wait in the kernel's queue of the
   * listener. At a shutdown those in that queue are taken in all the same.
   *
   * <p>For a limit to the connections of each server see {@link
   * io.evenkeel.core.LoadBalancerBuilder#maxConcurrent}.
   *
   * @param maxConnections 1 or more
   * @throws IllegalArgumentException if it is less than 1
   */
  public TcpProxyBuilder maxConnections(int maxConnections) {
    if (maxConnections < 1) {
      throw new IllegalArgumentException("maxConnections: " + maxConnections + " (expected: >= 1)");
    }
    this.maxConnections = maxConnections;
    return this;
  }

  /**
   * How many clients to take in a second, by all loops together; no limit by default. Further
   * clients wait in the kernel's queue of the listener. After a pause as many as come in a quarter
   * of a second may be taken in at once.
   *
   * @param clientsPerSecond 1 to 1,000,000; {@link Integer#MAX_VALUE} for no limit
   * @throws IllegalArgumentException if it is out of range
   */
  public TcpProxyBuilder acceptRate(int clientsPerSecond) {
    boolean isInRange = clientsPerSecond >= 1 && clientsPerSecond <= 1_000_000;
    if (!isInRange && clientsPerSecond != AcceptRate.UNLIMITED) {
      throw new IllegalArgumentException(
          "acceptRate: " + clientsPerSecond + " (expected: 1 to 1000000)");
    }
    this.acceptRate = clientsPerSecond;
    return this;
  }

  /**
   * How many clients may wait at a time, of all loops together, when every server has as many as it
   * may: {@link io.evenkeel.core.LoadBalancerBuilder#maxConcurrent}. First come, first served. None
   * by default: they are refused at once, as those for whom there is no room to wait.
   *
   * <p>A client that says it sends no more has left, and is reset; so one that ends its input
   * before the answer comes should not have to wait. What a waiting client sends is kept up to 16
   * KiB; of one that has sent more it is not seen that it leaves.
   *
   * @param maxWaiting 0 or more
   * @throws IllegalArgumentException if it is negative
   */
  public TcpProxyBuilder maxWaiting(int maxWaiting) {
    if (maxWaiting < 0) {
      throw new IllegalArgumentException("maxWaiting: " + maxWaiting + " (expected: >= 0)");
    }
    this.maxWaiting = maxWaiting;
    return this;
  }

  /**
   * How long a client may wait for room on a server, until it is refused; 5 s by default.
   *
   * @throws IllegalArgumentException if it is not positive
   */
  public TcpProxyBuilder waitTimeout(Duration waitTimeout) {
    this.waitTimeout = requirePositive("waitTimeout", waitTimeout);
    return this;
  }

  /**
   * How many servers to try for one client, the first included; 3 by default.
   *
   * @param connectAttempts 1 or more
   * @throws IllegalArgumentException if it is less than 1
   */
  public TcpProxyBuilder connectAttempts(int connectAttempts) {
    if (connectAttempts < 1) {
      throw new IllegalArgumentException(
          "connectAttempts: " + connectAttempts + " (expected: >= 1)");
    }
    this.connectAttempts = connectAttempts;
    return this;
  }

  /**
   * How long connecting to one address of a server may take; 5 s by default. A timeout may be 67 ms
   * late.
   *
   * @throws IllegalArgumentException if it is not positive
   */
  public TcpProxyBuilder connectTimeout(Duration connectTimeout) {
    this.connectTimeout = requirePositive("connectTimeout", connectTimeout);
    return this;
  }

  /**
   * How long a relay may be without a byte in either direction; 60 s by default. Then each end gets
   * a FIN, or a reset if there are bytes for it that it has not taken.
   *
   * @throws IllegalArgumentException if it is not positive
   */
  public TcpProxyBuilder idleTimeout(Duration idleTimeout) {
    this.idleTimeout = requirePositive("idleTimeout", idleTimeout);
    return this;
  }

  /**
   * The same, once one end has said that it sends no more; 30 s by default. The shorter of the two
   * counts.
   *
   * @throws IllegalArgumentException if it is not positive
   */
  public TcpProxyBuilder halfClosedTimeout(Duration halfClosedTimeout) {
    this.halfClosedTimeout = requirePositive("halfClosedTimeout", halfClosedTimeout);
    return this;
  }

  /**
   * How long looking for a server may take in all, from the first attempt to connect on; 15 s by
   * default. Then the client is refused, whatever attempts are left.
   *
   * @throws IllegalArgumentException if it is not positive
   */
  public TcpProxyBuilder connectDeadline(Duration connectDeadline) {
    this.connectDeadline = requirePositive("connectDeadline", connectDeadline);
    return this;
  }

  /**
   * The local addresses that connections to servers come from, in turn; the system's choice by
   * default. An address has some 28,000 ports (Linux: {@code net.ipv4.ip_local_port_range}), each
   * for one connection, whichever its server: so many connections need several addresses, and one
   * alone allows fewer than the system's choice where there are several servers. A server of a
   * family of which there is none here is connected to from where the system says. That they are
   * this machine's is checked at the start.
   *
   * @param addresses none for the system's choice
   */
  public TcpProxyBuilder sourceAddresses(List<InetAddress> addresses) {
    this.sourceAddresses = List.copyOf(addresses);
    return this;
  }

  /**
   * How many connections to each server to make beforehand, so that a client's first byte need not
   * wait for a handshake; none by default. They are shared by all loops. A client gets one that
   * nobody has used, and another is made in its place; one that the server has closed meanwhile is
   * not used, and one that turns out to be gone before the first byte is replaced by a new
   * connection without the client noticing. When there is none, the client is connected as without.
   *
   * <p>Only servers without a {@link io.evenkeel.core.Block} have some. They are no relays: no
   * lease is held for them, and they do not count toward {@link
   * io.evenkeel.core.LoadBalancerBuilder#maxConcurrent}. A server must bear connections that say
   * nothing; each is replaced after 30 s. What it says unasked, as a greeting, is kept for the
   * client. Needs a descriptor for each; when those run out, warm connections are closed first.
   * Takes one daemon thread more, {@code evenkeel-warm}.
   *
   * @param perServer 0 to 1,000
   * @throws IllegalArgumentException if it is out of range
   */
  public TcpProxyBuilder warmConnections(int perServer) {
    if (perServer < 0 || perServer > 1_000) {
      throw new IllegalArgumentException(
          "warmConnections: " + perServer + " (expected: 0 to 1000)");
    }
    this.warmConnections = perServer;
    return this;
  }

  /**
   * How long a relay may last, from when its server is connected; for ever by default. Then both
   * ends are reset.
   *
   * @throws IllegalArgumentException if it is not positive
   */
  public TcpProxyBuilder maxLifetime(Duration maxLifetime) {
    this.maxLifetime = requirePositive("maxLifetime", maxLifetime);
    return this;
  }

  /**
   * What becomes of a server's relays when its health check says that it is down; they finish by
   * default.
   */
  public TcpProxyBuilder onServerDown(OnServerDown onServerDown) {
    this.onServerDown = Objects.requireNonNull(onServerDown, "onServerDown");
    return this;
  }

  /**
   * Who hears of what happens to the proxy as a whole: that it listens, pauses accepting, drains,
   * is stopped. Nobody by default; of several calls the last counts. What becomes of servers is for
   * a listener of the balancer.
   *
   * <p>Called one event at a time, in their order, and with no lock held: {@link
   * ProxyEvent.Stopped} on the thread that calls {@link TcpProxy#shutdown}, before that returns,
   * all others on the thread of an event loop, soon after. That loop's relays wait meanwhile, so it
   * must be quick, must not block, and must not call {@link TcpProxy#shutdown} nor {@link
   * TcpProxy#stats}; {@link TcpProxy#drain} it may. What it throws is logged and goes no further.
   */
  public TcpProxyBuilder onEvent(Consumer<? super ProxyEvent> listener) {
    this.eventListener = Objects.requireNonNull(listener, "listener");
    return this;
  }

  /** TCP_NODELAY of all connections: small writes are not held back; on by default. */
  public TcpProxyBuilder tcpNoDelay(boolean tcpNoDelay) {
    this.tcpNoDelay = tcpNoDelay;
    return this;
  }

  /**
   * SO_KEEPALIVE of all connections: the system asks now and then whether the other end is still
   * there, as often as it is set to; off by default, for the idle timeout ends silent relays.
   */
  public TcpProxyBuilder keepAlive(boolean keepAlive) {
    this.keepAlive = keepAlive;
    return this;
  }

  /**
   * SO_RCVBUF and SO_SNDBUF of all connections: what the kernel keeps of each; sized by the system
   * as needed by default, which a size of one's own ends.
   *
   * @param receiveBytes 1,024 to 1 GiB, or 0 for the system's choice
   * @param sendBytes the same
   * @throws IllegalArgumentException if one is out of range
   */
  public TcpProxyBuilder socketBuffers(int receiveBytes, int sendBytes) {
    this.receiveBufferBytes = requireBufferSize("receiveBytes", receiveBytes);
    this.sendBufferBytes = requireBufferSize("sendBytes", sendBytes);
    return this;
  }

  private static int requireBufferSize(String name, int bytes) {
    if (bytes != 0 && (bytes < 1_024 || bytes > 1 << 30)) {
      throw new IllegalArgumentException(
          name + ": " + bytes + " (expected: 0, or 1024 to 1073741824)");
    }
    return bytes;
  }

  /**
   * The most that one read takes. An event loop has one buffer of this size for all its
   * connections; 512 KiB by default. Larger ones need fewer system calls for bulk transfers, and
   * more memory for peers that are slow.
   *
   * @param readBufferBytes 4,096 to 16 MiB
   * @throws IllegalArgumentException if it is out of range
   */
  public TcpProxyBuilder readBuffer(int readBufferBytes) {
    if (readBufferBytes < 4_096 || readBufferBytes > 16 << 20) {
      throw new IllegalArgumentException(
          "readBuffer: " + readBufferBytes + " (expected: 4096 to 16777216)");
    }
    this.readBufferBytes = readBufferBytes;
    return this;
  }

  /**
   * When the proxy stops reading from one end because the other takes nothing, and when it goes on.
   * It keeps what a connection would not take; with {@code high} bytes of that or more it reads no
   * further, with {@code low} or fewer again. By default 0 and 1: it stops with the first byte that
   * is kept, and goes on when none is. So much and one read more is kept a direction.
   *
   * @param lowBytes 0 or more, less than {@code highBytes}
   * @param highBytes 1 to 16 MiB
   * @throws IllegalArgumentException if one is out of range
   */
  public TcpProxyBuilder waterMarks(int lowBytes, int highBytes) {
    if (highBytes < 1 || highBytes > 16 << 20) {
      throw new IllegalArgumentException("highBytes: " + highBytes + " (expected: 1 to 16777216)");
    }
    if (lowBytes < 0 || lowBytes >= highBytes) {
      throw new IllegalArgumentException(
          "lowBytes: " + lowBytes + " (expected: 0 to " + (highBytes - 1) + ")");
    }
    this.lowWaterBytes = lowBytes;
    this.highWaterBytes = highBytes;
    return this;
  }

  private static Duration requirePositive(String name, Duration time) {
    Objects.requireNonNull(time, name);
    if (time.isNegative() || time.isZero()) {
      throw new IllegalArgumentException(name + ": " + time + " (expected: > 0)");
    }
    return time;
  }

  /** How names are looked up; for tests. */
  TcpProxyBuilder resolver(ServerAddresses.Resolver resolver) {
    this.resolver = resolver;
    return this;
  }

  /** The clock of timeouts; for tests. */
  TcpProxyBuilder clock(NanoClock clock) {
    this.clock = clock;
    return this;
  }

  /** Whether loops have a listener each, or share one as on other systems than Linux; for tests. */
  TcpProxyBuilder shareAddress(boolean shareAddress) {
    this.shareAddress = shareAddress;
    return this;
  }

  /** The proxy, not yet started. */
  public TcpProxy build() {
    return new TcpProxy(settings());
  }

  ProxySettings settings() {
    return new ProxySettings(
        balancer,
        host,
        port,
        eventLoops,
        maxConnections,
        acceptRate,
        maxWaiting,
        waitTimeout,
        new SocketSettings(tcpNoDelay, keepAlive, receiveBufferBytes, sendBufferBytes),
        readBufferBytes,
        lowWaterBytes,
        highWaterBytes,
        onServerDown,
        sourceAddresses,
        resolver,
        warmConnections,
        connectAttempts,
        connectDeadline,
        connectTimeout,
        maxLifetime,
        idleTimeout,
        halfClosedTimeout,
        clock,
        threadFactory,
        eventListener,
        reusePort,
        shareAddress);
  }
}
