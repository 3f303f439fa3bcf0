package io.evenkeel.benchmarks.peers;

import com.linecorp.armeria.client.ClientRequestContext;
import com.linecorp.armeria.client.Endpoint;
import com.linecorp.armeria.client.endpoint.EndpointGroup;
import com.linecorp.armeria.client.endpoint.EndpointSelectionStrategy;
import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.HttpRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
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

/** Armeria's endpoint groups, with weights 1 to 3, by their public API. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class ArmeriaPicks {

  /** How many servers there are. */
  @Param({"10", "100", "1000", "10000"})
  public int servers;

  /** One for all picks: the two strategies do not look at it. */
  private final ClientRequestContext context =
      ClientRequestContext.of(HttpRequest.of(HttpMethod.GET, "/"));

  private EndpointGroup rotation = EndpointGroup.of();
  private EndpointGroup weighted = EndpointGroup.of();

  /** The groups. */
  @Setup
  public void setUp() {
    List<Endpoint> endpoints = new ArrayList<>();
    for (int i = 0; i < servers; i++) {
      endpoints.add(Endpoint.of("10.0." + (i >> 8) + "." + (i & 255), 80).withWeight(1 + i % 3));
    }
    rotation = EndpointGroup.of(EndpointSelectionStrategy.roundRobin(), endpoints);
    weighted = EndpointGroup.of(EndpointSelectionStrategy.weightedRoundRobin(), endpoints);
  }

  /** Round robin. */
  @Benchmark
  public @Nullable Object roundRobin() {
    return rotation.selectNow(context);
  }

  /** Weighted round robin. */
  @Benchmark
  public @Nullable Object weightedRoundRobin() {
    return weighted.selectNow(context);
  }
}
