package io.evenkeel.server.config;

import io.evenkeel.core.HostPort;
import io.evenkeel.proxy.OnServerDown;
import io.evenkeel.proxy.TcpProxyBuilder;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One listener: where clients come in, and how they are relayed. What each number means, and what
 * it may be, stands at the method of {@link TcpProxyBuilder} of the same name.
 *
 * @param name unique among listeners
 * @param balancer the name of the balancer that picks the servers
 * @param eventLoops null for as many as there are processors
 * @param maxConnections {@link Integer#MAX_VALUE} for no limit
 * @param acceptRate 0 for no limit
 * @param maxLifetime zero for no limit
 * @param receiveBuffer bytes; 0 for the system's choice
 * @param sendBuffer bytes; 0 for the system's choice
 * @param readBuffer bytes; 0 for the proxy's choice
 */
public record ListenerConfig(
    String name,
    HostPort address,
    String balancer,
    @Nullable Integer eventLoops,
    boolean reusePort,
    int maxConnections,
    int acceptRate,
    int maxWaiting,
    Duration waitTimeout,
    int connectAttempts,
    Duration connectTimeout,
    Duration connectDeadline,
    Duration idleTimeout,
    Duration halfClosedTimeout,
    Duration maxLifetime,
    List<InetAddress> sourceAddresses,
    int warmConnections,
    OnServerDown onServerDown,
    boolean tcpNoDelay,
    boolean keepAlive,
    int receiveBuffer,
    int sendBuffer,
    int readBuffer,
    int lowWater,
    int highWater) {

  /** Immutable, whatever list that is. */
  public ListenerConfig {
    sourceAddresses = List.copyOf(sourceAddresses);
  }

  /**
   * Sets all of it that a running proxy can change; not where it listens, {@code reuse_port} and
   * {@code event_loops}: for {@link io.evenkeel.proxy.TcpProxy#update}, too.
   *
   * @throws IllegalArgumentException if something is out of its range
   */
  public void applyTo(TcpProxyBuilder builder) {
    builder
        .maxConnections(maxConnections)
        .maxWaiting(maxWaiting)
        .waitTimeout(waitTimeout)
        .connectAttempts(connectAttempts)
        .connectTimeout(connectTimeout)
        .connectDeadline(connectDeadline)
        .idleTimeout(idleTimeout)
        .halfClosedTimeout(halfClosedTimeout)
        .sourceAddresses(sourceAddresses)
        .warmConnections(warmConnections)
        .onServerDown(onServerDown)
        .tcpNoDelay(tcpNoDelay)
        .keepAlive(keepAlive)
        .socketBuffers(receiveBuffer, sendBuffer)
        .readBuffer(readBuffer == 0 ? 512 * 1024 : readBuffer)
        .waterMarks(lowWater, highWater);
    builder
        .acceptRate(acceptRate == 0 ? Integer.MAX_VALUE : acceptRate)
        .maxLifetime(maxLifetime.isZero() ? Duration.ofSeconds(Long.MAX_VALUE) : maxLifetime);
  }
}
