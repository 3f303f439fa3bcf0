package io.evenkeel.core;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * What a balancer hands to the selectors of all its snapshots: its number, chance and time.
 *
 * @param seed see {@link Candidates#seed()}
 * @param turns numbers the turns of those selectors that ask who was picked longest ago: one line
 *     for all, so that a node keeps its place in it from one selector to another
 * @param keylessPick whether a selector that needs a key has got none, and said so
 */
record Environment(
    long seed, Randomness random, NanoClock clock, Cursor turns, AtomicBoolean keylessPick) {

  /** All choices repeat from the seed. */
  static Environment seeded(long seed, NanoClock clock) {
    return new Environment(
        seed, Randomness.seeded(seed), clock, new Cursor(0), new AtomicBoolean());
  }

  /** Choices differ from balancer to balancer. */
  static Environment unseeded(NanoClock clock) {
    Randomness random = Randomness.ofThreads();
    return new Environment(random.next(), random, clock, new Cursor(0), new AtomicBoolean());
  }
}
