package io.evenkeel.proxy;

import io.evenkeel.core.Block;
import io.evenkeel.core.Lease;
import io.evenkeel.core.LoadBalancer;
import java.net.ConnectException;
import org.jspecify.annotations.Nullable;

/**
 * What all relays of one proxy share: where servers come from, and the limits.
 *
 * @param warm null if there are to be none
 */
record ProxyContext(
    LoadBalancer balancer,
    ServerAddresses addresses,
    Outage outage,
    ClientLimit clients,
    AcceptRate rate,
    WaitingClients waiting,
    @Nullable WarmConnections warm,
    ProxyEvents events,
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
    long halfClosedTimeoutNanos) {

  /**
   * Of a relay that begins: whether the server's relays have been cut, and it was not among them.
   *
   * @throws ConnectException if it is so
   */
  void requireNotCut(@Nullable Lease leased) throws ConnectException {
    if (cutOnServerDown
        && leased != null
        && leased.node().blocks().contains(Block.PROBE_DOWN)
        && !balancer.isPanicking()) {
      throw new ConnectException("went down while it was being connected");
    }
  }
}
