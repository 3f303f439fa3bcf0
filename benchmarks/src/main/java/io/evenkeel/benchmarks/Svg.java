package io.evenkeel.benchmarks;

import java.util.Locale;

/**
 * Writes a picture as SVG: the few shapes that a chart is made of, on a panel of its own, readable
 * on light and on dark pages. What they look like is said by CSS classes; those of text and lines
 * are here, the chart adds its own. Same calls, same bytes. Not safe for use by several threads.
 */
public final class Svg {

  private static final String STYLE =
      """
      svg { font-family: system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; font-size: 12px; }
      text { fill: #1f2328; }
      .panel { fill: #ffffff; stroke: #d1d9e0; }
      .title { font-size: 16px; font-weight: 600; }
      .soft { fill: #59636e; }
      .end { text-anchor: end; }
      .middle { text-anchor: middle; }
      .grid { stroke: #d1d9e0; stroke-width: 1; }
      @media (prefers-color-scheme: dark) {
        text { fill: #e6edf3; }
        .panel { fill: #0d1117; stroke: #3d444d; }
        .soft { fill: #9198a1; }
        .grid { stroke: #3d444d; }
      }
      """;

  private final StringBuilder body = new StringBuilder();
  private final int width;
  private final int height;
  private final String title;
  private final String style;

  /**
   * Begins a picture.
   *
   * @param width in pixels
   * @param height in pixels
   * @param title what it shows, for those who cannot see it
   * @param style CSS of the chart's own classes; may be empty
   */
  public Svg(int width, int height, String title, String style) {
    this.width = width;
    this.height = height;
    this.title = title;
    this.style = style;
  }

  /** A rectangle. */
  public Svg rect(double x, double y, double width, double height, String cssClass) {
    body.append(
        "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" class=\"%s\"/>\n"
            .formatted(number(x), number(y), number(width), number(height), cssClass));
    return this;
  }

  /** A straight line. */
  public Svg line(double x1, double y1, double x2, double y2, String cssClass) {
    body.append(
        "<line x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\" class=\"%s\"/>\n"
            .formatted(number(x1), number(y1), number(x2), number(y2), cssClass));
    return this;
  }

  /** A full circle. */
  public Svg circle(double x, double y, double radius, String cssClass) {
    body.append(
        "<circle cx=\"%s\" cy=\"%s\" r=\"%s\" class=\"%s\"/>\n"
            .formatted(number(x), number(y), number(radius), cssClass));
    return this;
  }

  /**
   * A filled shape.
   *
   * @param points x and y in turns
   */
  public Svg polygon(String cssClass, double... points) {
    StringBuilder list = new StringBuilder();
    for (int i = 0; i < points.length; i++) {
      list.append(i == 0 ? "" : i % 2 == 0 ? " " : ",").append(number(points[i]));
    }
    body.append("<polygon points=\"%s\" class=\"%s\"/>\n".formatted(list, cssClass));
    return this;
  }

  /** One line of text; y is where its letters stand. */
  public Svg text(double x, double y, String text, String cssClass) {
    body.append(
        "<text x=\"%s\" y=\"%s\" class=\"%s\">%s</text>\n"
            .formatted(number(x), number(y), cssClass, escape(text)));
    return this;
  }

  /** The whole file. */
  @Override
  public String toString() {
    return """
        <svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" aria-label="%s">
        <title>%s</title>
        <style>
        %s%s</style>
        <rect x="0.5" y="0.5" width="%d" height="%d" rx="6" class="panel"/>
        %s</svg>
        """
        .formatted(
            width,
            height,
            width,
            height,
            escape(title),
            escape(title),
            STYLE,
            style,
            width - 1,
            height - 1,
            body);
  }

  /** To a hundredth of a pixel, in every locale the same. */
  private static String number(double value) {
    String text = String.format(Locale.ROOT, "%.2f", value).replaceAll("\\.?0+$", "");
    return text.equals("-0") ? "0" : text;
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("\"", "&quot;");
  }
}
