package io.evenkeel.benchmarks.simulation;

/**
 * One stream of random numbers (SplitMix64). Not the JDK's own, whose algorithms may differ between
 * releases, nor {@link Math}'s functions, which may differ between machines: a seed must give the
 * same bytes everywhere.
 */
final class Chance {

  private static final long GOLDEN = 0x9e3779b97f4a7c15L;

  private long state;

  Chance(long seed) {
    this.state = mix(seed);
  }

  /** A seed for something of its own, from a common seed and its number. */
  static long seed(long common, long number) {
    return mix(common + GOLDEN * (number + 1));
  }

  private static long mix(long z) {
    long a = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    long b = (a ^ (a >>> 27)) * 0x94d049bb133111ebL;
    return b ^ (b >>> 31);
  }

  /** Evenly from above 0 to 1, both ends exactly representable: its logarithm is finite. */
  double uniform() {
    state += GOLDEN;
    return ((mix(state) >>> 11) + 1) * 0x1p-53;
  }

  /** Exponential with mean 1. */
  double exponential() {
    return -StrictMath.log(uniform());
  }

  /** Normal with mean 0 and variance 1 (Box and Muller, 1958). */
  double normal() {
    return StrictMath.sqrt(2 * exponential()) * StrictMath.cos(2 * Math.PI * uniform());
  }
}
