package io.evenkeel.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.Block;
import io.evenkeel.server.DemoTable.Row;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class DemoScreenTest {

  private static final List<Row> ROWS =
      List.of(
          new Row("alpha", 1_234, 66.7, 1, 8_100, 24_900, Set.of()),
          new Row("beta", 7, 0, 0, -1, -1, Set.of(Block.PROBE_DOWN)));

  private final StringWriter written = new StringWriter();

  @Test
  void table_showsEveryFigure_below80Columns() {
    List<String> lines = DemoTable.lines(ROWS, false);
    assertThat(lines).hasSize(3).allMatch(line -> line.length() < 80);
    assertThat(lines.get(1).trim().split("  +"))
        .containsExactly("alpha", "1,234", "66.7", "1", "8.1 ms", "24.9 ms", "up");
    assertThat(lines.get(2).trim().split("  +"))
        .containsExactly("beta", "7", "0.0", "0", "-", "-", "PROBE_DOWN");
  }

  @Test
  void terminal_redrawsTheTableInPlace_belowTheStory() {
    DemoScreen screen = new DemoScreen(new PrintWriter(written), true, true);
    screen.show(ROWS);
    screen.say("news");
    assertThat(written.toString()).contains("\u001b[3A\r\u001b[Jnews").contains("\u001b[31mPROBE");
  }

  @Test
  void elsewhere_printsPlainLines_andNotEverySample() {
    DemoScreen screen = new DemoScreen(new PrintWriter(written), false, false);
    for (int i = 0; i < 5; i++) {
      screen.show(ROWS);
    }
    screen.say("news");
    assertThat(written.toString().lines()).hasSize(7);
    assertThat(written.toString()).doesNotContain("\u001b");
  }
}
