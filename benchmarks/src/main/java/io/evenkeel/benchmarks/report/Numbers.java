package io.evenkeel.benchmarks.report;

import java.util.Locale;

/** How numbers are written. */
final class Numbers {

  private Numbers() {}

  /** 3 digits or so: 4.7, 52, 2,160. */
  static String of(double value) {
    return String.format(Locale.ROOT, value < 9.95 ? "%.1f" : "%,.0f", value);
  }

  static String of(Spread value) {
    return value.error() == 0 ? of(value.median()) : of(value.median()) + " ±" + of(value.error());
  }

  static String count(int n) {
    return String.format(Locale.ROOT, "%,d", n);
  }

  static String threads(int threads) {
    return threads == 1 ? "1 thread" : threads + " threads";
  }

  static String load(Cell cell) {
    return "n = " + count(cell.servers()) + ", " + threads(cell.threads());
  }
}
