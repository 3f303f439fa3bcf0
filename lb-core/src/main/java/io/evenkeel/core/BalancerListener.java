package io.evenkeel.core;

/**
 * Hears of every change of a balancer.
 *
 * <p>Called one event at a time, in the order of the changes, after the change is in force and
 * outside any lock, by one of the threads that made a change: not always the one whose change it
 * is. May change the balancer itself; that event comes afterwards. Should return soon. What it
 * throws is logged and goes no further.
 */
@FunctionalInterface
public interface BalancerListener {

  /** One change. */
  void onEvent(BalancerEvent event);
}
