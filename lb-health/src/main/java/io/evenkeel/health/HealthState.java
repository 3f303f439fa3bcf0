package io.evenkeel.health;

import io.evenkeel.health.ServerHealth.Status;

/**
 * What the checks of one server have led to. An immutable value; {@link #next} and {@link
 * #waitNanos} are pure functions.
 *
 * <pre>
 * state     success                          failure
 * -------   ------------------------------   --------------------------------
 * UNKNOWN   UP                               DOWN; as from UP, if the policy
 *                                            lets the first result not decide
 * UP        UP                               DOWN if it is as many in a row as
 *                                            the unhealthy threshold, else UP
 * DOWN      UP if it is as many in a row     DOWN
 *           as the healthy threshold,
 *           else DOWN
 * </pre>
 *
 * <p>A decisive result leads to its own state at once; an inconclusive one is no input.
 *
 * @param status what is thought of the server now
 * @param sinceNanos when that began
 * @param success whether the last result was one
 * @param inARow how many results of its kind came last, the last included; 0 before the first
 */
record HealthState(Status status, long sinceNanos, boolean success, int inARow) {

  /** Where every server begins. */
  static HealthState unknown(long nowNanos) {
    return new HealthState(Status.UNKNOWN, nowNanos, false, 0);
  }

  /** The state after one more result. */
  HealthState next(boolean succeeded, boolean decisive, long nowNanos, HealthPolicy policy) {
    boolean isSame = inARow > 0 && succeeded == success;
    int count = isSame ? Math.max(inARow, inARow + 1) : 1; // stays at the largest number
    int threshold =
        decisive || (status == Status.UNKNOWN && (succeeded || policy.firstResultDecides()))
            ? 1
            : succeeded ? policy.healthyThreshold() : policy.unhealthyThreshold();
    Status wanted = succeeded ? Status.UP : Status.DOWN;
    Status reached = count >= threshold ? wanted : status == Status.UNKNOWN ? Status.UP : status;
    return new HealthState(reached, reached == status ? sinceNanos : nowNanos, succeeded, count);
  }

  /** Whether the last result speaks against the status: the next ones may turn it. */
  boolean isInTransition() {
    return inARow > 0 && success != (status == Status.UP);
  }

  /** From the start of the last check to the start of the next, before jitter. */
  long waitNanos(HealthPolicy policy) {
    if (isInTransition()) {
      return policy.fastIntervalNanos();
    }
    return status == Status.DOWN
        ? policy.backoffNanos(inARow - policy.unhealthyThreshold())
        : policy.intervalNanos();
  }
}
