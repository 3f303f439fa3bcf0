package io.evenkeel.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.server.DemoTraffic.Failure;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Stopped at 100, out at 200, started at 300, back at 400. */
class DemoRoundTest {

  @Test
  void noFailureAndAnEqualShare_holds() {
    assertThat(round(List.of(), 0, 100, 300).problems()).isEmpty();
  }

  @Test
  void cutBetweenStopAndFailover_holds() {
    DemoRound round =
        round(List.of(new Failure(90, 110, "x"), new Failure(199, 500, "x")), 0, 1, 3);
    assertThat(round.problems()).isEmpty();
    assertThat(round.summary()).anyMatch(line -> line.startsWith("2 cut between"));
  }

  @Test
  void failureBegunAfterTheFailover_doesNotHold() {
    assertThat(round(List.of(new Failure(200, 210, "reset")), 0, 100, 300).problems())
        .containsExactly("1 requests failed after the failover (the last one: reset)");
  }

  @Test
  void failureBeforeTheStop_doesNotHold() {
    assertThat(round(List.of(new Failure(10, 99, "reset")), 0, 100, 300).problems())
        .singleElement()
        .asString()
        .contains("before anything was stopped");
  }

  @Test
  void pickedWhileDown_doesNotHold() {
    assertThat(round(List.of(), 1, 100, 300).problems())
        .containsExactly("gamma was picked 1 times while it was down");
  }

  @Test
  void tooSmallOrTooLargeAShareAfterwards_doesNotHold() {
    assertThat(round(List.of(), 0, 80, 300).problems()).hasSize(1);
    assertThat(round(List.of(), 0, 120, 300).problems()).hasSize(1);
    assertThat(round(List.of(), 0, 0, 0).problems()).hasSize(1);
    assertThat(round(List.of(), 0, 95, 300).problems()).isEmpty();
  }

  private static DemoRound round(
      List<Failure> failures, long picksWhileDown, long picksAfter, long allPicksAfter) {
    return new DemoRound(
        "gamma",
        3,
        100,
        200,
        300,
        400,
        1_000,
        100,
        failures,
        picksWhileDown,
        picksAfter,
        allPicksAfter);
  }
}
