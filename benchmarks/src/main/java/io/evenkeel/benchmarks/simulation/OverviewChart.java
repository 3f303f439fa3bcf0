package io.evenkeel.benchmarks.simulation;

import io.evenkeel.benchmarks.Svg;
import java.util.List;

/** All scenarios at a glance: a row for each, a column for each selector, p99 in the cells. */
final class OverviewChart {

  private static final int LEFT = 264;
  private static final int COLUMN = 84;
  private static final int ROW = 38;
  private static final int TOP = 118;

  /** Up to how many times the best p99 a cell is of each class; the rest is of the last. */
  private static final double[] LIMITS = {1.1, 1.5, 3, 10};

  private static final String[] LEGEND = {
    "p99 within 10 % of the row's best", "≤ 1.5 ×", "≤ 3 ×", "≤ 10 ×", "> 10 ×, or 1 % failed"
  };

  /** From blue to orange, which every eye tells apart; the same on dark pages. */
  private static final String STYLE =
      """
      .c0 { fill: #9ecae1; }
      .c1 { fill: #deebf7; }
      .c2 { fill: #fee8c8; }
      .c3 { fill: #fdbb84; }
      .c4 { fill: #e6703f; }
      text.cell { fill: #1f2328; text-anchor: middle; }
      text.small { font-size: 10px; }
      """;

  private OverviewChart() {}

  static String of(List<Outcome> outcomes) {
    List<String> selectors = outcomes.get(0).results().stream().map(Result::selector).toList();
    int width = Math.max(880, LEFT + COLUMN * selectors.size() + 16);
    Svg svg =
        new Svg(
            width,
            TOP + ROW * outcomes.size() + 16,
            "Which selector when: p99 latency by scenario and selector",
            STYLE);
    svg.text(16, 28, "Which selector when: p99 latency by scenario and selector", "title");
    int x = 16;
    for (int i = 0; i < LEGEND.length; i++) {
      svg.rect(x, 44, 14, 14, "c" + i);
      svg.text(x + 20, 55, LEGEND[i], "soft");
      x += 48 + LEGEND[i].length() * 6;
    }
    for (int s = 0; s < selectors.size(); s++) {
      List<String> words = List.of(selectors.get(s).split("_"));
      for (int w = 0; w < words.size(); w++) {
        int y = TOP - 8 - 14 * (words.size() - 1 - w);
        svg.text(LEFT + COLUMN * (s + 0.5), y, words.get(w), "middle");
      }
    }
    for (int row = 0; row < outcomes.size(); row++) {
      row(svg, outcomes.get(row), TOP + ROW * row);
    }
    return svg.toString();
  }

  private static void row(Svg svg, Outcome outcome, int y) {
    svg.text(LEFT - 12, y + ROW / 2 + 4, outcome.scenario().title(), "end");
    double best = outcome.bestP99();
    int x = LEFT;
    for (Result result : outcome.results()) {
      boolean bad = result.failedShare() >= Outcome.TOO_MANY_FAILED;
      int rank = 0;
      while (rank < LIMITS.length && (bad || result.percentile(99) > best * LIMITS[rank])) {
        rank++;
      }
      svg.rect(x + 1, y + 1, COLUMN - 2, ROW - 2, "c" + rank);
      double middle = x + COLUMN / 2.0;
      svg.text(middle, y + (bad ? 17 : 23), Text.nanos(result.percentile(99)), "cell");
      if (bad) {
        svg.text(middle, y + 30, Text.percent(result.failedShare()) + " failed", "cell small");
      }
      x += COLUMN;
    }
  }
}
