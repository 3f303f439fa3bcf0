package io.evenkeel.core;

import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Where one balancer's random choices come from: each thread's own generator, or, where a seed was
 * set, one stream (SplitMix64) that all its selectors share and that one thread finds the same in
 * every run. Safe for use by any thread; takes no lock.
 */
final class Randomness {

  private static final long GOLDEN = 0x9e3779b97f4a7c15L;

  private final @Nullable AtomicLong stream;

  private Randomness(@Nullable AtomicLong stream) {
    this.stream = stream;
  }

  static Randomness ofThreads() {
    return new Randomness(null);
  }

  static Randomness seeded(long seed) {
    return new Randomness(new AtomicLong(Mix.mix64(seed)));
  }

  /** 64 random bits. */
  long next() {
    return stream == null
        ? ThreadLocalRandom.current().nextLong()
        : Mix.mix64(stream.addAndGet(GOLDEN));
  }

  /** One of 0 to bound − 1; a bound of 2³² is off by at most one part in 2³¹. */
  long next(long bound) {
    return Math.multiplyHigh(next() >>> 1, bound << 1);
  }
}
