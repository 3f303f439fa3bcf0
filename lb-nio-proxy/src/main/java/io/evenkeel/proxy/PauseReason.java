package io.evenkeel.proxy;

/**
 * Why a proxy takes nobody in just now; further clients wait in the kernel's queue of the listener
 * meanwhile. Further reasons may be added in any release.
 */
public enum PauseReason {
  /**
   * The system would not accept one more client, or give a socket toward a server: no file
   * descriptor is left, as a rule. It is tried again every 100 ms.
   */
  NO_DESCRIPTOR,
  /** As many came as may in a second: {@link TcpProxyBuilder#acceptRate}. */
  ACCEPT_RATE,
  /** As many are connected as may be at a time: {@link TcpProxyBuilder#maxConnections}. */
  MAX_CONNECTIONS
}
