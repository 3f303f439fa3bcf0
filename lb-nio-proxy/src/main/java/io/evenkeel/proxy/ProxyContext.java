package io.evenkeel.proxy;

import io.evenkeel.core.LoadBalancer;

/** What all relays of one proxy share: where servers come from, and the limits. */
record ProxyContext(
    LoadBalancer balancer,
    ServerAddresses addresses,
    Outage outage,
    ClientLimit clients,
    AcceptRate rate,
    WaitingClients waiting,
    long waitTimeoutNanos,
    SocketSettings sockets,
    int lowWaterBytes,
    int highWaterBytes,
    boolean cutOnServerDown,
    int connectAttempts,
    long connectDeadlineNanos,
    long connectTimeoutNanos,
    long maxLifetimeNanos,
    long idleTimeoutNanos,
    long halfClosedTimeoutNanos) {}
