package io.evenkeel.benchmarks.hashing;

import io.evenkeel.benchmarks.Svg;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Curves over the number of servers, 10 to 10,000, on a logarithmic scale. */
final class CurveChart {

  private static final int WIDTH = 720;
  private static final int HEIGHT = 380;
  private static final int LEFT = 60;
  private static final int RIGHT = 24;
  private static final int TOP = 76;
  private static final int BOTTOM = 52;
  private static final double LARGEST = 1.5;

  private static final String STYLE =
      """
      .c0 { stroke: #e6703f; fill: #e6703f; stroke-width: 2; }
      .c1 { stroke: #3182bd; fill: #3182bd; stroke-width: 2; }
      .c2 { stroke: #74a84a; fill: #74a84a; stroke-width: 2; }
      """;

  private final Map<String, TreeMap<Integer, Double>> curves = new LinkedHashMap<>();

  void add(String curve, int servers, double value) {
    curves.computeIfAbsent(curve, name -> new TreeMap<>()).put(servers, value);
  }

  private static double x(int servers) {
    return LEFT + (Math.log10(servers) - 1) / 3 * (WIDTH - LEFT - RIGHT);
  }

  private static double y(double value) {
    return HEIGHT - BOTTOM - (value - 1) / (LARGEST - 1) * (HEIGHT - TOP - BOTTOM);
  }

  @Override
  public String toString() {
    String title = "The busiest server's share of the keys, by the mean share";
    Svg svg = new Svg(WIDTH, HEIGHT, title, STYLE);
    svg.text(16, 28, title, "title");
    for (int tenths = 10; tenths <= 15; tenths++) {
      double value = tenths / 10.0;
      svg.line(LEFT, y(value), WIDTH - RIGHT, y(value), "grid");
      svg.text(LEFT - 8, y(value) + 4, tenths / 10 + "." + tenths % 10, "soft end");
    }
    for (int servers = 10; servers <= 10_000; servers *= 10) {
      svg.line(x(servers), y(LARGEST), x(servers), y(1), "grid");
      svg.text(
          x(servers),
          HEIGHT - BOTTOM + 20,
          String.format(Locale.ROOT, "%,d", servers),
          "soft middle");
    }
    svg.text((LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 12, "servers", "soft middle");
    int number = 0;
    int legend = LEFT;
    for (Map.Entry<String, TreeMap<Integer, Double>> curve : curves.entrySet()) {
      String cssClass = "c" + number++;
      svg.circle(legend + 6, 50, 5, cssClass);
      svg.text(legend + 18, 54, curve.getKey(), "soft");
      legend += 40 + curve.getKey().length() * 7;
      Map.Entry<Integer, Double> before = null;
      for (Map.Entry<Integer, Double> point : curve.getValue().entrySet()) {
        double x = x(point.getKey());
        double y = y(point.getValue());
        if (before != null) {
          svg.line(x(before.getKey()), y(before.getValue()), x, y, cssClass);
        }
        svg.circle(x, y, 4, cssClass);
        before = point;
      }
    }
    return svg.toString();
  }
}
