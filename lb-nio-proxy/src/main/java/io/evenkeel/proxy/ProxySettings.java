package io.evenkeel.proxy;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.NanoClock;
import java.time.Duration;

/** What a proxy was built with, checked by {@link TcpProxyBuilder}. */
record ProxySettings(
    LoadBalancer balancer,
    String host,
    int port,
    int eventLoops,
    int maxConnections,
    int acceptRate,
    int maxWaiting,
    Duration waitTimeout,
    int connectAttempts,
    Duration connectTimeout,
    Duration idleTimeout,
    Duration halfClosedTimeout,
    NanoClock clock,
    boolean shareAddress) {}
