package io.evenkeel.server.config;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * All that a config file says, checked. Immutable; equal if all of it is.
 *
 * @param listeners by unique names, each with a balancer of {@code balancers}; one at least
 * @param balancers by unique names; one at least
 * @param admin null for none
 * @param drain how long open connections may go on after SIGTERM, or when their listener leaves
 * @param watch whether a change of the file is a reload
 * @param summary how often one line in the log sums up what happened; zero for never
 */
public record Config(
    List<ListenerConfig> listeners,
    List<BalancerConfig> balancers,
    @Nullable AdminConfig admin,
    Duration drain,
    boolean watch,
    Duration summary) {

  /** Immutable, whatever lists these are. */
  public Config {
    listeners = List.copyOf(listeners);
    balancers = List.copyOf(balancers);
  }

  /** The balancer of a name. */
  public Optional<BalancerConfig> balancer(String name) {
    return balancers.stream().filter(balancer -> balancer.name().equals(name)).findFirst();
  }

  /** The listener of a name. */
  public Optional<ListenerConfig> listener(String name) {
    return listeners.stream().filter(listener -> listener.name().equals(name)).findFirst();
  }
}
