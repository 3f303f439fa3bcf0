package io.evenkeel.pool;

/** Every connection is in use, and nobody may wait, or not so many: {@link PoolPolicy}. */
public final class PoolFullException extends PoolException {

  private static final long serialVersionUID = 1L;

  PoolFullException(String serverId, String message) {
    super(serverId, message, null);
  }
}
