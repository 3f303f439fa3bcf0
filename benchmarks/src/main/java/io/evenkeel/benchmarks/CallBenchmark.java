package io.evenkeel.benchmarks;

import io.evenkeel.core.Lease;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What a call that succeeds costs beside a lease taken, said and closed by hand. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class CallBenchmark {

  private static final List<Server> SERVERS =
      IntStream.range(0, 100).mapToObj(i -> Server.of("10.0.0.1", 80).withId("s" + i)).toList();

  private final LoadBalancer balancer = LoadBalancer.builder().servers(SERVERS).build();
  private final CompletableFuture<Server> answer =
      CompletableFuture.completedFuture(SERVERS.get(0));

  /** By hand. */
  @Benchmark
  public Server lease() {
    try (Lease lease = balancer.acquire()) {
      Server server = lease.server();
      lease.success();
      return server;
    }
  }

  /** On the caller's thread. */
  @Benchmark
  public Server call() {
    return balancer.call(server -> server);
  }

  /** With a stage that is complete at once. */
  @Benchmark
  public CompletableFuture<Server> callAsync() {
    return balancer.callAsync(server -> answer);
  }
}
