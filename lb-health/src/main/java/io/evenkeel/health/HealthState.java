package io.evenkeel.health;

/**
 * What the checks of one server have led to. An immutable value; {@link #next} is a pure function.
 *
 * <pre>
 * state     success                          failure
 * -------   ------------------------------   --------------------------------
 * UNKNOWN   UP 0                             DOWN 0
 * UP k      UP 0                             DOWN 0 if k + 1 = unhealthy
 *                                            threshold, else UP k + 1
 * DOWN k    UP 0 if k + 1 = healthy          DOWN 0
 *           threshold, else DOWN k + 1
 * </pre>
 *
 * @param status what is thought of the server now
 * @param against results in a row that speak against it; less than the threshold that turns it
 */
record HealthState(Status status, int against) {

  enum Status {
    /** Not checked yet. */
    UNKNOWN,
    UP,
    DOWN
  }

  /** Where every server begins. */
  static final HealthState UNKNOWN = new HealthState(Status.UNKNOWN, 0);

  private static final HealthState UP = new HealthState(Status.UP, 0);
  private static final HealthState DOWN = new HealthState(Status.DOWN, 0);

  /** The state after one more result. */
  HealthState next(boolean success, HealthPolicy policy) {
    HealthState wanted = success ? UP : DOWN;
    if (status == Status.UNKNOWN || status == wanted.status) {
      return wanted;
    }
    int threshold = success ? policy.healthyThreshold() : policy.unhealthyThreshold();
    return against + 1 >= threshold ? wanted : new HealthState(status, against + 1);
  }
}
