package io.evenkeel.pool;

/** Every connection to the server was in use, and none came free in the time allowed. */
public final class PoolTimeoutException extends PoolException {

  private static final long serialVersionUID = 1L;

  PoolTimeoutException(String serverId, String message) {
    super(serverId, message, null);
  }
}
