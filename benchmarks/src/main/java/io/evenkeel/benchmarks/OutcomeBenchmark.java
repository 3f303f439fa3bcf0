package io.evenkeel.benchmarks;

import io.evenkeel.core.Lease;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import io.evenkeel.health.CircuitBreaker;
import io.evenkeel.health.CircuitBreakers;
import io.evenkeel.health.OutcomeWindow;
import io.evenkeel.health.OutlierDetector;
import io.evenkeel.health.OutlierPolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** What it costs a lease that somebody watches how it went. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class OutcomeBenchmark {

  private static final List<Server> SERVERS =
      IntStream.range(0, 100).mapToObj(i -> Server.of("10.0.0.1", 80).withId("s" + i)).toList();

  /** A balancer, and who watches it. */
  @State(Scope.Benchmark)
  public static class Watched {

    /**
     * Nobody; a detector of failures in a row, of a share of the last 100, of a share of the last
     * 10 s, of success rates; breakers of failures in a row; those and the first together.
     */
    @Param({"nobody", "row", "lastCount", "lastTime", "rates", "breakers", "both"})
    public String watching = "nobody";

    private final RuntimeException failure = new IllegalStateException("on purpose");
    private final List<AutoCloseable> resources = new ArrayList<>();
    private LoadBalancer balancer = LoadBalancer.builder().servers(SERVERS).build();

    /** Builds the balancer and who watches it. */
    @Setup
    public void setUp() {
      balancer = LoadBalancer.builder().servers(SERVERS).build();
      // Nothing is ever ejected: what is measured is the way to that.
      OutlierPolicy.Builder policy = OutlierPolicy.builder().maxEjectedShare(0);
      switch (watching) {
        case "row" -> {}
        case "lastCount" ->
            policy.withoutConsecutiveFailures().failureShare(0.5, OutcomeWindow.ofCount(100));
        case "lastTime" ->
            policy
                .withoutConsecutiveFailures()
                .failureShare(0.5, OutcomeWindow.ofTime(Duration.ofSeconds(10), 20));
        case "rates" ->
            policy.withoutConsecutiveFailures().successRate(OutlierPolicy.SuccessRate.DEFAULT);
        default -> {}
      }
      if (watching.equals("breakers") || watching.equals("both")) {
        resources.add(CircuitBreakers.builder(balancer).start());
      }
      if (!watching.equals("breakers") && !watching.equals("nobody")) {
        resources.add(OutlierDetector.builder(balancer).policy(policy.build()).start());
      }
    }

    /** Ends who watches. */
    @TearDown
    public void tearDown() throws Exception {
      for (AutoCloseable resource : resources) {
        resource.close();
      }
      resources.clear();
    }
  }

  /** Taken, went well, closed. */
  @Benchmark
  public Server success(Watched watched) {
    try (Lease lease = watched.balancer.acquire()) {
      lease.success();
      return lease.server();
    }
  }

  /** One in fifty fails, so that servers have a failure to forget. */
  @Benchmark
  public Server mixed(Watched watched, Counter counter) {
    try (Lease lease = watched.balancer.acquire()) {
      if (++counter.count % 50 == 0) {
        lease.failure(watched.failure);
      } else {
        lease.success();
      }
      return lease.server();
    }
  }

  /** Of one thread. */
  @State(Scope.Thread)
  public static class Counter {
    private int count;
  }

  /** A breaker around a call of nothing. */
  @State(Scope.Benchmark)
  public static class Alone {
    private final CircuitBreaker breaker = CircuitBreaker.builder("alone").build();
  }

  /** Alone, around a call that succeeds. */
  @Benchmark
  public Object call(Alone alone) {
    return alone.breaker.call(() -> SERVERS);
  }
}
