package io.evenkeel.benchmarks.simulation;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.evenkeel.benchmarks.SpreadingSelectors;
import io.evenkeel.benchmarks.simulation.Change.Kind;
import io.evenkeel.core.Selectors;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** What becomes of requests when something becomes of a server. */
class FaultsTest {

  @Test
  void hang_withoutRetry_everyRequestFails() {
    Result result = run(one().change(Change.of(Duration.ZERO, 0, Kind.HANG)));
    assertThat(result.arrived()).isPositive();
    assertThat(result.failed()).isEqualTo(result.arrived());
  }

  @Test
  void hang_withRetry_costsOneTimeoutAndIsAnsweredByTheOther() {
    Result result =
        run(
            base(2)
                .retries(1)
                .timeout(ofMillis(700))
                .oneWay(ofMillis(1))
                .change(Change.of(Duration.ZERO, 1, Kind.HANG)));
    assertThat(result.failed()).isZero();
    assertThat(result.percentile(25)).isCloseTo(12e6, withinPercentage(0.2));
    assertThat(result.percentile(75)).isCloseTo(712e6, withinPercentage(0.2));
  }

  @Test
  void hang_forAWhile_whatItHadIsLostAndItWorksAgainAfterwards() {
    Result result =
        run(
            one()
                .change(Change.of(ofSeconds(2), 0, Kind.HANG))
                .change(Change.of(ofSeconds(5), 0, Kind.START)));
    // 3 seconds of 10, and what was being worked on.
    assertThat(result.failedShare()).isBetween(0.25, 0.35);
  }

  @Test
  void failFast_failsItsShareAndFinishesWhatItHas() {
    Result result = run(base(4).change(Change.of(Duration.ZERO, 1, Kind.FAIL)));
    assertThat(result.failedShare()).isCloseTo(0.25, withinPercentage(1));
  }

  @Test
  void failFast_latencyAwareSelectorsAreNotAttracted() {
    Scenario scenario = base(4).change(Change.of(Duration.ZERO, 1, Kind.FAIL)).build();
    for (String selector : new String[] {"peak_ewma", "least_response_time"}) {
      assertThat(Run.of(scenario, selector, Selectors.named(selector), 7).failedShare())
          .as(selector)
          .isLessThan(0.02);
    }
  }

  @Test
  void restart_dropsRefusesAndComesBack() {
    Result result =
        run(
            one()
                .change(Change.of(ofSeconds(2), 0, Kind.STOP))
                .change(Change.of(ofSeconds(4), 0, Kind.START)));
    assertThat(result.failedShare()).isBetween(0.15, 0.25);
  }

  @Test
  void slow_everythingTakesLonger() {
    Result result = run(one().load(0.01).change(Change.slow(Duration.ZERO, 0, 3)));
    assertThat(result.percentile(50)).isCloseTo(30e6, withinPercentage(0.1));
  }

  @Test
  void fullQueue_refuses() {
    Result result = run(one().queueLimit(3).load(2));
    assertThat(result.failedShare()).isCloseTo(0.5, withinPercentage(5));
    assertThat(result.latencies().getMaxValue()).isLessThan(51_000_000); // 4 before it, and itself
  }

  @Test
  void loads_areWorkOverWhatCanBeDone() {
    Result even = run(base(4).load(0.5).time(ofSeconds(1), ofSeconds(200)));
    assertThat(even.loads()).allSatisfy(l -> assertThat(l).isCloseTo(0.5, withinPercentage(3)));
    assertThat(even.spread()).isLessThan(0.02);

    // Half of the time it is down and half of what is left it is half as fast.
    Result broken =
        run(
            base(4)
                .load(0.5)
                .time(ofSeconds(1), ofSeconds(200))
                .change(Change.of(Duration.ZERO, 2, Kind.STOP))
                .change(Change.of(ofSeconds(100), 2, Kind.START))
                .change(Change.slow(ofSeconds(100), 2, 2))
                .change(Change.slow(ofSeconds(150), 2, 1)));
    assertThat(broken.loads().get(2)).isCloseTo(0.5 / 0.375, withinPercentage(4));
    assertThat(broken.maxOverMean())
        .isCloseTo(4 * (0.5 / 0.375) / (1.5 + 0.5 / 0.375), withinPercentage(4));
  }

  @Test
  void healthChecks_takeAHangingServerOutAndPutItBack() {
    Scenario.Builder hanging =
        base(4)
            .time(ofSeconds(1), ofSeconds(100))
            .change(Change.of(ofSeconds(10), 1, Kind.HANG))
            .change(Change.of(ofSeconds(60), 1, Kind.START));
    double unchecked = run(hanging).failedShare();
    Result checked = run(hanging.healthInterval(ofSeconds(1)));
    assertThat(unchecked).isCloseTo(0.125, withinPercentage(5));
    assertThat(checked.failedShare()).isBetween(0.25 * 0.02, 0.25 * 0.035);
    // A quarter of the work while it was well; others' also for the time that it was out.
    assertThat(checked.loads().get(1)).isCloseTo(0.2, withinPercentage(5));
    assertThat(checked.loads().get(0)).isCloseTo(0.2 * (0.5 + 0.5 * 4 / 3), withinPercentage(5));
  }

  @Test
  void everyScenarioAndSelector_losesNothing() {
    for (Scenario scenario : Scenarios.all()) {
      if (scenario.name().equals("large")) {
        continue;
      }
      for (String selector : SpreadingSelectors.names()) {
        Scenario brief = scenario.quick().quick();
        // Run itself throws where a request or a lease gets lost.
        Result result = Run.of(brief, selector, Selectors.named(selector), 3);
        assertThat(result.latencies().getTotalCount() + result.failed())
            .as(scenario.name())
            .isEqualTo(result.arrived())
            .isPositive();
      }
    }
  }

  private static Scenario.Builder one() {
    return base(1).clients(1);
  }

  private static Scenario.Builder base(int servers) {
    return Scenario.of("t", "t", "t")
        .servers(servers, 1, 1, 1)
        .work(Work.fixed(ofMillis(10)))
        .load(0.2)
        .oneWay(Duration.ZERO)
        .time(ofSeconds(1), ofSeconds(10));
  }

  private static Result run(Scenario.Builder scenario) {
    return Run.of(scenario.build(), "round_robin", Selectors.named("round_robin"), 5);
  }
}
