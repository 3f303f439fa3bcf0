package io.evenkeel.benchmarks.simulation;

/** The time, the network and the period that is measured: what clients and servers share. */
final class World {

  /** What a program takes to answer with an error. */
  private static final long ERROR_NANOS = 1_000_000;

  final Timeline timeline = new Timeline();

  /** When the measurement begins and ends. */
  final long fromNanos;

  final long toNanos;

  /** Requests on their way. */
  final Timeline.Line<Attempt> requests;

  /** Answers on their way. */
  final Timeline.Line<Attempt> answers;

  /** Errors that are about to be sent. */
  final Timeline.Line<Attempt> errors;

  /** Everything that clients wait for. */
  final Timeline.Line<Attempt> timeouts;

  World(Scenario scenario) {
    fromNanos = scenario.warmUp().toNanos();
    toNanos = fromNanos + scenario.measured().toNanos();
    long oneWay = scenario.oneWay().toNanos();
    requests = timeline.delay(oneWay, attempt -> attempt.server.accept(attempt));
    answers = timeline.delay(oneWay, attempt -> attempt.client.answered(attempt));
    errors = timeline.delay(ERROR_NANOS, answers::add);
    timeouts =
        timeline.delay(scenario.timeout().toNanos(), attempt -> attempt.client.timedOut(attempt));
  }

  long now() {
    return timeline.nanoTime();
  }

  boolean isMeasured(long nanos) {
    return nanos >= fromNanos && nanos < toNanos;
  }
}
