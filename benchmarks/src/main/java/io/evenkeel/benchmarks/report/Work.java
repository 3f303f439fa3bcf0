package io.evenkeel.benchmarks.report;

/** How much of a use is timed: only what does the same work is compared. */
enum Work {
  /** The choice alone. */
  SELECT("select"),
  /** The choice, and the one in flight counted there and back. */
  USE("acquire + close"),
  /** The same, and the latency taken and accounted for. */
  MEASURED_USE("acquire + success + close"),
  /** Every server's weight changed. */
  UPDATE_ALL("update of all"),
  /** One server more, and one less. */
  ADD_AND_REMOVE("add + remove"),
  /** One server down, and up again. */
  DOWN_AND_UP("down + up");

  private final String title;

  Work(String title) {
    this.title = title;
  }

  String title() {
    return title;
  }

  /** Whether it is a pick, not a change of the balancer. */
  boolean isPick() {
    return compareTo(MEASURED_USE) <= 0;
  }
}
