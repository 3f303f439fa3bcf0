package io.evenkeel.server.admin;

/** Texts from outside, before they stand in a log. */
public final class LogText {

  private static final int LONGEST = 500;

  private LogText() {}

  /** One line without control characters, which would forge others, and not too long. */
  public static String clean(String text) {
    String cut = text.length() <= LONGEST ? text : text.substring(0, LONGEST) + "...";
    StringBuilder clean = new StringBuilder(cut.length());
    cut.codePoints().forEach(c -> clean.appendCodePoint(harmless(c) ? c : '?'));
    return clean.toString();
  }

  /** Line separators and marks that turn the direction of writing are no better than a newline. */
  private static boolean harmless(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE ->
          false;
      default -> true;
    };
  }
}
