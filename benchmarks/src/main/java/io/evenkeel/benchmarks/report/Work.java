package io.evenkeel.benchmarks.report;

/** How much of a use is timed: only what does the same work is compared. */
enum Work {
  /** The choice alone. */
  SELECT("select"),
  /** The choice, and the one in flight counted there and back. */
  USE("acquire + close"),
  /** The same, and the latency taken and accounted for. */
  MEASURED_USE("acquire + success + close"),
  /** Where a key belongs whose hash is given. */
  LOOKUP("lookup by hash"),
  /** Where a key of 16 characters belongs. */
  KEY_LOOKUP("lookup by key"),
  /** Every server's weight changed. */
  UPDATE_ALL("update of all"),
  /** One server more, and one less. */
  ADD_AND_REMOVE("add + remove"),
  /** One server down, and up again. */
  DOWN_AND_UP("down + up"),
  /** A ring or a table of 1,000 servers made. */
  BUILD("build");

  private final String title;

  Work(String title) {
    this.title = title;
  }

  String title() {
    return title;
  }

  /** Whether it is a pick, not a change of the balancer. */
  boolean isPick() {
    return compareTo(KEY_LOOKUP) <= 0;
  }
}
