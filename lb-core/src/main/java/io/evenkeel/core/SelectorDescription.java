package io.evenkeel.core;

import java.util.Map;
import java.util.TreeMap;

/**
 * What a selector is called, for config files, logs and admin pages: see {@link
 * Selectors#describe}. Immutable.
 *
 * @param name one of {@link Selectors#names()}, or, of a factory of a user's own, its {@code
 *     toString}
 * @param options as {@link Selectors#named(String, Map)} takes them; empty for none
 */
public record SelectorDescription(String name, Map<String, String> options) {

  /** As given; the options are copied. */
  public SelectorDescription {
    options = Map.copyOf(options);
  }

  /** The name, with the options behind it where there are some. */
  @Override
  public String toString() {
    return options.isEmpty() ? name : name + " " + new TreeMap<>(options);
  }
}
