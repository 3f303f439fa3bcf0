package io.evenkeel.health;

import io.evenkeel.health.OutlierPolicy.SuccessRate;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * Compares success rates of servers with one another, as Envoy does: mean and standard deviation of
 * those that had enough outcomes. One without enough is unknown, and neither judged nor counted in.
 */
final class SuccessRates {

  /** Equal rates have a deviation that is not quite 0 in binary. */
  private static final double ROUNDING = 1e-9;

  private SuccessRates() {}

  /** What one server did in an interval. */
  record Sample<T>(T server, long successes, long outcomes) {

    double rate() {
      return (double) successes / (double) outcomes;
    }
  }

  /**
   * One that is too far below.
   *
   * @param why for people
   */
  record Outlier<T>(T server, String why) {}

  /** The outliers, the worst first. */
  static <T> List<Outlier<T>> find(List<Sample<T>> all, SuccessRate policy) {
    List<Sample<T>> known =
        all.stream().filter(sample -> sample.outcomes >= policy.minOutcomes()).toList();
    if (known.size() < policy.minServers()) {
      return List.of();
    }
    double mean = known.stream().mapToDouble(Sample::rate).average().orElseThrow();
    double variance =
        known.stream()
            .mapToDouble(sample -> (sample.rate() - mean) * (sample.rate() - mean))
            .average()
            .orElseThrow();
    double deviation = Math.sqrt(variance);
    double least = mean - policy.factor() * deviation;
    return known.stream()
        .filter(sample -> sample.rate() < least - ROUNDING)
        .sorted(Comparator.comparingDouble(Sample::rate))
        .map(sample -> new Outlier<>(sample.server, why(sample, least, mean, known.size())))
        .toList();
  }

  private static String why(Sample<?> sample, double least, double mean, int servers) {
    return String.format(
        Locale.ROOT,
        "%.1f %% of %d succeeded, less than %.1f %%; the mean of %d servers is %.1f %%",
        100 * sample.rate(),
        sample.outcomes,
        100 * least,
        servers,
        100 * mean);
  }
}
