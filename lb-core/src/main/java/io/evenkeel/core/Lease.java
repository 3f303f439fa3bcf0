package io.evenkeel.core;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One use of one server: taken by {@code acquire}, closed exactly once in effect, says how it went.
 *
 * <p>{@link #success()} and {@link #failure} say how it went; the first word counts and the rest
 * are ignored. {@link #close()} ends the use: the server has one less in flight. Closed without a
 * word, it counts as neither. A use may say its outcome long before it ends, as a proxy's does once
 * it is connected.
 *
 * <p>Safe for use by any thread; every method may be called again without effect.
 */
public final class Lease implements AutoCloseable {

  private static final int OUTCOME = 1;
  private static final int CLOSED = 2;
  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(Lease.class, "state", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Node node;

  /**
   * 0 if nobody measures. In every lease, for with it an object is 32 bytes, and of one class: the
   * compiler can then do without the object where a lease does not leave the method that took it.
   */
  private final long startNanos;

  /**
   * Bits, only ever set, atomically by {@link #STATE}: who sets one first does what it stands for.
   */
  @SuppressWarnings("unused")
  private volatile int state;

  /** Null unless leaks are looked for. Set once, before anyone else sees the lease. */
  private LeakDetector.@Nullable Watch watch;

  /** Of a node on which one more in flight was counted for it. */
  Lease(Node node) {
    this.node = node;
    this.startNanos = node.startOfUse();
  }

  void watchedBy(LeakDetector.Watch watch) {
    this.watch = watch;
  }

  /** The server to use. */
  public Server server() {
    return node.server();
  }

  /** The node that was picked, as for {@link Query#excluding}. */
  public Node node() {
    return node;
  }

  /** It went well. */
  public void success() {
    if (isFirstWord()) {
      node.succeeded(startNanos);
    }
  }

  /**
   * It did not go well.
   *
   * @param cause what went wrong; not null
   */
  public void failure(Throwable cause) {
    Objects.requireNonNull(cause, "cause");
    if (isFirstWord()) {
      node.failed(startNanos, cause);
    }
  }

  /** Ends the use. */
  @Override
  public void close() {
    int before = (int) STATE.getAndBitwiseOr(this, CLOSED);
    if ((before & CLOSED) != 0) {
      return;
    }
    if (watch != null && !watch.end()) {
      return; // reported as lost meanwhile, and ended by that
    }
    if ((before & OUTCOME) == 0) {
      node.endedWithoutAWord();
    }
    node.released();
  }

  private boolean isFirstWord() {
    if (watch != null) {
      watch.outcomeSaid();
    }
    return (int) STATE.getAndBitwiseOr(this, OUTCOME) == 0;
  }

  @Override
  public String toString() {
    return "Lease of " + node.server() + ((state & CLOSED) == 0 ? "" : ", closed");
  }
}
