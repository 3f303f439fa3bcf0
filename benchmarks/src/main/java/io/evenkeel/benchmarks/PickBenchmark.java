package io.evenkeel.benchmarks;

import io.evenkeel.core.Lease;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Node;
import io.evenkeel.core.Query;
import io.evenkeel.core.Selector;
import io.evenkeel.core.Selectors;
import io.evenkeel.core.Server;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
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

/**
 * A pick: the choice alone, and one whole use of a balancer. Weights are 1 to 3 for selectors of
 * the name weighted, as for those they are compared with, else all 1; everybody is idle, and every
 * server has answered a few times. {@link PickBaselines} has what cannot be beaten.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class PickBenchmark {

  /** How many servers there are. */
  @Param({"10", "100", "1000", "10000"})
  public int servers;

  /** Which selector picks; {@link io.evenkeel.benchmarks.report.Compare} takes all there are. */
  @Param({
    "round_robin",
    "weighted_round_robin",
    "random",
    "weighted_random",
    "least_connections",
    "power_of_two",
    "peak_ewma",
    "least_response_time"
  })
  public String selector = "round_robin";

  private Selector picker = query -> null;
  private LoadBalancer balancer = LoadBalancer.builder().servers(server(0, 1)).build();

  /** Builds a balancer, and has every server answer a few times. */
  @Setup
  public void setUp() {
    Selector.Factory factory = Selectors.named(selector);
    int weights = selector.startsWith("weighted") ? 3 : 1;
    List<Server> list =
        IntStream.range(0, servers).mapToObj(i -> server(i, 1 + i % weights)).toList();
    balancer =
        LoadBalancer.builder()
            .servers(list)
            .selector(
                (candidates, previous) -> {
                  picker = factory.create(candidates, previous);
                  return picker;
                })
            .build();
    for (int i = 0; i < 10 * servers; i++) {
      try (Lease lease = balancer.acquire()) {
        lease.success();
      }
    }
  }

  /** The next node: the choice alone, without a lease. */
  @Benchmark
  public @Nullable Node select() {
    return picker.select(Query.any());
  }

  /** Takes a server and gives it back. */
  @Benchmark
  public Server acquireAndClose() {
    try (Lease lease = balancer.acquire()) {
      return lease.server();
    }
  }

  /** Takes a server, says that it went well, and gives it back: all that latency needs. */
  @Benchmark
  public Server acquireSucceedAndClose() {
    try (Lease lease = balancer.acquire()) {
      lease.success();
      return lease.server();
    }
  }

  static Server server(int i, int weight) {
    return Server.of("10.0." + (i >> 8) + "." + (i & 255), 80).withWeight(weight);
  }
}
