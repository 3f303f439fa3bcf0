package io.evenkeel.core;

import java.time.Duration;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/**
 * Collects changes of a balancer, to be made as one: see {@link LoadBalancer#change()}. What is not
 * named stays as it is when {@link #apply} is called. Not safe for use by several threads at once.
 */
public final class BalancerChange {

  BalancerChange() {}

  /** As {@link LoadBalancer#update(Collection)}. */
  public BalancerChange servers(Collection<Server> servers) {
    throw new UnsupportedOperationException();
  }

  /** As {@link LoadBalancerBuilder#selector}. */
  public BalancerChange selector(Selector.Factory factory) {
    throw new UnsupportedOperationException();
  }

  /** As {@link LoadBalancerBuilder#maxConcurrent}. */
  public BalancerChange maxConcurrent(int maxConcurrent) {
    throw new UnsupportedOperationException();
  }

  /** As {@link LoadBalancerBuilder#panicThreshold}. */
  public BalancerChange panicThreshold(double share) {
    throw new UnsupportedOperationException();
  }

  /** As {@link LoadBalancerBuilder#slowStart(Duration, double)}. */
  public BalancerChange slowStart(Duration window, double aggression) {
    throw new UnsupportedOperationException();
  }

  /** As {@link LoadBalancerBuilder#source}. */
  public BalancerChange source(@Nullable ServerSource source) {
    throw new UnsupportedOperationException();
  }

  /** Makes the changes. */
  public boolean apply() {
    throw new UnsupportedOperationException();
  }
}
