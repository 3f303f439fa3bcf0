package io.evenkeel.server;

import io.evenkeel.server.DemoTable.Row;
import java.io.Console;
import java.io.PrintWriter;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where the demo is watched: in a terminal the table stands below the story and is redrawn in
 * place; anywhere else it is printed every few samples. Used by one thread.
 */
final class DemoScreen {

  private static final int SAMPLES_PER_PLAIN_TABLE = 4;
  private static final String CLEAR_BELOW = "\u001b[J";

  private final PrintWriter out;
  private final boolean inPlace;
  private final boolean colours;
  private List<String> shown = List.of();
  private int samples;

  DemoScreen(PrintWriter out, boolean inPlace, boolean colours) {
    this.out = out;
    this.inPlace = inPlace;
    this.colours = colours;
  }

  /** The screen that this process has. */
  static DemoScreen ofProcess(PrintWriter out) {
    boolean terminal = isTerminal(System.console()) && !"dumb".equals(System.getenv("TERM"));
    String noColour = System.getenv("NO_COLOR");
    return new DemoScreen(out, terminal, terminal && (noColour == null || noColour.isEmpty()));
  }

  /** Whether what is printed reaches nobody any more, as when a pipe's reader has gone. */
  boolean isGone() {
    return out.checkError() || System.out.checkError(); // the latter keeps errors to itself
  }

  /** A sentence of the story. */
  void say(String text) {
    erase();
    out.println(text);
    draw();
  }

  /** The servers as they are now. */
  void show(List<Row> rows) {
    if (inPlace) {
      erase();
      shown = DemoTable.lines(rows, colours);
      draw();
    } else if (samples++ % SAMPLES_PER_PLAIN_TABLE == 0) {
      DemoTable.lines(rows, false).forEach(out::println);
      out.flush();
    }
  }

  private void erase() {
    if (inPlace && !shown.isEmpty()) {
      out.print("\u001b[" + shown.size() + "A\r" + CLEAR_BELOW);
    }
  }

  private void draw() {
    shown.forEach(out::println);
    out.flush();
  }

  /** From JDK 22 on there is a console without a terminal too, and a method that says so. */
  private static boolean isTerminal(@Nullable Console console) {
    if (console == null) {
      return false;
    }
    try {
      return (boolean) Console.class.getMethod("isTerminal").invoke(console);
    } catch (NoSuchMethodException e) {
      return true;
    } catch (ReflectiveOperationException e) {
      return false;
    }
  }
}
