package io.evenkeel.pool;

import io.evenkeel.core.Server;
import org.jspecify.annotations.Nullable;

/** What a {@link Slot} is made of; a class by itself so that there is room before and after it. */
abstract class SlotState<C> extends SlotRoom {

  /** The place where a use began, and which use. */
  static final class Borrower extends Throwable {

    private static final long serialVersionUID = 1L;

    final long use;

    Borrower(long use) {
      super("taken by " + Thread.currentThread().getName());
      this.use = use;
    }
  }

  /** Uses so far, and one of {@link Slot}'s states in the lowest three bits. */
  volatile long state;

  /** Null while there is none. Written by who holds the slot; read by anyone. */
  volatile @Nullable C connection;

  // Of who holds the slot, or has it borrowed, handed on by the writes of state.

  /** Of the server's connections as a whole, when this one was asked for. */
  int generation;

  /** The address it leads to; null before the first. */
  @Nullable Server server;

  /** Counts the connections that it has had. */
  int connectionNumber;

  /** Of the server's invalidations: how many there were when it was made, or last checked. */
  int doubts;

  /** Whether it must be checked before it is used. */
  boolean unchecked;

  /** Whether it was just made, for who gets it now. */
  boolean fresh;

  /** On the pool's clock: when its lifetime is over. */
  long expiresAt;

  /** Its place in the order of returns; only where reuse is FIFO. */
  long returned;

  /** On the pool's clock: when it was borrowed; only where that is asked for. */
  long borrowedAt;

  /** Where it was borrowed; only where leaks are looked for. */
  volatile @Nullable Borrower borrower;

  /** Why it will be closed; written before its state becomes RETIRING. */
  volatile CloseReason retiredFor = CloseReason.POOL_CLOSED;

  // Written by the housekeeper alone.

  /** What it saw last, and since when it has seen that. */
  long seen = -1;

  int seenConnection;

  long seenAt;

  /** When its check in the background was last begun. */
  long checkedAt;

  /** The use that was reported as a leak. */
  long leaked = -1;
}
