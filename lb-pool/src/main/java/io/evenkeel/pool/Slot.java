package io.evenkeel.pool;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A place for one connection to one server, and who may touch it: one atomic word, the number of
 * uses so far and a state.
 *
 * <pre>
 * EMPTY    → HELD                     a connect is begun (under the lock of ServerConnections)
 * HELD     → IDLE, BORROWED, EMPTY    arrived or passed on; given to a waiter; closed
 * IDLE     → BORROWED                 taken, the fast path; one more use
 * IDLE     → STALE                    idle so long that it must be checked before it is used
 * STALE    → BORROWED                 taken, and to be checked by who took it; one more use
 * IDLE, STALE → HELD                  to be closed, checked, or given to a waiter
 * BORROWED → IDLE                     given back, the fast path
 * BORROWED → RETIRING                 to be closed when it is given back
 * BORROWED, RETIRING → HELD           given back to a waiter, invalidated, or closed by force
 * </pre>
 *
 * <p>Every change is a compare-and-set but those out of HELD: whoever brings a slot there, or has
 * it BORROWED, owns it alone. The number of uses makes each use's word its own. So a handle that
 * has kept the word of its use, the ticket, ends that use once: the word never comes back.
 */
final class Slot<C> extends SlotState<C> {

  static final int EMPTY = 0;
  static final int IDLE = 1;
  static final int STALE = 2;
  static final int BORROWED = 3;
  static final int RETIRING = 4;
  static final int HELD = 5;

  private static final int BITS = 3;
  private static final int MASK = (1 << BITS) - 1;
  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(SlotState.class, "state", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  final ServerConnections<C> home;
  final int index;

  @SuppressWarnings("unused")
  private long b0;

  @SuppressWarnings("unused")
  private long b1;

  @SuppressWarnings("unused")
  private long b2;

  @SuppressWarnings("unused")
  private long b3;

  @SuppressWarnings("unused")
  private long b4;

  @SuppressWarnings("unused")
  private long b5;

  Slot(ServerConnections<C> home, int index) {
    this.home = home;
    this.index = index;
  }

  static int codeOf(long state) {
    return (int) state & MASK;
  }

  static long usesOf(long state) {
    return state >>> BITS;
  }

  static boolean isIdle(long state) {
    int code = codeOf(state);
    return code == IDLE || code == STALE;
  }

  static boolean isBorrowed(long state) {
    int code = codeOf(state);
    return code == BORROWED || code == RETIRING;
  }

  /** The same number of uses, in another state. */
  static long as(long state, int code) {
    return (state & ~MASK) | code;
  }

  /** The word of the next use. */
  static long nextUse(long state) {
    return (state & ~MASK) + (1 << BITS) + BORROWED;
  }

  boolean change(long from, long to) {
    // The cast is part of the handle's exact type: without it, it would be slow.
    return STATE.compareAndSet((SlotState<?>) this, from, to);
  }

  /** Of one who holds it. */
  void release(int code) {
    state = as(state, code);
  }

  /** Of one who holds it: begins a use, and returns its ticket. */
  long lend() {
    long ticket = nextUse(state);
    state = ticket;
    return ticket;
  }

  /** Takes it out of a use that has not ended; false if that has. */
  boolean endUse(long ticket) {
    long held = as(ticket, HELD);
    return change(ticket, held) || change(as(ticket, RETIRING), held);
  }

  /** Takes it if it is idle, to be used. */
  boolean borrowIdle() {
    long now = state;
    return isIdle(now) && changeIdle(now, nextUse(now));
  }

  /** Takes it if it is idle, for something else. */
  boolean holdIdle() {
    for (long now = state; isIdle(now); now = state) {
      if (changeIdle(now, as(now, HELD))) {
        return true;
      }
    }
    return false;
  }

  private boolean changeIdle(long from, long to) {
    if (!change(from, to)) {
      return false;
    }
    if (codeOf(from) == STALE) {
      unchecked = true;
    }
    return true;
  }

  /** Has it closed when it is given back, if it is in use; false if it is idle. */
  boolean retire(CloseReason reason) {
    for (long now = state; !isIdle(now); now = state) {
      if (codeOf(now) != BORROWED) {
        return true; // held by somebody who will look at its generation, or empty
      }
      retiredFor = reason;
      if (change(now, as(now, RETIRING))) {
        return true;
      }
    }
    return false;
  }

  /** Of one who has it borrowed: the word of this use. */
  long ticket() {
    return as(state, BORROWED);
  }

  /** Whether this use is still going on. */
  boolean isInUse(long ticket) {
    long now = state;
    return now == ticket || now == as(ticket, RETIRING);
  }
}
