package io.evenkeel.proxy;

/** What becomes of a server's relays when its health check says that it is down. */
public enum OnServerDown {
  /** They go on until they end by themselves or by a timeout. */
  FINISH,
  /** Both ends are reset, so that clients find another server at once. */
  CUT
}
