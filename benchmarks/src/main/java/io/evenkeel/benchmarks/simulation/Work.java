package io.evenkeel.benchmarks.simulation;

import java.time.Duration;
import java.util.function.ToDoubleFunction;

/** How long requests take one worker of a server of speed 1: a distribution of service times. */
interface Work {

  /** The mean, in nanoseconds. */
  double meanNanos();

  /** One request's, in nanoseconds. */
  double draw(Chance chance);

  /** What the distribution is, for people. */
  @Override
  String toString();

  /** Every request the same. */
  static Work fixed(Duration each) {
    double nanos = each.toNanos();
    return of(nanos, "each " + Text.duration(each), chance -> nanos);
  }

  /** Memoryless, as in the textbooks. */
  static Work exponential(Duration mean) {
    double nanos = mean.toNanos();
    return of(
        nanos, "exponential, mean " + Text.duration(mean), chance -> nanos * chance.exponential());
  }

  /**
   * As services usually are: most requests short, some long.
   *
   * @param sigma the standard deviation of the logarithm
   */
  static Work lognormal(Duration mean, double sigma) {
    double nanos = mean.toNanos();
    double median = nanos / StrictMath.exp(sigma * sigma / 2);
    return of(
        nanos,
        "lognormal, mean " + Text.duration(mean) + ", sigma " + sigma,
        chance -> median * StrictMath.exp(sigma * chance.normal()));
  }

  /** Two kinds of requests, each exponential. */
  static Work bimodal(Duration usual, Duration rare, double shareOfRare) {
    double mean = usual.toNanos() * (1 - shareOfRare) + rare.toNanos() * shareOfRare;
    return of(
        mean,
        Text.duration(usual) + ", and " + Text.percent(shareOfRare) + " " + Text.duration(rare),
        chance ->
            (chance.uniform() <= shareOfRare ? rare : usual).toNanos() * chance.exponential());
  }

  private static Work of(double meanNanos, String text, ToDoubleFunction<Chance> draw) {
    return new Work() {
      @Override
      public double meanNanos() {
        return meanNanos;
      }

      @Override
      public double draw(Chance chance) {
        return draw.applyAsDouble(chance);
      }

      @Override
      public String toString() {
        return text;
      }
    };
  }
}
