package io.evenkeel.benchmarks.simulation;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.evenkeel.core.Selectors;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** What is known exactly comes out, in nanoseconds. The seed is fixed, so that chance is, too. */
class QueueingTheoryTest {

  private static final double SERVICE = 10e6;
  private static final double LOAD = 0.7;

  @Test
  void oneWorker_exponential_isMM1() {
    Result result = run(queue(1, 1, Work.exponential(ofMillis(10))), "round_robin");
    double mean = SERVICE / (1 - LOAD);
    assertThat(result.latencies().getMean()).isCloseTo(mean, withinPercentage(3));
    assertThat(result.percentile(50)).isCloseTo(mean * Math.log(2), withinPercentage(3));
    assertThat(result.percentile(99)).isCloseTo(mean * Math.log(100), withinPercentage(5));
  }

  @Test
  void severalWorkers_isMMc() {
    Result result = run(queue(1, 4, Work.exponential(ofMillis(10))), "round_robin");
    double wait = erlangC(4, 4 * LOAD) * SERVICE / (4 - 4 * LOAD);
    assertThat(result.latencies().getMean()).isCloseTo(SERVICE + wait, withinPercentage(2));
  }

  @Test
  void oneWorker_fixedWork_isMD1() {
    Result result = run(queue(1, 1, Work.fixed(ofMillis(10))), "round_robin");
    double wait = LOAD * SERVICE / (2 * (1 - LOAD));
    assertThat(result.latencies().getMean()).isCloseTo(SERVICE + wait, withinPercentage(2));
    assertThat(result.latencies().getMinValue()).isEqualTo(10_000_000 / 8192 * 8192);
  }

  @Test
  void oneWorker_anyWork_isPollaczekKhinchine() {
    Result result = run(queue(1, 1, Work.lognormal(ofMillis(10), 0.8)), "round_robin");
    double squaredVariation = Math.exp(0.8 * 0.8) - 1;
    double wait = LOAD * SERVICE * (1 + squaredVariation) / (2 * (1 - LOAD));
    assertThat(result.latencies().getMean()).isCloseTo(SERVICE + wait, withinPercentage(4));
  }

  @Test
  void random_splitsPoissonIntoAsManyMM1() {
    Result result = run(queue(8, 1, Work.exponential(ofMillis(10))), "random");
    double mean = SERVICE / (1 - LOAD);
    assertThat(result.latencies().getMean()).isCloseTo(mean, withinPercentage(3));
    assertThat(result.percentile(99)).isCloseTo(mean * Math.log(100), withinPercentage(5));
  }

  @Test
  void roundRobin_isBetterThanRandomAndLeastConnectionsIsBest() {
    Scenario queue = queue(8, 1, Work.exponential(ofMillis(10)));
    double random = run(queue, "random").latencies().getMean();
    double roundRobin = run(queue, "round_robin").latencies().getMean();
    double least = run(queue, "least_connections").latencies().getMean();
    double bound = SERVICE + erlangC(8, 8 * LOAD) * SERVICE / (8 - 8 * LOAD); // one common queue
    assertThat(roundRobin).isLessThan(random * 0.8);
    assertThat(least).isLessThan(roundRobin * 0.9).isGreaterThan(bound * 0.98);
  }

  @Test
  void severalClients_mergeIntoOnePoissonStream() {
    Scenario one = queue(1, 1, Work.exponential(ofMillis(10)));
    Scenario many =
        Scenario.of("t", "t", "t")
            .servers(1, 1, 1, 1)
            .clients(20)
            .work(one.work())
            .load(LOAD)
            .queueLimit(Integer.MAX_VALUE)
            .timeout(ofMinutes(1))
            .oneWay(Duration.ZERO)
            .time(ofSeconds(20), ofMinutes(100))
            .build();
    assertThat(run(many, "random").latencies().getMean())
        .isCloseTo(SERVICE / (1 - LOAD), withinPercentage(3));
  }

  @Test
  void network_addsItsWayThereAndBack() {
    Scenario near = queue(1, 4, Work.fixed(ofMillis(10)));
    Scenario far =
        Scenario.of("t", "t", "t")
            .servers(1, 4, 1, 1)
            .clients(1)
            .work(Work.fixed(ofMillis(10)))
            .load(0.01)
            .oneWay(ofMillis(20))
            .time(ofSeconds(1), ofMinutes(1))
            .build();
    assertThat(near.oneWay()).isZero();
    assertThat(run(far, "random").percentile(50)).isCloseTo(50e6, withinPercentage(0.1));
  }

  private static Scenario queue(int servers, int workers, Work work) {
    return Scenario.of("t", "t", "t")
        .servers(servers, workers, 1, 1)
        .clients(1)
        .work(work)
        .load(LOAD)
        .queueLimit(Integer.MAX_VALUE)
        .timeout(ofMinutes(1))
        .oneWay(Duration.ZERO)
        .time(ofSeconds(20), ofMinutes(100).dividedBy((long) servers * workers))
        .build();
  }

  private static Result run(Scenario scenario, String selector) {
    Result result = Run.of(scenario, selector, Selectors.named(selector), 42);
    assertThat(result.failed()).isZero();
    return result;
  }

  /** The share of requests that wait, of a load of so many workers. */
  private static double erlangC(int workers, double load) {
    double term = 1;
    double sum = 0;
    for (int k = 0; k < workers; k++) {
      sum += term;
      term *= load / (k + 1);
    }
    double waiting = term * workers / (workers - load);
    return waiting / (sum + waiting);
  }
}
