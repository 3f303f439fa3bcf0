package io.evenkeel.pool;

import org.jspecify.annotations.Nullable;

/**
 * Every connection is in use, and nobody may wait, or not so many: {@link PoolPolicy}; or the
 * pool's executor does not take another connect.
 */
public final class PoolFullException extends PoolException {

  private static final long serialVersionUID = 1L;

  PoolFullException(String serverId, String message, @Nullable Throwable cause) {
    super(serverId, message, cause);
  }
}
