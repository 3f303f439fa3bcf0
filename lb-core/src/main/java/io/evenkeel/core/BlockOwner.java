package io.evenkeel.core;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The one who may set and clear one kind of {@link Block} in one balancer: see {@link
 * LoadBalancer#claim}. Safe for use by any thread.
 */
public final class BlockOwner implements AutoCloseable {

  /**
   * Whose owner may weigh servers: one alone, so that no two need to agree. A server's weight in
   * per cent is what an active check is told by the server itself.
   */
  static final Block WEIGHS = Block.PROBE_DOWN;

  enum Kind {
    SET,
    CLEAR,
    WEIGH
  }

  /** One change that an owner wants, to be made by {@link BlockOwner#change}. Immutable. */
  public static final class Change {

    private final Kind kind;
    private final String serverId;
    private final int percent;
    private final String cause;

    private Change(Kind kind, String serverId, int percent, String cause) {
      this.kind = kind;
      this.serverId = Objects.requireNonNull(serverId, "serverId");
      this.percent = percent;
      this.cause = Objects.requireNonNull(cause, "cause");
    }

    /** As {@link BlockOwner#set}. */
    public static Change set(String serverId, String cause) {
      return new Change(Kind.SET, serverId, 0, cause);
    }

    /** As {@link BlockOwner#clear}. */
    public static Change clear(String serverId, String cause) {
      return new Change(Kind.CLEAR, serverId, 0, cause);
    }

    /**
     * Gives a server a share of its weight until the next change of this kind: for selectors that
     * look at weights. Whoever sets the server's weight itself, as a refresh from discovery, leaves
     * the share as it is. Only by the owner of {@code PROBE_DOWN}.
     *
     * @param serverId the server's id
     * @param percent 1 to 100; 100 at first
     * @param cause what led to it, in a few words, for logs and listeners
     * @throws IllegalArgumentException if the share is out of its range
     */
    public static Change weigh(String serverId, int percent, String cause) {
      if (percent < 1 || percent > 100) {
        throw new IllegalArgumentException("percent: " + percent + " (expected: 1 to 100)");
      }
      return new Change(Kind.WEIGH, serverId, percent, cause);
    }

    Kind kind() {
      return kind;
    }

    String serverId() {
      return serverId;
    }

    int percent() {
      return percent;
    }

    String cause() {
      return cause;
    }

    @Override
    public String toString() {
      return kind
          + " "
          + serverId
          + (kind == Kind.WEIGH ? " " + percent + " %" : "")
          + ": "
          + cause;
    }
  }

  private final ControlPlane control;
  private final Block block;

  private volatile boolean closed;

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
    return change(List.of(Change.set(serverId, cause))) > 0;
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
    return change(List.of(Change.clear(serverId, cause))) > 0;
  }

  /**
   * Makes many changes as one: picks see all of them or none. One snapshot, where {@link #set} and
   * {@link #clear} build one each. O(members + changes). Each is logged and has an event of its
   * own, in their order.
   *
   * @return how many of them changed anything
   * @throws IllegalArgumentException if one weighs, and this is not the owner of {@code PROBE_DOWN}
   * @throws IllegalStateException if this owner is closed
   */
  public int change(Collection<Change> changes) {
    if (block != WEIGHS && changes.stream().anyMatch(change -> change.kind == Kind.WEIGH)) {
      throw new IllegalArgumentException(
          "block: " + block + " (expected: " + WEIGHS + ", whose owner alone weighs servers)");
    }
    return control.change(this, changes);
  }

  /**
   * Puts a gate before a node, which is asked at each pick of it, or takes it away. In force when
   * this returns, for picks over any snapshot, and without building one: for who finds out on a
   * thread that must not wait. O(1). A {@linkplain LoadBalancerBuilder#panicThreshold panic} goes
   * past it, as past a block.
   *
   * @param gate null for none; takes the place of this owner's gate before
   * @throws IllegalStateException if this owner is closed
   */
  public void gate(Node node, @Nullable Gate gate) {
    Objects.requireNonNull(node, "node");
    synchronized (node.gatesLock()) {
      if (closed) {
        throw closed();
      }
      node.setGate(block, gate);
    }
  }

  /** Under the balancer's change lock. */
  void closeGates(Collection<Node> members) {
    closed = true;
    for (Node node : members) {
      synchronized (node.gatesLock()) { // after this no gate() of ours that sees it open
        node.setGate(block, null);
      }
    }
  }

  IllegalStateException closed() {
    return new IllegalStateException("block: " + block + ": its owner is closed");
  }

  /**
   * Tells of something in the configuration with which this owner cannot work as it is meant: in
   * {@link LoadBalancer#warnings()} until it is withdrawn or this owner is closed, and in the log,
   * once for each name. An example is a detector that compares servers with one another, of which
   * there are too few: it looks again when a server comes or goes.
   *
   * @param name what kind of mistake it is, as {@code few_servers_for_success_rate}; a second
   *     warning of one name takes the place of the first
   * @param text what is wrong and why, in a sentence, for people
   * @throws IllegalStateException if this owner is closed
   */
  public void warn(String name, String text) {
    control.warn(this, new Warning(name, text));
  }

  /**
   * Takes a warning back; no effect if there is none of that name.
   *
   * @throws IllegalStateException if this owner is closed
   */
  public void withdraw(String name) {
    control.withdraw(this, Objects.requireNonNull(name, "name"));
  }

  /**
   * Clears every block of this kind, ends what it has {@linkplain Change#weigh weighed}, takes all
   * gates and warnings back, and gives the kind up, for another to claim. One snapshot. Idempotent.
   *
   * <p>What a user's selector factory throws meanwhile is thrown when all of that is done: then the
   * servers are picked again as of the next change that succeeds.
   */
  @Override
  public void close() {
    control.release(this);
  }
}
