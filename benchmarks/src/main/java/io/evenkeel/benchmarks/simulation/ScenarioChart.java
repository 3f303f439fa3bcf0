package io.evenkeel.benchmarks.simulation;

import io.evenkeel.benchmarks.Svg;
import java.util.ArrayList;
import java.util.List;

/** One scenario as a picture: a row for each selector, the best on top, latency to the right. */
final class ScenarioChart {

  private static final int WIDTH = 880;
  private static final int LEFT = 176;
  private static final int RIGHT = 590;
  private static final int P99 = 660;
  private static final int FAILED = 734;
  private static final int SPREAD = 776;
  private static final int SPREAD_WIDTH = 90;
  private static final int ROW = 28;
  private static final int LETTERS_IN_LINE = 132;

  /** Colours by Okabe and Ito, which differ for every eye; shapes differ, too. */
  private static final String STYLE =
      """
      .range { stroke: #9198a1; stroke-width: 2; }
      .p50 { fill: #0072b2; }
      .p99 { fill: #d55e00; }
      .p999 { fill: #8a3e6f; }
      .bar { fill: #9198a1; }
      .strong { font-weight: 600; }
      @media (prefers-color-scheme: dark) {
        .p50 { fill: #56b4e9; }
        .p99 { fill: #e69f00; }
        .p999 { fill: #cc79a7; }
        .bar { fill: #59636e; }
      }
      """;

  private final Outcome outcome;
  private final double low;
  private final double high;

  private ScenarioChart(Outcome outcome) {
    this.outcome = outcome;
    List<Result> results = outcome.results();
    low = results.stream().mapToDouble(r -> r.percentile(50)).min().orElse(1) / 1.25;
    high = results.stream().mapToDouble(r -> r.percentile(99.9)).max().orElse(1) * 1.25;
  }

  static String of(Outcome outcome) {
    return new ScenarioChart(outcome).draw();
  }

  private String draw() {
    Scenario scenario = outcome.scenario();
    List<String> about = lines(scenario.about(), LETTERS_IN_LINE);
    int legend = 34 + 16 * about.size() + 26;
    int top = legend + 14;
    int bottom = top + ROW * outcome.results().size();
    Svg svg = new Svg(WIDTH, bottom + 34, scenario.title(), STYLE);
    svg.text(16, 28, scenario.title(), "title");
    for (int i = 0; i < about.size(); i++) {
      svg.text(16, 50 + 16 * i, about.get(i), "soft");
    }
    legend(svg, legend);
    axis(svg, top, bottom);
    double widest =
        Math.max(0.5, outcome.results().stream().mapToDouble(Result::spread).max().orElse(0));
    int y = top + ROW / 2;
    for (Result result : outcome.ranked()) {
      row(svg, result, y, widest);
      y += ROW;
    }
    return svg.toString();
  }

  private static void legend(Svg svg, int y) {
    mark50(svg, LEFT + 6, y - 4);
    svg.text(LEFT + 16, y, "p50", "soft");
    mark99(svg, LEFT + 66, y - 4);
    svg.text(LEFT + 76, y, "p99", "soft");
    mark999(svg, LEFT + 126, y - 4);
    svg.text(LEFT + 136, y, "p99.9 of the latency, logarithmic", "soft");
    svg.text(P99, y, "p99", "soft end");
    svg.text(FAILED, y, "failed", "soft end");
    svg.text(SPREAD, y, "load spread", "soft");
  }

  private void axis(Svg svg, int top, int bottom) {
    for (double tick : ticks(low, high)) {
      svg.line(x(tick), top, x(tick), bottom, "grid");
      svg.text(x(tick), bottom + 18, tickText(tick), "soft middle");
    }
  }

  private void row(Svg svg, Result result, int y, double widest) {
    double p50 = result.percentile(50);
    double p99 = result.percentile(99);
    double p999 = result.percentile(99.9);
    svg.text(LEFT - 12, y + 4, result.selector(), "end");
    svg.line(x(p50), y, x(p999), y, "range");
    mark999(svg, x(p999), y);
    mark99(svg, x(p99), y);
    mark50(svg, x(p50), y);
    svg.text(P99, y + 4, Text.nanos(p99), "end");
    boolean bad = result.failedShare() >= Outcome.TOO_MANY_FAILED;
    svg.text(FAILED, y + 4, Text.percent(result.failedShare()), bad ? "end strong" : "end soft");
    double bar = SPREAD_WIDTH * 0.6 * result.spread() / widest;
    svg.rect(SPREAD, y - 5, Math.max(1, bar), 10, "bar");
    svg.text(SPREAD + bar + 6, y + 4, Text.fixed(result.spread(), 2), "soft");
  }

  private static void mark50(Svg svg, double x, double y) {
    svg.circle(x, y, 5, "p50");
  }

  private static void mark99(Svg svg, double x, double y) {
    svg.polygon("p99", x, y - 6, x + 6, y, x, y + 6, x - 6, y);
  }

  private static void mark999(Svg svg, double x, double y) {
    svg.polygon("p999", x - 5, y - 5, x + 6, y, x - 5, y + 5);
  }

  private double x(double nanos) {
    return LEFT + (RIGHT - LEFT) * StrictMath.log(nanos / low) / StrictMath.log(high / low);
  }

  /** Round numbers, about half a dozen of them. */
  static List<Double> ticks(double low, double high) {
    double decades = StrictMath.log10(high / low);
    double[] steps = decades < 2.2 ? new double[] {1, 2, 5} : new double[] {1};
    List<Double> ticks = new ArrayList<>();
    for (double decade = 1; decade <= high; decade *= 10) {
      for (double step : steps) {
        if (decade * step >= low && decade * step <= high) {
          ticks.add(decade * step);
        }
      }
    }
    return ticks;
  }

  private static String tickText(double nanos) {
    if (nanos < 1e6) {
      return Text.number(nanos / 1e3, 3) + " µs";
    }
    return nanos < 1e9 ? Text.number(nanos / 1e6, 0) + " ms" : Text.number(nanos / 1e9, 0) + " s";
  }

  /** Breaks a text at spaces. */
  static List<String> lines(String text, int letters) {
    List<String> lines = new ArrayList<>();
    String rest = text;
    while (rest.length() > letters) {
      int space = rest.lastIndexOf(' ', letters);
      if (space <= 0) {
        break;
      }
      lines.add(rest.substring(0, space));
      rest = rest.substring(space + 1);
    }
    lines.add(rest);
    return lines;
  }
}
