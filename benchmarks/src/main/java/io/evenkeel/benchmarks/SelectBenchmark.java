package io.evenkeel.benchmarks;

import io.evenkeel.core.Lease;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Selectors;
import io.evenkeel.core.Server;
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
import org.openjdk.jmh.annotations.Warmup;

/**
 * One whole use of a balancer, acquire and close; {@link PickBaselines} has what it cannot beat.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class SelectBenchmark {

  /** How many servers there are. */
  @Param({"10", "1000"})
  public int servers;

  /** Which selector picks. */
  @Param({"round_robin", "least_connections"})
  public String selector = "round_robin";

  private LoadBalancer balancer = LoadBalancer.builder().servers(server(0)).build();

  /** Builds the balancer. */
  @Setup
  public void setUp() {
    List<Server> list = IntStream.range(0, servers).mapToObj(SelectBenchmark::server).toList();
    balancer = LoadBalancer.builder().servers(list).selector(Selectors.named(selector)).build();
  }

  /** Takes a server and gives it back. */
  @Benchmark
  public Server acquireAndClose() {
    try (Lease lease = balancer.acquire()) {
      lease.success();
      return lease.server();
    }
  }

  private static Server server(int i) {
    return Server.of("10.0." + (i >> 8) + "." + (i & 255), 80);
  }
}
