package io.evenkeel.proxy;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.NanoClock;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
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
    boolean shareAddress) {}
