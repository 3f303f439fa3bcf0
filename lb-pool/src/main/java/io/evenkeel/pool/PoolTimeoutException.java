package io.evenkeel.pool;

/** No connection came free, or could be made, in the time allowed. */
public final class PoolTimeoutException extends PoolException {

  private static final long serialVersionUID = 1L;

  /** All that there was at the server were connects that did not come to an end. */
  final boolean onlyConnecting;

  PoolTimeoutException(String serverId, String message, boolean onlyConnecting) {
    super(serverId, message, null);
    this.onlyConnecting = onlyConnecting;
  }
}
