package io.evenkeel.benchmarks;

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

/** A pick alone: {@code select}, without a lease. Weights are 1 to 3; everybody is idle. */
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

  /** Which selector picks. */
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

  /** Builds a balancer, and has every server answer a few times. */
  @Setup
  public void setUp() {
    Selector.Factory factory = Selectors.named(selector);
    List<Server> list =
        IntStream.range(0, servers)
            .mapToObj(i -> Server.of("10.0.0.1", 80).withId("s" + i).withWeight(1 + i % 3))
            .toList();
    LoadBalancer balancer =
        LoadBalancer.builder()
            .servers(list)
            .selector(
                (candidates, previous) -> {
                  picker = factory.create(candidates, previous);
                  return picker;
                })
            .build();
    for (int i = 0; i < 10 * servers; i++) {
      try (var lease = balancer.acquire()) {
        lease.success();
      }
    }
  }

  /** The next node. */
  @Benchmark
  public @Nullable Node select() {
    return picker.select(Query.any());
  }
}
