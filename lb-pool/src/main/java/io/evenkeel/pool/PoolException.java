package io.evenkeel.pool;

import org.jspecify.annotations.Nullable;

/** Why a pool has no connection to give. */
public abstract sealed class PoolException extends RuntimeException
    permits ConnectFailedException, PoolClosedException, PoolFullException, PoolTimeoutException {

  private static final long serialVersionUID = 1L;

  private final String serverId;

  PoolException(String serverId, String message, @Nullable Throwable cause) {
    super("server '" + serverId + "': " + message, cause);
    this.serverId = serverId;
  }

  /** The id of the server to which a connection was wanted. */
  public String serverId() {
    return serverId;
  }
}
