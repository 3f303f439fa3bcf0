package io.evenkeel.pool;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;

/**
 * One use of one pooled connection, by one user, from {@code acquire} to {@link #close} or {@link
 * #invalidate}: whichever comes first ends it, and what comes after has no effect.
 *
 * <p>Its methods are safe for use by any thread; the connection itself is as safe as its type.
 *
 * @param <C> the type of connection
 */
public final class Pooled<C> implements AutoCloseable {

  private static final VarHandle ENDED;

  static {
    try {
      ENDED = MethodHandles.lookup().findVarHandle(Pooled.class, "ended", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final ServerConnections<C> home;
  private final ServerConnections.Entry<C> entry;

  /** Set once, atomically by {@link #ENDED}: who sets it disposes of the entry, and no one else. */
  @SuppressWarnings("unused")
  private volatile boolean ended;

  Pooled(ServerConnections<C> home, ServerConnections.Entry<C> entry) {
    this.home = home;
    this.entry = entry;
  }

  /**
   * The connection. Not to be used, nor kept, once this use has ended: it is another user's then.
   *
   * @throws IllegalStateException if this use has ended
   */
  public C connection() {
    if (ended) {
      throw new IllegalStateException("this use of " + home + " has ended");
    }
    return entry.connection();
  }

  /**
   * Gives the connection back, for the next one to use. Anything half sent or half read on it is
   * the next one's trouble: {@link #invalidate} it then.
   */
  @Override
  public void close() {
    if (ENDED.compareAndSet(this, false, true)) {
      home.giveBack(entry);
    }
  }

  /**
   * Throws the connection away: it is closed, by this thread, and never used again.
   *
   * @param cause what is wrong with it, for the log
   */
  public void invalidate(Throwable cause) {
    Objects.requireNonNull(cause, "cause");
    if (ENDED.compareAndSet(this, false, true)) {
      home.invalidate(entry, cause);
    }
  }

  @Override
  public String toString() {
    return "Pooled of " + home + (ended ? ", ended" : "");
  }
}
