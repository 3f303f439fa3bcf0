package io.evenkeel.server;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.health.CircuitBreakers;
import io.evenkeel.health.HealthMonitor;
import io.evenkeel.health.OutlierDetector;
import io.evenkeel.server.config.BalancerConfig;
import java.util.Deque;
import java.util.Objects;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Those that look after the servers of one balancer; null where there is none. A change begins or
 * alters some, and can be taken back; those that are not wanted any more go on until it is certain.
 */
record Guards(
    @Nullable HealthMonitor monitor,
    @Nullable OutlierDetector detector,
    @Nullable CircuitBreakers breakers) {

  static final Guards NONE = new Guards(null, null, null);

  /**
   * Begins and alters what is not the same in both.
   *
   * @param undo gets a step for each
   * @return those that are to be; the others are to be closed by {@link #leave}
   */
  Guards change(
      LoadBalancer balancer, BalancerConfig before, BalancerConfig next, Deque<Runnable> undo) {
    return new Guards(
        change(
            monitor,
            before.health(),
            next.health(),
            health ->
                HealthMonitor.builder(balancer)
                    .probe(health.probe().toProbe())
                    .policy(health.policy())
                    .start(),
            (running, health) -> running.update(health.probe().toProbe(), health.policy()),
            undo),
        change(
            detector,
            before.ejection(),
            next.ejection(),
            policy -> OutlierDetector.builder(balancer).policy(policy).start(),
            OutlierDetector::update,
            undo),
        change(
            breakers,
            before.breaker(),
            next.breaker(),
            policy -> CircuitBreakers.builder(balancer).policy(policy).start(),
            CircuitBreakers::update,
            undo));
  }

  private static <G extends AutoCloseable, P> @Nullable G change(
      @Nullable G running,
      @Nullable P before,
      @Nullable P next,
      Function<P, G> start,
      BiConsumer<G, P> update,
      Deque<Runnable> undo) {
    if (Objects.equals(before, next)) {
      return running;
    }
    if (next == null) {
      return null;
    }
    if (running == null || before == null) {
      G started = start.apply(next);
      undo.push(() -> close(started));
      return started;
    }
    update.accept(running, next);
    undo.push(() -> update.accept(running, before));
    return running;
  }

  /** Closes those that are not among the next. */
  void leave(Guards next) {
    if (monitor != next.monitor) {
      close(monitor);
    }
    if (detector != next.detector) {
      close(detector);
    }
    if (breakers != next.breakers) {
      close(breakers);
    }
  }

  private static void close(@Nullable AutoCloseable guard) {
    try {
      if (guard != null) {
        guard.close();
      }
    } catch (Exception e) {
      throw new IllegalStateException("none of these throws", e);
    }
  }
}
