package io.evenkeel.benchmarks.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** What must be true of a run, computed from what it measured. */
final class Bars {

  /** What costs the same at any number of servers. Others are shown without this bar. */
  private static final Set<String> CONSTANT =
      Set.of(
          "round_robin",
          "weighted_round_robin",
          "random",
          "weighted_random",
          "power_of_two",
          "peak_ewma",
          "least_response_time",
          "ip_hash",
          "maglev");

  /** Less than one object in sixteen picks. */
  private static final double NOTHING = 1;

  /**
   * What the harness itself allocates, some 10 kB an iteration: as much as nothing a pick, but for
   * picks so slow that there are few of them.
   */
  private static final double HARNESS_BYTES_PER_NANO = 10_000 / (Plan.ITERATION_MILLIS * 1e6);

  private static final double LEASE_BYTES = 32;

  /** The part of a bar beyond which an error is no excuse. */
  private static final double NOISE = 0.25;

  /** Whether a bar is met. */
  enum Verdict {
    MET("met"),
    MET_WITHIN_ERROR("met within the error"),
    /** Missed by less than the error, but with an error so large that it says nothing. */
    TOO_NOISY("too noisy to say"),
    NOT_MET("**not met**"),
    NOT_MEASURED("not measured");

    private final String title;

    Verdict(String title) {
      this.title = title;
    }

    String title() {
      return title;
    }
  }

  /**
   * One bar for one selector.
   *
   * @param measured the worst that was measured, and where
   */
  record Bar(String bar, String selector, String measured, Verdict verdict) {}

  /** A value that is held against a bar. */
  private record Finding(Spread value, String where) {}

  private final Results results;
  private final List<Bar> bars = new ArrayList<>();

  private Bars(Results results) {
    this.results = results;
  }

  static List<Bar> of(Results results) {
    Bars bars = new Bars(results);
    for (Contender ours : results.ours(Work.SELECT)) {
      bars.noSlower(ours);
    }
    for (Contender ours : results.ours(Work.MEASURED_USE)) {
      bars.share(ours, Contenders.SERVICETALK_MEASURED, "ServiceTalk's", 0.5, results.servers());
      bars.share(ours, Contenders.FINAGLE_MEASURED, "Finagle's", 0.2, results.servers());
    }
    for (Contender ours : results.ours(Work.SELECT)) {
      bars.growth(ours);
    }
    for (Contender ours : results.ours(Work.SELECT)) {
      bars.bytes(ours, "select: 0 B/op", NOTHING);
    }
    for (Work work : List.of(Work.USE, Work.MEASURED_USE)) {
      for (Contender ours : results.ours(work)) {
        bars.bytes(ours, work.title() + ": at most 32 B/op", LEASE_BYTES + NOTHING);
      }
    }
    for (Contender ours : results.ours(Work.UPDATE_ALL)) {
      bars.millis(ours, "update of all 10,000: at most 100 ms");
    }
    for (Contender ours : results.ours(Work.LOOKUP)) {
      bars.lookup(ours);
    }
    for (Contender ours : results.ours(Work.KEY_LOOKUP)) {
      bars.noSlower(ours);
      bars.bytes(ours, ours.work().title() + ": 0 B/op", NOTHING);
    }
    for (Contender ours : results.ours(Work.BUILD)) {
      bars.millis(ours, "build of 1,000: at most 100 ms");
    }
    return bars.bars;
  }

  private void lookup(Contender ours) {
    if (ours.name().equals("maglev")) {
      share(ours, Contenders.ARRAY_READ, "an array read", 2, Set.of(1_000));
    } else {
      noSlower(ours);
      share(ours, Contenders.BINARY_SEARCH, "a binary search", 0.3, Set.of(1_000));
    }
    bytes(ours, ours.work().title() + ": 0 B/op", NOTHING);
  }

  private void noSlower(Contender ours) {
    List<Finding> findings = new ArrayList<>();
    for (Cell cell : results.cells(ours)) {
      Optional<Cell> fastest = results.fastestLike(cell);
      fastest.ifPresent(
          like ->
              findings.add(
                  new Finding(
                      results.ratio(cell, like),
                      "of " + like.contender().name() + ", " + Numbers.load(cell))));
    }
    add(ours.work().title() + ": no slower than the fastest like it (1×)", ours, findings, 1, "×");
  }

  private void share(Contender ours, String other, String title, double bar, Set<Integer> servers) {
    List<Finding> findings = new ArrayList<>();
    for (Cell cell : results.cells(ours)) {
      for (Contender contender : results.others(ours)) {
        Cell like = new Cell(contender, cell.servers(), cell.threads());
        if (contender.name().equals(other)
            && servers.contains(cell.servers())
            && results.has(like)) {
          findings.add(new Finding(results.ratio(cell, like), Numbers.load(cell)));
        }
      }
    }
    add(
        "%s: at most %s× %s"
            .formatted(ours.work().title(), bar == 2 ? "2" : String.valueOf(bar), title),
        ours,
        findings,
        bar,
        "×");
  }

  private void growth(Contender ours) {
    String selector = ours.like().get(0);
    double bar = selector.equals("least_connections") ? 5 : 1.2;
    if (bar != 5 && !CONSTANT.contains(selector)) {
      return;
    }
    List<Finding> findings = new ArrayList<>();
    for (int threads : results.threads()) {
      Cell few = new Cell(ours, 10, threads);
      Cell many = new Cell(ours, 10_000, threads);
      if (results.has(few) && results.has(many)) {
        findings.add(new Finding(results.ratio(many, few), Numbers.threads(threads)));
      }
    }
    add(
        "select: 10,000 servers at most %s× of 10".formatted(bar == 5 ? "5" : "1.2"),
        ours,
        findings,
        bar,
        "×");
  }

  private void bytes(Contender ours, String title, double limit) {
    List<Finding> findings = new ArrayList<>();
    for (Cell cell : results.cells(ours)) {
      double harness = results.nanos(cell).median() * HARNESS_BYTES_PER_NANO;
      double bytes = Math.max(0, results.bytes(cell) - harness);
      findings.add(new Finding(new Spread(bytes, 0), Numbers.load(cell)));
    }
    add(title, ours, findings, limit, " B");
  }

  private void millis(Contender ours, String title) {
    List<Finding> findings = new ArrayList<>();
    for (Cell cell : results.cells(ours)) {
      Spread nanos = results.nanos(cell);
      findings.add(
          new Finding(
              new Spread(nanos.median() / 1e6, nanos.error() / 1e6),
              Numbers.count(cell.servers()) + " servers"));
    }
    add(title, ours, findings, 100, " ms");
  }

  /** The verdict is that of the worst finding; of those alike, the largest is shown. */
  private void add(String bar, Contender ours, List<Finding> findings, double limit, String unit) {
    Comparator<Finding> byVerdict = Comparator.comparing(finding -> verdict(finding, limit));
    Optional<Finding> worst =
        findings.stream().max(byVerdict.thenComparingDouble(finding -> finding.value().median()));
    bars.add(
        new Bar(
            bar,
            ours.name(),
            worst.map(finding -> text(finding, unit)).orElse(""),
            worst.map(finding -> verdict(finding, limit)).orElse(Verdict.NOT_MEASURED)));
  }

  private static Verdict verdict(Finding finding, double limit) {
    Spread value = finding.value();
    if (value.median() <= limit) {
      return Verdict.MET;
    }
    if (value.median() - value.error() > limit) {
      return Verdict.NOT_MET;
    }
    return value.error() > limit * NOISE ? Verdict.TOO_NOISY : Verdict.MET_WITHIN_ERROR;
  }

  private static String text(Finding finding, String unit) {
    Spread value = finding.value();
    String error =
        value.error() > 0 ? " ± " + String.format(Locale.ROOT, "%.2f", value.error()) : "";
    return String.format(
        Locale.ROOT, "%.2f%s%s (%s)", value.median(), error, unit, finding.where());
  }
}
