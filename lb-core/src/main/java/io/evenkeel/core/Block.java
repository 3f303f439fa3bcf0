package io.evenkeel.core;

/**
 * A reason why a node may not be picked. Each reason has one owner, and only its owner sets and
 * clears it: a drain outlives a good health check, and an ejection outlives a refresh.
 *
 * <p>Further reasons may be added in any release: a {@code switch} over them needs a default.
 */
public enum Block {
  /** The operator lets it finish what it has: {@link LoadBalancer#drain} and {@code resume}. */
  DRAINING(1 << 0),
  /** The operator took it out. */
  MAINTENANCE(1 << 1),
  /** Its active health check says that it is down. */
  PROBE_DOWN(1 << 2),
  /** Its own traffic went badly enough that it was taken out for a while. */
  EJECTED(1 << 3),
  /** Its circuit breaker is open. */
  CIRCUIT_OPEN(1 << 4);

  /** The blocks that health sets; a panic overrides these and no others. */
  static final int BY_HEALTH = PROBE_DOWN.bit | EJECTED.bit | CIRCUIT_OPEN.bit;

  private final int bit;

  Block(int bit) {
    this.bit = bit;
  }

  /** This block's place in a node's block mask. */
  int bit() {
    return bit;
  }
}
