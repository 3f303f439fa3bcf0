package io.evenkeel.benchmarks.simulation;

import java.util.Comparator;
import java.util.List;

/** What all selectors did in one scenario. */
record Outcome(Scenario scenario, List<Result> results) {

  /** From which share of failures on a selector stands behind those that have less. */
  static final double TOO_MANY_FAILED = 0.01;

  /** The best first: few failures come before many, and then a small p99. */
  List<Result> ranked() {
    return results.stream()
        .sorted(
            Comparator.comparingDouble(
                    (Result result) ->
                        result.failedShare() < TOO_MANY_FAILED ? 0 : result.failedShare())
                .thenComparingDouble(result -> result.percentile(99))
                .thenComparing(Result::selector))
        .toList();
  }

  /** The smallest p99 of those with few failures, or of all if none has few; nanoseconds. */
  double bestP99() {
    return ranked().get(0).percentile(99);
  }
}
