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

  /**
   * What few leases have: who looks for leaks, and what the gates that let it in are to hear. Set
   * once, before anyone else sees the lease.
   */
  record Company(LeakDetector.@Nullable Watch watch, Gates.@Nullable Pass pass) {

    void outcomeSaid() {
      if (watch != null) {
        watch.outcomeSaid();
      }
    }

    void success(Node node, long startNanos) {
      long latencyNanos = -1;
      try {
        latencyNanos = node.succeeded(startNanos);
      } finally {
        if (pass != null) {
          pass.success(latencyNanos);
        }
      }
    }

    void failure(Node node, long startNanos, Throwable cause) {
      try {
        node.failed(startNanos, cause);
      } finally {
        if (pass != null) {
          pass.failure(FailureKind.of(cause), cause);
        }
      }
    }

    /** Whether the use is the caller's to end: false if it was reported as lost meanwhile. */
    boolean end(boolean isOutcomeSaid) {
      if (watch != null && !watch.end()) {
        return false;
      }
      if (!isOutcomeSaid && pass != null) {
        pass.neutral();
      }
      return true;
    }
  }

  private @Nullable Company company;

  /** Of a node on which one more in flight was counted for it. */
  Lease(Node node) {
    this.node = node;
    this.startNanos = node.startOfUse();
  }

  void accompany(Company by) {
    this.company = by;
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
    Company with = company;
    if (!isFirstWord(with)) {
      return;
    }
    if (with == null) {
      node.succeeded(startNanos);
    } else {
      with.success(node, startNanos);
    }
  }

  /**
   * It did not go well.
   *
   * @param cause what went wrong; not null
   */
  public void failure(Throwable cause) {
    Objects.requireNonNull(cause, "cause");
    Company with = company;
    if (!isFirstWord(with)) {
      return;
    }
    if (with == null) {
      node.failed(startNanos, cause);
    } else {
      with.failure(node, startNanos, cause);
    }
  }

  /** Ends the use. */
  @Override
  public void close() {
    int before = (int) STATE.getAndBitwiseOr(this, CLOSED);
    if ((before & CLOSED) != 0) {
      return;
    }
    boolean isOutcomeSaid = (before & OUTCOME) != 0;
    Company with = company;
    if (with != null && !with.end(isOutcomeSaid)) {
      return; // ended by the report
    }
    if (!isOutcomeSaid) {
      node.endedWithoutAWord();
    }
    node.released();
  }

  private boolean isFirstWord(@Nullable Company with) {
    if (with != null) {
      with.outcomeSaid();
    }
    return (int) STATE.getAndBitwiseOr(this, OUTCOME) == 0;
  }

  @Override
  public String toString() {
    return "Lease of " + node.server() + ((state & CLOSED) == 0 ? "" : ", closed");
  }
}
