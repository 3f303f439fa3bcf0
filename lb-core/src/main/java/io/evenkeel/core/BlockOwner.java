package io.evenkeel.core;

/**
 * The one who may set and clear one kind of {@link Block} in one balancer: see {@link
 * LoadBalancer#claim}. Safe for use by any thread.
 */
public final class BlockOwner implements AutoCloseable {

  private final ControlPlane control;
  private final Block block;

  BlockOwner(ControlPlane control, Block block) {
    this.control = control;
    this.block = block;
  }

  /** The kind of block that this owner sets and clears. */
  public Block block() {
    return block;
  }

  /**
   * Takes a server out of the eligible ones for this reason. O(members).
   *
   * @param serverId the server's id
   * @param cause what led to it, in a few words, for logs and listeners
   * @return whether that changed anything: false if the block was set already, or the server is no
   *     longer a member
   * @throws IllegalStateException if this owner is closed
   */
  public boolean set(String serverId, String cause) {
    return control.changeBlock(this, serverId, true, cause);
  }

  /**
   * Takes this reason away. O(members).
   *
   * @param serverId the server's id
   * @param cause what led to it, in a few words, for logs and listeners
   * @return whether that changed anything
   * @throws IllegalStateException if this owner is closed
   */
  public boolean clear(String serverId, String cause) {
    return control.changeBlock(this, serverId, false, cause);
  }

  /** Clears every block of this kind and gives the kind up, for another to claim. Idempotent. */
  @Override
  public void close() {
    control.release(this);
  }
}
