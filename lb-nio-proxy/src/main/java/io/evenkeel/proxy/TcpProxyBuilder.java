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
            connectAttempts,
            connectTimeout,
            idleTimeout,
            halfClosedTimeout,
            clock,
            shareAddress));
  }
}
