package io.evenkeel.benchmarks.simulation;

import java.time.Duration;

/**
 * Something that becomes of a server at some time.
 *
 * @param at since the measurement began
 * @param server the server's index
 * @param factor of {@code SLOW}: how many times as long everything takes from then on
 */
record Change(Duration at, int server, Kind kind, double factor) {

  /** What may become of a server. */
  enum Kind {
    /** It works, at a fraction of its speed. */
    SLOW,
    /** It answers every new request with an error, at once; what it has it finishes. */
    FAIL,
    /** It answers nothing: not what it has, and not what still comes. */
    HANG,
    /** It is gone: what it has fails, and who connects is refused. */
    STOP,
    /** It works again, with nothing queued, at the speed that it had. */
    START
  }

  static Change of(Duration at, int server, Kind kind) {
    return new Change(at, server, kind, 1);
  }

  static Change slow(Duration at, int server, double factor) {
    return new Change(at, server, Kind.SLOW, factor);
  }
}
