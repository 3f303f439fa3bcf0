package io.evenkeel.proxy;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.NanoClock;
import java.time.Duration;
import java.util.Objects;

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
  private int connectAttempts = 3;
  private Duration connectTimeout = Duration.ofSeconds(5);
  private Duration idleTimeout = Duration.ofSeconds(60);
  private Duration halfClosedTimeout = Duration.ofSeconds(30);
  private NanoClock clock = NanoClock.system();
  private boolean shareAddress = Listeners.canShareAddress();

  TcpProxyBuilder(LoadBalancer balancer) {
    this.balancer = Objects.requireNonNull(balancer, "balancer");
  }

  /**
   * Where to listen; a free port of 127.0.0.1 by default.
   *
   * @param host a name or an address of this machine; {@code 0.0.0.0} or {@code ::} for all
   * @param port 0 to 65535; 0 for a free one, see {@link TcpProxy#localAddress}
   * @throws IllegalArgumentException if the host is blank or the port out of range
   */
  public TcpProxyBuilder listen(String host, int port) {
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
  public TcpProxyBuilder eventLoops(int eventLoops) {
    if (eventLoops < 1 || eventLoops > 1024) {
      throw new IllegalArgumentException("eventLoops: " + eventLoops + " (expected: 1 to 1024)");
    }
    this.eventLoops = eventLoops;
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
   * @param clientsPerSecond 1 to 1,000,000
   * @throws IllegalArgumentException if it is out of range
   */
  public TcpProxyBuilder acceptRate(int clientsPerSecond) {
    if (clientsPerSecond < 1 || clientsPerSecond > 1_000_000) {
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
   * How long connecting to one server may take; 5 s by default. A timeout may be 67 ms late.
   *
   * @throws IllegalArgumentException if it is not positive
   */
  public TcpProxyBuilder connectTimeout(Duration connectTimeout) {
    this.connectTimeout = requirePositive("connectTimeout", connectTimeout);
    return this;
  }

  /**
   * How long a relay may be without a byte in either direction; 60 s by default.
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

  private static Duration requirePositive(String name, Duration time) {
    if (time.isNegative() || time.isZero()) {
      throw new IllegalArgumentException(name + ": " + time + " (expected: > 0)");
    }
    return time;
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
    return new TcpProxy(
        new ProxySettings(
            balancer,
            host,
            port,
            eventLoops,
            maxConnections,
            acceptRate,
            maxWaiting,
            waitTimeout,
            connectAttempts,
            connectTimeout,
            idleTimeout,
            halfClosedTimeout,
            clock,
            shareAddress));
  }
}
