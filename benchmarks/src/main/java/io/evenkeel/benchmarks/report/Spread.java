package io.evenkeel.benchmarks.report;

import java.util.Collection;

/**
 * A number measured in several rounds.
 *
 * @param median over the rounds
 * @param error half the range over the rounds; 0 with one round
 */
public record Spread(double median, double error) {

  /** Of at least one. */
  public static Spread of(Collection<Double> values) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    int n = sorted.length;
    double median = n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
    return new Spread(median, (sorted[n - 1] - sorted[0]) / 2);
  }
}
