package io.evenkeel.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class DemoIT {

  @Test
  void once_tellsTheStoryAndHolds_exit0() throws Exception {
    try (Proc demo = Proc.evenkeel("demo", "--once")) {
      assertThat(demo.awaitExit()).as("%s", demo).isZero();
      assertThat(demo.out())
          .anyMatch(line -> line.startsWith("To watch in a browser, and to"))
          .anyMatch(line -> line.startsWith("Now gamma is stopped."))
          .anyMatch(line -> line.startsWith("Failover: gamma is out."))
          .anyMatch(line -> line.matches(" +gamma .* PROBE_DOWN"))
          .anyMatch(line -> line.startsWith("Back: gamma"))
          .noneMatch(line -> line.contains("\u001b"))
          .endsWith("It held.");
      assertThat(demo.err()).isEmpty();
    }
  }

  @Test
  void interrupt_endsItInTheMiddle_exit0() throws Exception {
    try (Proc demo = Proc.evenkeel("demo")) {
      Assumptions.assumeFalse(demo.ignores(2), "whoever started this test ignores SIGINT");
      String unused = demo.awaitOutContaining("PROBE_DOWN");
      demo.signal("INT");
      assertThat(demo.awaitExit()).isZero();
      assertThat(demo.err()).isEmpty();
    }
  }
}
