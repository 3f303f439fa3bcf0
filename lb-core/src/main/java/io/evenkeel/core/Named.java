package io.evenkeel.core;

import org.jspecify.annotations.Nullable;

/** A factory that knows what it is called: name and options make another that does the same. */
record Named(SelectorDescription description, Selector.Factory inner) implements Selector.Factory {

  /** The factory itself, without a name around it. */
  static Selector.Factory unwrap(Selector.Factory factory) {
    Selector.Factory plain = factory;
    while (plain instanceof Named named) {
      plain = named.inner;
    }
    return plain;
  }

  @Override
  public Selector create(Candidates candidates, @Nullable Selector previous) {
    return inner.create(candidates, previous);
  }

  @Override
  public String toString() {
    return description.toString();
  }
}
