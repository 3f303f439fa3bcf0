package io.evenkeel.benchmarks;

import io.evenkeel.core.Selectors;
import java.util.Collection;
import java.util.Set;

/**
 * The selectors that decide where any request should go. Those that go by keys would be spread by
 * chance without them; they have measurements of their own, in {@link HashBenchmark} and {@link
 * io.evenkeel.benchmarks.hashing.HashQuality}.
 */
public final class SpreadingSelectors {

  private static final Set<String> BY_KEY = Set.of("ip_hash", "maglev", "rendezvous", "ring_hash");

  private SpreadingSelectors() {}

  /** Their names, in alphabetical order. */
  public static Collection<String> names() {
    return Selectors.names().stream().filter(name -> !BY_KEY.contains(name)).toList();
  }
}
