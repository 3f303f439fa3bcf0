package io.evenkeel.pool;

/** The {@link Connector} made no connection; what it threw is the cause. */
public final class ConnectFailedException extends PoolException {

  private static final long serialVersionUID = 1L;

  ConnectFailedException(String serverId, Throwable cause) {
    super(serverId, "connect failed: " + cause, cause);
  }
}
