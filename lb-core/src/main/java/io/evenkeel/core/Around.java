package io.evenkeel.core;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A factory of selectors that stand around others.
 *
 * @param inner what makes the others
 * @param looksAtWeights whether it does so itself, whatever the others do
 * @param options by which {@link SelectorOptions} puts the same around: they say all of it
 * @param maker makes both
 */
record Around(
    Selector.Factory inner,
    boolean looksAtWeights,
    Map<String, String> options,
    Selector.Factory maker)
    implements Selector.Factory {

  @Override
  public Selector create(Candidates candidates, @Nullable Selector previous) {
    return maker.create(candidates, previous);
  }
}
