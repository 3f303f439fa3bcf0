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
    int connectAttempts,
    long connectTimeoutNanos,
    long idleTimeoutNanos,
    long halfClosedTimeoutNanos) {}
