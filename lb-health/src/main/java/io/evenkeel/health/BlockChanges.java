package io.evenkeel.health;

import io.evenkeel.core.BlockOwner;
import io.evenkeel.core.Node;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries blocks to the balancer that were decided on threads that must not build a snapshot: one
 * after the other as they were decided, and as many as there are in one snapshot. If the balancer
 * cannot be told, as when a selector of the user's cannot be built, it is tried again.
 *
 * <p>A change is for a node, not for an id: of one that is no member any more it is dropped. That
 * one may leave between the look and the change, and another come under its id: then the change
 * hits the other, and {@link #settle} is to undo it, in a task of the same executor that runs after
 * the newcomer is heard of.
 */
final class BlockChanges {

  private static final Logger log = LoggerFactory.getLogger(BlockChanges.class);

  private static final long RETRY_NANOS = 1_000_000_000;

  /** Does nothing. */
  static final Runnable NOTHING = () -> {};

  private record Wanted(Node node, boolean set, String cause, Runnable inForce) {}

  private final BlockOwner owner;
  private final Executor serial;
  private final TimerSet timers;
  private final Queue<Wanted> wanted = new ConcurrentLinkedQueue<>();

  /** Taken off the queue and not in force yet. In serial tasks only. */
  private final List<Wanted> underWay = new ArrayList<>();

  BlockChanges(BlockOwner owner, Executor serial, TimerSet timers) {
    this.owner = owner;
    this.serial = serial;
    this.timers = timers;
  }

  /**
   * Puts one in line; {@link #carry} is to follow. Any thread, under any lock.
   *
   * @param inForce runs in a serial task, once it is
   */
  void add(Node node, boolean set, String cause, Runnable inForce) {
    wanted.add(new Wanted(node, set, cause, inForce));
  }

  /** Sends for somebody who carries what is in line. Not under a lock. */
  void carry() {
    serial.execute(this::carryAll);
  }

  /**
   * Puts in line to clear a block that was not meant for this node, if it has one. In a serial
   * task, under the lock under which others are put in line for that node.
   */
  void settle(Node node) {
    if (node.blocks().contains(owner.block())) {
      add(node, false, "it was meant for an earlier server of that id", NOTHING);
    }
  }

  private void carryAll() {
    for (Wanted next = wanted.poll(); next != null; next = wanted.poll()) {
      underWay.add(next);
    }
    List<BlockOwner.Change> changes = new ArrayList<>(underWay.size());
    for (Wanted one : underWay) {
      if (one.node.isMember()) {
        String id = one.node.server().id();
        changes.add(
            one.set
                ? BlockOwner.Change.set(id, one.cause)
                : BlockOwner.Change.clear(id, one.cause));
      }
    }
    if (!changes.isEmpty()) {
      try {
        owner.change(changes);
      } catch (RuntimeException | Error e) { // whatever a user's selector does
        if (timers.isClosed()) {
          return; // and so is the owner of the block
        }
        log.warn("{}: the balancer could not be told; tried again in a second", owner.block(), e);
        timers.later(this::carry, RETRY_NANOS);
        return;
      }
    }
    List<Wanted> done = List.copyOf(underWay);
    underWay.clear();
    done.forEach(one -> one.inForce.run());
  }
}
