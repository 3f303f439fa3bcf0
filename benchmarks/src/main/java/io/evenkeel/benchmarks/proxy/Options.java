package io.evenkeel.benchmarks.proxy;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The command line. */
final class Options {

  static final String USAGE =
      """
      Measures the proxy beside HAProxy and nginx, each with one worker, over loopback:
        benchmarks/proxy/compare [OPTIONS]

        --only LETTERS  scenarios, as a,c,e; all by default
      %s
        --rounds N      in each of them everybody is measured once; 5 by default
        --seconds N     how long; 3 by default
        --quick         1 round of 1 s, 500 idle relays: to see that it works
        --syscalls      instead: system calls of (a), (c), (d), (f), counted by strace
        --java PATH     the Java that runs Evenkeel
        --out DIR       where proxy.md, .csv and .svg go: benchmarks/results, or, if quick,
                        benchmarks/target. What was measured before stays there, unless it was
                        measured anew, or on another machine or with other versions.
      """;

  private static final Set<Scenario> COUNTED =
      EnumSet.of(Scenario.A, Scenario.C, Scenario.D, Scenario.F);

  private @Nullable Set<Scenario> only;
  private @Nullable Path out;
  int rounds = 5;
  int seconds = 3;
  boolean quick;
  boolean syscalls;
  String java = "java";

  /**
   * Reads it.
   *
   * @throws IllegalArgumentException if something is wrong with it; one line says what
   */
  static Options of(String... arguments) {
    Options options = new Options();
    Iterator<String> left = Arrays.asList(arguments).iterator();
    while (left.hasNext()) {
      String option = left.next();
      switch (option) {
        case "--quick" -> {
          options.quick = true;
          options.rounds = 1;
          options.seconds = 1;
        }
        case "--syscalls" -> options.syscalls = true;
        case "--only" -> options.only = scenarios(value(option, left));
        case "--rounds" -> options.rounds = count(option, value(option, left));
        case "--seconds" -> options.seconds = count(option, value(option, left));
        case "--java" -> options.java = value(option, left);
        case "--out" -> options.out = Path.of(value(option, left));
        default -> throw new IllegalArgumentException(option + ": unknown (expected: see --help)");
      }
    }
    return options;
  }

  Set<Scenario> scenarios() {
    Set<Scenario> chosen = EnumSet.copyOf(only == null ? EnumSet.allOf(Scenario.class) : only);
    if (syscalls) {
      chosen.retainAll(COUNTED);
    }
    return chosen;
  }

  Path out() {
    return out == null ? Path.of("benchmarks", quick ? "target" : "results") : out;
  }

  int idleRelays() {
    return quick ? 500 : 9_000;
  }

  int warmUpSeconds() {
    return quick ? 1 : 3;
  }

  int warmUpSecondsAtMost() {
    return quick ? 1 : 30;
  }

  private static String value(String option, Iterator<String> left) {
    if (!left.hasNext()) {
      throw new IllegalArgumentException(option + ": nothing follows (expected: a value)");
    }
    return left.next();
  }

  private static Set<Scenario> scenarios(String value) {
    Set<Scenario> scenarios = EnumSet.noneOf(Scenario.class);
    for (String letter : value.split(",", -1)) {
      try {
        scenarios.add(Scenario.valueOf(letter.toUpperCase(Locale.ROOT)));
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException("--only: '" + letter + "' (expected: a to f)", e);
      }
    }
    return scenarios;
  }

  private static int count(String option, String value) {
    if (!value.matches("[1-9]\\d{0,4}")) {
      throw new IllegalArgumentException(option + ": '" + value + "' (expected: 1 to 99999)");
    }
    return Integer.parseInt(value);
  }
}
