package io.evenkeel.core;

/**
 * Hears how the leases of one node went: see {@link LoadBalancer#watchOutcomes}.
 *
 * <p>Called on the thread that says the outcome, which may be an event loop: must return soon, and
 * must not build a snapshot there ({@link BlockOwner#gate} shuts a node at once, without one). By
 * several threads at once. What it throws is logged, the first time, and goes no further.
 */
public interface OutcomeListener {

  /**
   * A lease was told that it went well.
   *
   * @param latencyNanos how long since it was taken; −1 if nobody measures it, as with selectors
   *     that do not look at it
   */
  void onSuccess(long latencyNanos);

  /**
   * A lease was told that it went wrong.
   *
   * @param kind of the cause
   */
  void onFailure(FailureKind kind, Throwable cause);

  /** A lease was closed without a word. Does nothing by default. */
  default void onNeutral() {}
}
