package io.evenkeel.benchmarks.simulation;

import io.evenkeel.core.Selectors;

/** x. */
public final class Simulation {
  private Simulation() {}

  /** x. */
  public static void main(String[] args) {
    for (Scenario s : Scenarios.all()) {
      if (args.length > 0 && !args[0].equals(s.name())) {
        continue;
      }
      System.out.println(s.name() + ": " + s.conditions());
      for (String name : Selectors.names()) {
        long t = System.nanoTime();
        Result r = Run.of(s, name, Selectors.named(name), 1);
        System.out.printf(
            "%-22s %10s %10s %10s fail %-10s cv %.3f max %.3f  n %d ev %d  %.1fs%n",
            name,
            Text.nanos(r.percentile(50)),
            Text.nanos(r.percentile(99)),
            Text.nanos(r.percentile(99.9)),
            Text.percent(r.failedShare()),
            r.spread(),
            r.maxOverMean(),
            r.arrived(),
            r.events(),
            (System.nanoTime() - t) / 1e9);
      }
    }
  }
}
