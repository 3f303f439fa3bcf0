package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** The reciprocal gives what the division gives, to the last unit. */
class ModulusTest {

  private static final int[] PRIMES = {
    5, 7, 11, 13, 17, 251, 257, 65_521, 65_537, 655_373, 4_999_999, 5_000_011, Integer.MAX_VALUE
  };

  @Property(tries = 20_000)
  void anyNumber_anyDivisor_isTheRemainder(
      @ForAll long number, @ForAll @IntRange(min = Modulus.LEAST) int divisor) {
    assertThat(Modulus.of(number, divisor, Modulus.reciprocal(divisor)))
        .isEqualTo((int) Long.remainderUnsigned(number, divisor));
  }

  /** Multiples and their neighbours, where a quotient that is one off shows. */
  @Property(tries = 20_000)
  void nextToAMultiple_isTheRemainder(
      @ForAll long number,
      @ForAll @IntRange(max = 12) int prime,
      @ForAll @IntRange(min = -2, max = 2) int beside) {
    int divisor = PRIMES[prime];
    long near = Long.divideUnsigned(number, divisor) * divisor + beside;
    assertThat(Modulus.of(near, divisor, Modulus.reciprocal(divisor)))
        .isEqualTo((int) Long.remainderUnsigned(near, divisor));
  }

  @Example
  void ends_areRight_ofEverySmallDivisor() {
    for (int divisor = Modulus.LEAST; divisor < 70_000; divisor++) {
      long reciprocal = Modulus.reciprocal(divisor);
      long last = Long.divideUnsigned(-1, divisor) * divisor;
      long[] numbers = {
        0, 1, divisor - 1, divisor, Long.MAX_VALUE, Long.MIN_VALUE, -1, last, last - 1
      };
      for (long number : numbers) {
        if (Modulus.of(number, divisor, reciprocal) != Long.remainderUnsigned(number, divisor)) {
          assertThat(Modulus.of(number, divisor, reciprocal))
              .as("%d mod %d", number, divisor)
              .isEqualTo(-1);
        }
      }
    }
  }

  @Example
  void tooSmallADivisor_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Modulus.reciprocal(4))
        .withMessage("divisor: 4 (expected: >= 5)");
  }
}
