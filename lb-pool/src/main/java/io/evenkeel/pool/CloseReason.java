package io.evenkeel.pool;

/**
 * Why a pool closed a connection.
 *
 * <p>Further reasons may be added in any release: a {@code switch} over them needs a default.
 */
public enum CloseReason {
  /** It was idle for the idle timeout. */
  IDLE_TIMEOUT,
  /** Its lifetime was over. */
  MAX_LIFETIME,
  /** Its connector said that it is dead. */
  DEAD,
  /** Its user threw it away. */
  INVALIDATED,
  /** Its server left, or has another address. */
  SERVER_REMOVED,
  /** Its server went down: it was idle, or in use and was closed when it was given back. */
  SERVER_DOWN,
  /** It was idle, and another server needed its place. */
  DROPPED,
  /** The pool was closed. */
  POOL_CLOSED,
  /** It was still in use when the time for closing the pool was up. */
  FORCED
}
