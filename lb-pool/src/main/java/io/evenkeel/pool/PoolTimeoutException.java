package io.evenkeel.pool;

/** No connection came free, or could be made, in the time allowed. */
public final class PoolTimeoutException extends PoolException {

  private static final long serialVersionUID = 1L;

  PoolTimeoutException(String serverId, String message) {
    super(serverId, message, null);
  }
}
