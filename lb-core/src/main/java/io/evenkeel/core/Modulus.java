package io.evenkeel.core;

import java.math.BigInteger;

/**
 * Reduces 64-bit numbers, as unsigned, modulo one divisor, by a product with its reciprocal: a
 * division costs several times as much.
 *
 * <p>Exact. Be d the divisor, h = 2x + b the number, where b is its last bit, and c = ⌊2⁶⁵ / d⌋,
 * which is below 2⁶³ as d ≥ 5. The quotient is taken to be q = ⌊x·c / 2⁶⁴⌋. Now x·c / 2⁶⁴ ≤ 2x / d
 * ≤ h / d, and it falls short of h / d by b / d, at most 1/5, and by x · (2⁶⁵/d − c) / 2⁶⁴, less
 * than 1/2 as x < 2⁶³. Together that is less than 1: q is the quotient or one less, and h − q·d is
 * the remainder or that plus d.
 */
final class Modulus {

  static final int LEAST = 5;

  private Modulus() {}

  /**
   * What {@link #of} needs to know of a divisor beside itself.
   *
   * @param divisor at least {@link #LEAST}
   */
  static long reciprocal(int divisor) {
    if (divisor < LEAST) {
      throw new IllegalArgumentException("divisor: " + divisor + " (expected: >= " + LEAST + ")");
    }
    return BigInteger.ONE.shiftLeft(65).divide(BigInteger.valueOf(divisor)).longValueExact();
  }

  /** The number modulo the divisor, as {@link Long#remainderUnsigned}. */
  static int of(long number, int divisor, long reciprocal) {
    long rest = number - Math.multiplyHigh(number >>> 1, reciprocal) * divisor;
    return (int) (rest < divisor ? rest : rest - divisor);
  }
}
