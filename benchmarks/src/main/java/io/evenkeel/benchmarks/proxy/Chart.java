package io.evenkeel.benchmarks.proxy;

import io.evenkeel.benchmarks.Svg;
import io.evenkeel.benchmarks.report.Spread;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * The results as a picture: for each scenario a group of bars, everybody's CPU by that of the
 * better of the others. A panel for each Java.
 */
final class Chart {

  private static final int WIDTH = 1_000;
  private static final int HEAD = 84;
  private static final int PANEL = 330;
  private static final int PLOT = 240;

  /** Taller bars end here; what stands above them says how tall they are. */
  private static final double MOST = 2;

  private static final double UNIT = PLOT / MOST;
  private static final int LEFT = 50;
  private static final int BAR = 22;

  private static final String STYLE =
      """
      .v { font-size: 10px; }
      .bar { stroke: #cf222e; stroke-width: 2; }
      .range { stroke: #59636e; stroke-width: 1; }
      .evenkeel { fill: #e6703f; }
      .haproxy { fill: #1f5f8b; }
      .haproxy_splice { fill: #3f92c8; }
      .haproxy_64k { fill: #8fc1e3; }
      .nginx { fill: #4f7a2c; }
      .nginx_64k { fill: #8fbf63; }
      """;

  private final Results results;
  private final Svg svg;

  private Chart(Results results, int panels) {
    this.results = results;
    this.svg =
        new Svg(
            WIDTH,
            HEAD + panels * PANEL,
            "CPU of a proxy, by that of the one that the bar goes by",
            STYLE);
  }

  static String of(Results results) {
    List<String> javas = results.javas();
    Chart chart = new Chart(results, javas.size());
    chart.head();
    for (int i = 0; i < javas.size(); i++) {
      chart.panel(javas.get(i), HEAD + i * PANEL);
    }
    return chart.svg.toString();
  }

  private void head() {
    svg.text(
        16, 28, "CPU of a proxy, by that of the one that the bar goes by; less is better", "title");
    svg.text(16, 48, results.machine() + "; " + results.dates(), "soft");
    double x = 16;
    for (Contender contender : Contender.values()) {
      svg.rect(x, 60, 12, 12, css(contender)).text(x + 18, 70, contender.title(), "soft");
      x += 36 + contender.title().length() * 6.5;
    }
    svg.line(x, 66, x + 16, 66, "bar").text(x + 22, 70, "what Evenkeel may take", "soft");
  }

  private void panel(String java, double top) {
    List<Scenario> scenarios =
        Stream.of(Scenario.values()).filter(s -> results.rounds(java, s) > 0).toList();
    double bottom = top + 32 + PLOT;
    svg.text(16, top + 16, "JDK " + java, "soft");
    for (double tick = 0; tick <= MOST; tick += 0.25) {
      double y = bottom - tick * UNIT;
      svg.line(LEFT, y, WIDTH - 16, y, "grid");
      svg.text(LEFT - 8, y + 4, String.format(Locale.ROOT, "%.2f", tick), "soft end");
    }
    double group = (WIDTH - 16.0 - LEFT) / Math.max(1, scenarios.size());
    for (int i = 0; i < scenarios.size(); i++) {
      group(java, scenarios.get(i), LEFT + (i + 0.5) * group, bottom);
    }
  }

  private void group(String java, Scenario scenario, double middle, double bottom) {
    double left = middle - Contender.values().length * BAR / 2.0;
    double bar = y(bottom, scenario.bar());
    double x = left;
    for (Contender contender : Contender.values()) {
      Spread ratio = ratio(java, scenario, contender);
      double y = y(bottom, ratio.median());
      double high = y(bottom, ratio.median() + ratio.error());
      svg.rect(x + 1, y, BAR - 2, bottom - y, css(contender));
      svg.line(
          x + BAR / 2.0, high, x + BAR / 2.0, y(bottom, ratio.median() - ratio.error()), "range");
      String value = String.format(Locale.ROOT, "%.2f", ratio.median());
      double above = contender.isOurs() ? Math.min(high, bar) : high;
      svg.text(x + BAR / 2.0, above - 4, value, "v middle");
      x += BAR;
    }
    svg.line(left - 3, bar, left + BAR + 3, bar, "bar");
    svg.text(middle, bottom + 18, scenario.letter() + " " + scenario.title(), "middle");
  }

  private static double y(double bottom, double ratio) {
    return bottom - Math.min(ratio, MOST) * UNIT;
  }

  private Spread ratio(String java, Scenario scenario, Contender contender) {
    Contender better = results.better(java, scenario);
    return results.ratio(java, scenario, contender, better);
  }

  private static String css(Contender contender) {
    return contender.name().toLowerCase(Locale.ROOT);
  }
}
