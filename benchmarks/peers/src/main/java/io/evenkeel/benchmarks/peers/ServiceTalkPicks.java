package io.evenkeel.benchmarks.peers;

import io.servicetalk.client.api.RequestTracker;
import io.servicetalk.loadbalancer.ServiceTalkHosts;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** ServiceTalk's host selectors; a pick is a connection, in a {@code Single}. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class ServiceTalkPicks {

  /** Round robin. */
  @State(Scope.Benchmark)
  public static class Rotation {
    /** How many servers there are. */
    @Param({"10", "100", "1000", "10000"})
    public int servers;

    private ServiceTalkHosts hosts = ServiceTalkHosts.roundRobin(1, i -> 1);

    /** Every host has a connection. */
    @Setup
    public void setUp() {
      hosts = ServiceTalkHosts.roundRobin(servers, i -> 1);
    }
  }

  /** Round robin by weights. */
  @State(Scope.Benchmark)
  public static class WeightedRotation {
    /** How many servers there are. */
    @Param({"10", "100", "1000", "10000"})
    public int servers;

    private ServiceTalkHosts hosts = ServiceTalkHosts.roundRobin(1, i -> 1);

    /** Weights 1 to 3; every host has a connection. */
    @Setup
    public void setUp() {
      hosts = ServiceTalkHosts.roundRobin(servers, i -> 1 + i % 3);
    }
  }

  /** Two choices by latency. */
  @State(Scope.Benchmark)
  public static class TwoChoices {
    /** How many servers there are. */
    @Param({"10", "100", "1000", "10000"})
    public int servers;

    private ServiceTalkHosts hosts = ServiceTalkHosts.roundRobin(1, i -> 1);

    /** Every host has a connection, and nothing is in flight. */
    @Setup
    public void setUp() {
      hosts = ServiceTalkHosts.twoChoices(servers);
    }
  }

  /** Keeps what the selector offers: cheaper than to subscribe to the {@code Single}. */
  @State(Scope.Thread)
  public static class Taken implements Predicate<ServiceTalkHosts.Connection> {

    ServiceTalkHosts.@Nullable Connection connection;

    @Override
    public boolean test(ServiceTalkHosts.Connection offered) {
      connection = offered;
      return true;
    }
  }

  /** Round robin. */
  @Benchmark
  public Object roundRobin(Rotation state, Taken taken) {
    return state.hosts.select(taken);
  }

  /** Round robin by weights 1 to 3. */
  @Benchmark
  public Object weightedRoundRobin(WeightedRotation state, Taken taken) {
    return state.hosts.select(taken);
  }

  /** Two choices by latency, the choice alone. */
  @Benchmark
  public Object twoChoicesByLatency(TwoChoices state, Taken taken) {
    return state.hosts.select(taken);
  }

  /**
   * Two choices by latency with the accounting of one request that succeeds. Its latencies are
   * whole milliseconds: those here come to 0, and spare it most of an exponential.
   */
  @Benchmark
  public Object measuredTwoChoices(TwoChoices state, Taken taken) {
    Object single = state.hosts.select(taken);
    ServiceTalkHosts.Connection connection = taken.connection;
    if (connection == null) {
      throw new IllegalStateException("nothing was offered");
    }
    RequestTracker tracker = connection.tracker();
    tracker.onRequestSuccess(tracker.beforeRequestStart());
    return single;
  }
}
