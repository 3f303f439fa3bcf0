package io.evenkeel.pool;

/** The pool is closed, or was while the caller waited; or the server was removed meanwhile. */
public final class PoolClosedException extends PoolException {

  private static final long serialVersionUID = 1L;

  PoolClosedException(String serverId, String message) {
    super(serverId, message, null);
  }
}
