package io.evenkeel.benchmarks.simulation;

import java.util.List;
import org.HdrHistogram.Histogram;

/**
 * What one selector did in one scenario, of the requests that arrived while measured.
 *
 * @param arrived how many there were
 * @param failed how many of them ended in failure, after retries
 * @param latencies of those that did not, in nanoseconds
 * @param loads of each server: work sent to it over what it could do, both while measured
 * @param events how much happened, warm-up included
 */
record Result(
    String selector,
    long arrived,
    long failed,
    Histogram latencies,
    List<Double> loads,
    long events) {

  /** The latency that so many percent of the successful requests did not exceed, nanoseconds. */
  double percentile(double percent) {
    return latencies.getValueAtPercentile(percent);
  }

  double failedShare() {
    return arrived == 0 ? 0 : (double) failed / arrived;
  }

  /** The standard deviation of the loads over their mean: 0 is perfectly even. */
  double spread() {
    double mean = meanLoad();
    double squares = loads.stream().mapToDouble(load -> (load - mean) * (load - mean)).sum();
    return StrictMath.sqrt(squares / loads.size()) / mean;
  }

  /** The largest load over the mean: 1 is perfectly even. */
  double maxOverMean() {
    return loads.stream().mapToDouble(load -> load).max().orElse(0) / meanLoad();
  }

  private double meanLoad() {
    return loads.stream().mapToDouble(load -> load).average().orElse(0);
  }
}
