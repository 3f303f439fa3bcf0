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

/**
 * What a proxy was built with, checked by {@link TcpProxyBuilder}.
 *
 * @param threadFactory null for the proxy's own
 * @param eventListener null for none
 */
record ProxySettings(
    LoadBalancer balancer,
    String host,
    int port,
    int eventLoops,
    int maxConnections,
    int acceptRate,
    int maxWaiting,
    Duration waitTimeout,
    SocketSettings sockets,
    int readBufferBytes,
    int lowWaterBytes,
    int highWaterBytes,
    OnServerDown onServerDown,
    List<InetAddress> sourceAddresses,
    ServerAddresses.Resolver resolver,
    int warmConnections,
    int connectAttempts,
    Duration connectDeadline,
    Duration connectTimeout,
    Duration maxLifetime,
    Duration idleTimeout,
    Duration halfClosedTimeout,
    NanoClock clock,
    @Nullable ThreadFactory threadFactory,
    @Nullable Consumer<? super ProxyEvent> eventListener,
    boolean reusePort,
    boolean shareAddress) {

  /**
   * Looks whether what a proxy lives by is as before.
   *
   * @throws IllegalArgumentException if something is not; it names the first
   */
  void requireFixedAsIn(ProxySettings before) {
    requireSame("host", host, before.host);
    requireSame("port", port, before.port);
    requireSame("reusePort", reusePort, before.reusePort);
    requireSame("eventLoops", eventLoops, before.eventLoops);
    requireSame("threadFactory", threadFactory, before.threadFactory);
    requireSame("onEvent", eventListener, before.eventListener);
  }

  private static void requireSame(String name, @Nullable Object now, @Nullable Object before) {
    if (!Objects.equals(now, before)) {
      throw new IllegalArgumentException(
          name + ": " + now + " (expected: " + before + ", for it stays as it was built)");
    }
  }
}
