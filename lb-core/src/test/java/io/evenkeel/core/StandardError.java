package io.evenkeel.core;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** What goes to standard error meanwhile, which is where the tests' log goes. */
final class StandardError implements AutoCloseable {

  private final PrintStream before = System.err;
  private final ByteArrayOutputStream written = new ByteArrayOutputStream();

  StandardError() {
    System.setErr(new PrintStream(written, true, StandardCharsets.UTF_8));
  }

  /** The lines on discovery of this level, such as {@code WARN}; others may log meanwhile. */
  List<String> lines(String level) {
    return lines(level, "discovery");
  }

  /** The lines of this level that contain this. */
  List<String> lines(String level, String part) {
    return written
        .toString(StandardCharsets.UTF_8)
        .lines()
        .filter(line -> line.contains(level + " ") && line.contains(part))
        .toList();
  }

  @Override
  public void close() {
    System.setErr(before);
    before.print(written.toString(StandardCharsets.UTF_8));
  }
}
