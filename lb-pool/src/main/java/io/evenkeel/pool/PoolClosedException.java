package io.evenkeel.pool;

/** The pool is closed, or was while the caller waited. */
public final class PoolClosedException extends PoolException {

  private static final long serialVersionUID = 1L;

  PoolClosedException(String serverId) {
    super(serverId, "the pool is closed", null);
  }
}
