package io.evenkeel.pool;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The slots of one server, and which idle one is next. Safe for use by any thread, without locks;
 * only {@link #takeEmpty} and those who release held slots need the lock of {@link
 * ServerConnections}.
 *
 * <p>LIFO is a fixed order, the first idle slot, behind a hint: the slot that this thread, or one
 * of the same seat, gave back last. The hint keeps threads that run at the same time out of each
 * other's cache lines; the order keeps the slots at the end idle. Hints spread with every collision
 * and would in time keep every slot warm: so the housekeeper {@linkplain #forgetHints forgets} them
 * whenever it has looked.
 */
final class Slots<C> {

  /** Where threads remember the slot that they used last; a power of two. */
  private static final int SEATS =
      Integer.highestOneBit(Math.min(64, 16 * Runtime.getRuntime().availableProcessors()));

  /** Each in a cache line of its own. */
  private static final int SEAT_SHIFT = 4;

  private final ServerConnections<C> home;
  private final boolean isLifo;

  /** Replaced under the lock by a longer one that begins with the same; read by anyone. */
  private volatile Slot<C>[] all = newArray(0);

  /** Read and written by anyone, as it happens. */
  private final @Nullable Slot<C>[] hints = newArray(SEATS << SEAT_SHIFT);

  /** Numbers returns; only where reuse is FIFO. */
  private final AtomicLong returns = new AtomicLong();

  Slots(ServerConnections<C> home, PoolPolicy.Reuse reuse) {
    this.home = home;
    this.isLifo = reuse == PoolPolicy.Reuse.LIFO;
  }

  /** All there are; not to be written. */
  Slot<C>[] all() {
    return all;
  }

  /** Takes an idle one, to be used; null if there is none. */
  @Nullable Slot<C> borrowIdle() {
    if (!isLifo) {
      for (Slot<C> slot = oldestIdle(); slot != null; slot = oldestIdle()) {
        if (slot.borrowIdle()) {
          return slot;
        }
      }
      return null;
    }
    Slot<C> hint = hints[seat()];
    if (hint != null && hint.borrowIdle()) {
      return hint;
    }
    for (Slot<C> slot : all) {
      if (slot.borrowIdle()) {
        return slot;
      }
    }
    return null;
  }

  /** Takes an idle one, for something else; null if there is none. */
  @Nullable Slot<C> holdIdle() {
    if (!isLifo) {
      for (Slot<C> slot = oldestIdle(); slot != null; slot = oldestIdle()) {
        if (slot.holdIdle()) {
          return slot;
        }
      }
      return null;
    }
    for (Slot<C> slot : all) {
      if (slot.holdIdle()) {
        return slot;
      }
    }
    return null;
  }

  private @Nullable Slot<C> oldestIdle() {
    Slot<C> oldest = null;
    long order = 0;
    for (Slot<C> slot : all) {
      if (Slot.isIdle(slot.state)) {
        long returned = slot.returned; // written before it became idle
        if (oldest == null || returned < order) {
          oldest = slot;
          order = returned;
        }
      }
    }
    return oldest;
  }

  /** Makes one idle that is in this use; false if the use has ended. */
  boolean makeIdle(Slot<C> slot, long ticket) {
    if (!isLifo && slot.isInUse(ticket)) {
      slot.returned = returns.getAndIncrement();
    }
    if (!slot.change(ticket, Slot.as(ticket, Slot.IDLE))) {
      return false;
    }
    int seat = seat();
    if (hints[seat] != slot) {
      hints[seat] = slot;
    }
    return true;
  }

  /** Makes one idle that the caller holds. */
  void makeIdle(Slot<C> slot) {
    if (!isLifo) {
      slot.returned = returns.getAndIncrement();
    }
    slot.fresh = false;
    slot.release(Slot.IDLE);
  }

  /** Takes an empty one. Under the lock, when there are fewer in use than there may be. */
  Slot<C> takeEmpty(int max) {
    Slot<C>[] slots = all;
    for (Slot<C> slot : slots) {
      if (Slot.codeOf(slot.state) == Slot.EMPTY) {
        slot.release(Slot.HELD);
        return slot;
      }
    }
    Slot<C>[] more = Arrays.copyOf(slots, (int) Math.min(max, 2L * slots.length + 1));
    for (int i = slots.length; i < more.length; i++) {
      more[i] = new Slot<>(home, i);
    }
    Slot<C> slot = more[slots.length];
    slot.release(Slot.HELD);
    all = more;
    return slot;
  }

  /** Takes all that are idle, and has those in use closed when they are given back. */
  List<Slot<C>> retireAll(CloseReason reason) {
    List<Slot<C>> held = new ArrayList<>();
    for (Slot<C> slot : all) {
      while (!slot.retire(reason)) {
        if (slot.holdIdle()) {
          held.add(slot);
          break;
        }
      }
    }
    return held;
  }

  /** Takes all that are idle. */
  List<Slot<C>> holdAllIdle() {
    List<Slot<C>> held = new ArrayList<>();
    for (Slot<C> slot : all) {
      if (slot.holdIdle()) {
        held.add(slot);
      }
    }
    return held;
  }

  /** Takes all that are in use out of their users' hands. */
  List<Slot<C>> holdAllBorrowed() {
    List<Slot<C>> held = new ArrayList<>();
    for (Slot<C> slot : all) {
      long now = slot.state;
      if (Slot.isBorrowed(now) && slot.endUse(Slot.as(now, Slot.BORROWED))) {
        held.add(slot);
      }
    }
    return held;
  }

  void forgetHints() {
    Arrays.fill(hints, null);
  }

  private static int seat() {
    return ((int) Thread.currentThread().getId() & (SEATS - 1)) << SEAT_SHIFT;
  }

  @SuppressWarnings({"unchecked", "rawtypes"}) // holds nothing else than what is put into it here
  private static <C> Slot<C>[] newArray(int length) {
    return new Slot[length];
  }
}
