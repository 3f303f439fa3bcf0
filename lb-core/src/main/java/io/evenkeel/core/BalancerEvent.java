package io.evenkeel.core;

/**
 * What happened in a balancer. A change is delivered after the change is in force, in the order of
 * changes.
 *
 * <p>Further kinds may be added in any release: a {@code switch} over them needs a default.
 */
public sealed interface BalancerEvent {

  /** The server that it is about. */
  Server server();

  /** A server became a member. */
  record ServerAdded(Server server) implements BalancerEvent {}

  /** A server is no longer a member; leases on it go on until they are closed. */
  record ServerRemoved(Server server) implements BalancerEvent {}

  /**
   * A member's weight, tier, zone, metadata or address changed.
   *
   * @param server as it is now
   * @param before as it was; of the same id
   */
  record ServerUpdated(Server server, Server before) implements BalancerEvent {}

  /**
   * A server got a block that it did not have.
   *
   * @param block the reason
   * @param cause what led to it, in a few words, for people
   */
  record ServerBlocked(Server server, Block block, String cause) implements BalancerEvent {}

  /**
   * A server lost a block that it had; it may have others.
   *
   * @param block the reason that no longer holds
   * @param cause what led to it, in a few words, for people
   */
  record ServerUnblocked(Server server, Block block, String cause) implements BalancerEvent {}

  /**
   * A server itself says that it wants another share of its weight than before: {@link
   * BlockOwner.Change#weigh}.
   *
   * @param percent the share, 1 to 100
   * @param cause what led to it, in a few words, for people
   */
  record ServerWeighed(Server server, int percent, String cause) implements BalancerEvent {}

  /**
   * A lease was garbage-collected while it was open; see {@link LoadBalancerBuilder#leakDetection}.
   *
   * @param takenAt its stack trace is the place that took the lease
   */
  record LeaseLeaked(Server server, Throwable takenAt) implements BalancerEvent {}
}
