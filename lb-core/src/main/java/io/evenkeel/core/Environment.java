package io.evenkeel.core;

/**
 * What a balancer hands to the selectors of all its snapshots: its number, chance and time.
 *
 * @param seed see {@link Candidates#seed()}
 */
record Environment(long seed, Randomness random, NanoClock clock) {

  /** All choices repeat from the seed. */
  static Environment seeded(long seed, NanoClock clock) {
    return new Environment(seed, Randomness.seeded(seed), clock);
  }

  /** Choices differ from balancer to balancer. */
  static Environment unseeded(NanoClock clock) {
    Randomness random = Randomness.ofThreads();
    return new Environment(random.next(), random, clock);
  }
}
