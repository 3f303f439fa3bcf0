package io.evenkeel.pool;

import java.util.Objects;

/**
 * One use of one pooled connection, by one user, from {@code acquire} to {@link #close}, {@link
 * #invalidate} or {@link #detach}: whichever comes first ends it, and what comes after has no
 * effect.
 *
 * <p>Its methods are safe for use by any thread; the connection itself is as safe as its type.
 *
 * @param <C> the type of connection
 */
public sealed class Pooled<C> implements AutoCloseable permits Leased {

  // With its header 24 bytes: all that a use allocates.
  final Slot<C> slot;
  final long ticket;

  Pooled(Slot<C> slot, long ticket) {
    this.slot = slot;
    this.ticket = ticket;
  }

  /**
   * The connection. Not to be used, nor kept, once this use has ended: it is another user's then.
   *
   * @throws IllegalStateException if this use has ended
   */
  public final C connection() {
    C connection = slot.connection; // read first: what it is while the use goes on, it was before
    if (connection == null || !slot.isInUse(ticket)) {
      throw ended();
    }
    return connection;
  }

  /**
   * Gives the connection back, for the next one to use. Anything half sent or half read on it is
   * the next one's trouble: {@link #invalidate} it then.
   */
  @Override
  public void close() {
    boolean unused = slot.home.giveBack(slot, ticket);
  }

  /**
   * Throws the connection away: it is closed, by this thread, and never used again.
   *
   * @param cause what is wrong with it, for the log
   */
  public void invalidate(Throwable cause) {
    Objects.requireNonNull(cause, "cause");
    boolean unused = slot.home.invalidate(slot, ticket, cause);
  }

  /**
   * Takes the connection out of the pool for good, without closing it, and ends this use: the
   * connection is the caller's alone from now on, to close, too, and another may be made in its
   * place. So it is also when the server has left meanwhile, or the pool was closed.
   *
   * @return the connection
   * @throws IllegalStateException if this use has ended
   */
  public final C detach() {
    C connection = connection();
    if (!slot.home.endUse(slot, ticket)) {
      throw ended();
    }
    slot.home.capacity().detach(slot);
    return connection;
  }

  private IllegalStateException ended() {
    return new IllegalStateException("this use of a " + slot.home + " has ended");
  }

  @Override
  public String toString() {
    return "Pooled " + slot.home + (slot.isInUse(ticket) ? "" : ", ended");
  }
}
