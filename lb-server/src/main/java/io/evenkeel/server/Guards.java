package io.evenkeel.server;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.health.CircuitBreakers;
import io.evenkeel.health.HealthMonitor;
import io.evenkeel.health.OutlierDetector;
import io.evenkeel.health.Probe;
import io.evenkeel.server.config.BalancerConfig;
import io.evenkeel.server.config.BalancerConfig.HealthConfig;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Those that look after the servers of one balancer; null where there is none. A change begins
 * some, which can be taken back; others are altered or leave, which cannot, as an ejection that a
 * new limit has ended, and so waits until the change is certain.
 */
record Guards(
    @Nullable HealthMonitor monitor,
    @Nullable OutlierDetector detector,
    @Nullable CircuitBreakers breakers) {

  static final Guards NONE = new Guards(null, null, null);

  /**
   * Begins what is not there yet. What is there goes on, and by its old settings.
   *
   * @param undo gets what ends those that were begun
   * @param afterwards gets what alters the others, once it is certain; nothing of it fails
   * @return those that are to be; the others are to be closed by {@link #leave}
   */
  Guards change(
      LoadBalancer balancer,
      BalancerConfig before,
      BalancerConfig next,
      Deque<Runnable> undo,
      List<Runnable> afterwards) {
    HealthConfig health = next.health();
    Probe probe = health == null ? null : health.probe().toProbe();
    return new Guards(
        change(
            monitor,
            before.health(),
            health,
            is ->
                HealthMonitor.builder(balancer)
                    .probe(Objects.requireNonNull(probe))
                    .policy(is.policy())
                    .start(),
            (running, is) -> running.update(Objects.requireNonNull(probe), is.policy()),
            undo,
            afterwards),
        change(
            detector,
            before.ejection(),
            next.ejection(),
            policy -> OutlierDetector.builder(balancer).policy(policy).start(),
            OutlierDetector::update,
            undo,
            afterwards),
        change(
            breakers,
            before.breaker(),
            next.breaker(),
            policy -> CircuitBreakers.builder(balancer).policy(policy).start(),
            CircuitBreakers::update,
            undo,
            afterwards));
  }

  private static <G extends AutoCloseable, P> @Nullable G change(
      @Nullable G running,
      @Nullable P before,
      @Nullable P next,
      Function<P, G> start,
      BiConsumer<G, P> update,
      Deque<Runnable> undo,
      List<Runnable> afterwards) {
    if (Objects.equals(before, next)) {
      return running;
    }
    if (next == null) {
      return null;
    }
    if (running == null) {
      G started = start.apply(next);
      undo.push(() -> close(started));
      return started;
    }
    afterwards.add(() -> update.accept(running, next));
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
