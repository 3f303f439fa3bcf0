package io.evenkeel.benchmarks;

import io.evenkeel.core.Block;
import io.evenkeel.core.BlockOwner;
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
 * A change of a balancer, from the call until the new snapshot is in force and its listeners, of
 * which there are none, have heard of it. One thread only; the log is off.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
public class ChangeBenchmark {

  /** How many servers there are. */
  @Param("10000")
  public int servers;

  /** Which selector is built anew. */
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

  private List<Server> now = List.of(PickBenchmark.server(0, 1));
  private List<Server> next = now;
  private Server newcomer = now.get(0);
  private String flapping = newcomer.id();
  private LoadBalancer balancer = LoadBalancer.builder().servers(newcomer).build();
  private BlockOwner owner = balancer.claim(Block.PROBE_DOWN);

  /** Builds the balancer. */
  @Setup
  public void setUp() {
    now = IntStream.range(0, servers).mapToObj(i -> PickBenchmark.server(i, 1 + i % 3)).toList();
    next = now.stream().map(server -> server.withWeight(server.weight() % 3 + 1)).toList();
    newcomer = PickBenchmark.server(servers, 2);
    flapping = now.get(servers / 2).id();
    balancer = LoadBalancer.builder().servers(now).selector(Selectors.named(selector)).build();
    owner = balancer.claim(Block.PROBE_DOWN);
  }

  /** A refresh that changes every server's weight. */
  @Benchmark
  public boolean updateAll() {
    List<Server> update = next;
    next = now;
    now = update;
    return balancer.update(update);
  }

  /** One server more, and one less: two changes. */
  @Benchmark
  public boolean addAndRemove() {
    balancer.add(newcomer);
    return balancer.remove(newcomer.id());
  }

  /** One server down, and up again: two changes. */
  @Benchmark
  public boolean downAndUp() {
    return owner.set(flapping, "down") && owner.clear(flapping, "up");
  }
}
