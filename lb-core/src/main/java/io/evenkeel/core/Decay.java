package io.evenkeel.core;

/**
 * e^(−Δ/τ) with τ = {@value #TAU_SECONDS} s: what is left after a time Δ of something that decays.
 * Off by less than 10⁻⁷ of itself, in a few nanoseconds, where {@link Math#exp} takes twenty.
 */
final class Decay {

  static final int TAU_SECONDS = 10;
  private static final double PER_NANO = 1e-9 / TAU_SECONDS;

  /** e^−(k/32) for the part of the exponent in whole 32nds, up to {@link #LIMIT}. */
  private static final double[] WHOLE = new double[32 * 32];

  /** Beyond 32 τ next to nothing is left, 10⁻¹⁴. */
  private static final double LIMIT = WHOLE.length / 32.0;

  static {
    for (int k = 0; k < WHOLE.length; k++) {
      WHOLE[k] = Math.exp(-k / 32.0);
    }
  }

  private Decay() {}

  /**
   * What is left of 1.
   *
   * @param nanos 0 or more
   */
  static double after(long nanos) {
    double x = nanos * PER_NANO;
    if (x >= LIMIT) {
      return Math.exp(-x);
    }
    int k = (int) (x * 32);
    double rest = x - k / 32.0; // below 1/32: the fifth term of the series is below 4·10⁻⁸
    return WHOLE[k] * (1 - rest * (1 - rest * (0.5 - rest * (1.0 / 6))));
  }
}
