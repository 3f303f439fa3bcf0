package io.evenkeel.benchmarks.simulation;

import java.time.Duration;
import java.util.Locale;

/** Numbers as people read them; the same in every locale. */
final class Text {

  private Text() {}

  /** Three significant digits, in µs, ms or s. */
  static String nanos(double nanos) {
    if (nanos < 999_500) {
      return significant(nanos / 1e3) + " µs";
    }
    return nanos < 999_500_000 ? significant(nanos / 1e6) + " ms" : significant(nanos / 1e9) + " s";
  }

  /** A whole number of its largest unit that fits. */
  static String duration(Duration duration) {
    long micros = duration.toNanos() / 1000;
    if (micros % 1000 != 0) {
      return micros + " µs";
    }
    return micros % 1_000_000 == 0 ? micros / 1_000_000 + " s" : micros / 1000 + " ms";
  }

  /** A share in percent, to a hundredth below one. */
  static String percent(double share) {
    double percent = share * 100;
    if (percent == 0 || percent >= 99.995) {
      return Math.round(percent) + " %";
    }
    if (percent < 0.01) {
      return "< 0.01 %";
    }
    return number(percent, percent < 1 ? 2 : percent < 10 ? 1 : 0) + " %";
  }

  /** A number with so many digits behind the point. */
  static String fixed(double value, int digits) {
    return String.format(Locale.ROOT, "%." + digits + "f", value);
  }

  /** The same without zeros that say nothing. */
  static String number(double value, int digits) {
    String text = fixed(value, digits);
    return digits == 0 ? text : text.replaceAll("\\.?0+$", "");
  }

  /** Large numbers, in groups of three. */
  static String count(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }

  private static String significant(double value) {
    int digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    return fixed(value, digits);
  }
}
