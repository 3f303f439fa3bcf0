package io.evenkeel.health;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The outcomes of one server as far as they say something: failures in a row, and the share of
 * failures in a window. Two counts, of which neither touches the other: when one has said its word
 * it begins anew, and the other goes on.
 *
 * <p>A plain machine, told the time. Guarded by whoever has it, but for {@link #ignoresSuccess}.
 */
final class Tally {

  /**
   * What is too much.
   *
   * @param inARow so many failures one after the other; 0 for no such rule
   * @param window null for no rule about a share
   * @param share the share of failures that is too much if it is exceeded
   */
  record Limits(int inARow, @Nullable OutcomeWindow window, double share) {

    boolean readsTime() {
      return window != null && window.isByTime();
    }
  }

  private Limits limits;

  /** As {@link #inARow}. */
  private volatile @Nullable FailureWindow window;

  /** Written by whoever guards this, read by anyone. */
  private volatile int inARow;

  Tally(Limits limits, long nowNanos) {
    this.limits = limits;
    this.window = windowOf(limits, nowNanos);
  }

  private static @Nullable FailureWindow windowOf(Limits limits, long nowNanos) {
    return limits.window == null ? null : FailureWindow.of(limits.window, nowNanos);
  }

  /** Counts go on, but in a window that is another. */
  void change(Limits next, long nowNanos) {
    if (!Objects.equals(next.window, limits.window)) {
      window = windowOf(next, nowNanos);
    }
    limits = next;
  }

  /**
   * Whether a success now changes nothing, so that nobody need be kept waiting for it. By any
   * thread: a failure that another thread is just recording comes after it.
   */
  boolean ignoresSuccess() {
    return window == null && inARow == 0;
  }

  void success(long nowNanos) {
    inARow = 0;
    FailureWindow outcomes = window;
    if (outcomes != null) {
      outcomes.record(false, nowNanos);
    }
  }

  /**
   * One more failure.
   *
   * @return if that is too much, what is, for people: {@code 5 failures in a row}
   */
  @Nullable String failure(long nowNanos) {
    String tooMuch = null;
    if (limits.inARow > 0) {
      int count = inARow + 1;
      boolean reached = count >= limits.inARow;
      inARow = reached ? 0 : count;
      tooMuch = reached ? count + (count == 1 ? " failure" : " failures in a row") : null;
    }
    FailureWindow outcomes = window;
    if (outcomes != null && limits.window != null) {
      outcomes.record(true, nowNanos);
      if (outcomes.exceeds(limits.share, limits.window.minimum())) {
        String share = outcomes.failures() + " of the last " + outcomes.total() + " failed";
        tooMuch = tooMuch == null ? share : tooMuch + ", " + share;
        outcomes.clear();
      }
    }
    return tooMuch;
  }

  /** As at first. */
  void clear() {
    inARow = 0;
    FailureWindow outcomes = window;
    if (outcomes != null) {
      outcomes.clear();
    }
  }
}
