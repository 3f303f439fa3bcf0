package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import io.evenkeel.core.ServerStats.BlockStats;
import java.io.IOException;
import java.net.ConnectException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** Every figure of {@link LoadBalancer#stats()} is what has happened. */
class StatsTest {

  private final VirtualTime time = new VirtualTime();

  @Test
  void uses_areCountedOnce_byHowTheyEnded() {
    LoadBalancer balancer = balancer(Selectors.roundRobin(), 2).build();
    Query only = Query.any().excluding(Servers.node(balancer, "s1"));
    for (int i = 0; i < 6; i++) {
      Lease lease = balancer.acquire(only);
      switch (i) {
        case 0, 1 -> lease.success();
        case 2 -> lease.failure(new ConnectException("refused"));
        case 3 -> lease.failure(new IOException("reset"));
        case 4 -> {} // without a word
        default -> {
          continue; // and not closed
        }
      }
      lease.close();
      lease.close();
    }
    BalancerStats stats = balancer.stats();
    ServerStats s0 = stats.servers().get(0);
    assertThat(s0.picks()).isEqualTo(6);
    assertThat(s0.successes()).isEqualTo(2);
    assertThat(s0.failures()).isEqualTo(2);
    assertThat(s0.failuresByKind())
        .containsExactly(
            entry(FailureKind.CONNECT, 1L),
            entry(FailureKind.TIMEOUT, 0L),
            entry(FailureKind.IO, 1L),
            entry(FailureKind.CANCELLED, 0L),
            entry(FailureKind.OTHER, 0L));
    assertThat(s0.neutral()).isEqualTo(1);
    assertThat(s0.inFlight()).isEqualTo(1);
    assertThat(stats.servers().get(1).picks()).isZero();
    assertThat(stats.picks()).isEqualTo(6);
    assertThat(stats.successes()).isEqualTo(2);
    assertThat(stats.failures()).isEqualTo(2);
    assertThat(stats.failuresByKind()).isEqualTo(s0.failuresByKind());
    assertThat(stats.neutral()).isEqualTo(1);
    assertThat(stats.inFlight()).isEqualTo(1);
    assertThat(stats.refused()).isZero();
  }

  @Test
  void outcomeSaidWhileOpen_isNotNeutralAnyMore() {
    LoadBalancer balancer = balancer(Selectors.roundRobin(), 1).build();
    Lease relay = balancer.acquire();
    relay.success();
    assertThat(balancer.stats().neutral()).isZero();
    balancer.acquire().close();
    assertThat(balancer.stats().neutral()).isEqualTo(1);
    relay.close();
    assertThat(balancer.stats().neutral()).isEqualTo(1);
    assertThat(balancer.stats().picks()).isEqualTo(2);
  }

  @Test
  void pickWithoutAServer_isCountedAsRefused() {
    LoadBalancer balancer = balancer(Selectors.roundRobin(), 1).maxConcurrent(1).build();
    Lease open = balancer.acquire();
    assertThat(balancer.tryAcquire(Query.any())).as("at its limit").isNull();
    open.close();
    balancer.drain("s0");
    assertThat(balancer.tryAcquire(Query.any())).as("blocked").isNull();
    assertThat(balancer.stats().refused()).isEqualTo(2);
    assertThat(balancer.stats().picks()).isEqualTo(1);
  }

  @Test
  void blocks_haveCauseAndAge_ofWhenTheyWereSet() {
    LoadBalancer balancer = balancer(Selectors.roundRobin(), 3).build();
    BlockOwner prober = balancer.claim(Block.PROBE_DOWN);
    time.advance(Duration.ofSeconds(1));
    prober.set("s0", "refused");
    time.advance(Duration.ofSeconds(20));
    balancer.drain("s0");
    prober.set("s0", "refused again: no change");
    time.advance(Duration.ofSeconds(3));
    BalancerStats stats = balancer.stats();
    assertThat(stats.age()).isEqualTo(Duration.ofSeconds(24));
    assertThat(stats.eligible()).isEqualTo(2);
    assertThat(stats.servers().get(0).eligible()).isFalse();
    assertThat(stats.servers().get(0).blocks())
        .containsExactly(
            entry(Block.DRAINING, new BlockStats(Duration.ofSeconds(3), "drained by the operator")),
            entry(Block.PROBE_DOWN, new BlockStats(Duration.ofSeconds(23), "refused")));
    assertThat(stats.servers().get(1).blocks()).isEmpty();
    assertThat(stats.servers().get(1).eligible()).isTrue();

    prober.clear("s0", "connected");
    balancer.resume("s0");
    prober.set("s0", "refused");
    assertThat(balancer.stats().servers().get(0).blocks())
        .containsExactly(entry(Block.PROBE_DOWN, new BlockStats(Duration.ZERO, "refused")));
    assertThat(stats.servers().get(0).blocks()).as("the value stays").hasSize(2);
  }

  @Test
  void panic_makesTheUnhealthyEligible_notTheDrained() {
    LoadBalancer balancer = balancer(Selectors.roundRobin(), 4).panicThreshold(0.5).build();
    BlockOwner prober = balancer.claim(Block.PROBE_DOWN);
    balancer.drain("s0");
    prober.set("s1", "refused");
    assertThat(balancer.stats().panicking()).isFalse();
    assertThat(balancer.stats().eligible()).isEqualTo(2);
    prober.set("s2", "refused");
    BalancerStats stats = balancer.stats();
    assertThat(stats.panicking()).isTrue();
    assertThat(stats.eligible()).isEqualTo(balancer.eligibleCount()).isEqualTo(3);
    assertThat(stats.servers().stream().map(ServerStats::eligible))
        .containsExactly(false, true, true, true);
  }

  @Test
  void ewma_isTheSelectorsCost_whereItMeasures() {
    LoadBalancer measuring = balancer(Selectors.peakEwma(), 1).build();
    assertThat(measuring.stats().servers().get(0).ewma()).as("unknown yet").isNull();
    use(measuring, Duration.ofMillis(30));
    assertThat(measuring.stats().servers().get(0).ewma()).isEqualTo(Duration.ofMillis(30));
    assertThat(measuring.stats().servers().get(0).latencies()).isNull();

    LoadBalancer blind = balancer(Selectors.roundRobin(), 1).build();
    use(blind, Duration.ofMillis(30));
    assertThat(blind.stats().servers().get(0).ewma()).isNull();
  }

  @Test
  void latencies_areThoseOfSuccesses_whateverTheSelector() {
    for (String name : Selectors.names()) {
      LoadBalancer balancer =
          balancer(Selectors.named(name), 1).recordLatency(Duration.ofMinutes(1)).build();
      assertThat(balancer.stats().servers().get(0).latencies()).isNull();
      for (int millis = 1; millis <= 100; millis++) {
        use(balancer, Duration.ofMillis(millis));
      }
      Lease failing = balancer.acquire();
      time.advance(Duration.ofSeconds(9));
      failing.failure(new IOException("reset"));
      failing.close();
      ServerStats.Latencies latencies = balancer.stats().servers().get(0).latencies();
      assertThat(latencies).as(name).isNotNull();
      assertThat(latencies.count()).isEqualTo(100);
      assertThat(latencies.p50()).isBetween(Duration.ofMillis(50), Duration.ofNanos(50_500_000));
      assertThat(latencies.p90()).isBetween(Duration.ofMillis(90), Duration.ofNanos(90_900_000));
      assertThat(latencies.p95()).isBetween(Duration.ofMillis(95), Duration.ofNanos(95_950_000));
      assertThat(latencies.p99()).isBetween(Duration.ofMillis(99), Duration.ofNanos(99_990_000));
      assertThat(latencies.max()).isBetween(Duration.ofMillis(100), Duration.ofMillis(101));
    }
  }

  @Test
  void recordingAndMeasuring_readTheClockTwiceAUse() {
    int[] reads = new int[1];
    LoadBalancer balancer =
        LoadBalancer.builder()
            .servers(Servers.numbered(1))
            .selector(Selectors.peakEwma())
            .recordLatency(Duration.ofMinutes(1))
            .clock(() -> ++reads[0])
            .build();
    reads[0] = 0;
    try (Lease lease = balancer.acquire()) {
      lease.success();
    }
    assertThat(reads[0]).isEqualTo(2);
  }

  @Test
  void serverThatLeaves_itsCountsStayInTheTotals_andWhatIsOpenGoesOnCounting() {
    LoadBalancer balancer = balancer(Selectors.roundRobin(), 1).build();
    use(balancer, Duration.ZERO);
    Lease open = balancer.acquire();
    Lease silent = balancer.acquire();
    balancer.remove("s0");
    assertThat(balancer.stats().servers()).isEmpty();
    assertThat(balancer.stats().picks()).isEqualTo(3);
    assertThat(balancer.stats().inFlight()).isEqualTo(2);
    balancer.add(Servers.server(0));
    assertThat(balancer.stats().servers().get(0).picks()).as("of the new one").isZero();
    open.failure(new IOException("reset"));
    silent.close();
    assertThat(balancer.stats().failures()).isEqualTo(1);
    assertThat(balancer.stats().inFlight()).isEqualTo(1);
    open.close();
    for (int i = 0; i < 2; i++) { // again: what has been settled is not settled twice
      BalancerStats stats = balancer.stats();
      assertThat(stats.picks()).isEqualTo(3);
      assertThat(stats.successes() + stats.failures() + stats.neutral()).isEqualTo(3);
      assertThat(stats.inFlight()).isZero();
    }
  }

  @Test
  void serverRemovedWhileAPickTakesIt_isNotTaken() {
    LoadBalancer[] balancer = new LoadBalancer[1];
    Selector.Factory lastOf =
        (candidates, previous) ->
            query -> {
              List<Node> nodes = candidates.eligible();
              if (nodes.size() == 2) {
                balancer[0].remove("s1"); // as another thread might, at the worst time
              }
              return nodes.get(nodes.size() - 1);
            };
    balancer[0] = balancer(lastOf, 2).build();
    Node removed = Servers.node(balancer[0], "s1");
    assertThat(Servers.pick(balancer[0])).isEqualTo("s0");
    assertThat(removed.inFlight()).isZero();
    assertThat(removed.picks()).isZero();
    assertThat(balancer[0].stats().picks()).isEqualTo(1);
  }

  @Test
  void refusedChange_leavesBlocksAndMembersAsTheyWere() {
    boolean[] fails = new boolean[1];
    LoadBalancer balancer =
        balancer(
                (candidates, previous) -> {
                  if (fails[0]) {
                    throw new IllegalStateException("mine");
                  }
                  return query -> candidates.eligible().get(0);
                },
                2)
            .build();
    BlockOwner prober = balancer.claim(Block.PROBE_DOWN);
    prober.set("s1", "refused");
    Lease lease = balancer.acquire();
    time.advance(Duration.ofSeconds(5));
    BalancerStats before = balancer.stats();
    fails[0] = true;
    for (Runnable change :
        List.<Runnable>of(
            () -> balancer.remove("s0"),
            () -> balancer.drain("s1"),
            () -> prober.clear("s1", "connected"))) {
      assertThat(org.assertj.core.api.Assertions.catchThrowable(change::run)).hasMessage("mine");
    }
    assertThat(balancer.stats()).isEqualTo(before);
    assertThat(balancer.acquire().node()).as("still a member").isSameAs(lease.node());
  }

  /** What may happen to a balancer. */
  enum Step {
    PICK,
    SUCCEED,
    FAIL,
    CLOSE,
    REMOVE,
    ADD
  }

  /** Any sequence of uses and changes, against plain counters; nothing is lost with who leaves. */
  @Property(tries = 200)
  void anySequence_totalsAreThoseOfAPlainModel(
      @ForAll @Size(max = 120) List<Step> steps,
      @ForAll @Size(value = 120) List<@IntRange(max = 999) Integer> choices) {
    LoadBalancer balancer = balancer(Selectors.roundRobin(), 3).build();
    List<Lease> open = new ArrayList<>();
    List<Boolean> said = new ArrayList<>();
    Map<Step, Long> model = new EnumMap<>(Step.class);
    long neutral = 0;
    long refused = 0;
    for (int s = 0; s < steps.size(); s++) {
      Step step = steps.get(s);
      int choice = choices.get(s);
      int at = open.isEmpty() ? -1 : choice % open.size();
      switch (step) {
        case PICK -> {
          Lease lease = balancer.tryAcquire(Query.any());
          if (lease == null) {
            refused++;
          } else {
            open.add(lease);
            said.add(false);
            model.merge(step, 1L, Long::sum);
          }
        }
        case SUCCEED, FAIL -> {
          if (at >= 0) {
            if (step == Step.SUCCEED) {
              open.get(at).success();
            } else {
              open.get(at).failure(new IOException("reset"));
            }
            if (!said.set(at, true)) {
              model.merge(step, 1L, Long::sum);
            }
          }
        }
        case CLOSE -> {
          if (at >= 0) {
            open.remove(at).close();
            neutral += said.remove(at) ? 0 : 1;
          }
        }
        case REMOVE -> balancer.remove("s" + choice % 3);
        default -> {
          String id = "s" + choice % 3;
          if (balancer.nodes().stream().noneMatch(node -> node.server().id().equals(id))) {
            balancer.add(Servers.named(id));
          }
        }
      }
      BalancerStats stats = balancer.stats();
      assertThat(stats.picks()).isEqualTo(model.getOrDefault(Step.PICK, 0L));
      assertThat(stats.successes()).isEqualTo(model.getOrDefault(Step.SUCCEED, 0L));
      assertThat(stats.failuresByKind())
          .containsEntry(FailureKind.IO, model.getOrDefault(Step.FAIL, 0L));
      assertThat(stats.neutral()).isEqualTo(neutral);
      assertThat(stats.refused()).isEqualTo(refused);
      assertThat(stats.inFlight()).isEqualTo(open.size());
    }
  }

  private LoadBalancerBuilder balancer(Selector.Factory factory, int n) {
    return LoadBalancer.builder()
        .servers(Servers.numbered(n))
        .selector(factory)
        .seed(1)
        .clock(time)
        .scheduler(time);
  }

  private void use(LoadBalancer balancer, Duration latency) {
    try (Lease lease = balancer.acquire()) {
      time.advance(latency);
      lease.success();
    }
  }
}
