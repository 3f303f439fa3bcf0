package io.evenkeel.benchmarks.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The picks as a dot plot: a row for each contender, a dot for each number of servers, on a
 * logarithmic axis; one panel for each number of threads. Colours are those of Okabe and Ito, and
 * shapes differ as well. The same results always give the same bytes.
 */
final class Chart {

  private static final int ROW = 17;
  private static final int LABELS = 300;
  private static final int PANEL = 400;
  private static final int GAP = 60;
  private static final int TOP = 86;
  private static final String[] COLOURS = {"#56B4E9", "#009E73", "#E69F00", "#D55E00"};

  private final Results results;
  private final List<Integer> servers;
  private final List<Integer> threads;
  private final StringBuilder out = new StringBuilder();
  private double lowest = Double.MAX_VALUE;
  private double highest;

  private Chart(Results results) {
    this.results = results;
    this.servers = List.copyOf(results.servers());
    this.threads = List.copyOf(results.threads());
  }

  static String of(Results results, String caption) {
    return new Chart(results).draw(caption);
  }

  /** A line of the chart: a title, or a contender. */
  private record Row(String title, @Nullable Contender contender) {}

  private String draw(String caption) {
    List<Row> rows = rows();
    lowest = Math.pow(10, Math.floor(Math.log10(Math.max(lowest, 0.1))));
    highest = Math.pow(10, Math.ceil(Math.log10(Math.max(highest, lowest * 10))));
    int bottom = TOP + rows.size() * ROW;
    int width = LABELS + threads.size() * (PANEL + GAP);
    int height = bottom + 40;
    line(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\""
            + " height=\"%d\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\">",
        width, height, width, height);
    line("<title>Picks, beside the peers: nanoseconds per operation</title>");
    line("<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>", width, height);
    text(12, 22, "font-size=\"16\" font-weight=\"bold\"", "Nanoseconds per pick; less is better");
    text(12, 40, "fill=\"#555\"", caption);
    legend();
    for (int panel = 0; panel < threads.size(); panel++) {
      axis(panel, bottom);
    }
    int y = TOP;
    for (Row row : rows) {
      y += ROW;
      row(row, y - 5);
    }
    line("</svg>");
    return out.toString();
  }

  /** Also finds the smallest and the largest number that is to be drawn. */
  private List<Row> rows() {
    List<Row> rows = new ArrayList<>();
    for (Work work : List.of(Work.SELECT, Work.USE, Work.MEASURED_USE)) {
      for (Contender ours : results.ours(work)) {
        rows.add(new Row(ours.name() + ", " + work.title(), null));
        rows.add(new Row("Evenkeel", ours));
        results.others(ours).forEach(other -> rows.add(new Row(other.name(), other)));
      }
    }
    for (Row row : rows) {
      if (row.contender() != null) {
        for (Cell cell : results.cells(row.contender())) {
          lowest = Math.min(lowest, results.nanos(cell).median());
          highest = Math.max(highest, results.nanos(cell).median());
        }
      }
    }
    return rows;
  }

  private void legend() {
    int x = LABELS;
    for (int i = 0; i < servers.size(); i++) {
      mark(i, x, 58);
      text(x + 9, 62, "", Numbers.count(servers.get(i)) + " servers");
      x += 110;
    }
  }

  private void axis(int panel, int bottom) {
    int left = left(panel);
    text(left, TOP - 8, "font-weight=\"bold\"", Numbers.threads(threads.get(panel)));
    for (double tick = lowest; tick <= highest * 1.001; tick *= 10) {
      double x = x(panel, tick);
      line(
          "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#ddd\"/>", x, TOP, x, bottom);
      text(x, bottom + 16, "text-anchor=\"middle\" fill=\"#555\"", tick(tick));
    }
  }

  private void row(Row row, int y) {
    Contender contender = row.contender();
    if (contender == null) {
      text(12, y + 3, "font-weight=\"bold\"", row.title());
      return;
    }
    boolean ours = contender.ours();
    if (ours) {
      line(
          "<rect x=\"12\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"#000\" fill-opacity=\"0.06\"/>",
          y - 9, LABELS + threads.size() * (PANEL + GAP) - GAP - 4, ROW);
    }
    text(24, y + 4, ours ? "font-weight=\"bold\"" : "fill=\"#444\"", row.title());
    for (int panel = 0; panel < threads.size(); panel++) {
      dots(panel, contender, y);
    }
  }

  private void dots(int panel, Contender contender, int y) {
    double left = Double.MAX_VALUE;
    double right = 0;
    for (Cell cell : results.cells(contender)) {
      if (cell.threads() == threads.get(panel)) {
        double x = x(panel, results.nanos(cell).median());
        left = Math.min(left, x);
        right = Math.max(right, x);
      }
    }
    if (right == 0) {
      return;
    }
    line("<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#999\"/>", left, y, right, y);
    for (int i = 0; i < servers.size(); i++) {
      Cell cell = new Cell(contender, servers.get(i), threads.get(panel));
      if (results.has(cell)) {
        mark(i, x(panel, results.nanos(cell).median()), y);
      }
    }
  }

  private void mark(int i, double x, int y) {
    String colour = COLOURS[i % COLOURS.length];
    switch (i % COLOURS.length) {
      case 0 -> line("<circle cx=\"%.1f\" cy=\"%d\" r=\"4.5\" fill=\"%s\"/>", x, y, colour);
      case 1 ->
          line(
              "<rect x=\"%.1f\" y=\"%d\" width=\"8\" height=\"8\" fill=\"%s\"/>",
              x - 4, y - 4, colour);
      case 2 -> line("<path d=\"M%.1f %d l5 9 h-10 z\" fill=\"%s\"/>", x, y - 5, colour);
      default -> line("<path d=\"M%.1f %d l5 5 l-5 5 l-5 -5 z\" fill=\"%s\"/>", x, y - 5, colour);
    }
  }

  private int left(int panel) {
    return LABELS + panel * (PANEL + GAP);
  }

  private double x(int panel, double nanos) {
    double share =
        (Math.log10(nanos) - Math.log10(lowest)) / (Math.log10(highest) - Math.log10(lowest));
    return left(panel) + Math.max(0, share) * PANEL;
  }

  private static String tick(double nanos) {
    if (nanos >= 999_999) {
      return String.format(Locale.ROOT, "%.0f ms", nanos / 1e6);
    }
    return nanos >= 999
        ? String.format(Locale.ROOT, "%.0f µs", nanos / 1e3)
        : String.format(Locale.ROOT, nanos < 0.99 ? "%.1f ns" : "%.0f ns", nanos);
  }

  private void text(double x, int y, String attributes, String text) {
    String escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    line("<text x=\"%.1f\" y=\"%d\" %s>%s</text>", x, y, attributes, escaped);
  }

  private void line(String format, Object... arguments) {
    out.append(String.format(Locale.ROOT, format, arguments)).append('\n');
  }
}
