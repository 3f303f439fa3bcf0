package io.evenkeel.benchmarks.simulation;

import io.evenkeel.core.Lease;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Query;
import io.evenkeel.core.Server;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Sends requests as they arrive, each to the server that its own {@link LoadBalancer} says. Latency
 * counts from the arrival of a request to its last answer, whatever came between.
 */
final class Client implements Timeline.Event {

  /** What clients tell of their requests. */
  interface Tally {
    /** A request arrives. */
    void arrived();

    /** It is over. */
    void done(long arrivedNanos, long nanos, boolean failed);
  }

  private final Scenario scenario;
  private final World world;
  private final LoadBalancer balancer;
  private final SimulatedServer[] servers;
  private final Tally tally;
  private final Chance chance;
  private final double meanGapNanos;
  private final Exception timeout = new TimeoutException("no answer in time");
  private final Exception error = new IllegalStateException("the server says no");

  /** Exact, for rates are not whole. */
  private double nextNanos;

  Client(
      Scenario scenario,
      World world,
      LoadBalancer balancer,
      SimulatedServer[] servers,
      Tally tally,
      Chance chance) {
    this.scenario = scenario;
    this.world = world;
    this.balancer = balancer;
    this.servers = servers;
    this.tally = tally;
    this.chance = chance;
    this.meanGapNanos = scenario.meanGapNanos();
    scheduleNext();
  }

  /** A server as clients know it: its index, at most 65,535, is its port. */
  static Server server(int index, int weight) {
    return Server.of("server", index).withWeight(weight);
  }

  LoadBalancer balancer() {
    return balancer;
  }

  private void scheduleNext() {
    nextNanos = scenario.arrivals().next(nextNanos, meanGapNanos, chance);
    if (nextNanos < world.toNanos) {
      world.timeline.at(Math.max(world.now(), Math.round(nextNanos)), this);
    }
  }

  /** A request arrives. */
  @Override
  public void happen() {
    tally.arrived();
    double workNanos = scenario.work().draw(chance);
    send(Query.any(), world.now(), workNanos);
    scheduleNext();
  }

  private void send(Query query, long arrivedNanos, double workNanos) {
    Lease lease = balancer.tryAcquire(query);
    if (lease == null) {
      tally.done(arrivedNanos, world.now(), true);
      return;
    }
    Attempt attempt =
        new Attempt(this, servers[lease.server().port()], lease, query, arrivedNanos, workNanos);
    world.requests.add(attempt);
    world.timeouts.add(attempt);
  }

  /** An answer gets here. */
  void answered(Attempt attempt) {
    end(attempt, attempt.failed ? error : null);
  }

  /** The time for an attempt is up. */
  void timedOut(Attempt attempt) {
    end(attempt, timeout);
  }

  private void end(Attempt attempt, @Nullable Exception failure) {
    if (attempt.over) {
      return;
    }
    attempt.over = true;
    try (Lease lease = attempt.lease) {
      if (failure == null) {
        lease.success();
      } else {
        lease.failure(failure);
      }
    }
    if (failure != null && attempt.query.triedCount() < scenario.retries()) {
      send(attempt.query.excluding(attempt.lease.node()), attempt.arrivedNanos, attempt.workNanos);
    } else {
      tally.done(attempt.arrivedNanos, world.now(), failure != null);
    }
  }
}
