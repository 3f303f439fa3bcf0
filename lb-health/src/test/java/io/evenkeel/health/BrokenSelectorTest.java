package io.evenkeel.health;

import static java.time.Duration.ofMillis;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.Block;
import io.evenkeel.core.Lease;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Selector;
import io.evenkeel.core.Selectors;
import io.evenkeel.core.Server;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Closing ends everything even if a user's selector factory throws at that moment. */
class BrokenSelectorTest {

  private volatile boolean broken;
  private final Selector.Factory factory =
      (candidates, previous) -> {
        if (broken) {
          throw new IllegalStateException("broken selector");
        }
        return Selectors.roundRobin().create(candidates, previous);
      };
  private final LoadBalancer balancer =
      LoadBalancer.builder().servers(Server.of("10.0.0.1", 80)).selector(factory).build();

  static Stream<Arguments> owners() {
    return Stream.of(
        owner("monitor", Block.PROBE_DOWN, BrokenSelectorTest::monitor),
        owner(
            "detector",
            Block.EJECTED,
            balancer ->
                OutlierDetector.builder(balancer)
                    .policy(
                        OutlierPolicy.builder().consecutiveFailures(1).maxEjectedShare(1).build())
                    .start()),
        owner(
            "breakers",
            Block.CIRCUIT_OPEN,
            balancer ->
                CircuitBreakers.builder(balancer)
                    .policy(CircuitPolicy.builder().consecutiveFailures(1).build())
                    .start()));
  }

  private static AutoCloseable monitor(LoadBalancer balancer) {
    return HealthMonitor.builder(balancer)
        .probe((s, c) -> CompletableFuture.completedFuture(ProbeResult.failure("no")))
        .policy(HealthPolicy.builder().interval(ofMillis(10)).timeout(ofMillis(10)).build())
        .start();
  }

  private static Arguments owner(
      String name, Block block, Function<LoadBalancer, AutoCloseable> start) {
    return Arguments.of(Named.of(name, start), block);
  }

  @ParameterizedTest
  @MethodSource("owners")
  void close_factoryThrows_endsAllTheSame(
      Function<LoadBalancer, AutoCloseable> start, Block block) {
    Set<Thread> before = ProbeFixture.threads("evenkeel-health");
    AutoCloseable owner = start.apply(balancer);
    try (Lease lease = balancer.acquire()) {
      lease.failure(new IOException("no"));
    }
    Await.until("it is blocked", () -> balancer.eligibleCount() == 0);
    broken = true;

    assertThatThrownBy(owner::close).hasMessage("broken selector");

    broken = false;
    Await.until(
        "no thread is left", () -> before.containsAll(ProbeFixture.threads("evenkeel-health")));
    assertThat(balancer.nodes().get(0).blocks()).isEmpty();
    balancer.claim(block).close();
    balancer.add(Server.of("10.0.0.2", 80));
    assertThat(balancer.eligibleCount()).isEqualTo(2);
  }
}
