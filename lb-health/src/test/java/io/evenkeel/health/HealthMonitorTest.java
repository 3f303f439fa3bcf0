package io.evenkeel.health;

import static io.evenkeel.core.Block.DRAINING;
import static io.evenkeel.core.Block.PROBE_DOWN;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.BalancerEvent;
import io.evenkeel.core.BalancerEvent.ServerBlocked;
import io.evenkeel.core.BalancerEvent.ServerUnblocked;
import io.evenkeel.core.Block;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Selector;
import io.evenkeel.core.Selectors;
import io.evenkeel.core.Server;
import io.evenkeel.core.VirtualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The monitor on a clock that stands still, with a probe that answers as told. */
class HealthMonitorTest {

  private static final Duration INTERVAL = ofSeconds(10);
  private static final Duration TIMEOUT = ofSeconds(3);
  private static final HealthPolicy POLICY = plain().interval(INTERVAL).timeout(TIMEOUT).build();
  private static final ProbeResult UP = ProbeResult.success();
  private static final ProbeResult DOWN = ProbeResult.failure("no");
  private static final Server A = Server.of("10.0.0.1", 80);
  private static final Server B = Server.of("10.0.0.2", 80);

  /** One check an interval, so that a test can count them. */
  private static HealthPolicy.Builder plain() {
    return HealthPolicy.builder().jitter(0).backoffMultiplier(1);
  }

  private final VirtualTime time = new VirtualTime();
  private final FakeProbe probe = new FakeProbe();
  private final List<BalancerEvent> events = new ArrayList<>();
  private final LoadBalancer balancer =
      LoadBalancer.builder().servers(A).listener(events::add).build();

  @Test
  void firstResult_success_changesNothing() {
    start(probe);
    check(A, UP);

    assertThat(probe.calls).hasSize(1);
    assertThat(blocks(A)).isEmpty();
    assertThat(events).isEmpty();
  }

  @Test
  void firstResult_failure_blocksAtOnce() {
    start(probe);
    check(A, DOWN);

    assertThat(blocks(A)).containsExactly(PROBE_DOWN);
    assertThat(events).containsExactly(new ServerBlocked(A, PROBE_DOWN, "first check failed: no"));
  }

  @Test
  void results_reachTheThresholds_changeTheBlockThenAndOnce() {
    start(probe);
    check(A, UP);
    check(A, DOWN);
    check(A, DOWN);
    check(A, UP);
    check(A, DOWN);
    check(A, DOWN);
    assertThat(events).isEmpty();

    check(A, DOWN);
    assertThat(blocks(A)).containsExactly(PROBE_DOWN);
    check(A, DOWN);
    check(A, UP);
    assertThat(blocks(A)).containsExactly(PROBE_DOWN);

    check(A, UP);
    check(A, UP);
    assertThat(blocks(A)).isEmpty();
    assertThat(events)
        .containsExactly(
            new ServerBlocked(A, PROBE_DOWN, "3 failures in a row, the last: no; was up for 1m"),
            new ServerUnblocked(A, PROBE_DOWN, "2 successes in a row; was down for 30s"));
  }

  @Test
  void check_inconclusive_countsForNothing() {
    start(probe);
    check(A, ProbeResult.inconclusive("no descriptor left"));
    assertThat(events).isEmpty();

    check(A, UP);
    check(A, DOWN);
    check(A, DOWN);
    check(A, ProbeResult.inconclusive("no descriptor left"));
    assertThat(events).isEmpty();
    check(A, DOWN);
    assertThat(events)
        .containsExactly(
            new ServerBlocked(A, PROBE_DOWN, "3 failures in a row, the last: no; was up for 40s"));
  }

  @Test
  void check_noAnswerInTime_isAFailureAndIsCancelled() {
    start(probe);
    untilCallsAre(1);
    time.advance(TIMEOUT.minusMillis(1));
    assertThat(blocks(A)).isEmpty();

    time.advance(ofMillis(1));

    assertThat(events)
        .containsExactly(
            new ServerBlocked(A, PROBE_DOWN, "first check failed: timed out after 3s"));
    assertThat(probe.last().answer()).isCancelled();
  }

  @Test
  void check_answersAfterItsTime_isNotHeard() {
    List<CompletableFuture<ProbeResult>> answers = new ArrayList<>();
    HealthPolicy impatient =
        plain().interval(INTERVAL).timeout(TIMEOUT).healthyThreshold(1).build();
    builder(
            (server, context) -> {
              answers.add(new CompletableFuture<>());
              // Its cancellation does not reach the future that it hangs on.
              return answers.get(answers.size() - 1).minimalCompletionStage();
            })
        .policy(impatient)
        .start();
    time.advance(INTERVAL.plus(TIMEOUT));
    assertThat(blocks(A)).containsExactly(PROBE_DOWN);

    answers.get(0).complete(UP);
    time.advance(Duration.ZERO);

    assertThat(blocks(A)).containsExactly(PROBE_DOWN);
  }

  @Test
  void checks_beginOncePerIntervalAndNeverOverlap() {
    HealthPolicy tight = plain().interval(INTERVAL).timeout(INTERVAL).build();
    List<CompletableFuture<ProbeResult>> open = new ArrayList<>();
    List<Long> begun = new ArrayList<>();
    builder(
            (server, context) -> {
              assertThat(open).allMatch(CompletableFuture::isDone);
              assertThat(context.timeout()).isEqualTo(INTERVAL);
              begun.add(time.nanoTime());
              open.add(new CompletableFuture<>());
              return open.get(open.size() - 1);
            })
        .policy(tight)
        .start();

    time.advance(INTERVAL.multipliedBy(20));

    assertThat(begun).hasSize(20);
    for (int i = 1; i < begun.size(); i++) {
      assertThat(begun.get(i) - begun.get(i - 1)).isEqualTo(INTERVAL.toNanos());
    }
  }

  @Test
  void add_laterServer_isCheckedToo() {
    start(probe);
    check(A, UP);
    balancer.add(B);
    check(B, DOWN);

    assertThat(blocks(A)).isEmpty();
    assertThat(blocks(B)).containsExactly(PROBE_DOWN);
  }

  @Test
  void remove_whileChecked_cancelsAndChecksNoMore() {
    start(probe);
    untilCallsAre(1);
    balancer.add(B);
    probe.answer(B, UP);
    balancer.remove(A.id());
    time.advance(Duration.ZERO);
    assertThat(probe.calls.get(0).answer()).isCancelled();

    time.advance(INTERVAL.multipliedBy(5));

    assertThat(probe.calls.stream().skip(1)).hasSize(5).allMatch(c -> c.server().equals(B));
  }

  @Test
  void remove_thenAddAgain_startsAnew() {
    start(probe);
    check(A, UP);
    check(A, DOWN);
    check(A, DOWN);
    Server moved = Server.of("10.0.0.9", 80).withId(A.id());
    balancer.remove(A.id());
    balancer.add(moved);
    check(moved, UP);
    check(moved, DOWN);

    assertThat(blocks(A)).isEmpty();
    assertThat(probe.last().server()).isSameAs(moved);
  }

  @Test
  void update_ofTheAddress_beginsAnew_freeAndWithAllItsWeight() {
    start(probe);
    Server moved = Server.of("10.0.0.9", 80).withId(A.id());
    check(A, UP.withWeight(50));
    balancer.update(moved);
    time.advance(Duration.ZERO);
    assertThat(events).endsWith(new BalancerEvent.ServerWeighed(moved, 100, "its address changed"));

    check(moved, DOWN);
    assertThat(blocks(A)).containsExactly(PROBE_DOWN);
    balancer.update(A);
    time.advance(Duration.ZERO);
    assertThat(blocks(A)).isEmpty();
    assertThat(events).endsWith(new ServerUnblocked(A, PROBE_DOWN, "its address changed"));
    int before = events.size();
    check(A, UP);
    assertThat(events).hasSize(before);
  }

  @Test
  void remove_beforeTheFirstTaskRan_checksWhatIsThere() {
    start(probe);
    balancer.add(B);
    balancer.remove(A.id());
    probe.answer(B, UP);

    time.advance(INTERVAL);

    assertThat(probe.calls).hasSize(1);
    assertThat(probe.last().server()).isSameAs(B);
  }

  @Test
  void drain_throughDownAndUp_stays() {
    start(probe);
    check(A, UP);
    balancer.drain(A.id());
    check(A, DOWN);
    check(A, DOWN);
    check(A, DOWN);
    assertThat(blocks(A)).containsExactlyInAnyOrder(DRAINING, PROBE_DOWN);
    check(A, UP);
    check(A, UP);
    assertThat(blocks(A)).containsExactly(DRAINING);

    check(A, DOWN);
    check(A, DOWN);
    check(A, DOWN);
    balancer.resume(A.id());
    assertThat(blocks(A)).containsExactly(PROBE_DOWN);
  }

  static Stream<Arguments> badProbes() {
    CompletableFuture<ProbeResult> broken = new CompletableFuture<>();
    broken.completeExceptionally(new IllegalStateException("broken"));
    return Stream.of(
        bad(
            "throws",
            "IllegalStateException: broken",
            (s, c) -> {
              throw new IllegalStateException("broken");
            }),
        bad(
            "throws an error",
            "StackOverflowError",
            (s, c) -> {
              throw new StackOverflowError();
            }),
        bad("null stage", "the probe returned null", (s, c) -> null),
        bad(
            "null result",
            "the probe's result is null",
            (s, c) -> CompletableFuture.completedFuture(null)),
        bad("exceptional", "IllegalStateException: broken", (s, c) -> broken),
        bad(
            "exceptional, wrapped",
            "IllegalStateException: broken",
            (s, c) -> broken.thenApply(r -> r)),
        bad(
            "stage that cannot be cancelled",
            "timed out after 3s",
            (s, c) ->
                new CompletableFuture<>() {
                  @Override
                  public CompletableFuture<ProbeResult> toCompletableFuture() {
                    throw new UnsupportedOperationException();
                  }
                }));
  }

  private static Arguments bad(String name, String cause, Probe probe) {
    return Arguments.of(Named.of(name, probe), cause);
  }

  @ParameterizedTest
  @MethodSource("badProbes")
  void check_badProbe_isAFailureAndHarmsNobody(Probe bad, String cause) {
    balancer.add(B);
    events.clear();
    probe.answer(B, DOWN);
    start((server, context) -> (server.equals(A) ? bad : probe).check(server, context));

    time.advance(INTERVAL.plus(TIMEOUT));

    assertThat(events)
        .containsExactlyInAnyOrder(
            new ServerBlocked(A, PROBE_DOWN, "first check failed: " + cause),
            new ServerBlocked(B, PROBE_DOWN, "first check failed: no"));
    int before = probe.calls.size();
    time.advance(INTERVAL);
    assertThat(probe.calls).hasSize(before + 1);
  }

  @Test
  void change_thatTheBalancerCannotMake_isTriedAgain() {
    boolean[] broken = {false};
    Selector.Factory factory =
        (candidates, previous) -> {
          if (broken[0]) {
            throw new IllegalStateException("broken selector");
          }
          return Selectors.roundRobin().create(candidates, previous);
        };
    LoadBalancer fragile = LoadBalancer.builder().servers(A).selector(factory).build();
    HealthMonitor.builder(fragile).probe(probe).policy(POLICY).clock(time).scheduler(time).start();
    check(A, UP);
    check(A, DOWN);
    check(A, DOWN);
    broken[0] = true;
    check(A, DOWN);
    assertThat(fragile.eligibleCount()).isEqualTo(1);

    broken[0] = false;
    check(A, DOWN);

    assertThat(fragile.eligibleCount()).isZero();
  }

  @Test
  void startTimes_ofManyServers_areSpreadOverTheInterval() {
    List<Server> servers =
        IntStream.range(0, 1_000).mapToObj(i -> Server.of("10.1.0.1", i)).toList();
    LoadBalancer many = LoadBalancer.builder().servers(servers).build();
    int[] begunInTenth = new int[10];
    long origin = time.nanoTime();
    HealthMonitor.builder(many)
        .probe(
            (server, context) -> {
              begunInTenth[(int) ((time.nanoTime() - origin) * 10 / INTERVAL.toNanos())]++;
              return CompletableFuture.completedFuture(UP);
            })
        .policy(POLICY)
        .clock(time)
        .scheduler(time)
        .seed(42)
        .start();

    time.advance(INTERVAL.minusNanos(1));

    assertThat(IntStream.of(begunInTenth).sum()).isEqualTo(1_000);
    assertThat(begunInTenth).doesNotContain(0);
    assertThat(begunInTenth).satisfies(t -> assertThat(IntStream.of(t)).allMatch(n -> n > 60));
  }

  @Test
  void seed_same_repeatsTheSchedule() {
    assertThat(firstCheckNanos(7)).isEqualTo(firstCheckNanos(7)).isNotEqualTo(firstCheckNanos(8));
  }

  private static long firstCheckNanos(long seed) {
    VirtualTime time = new VirtualTime(0);
    long[] first = {-1};
    HealthMonitor.builder(LoadBalancer.builder().servers(A).build())
        .probe(
            (server, context) -> {
              first[0] = time.nanoTime();
              return CompletableFuture.completedFuture(UP);
            })
        .clock(time)
        .scheduler(time)
        .seed(seed)
        .start();
    time.advance(ofSeconds(5));
    return first[0];
  }

  @Test
  void close_leavesNothing() {
    balancer.add(B);
    HealthMonitor monitor = start(probe);
    probe.answer(A, DOWN);
    time.advance(INTERVAL.plus(TIMEOUT)); // B is silent
    assertThat(balancer.eligibleCount()).isZero();
    untilNextCallTo(B);

    monitor.close();
    monitor.close();

    assertThat(time.pending()).isZero();
    assertThat(time.isShutdown()).isFalse();
    assertThat(probe.last().answer()).isCancelled();
    assertThat(balancer.eligibleCount()).isEqualTo(2);
    int before = probe.calls.size();
    balancer.add(Server.of("10.0.0.3", 80));
    time.advance(INTERVAL.multipliedBy(3));
    assertThat(probe.calls).hasSize(before);
    assertThat(time.pending()).isZero();
    balancer.claim(PROBE_DOWN).close();
  }

  @Test
  void close_beforeTheFirstTaskRan_beginsNothing() {
    start(probe).close();
    time.advance(INTERVAL.multipliedBy(2));

    assertThat(probe.calls).isEmpty();
    assertThat(time.pending()).isZero();
  }

  @Test
  void close_byTheProbeItself_works() {
    HealthMonitor[] monitor = {null};
    List<CompletableFuture<ProbeResult>> begun = new ArrayList<>();
    monitor[0] =
        start(
            (server, context) -> {
              monitor[0].close();
              begun.add(new CompletableFuture<>());
              return begun.get(0);
            });
    time.advance(INTERVAL.multipliedBy(3));

    assertThat(begun).hasSize(1);
    assertThat(begun.get(0)).isCancelled();
    assertThat(time.pending()).isZero();
  }

  @Test
  void close_byAListenerOfTheBlock_works() {
    HealthMonitor monitor = start(probe);
    balancer.addListener(event -> monitor.close());
    check(A, DOWN);

    assertThat(blocks(A)).isEmpty();
    assertThat(time.pending()).isZero();
  }

  @Test
  void start_secondMonitorOfABalancer_isRefusedUntilTheFirstIsClosed() {
    HealthMonitor first = start(probe);
    assertThatThrownBy(() -> start(probe)).isInstanceOf(IllegalStateException.class);

    first.close();
    start(probe).close();
  }

  @Test
  void scheduler_shutDownBeforeTheMonitor_endsTheChecksQuietly() {
    HealthMonitor monitor = start(probe);
    probe.answer(A, DOWN);
    time.advance(INTERVAL);
    time.shutdown();
    time.advance(INTERVAL.multipliedBy(2));
    assertThatThrownBy(() -> time.schedule(() -> {}, 1, SECONDS))
        .isInstanceOf(RejectedExecutionException.class);

    monitor.close();

    assertThat(blocks(A)).isEmpty();
    assertThat(time.pending()).isZero();
  }

  private HealthMonitor.Builder builder(Probe probe) {
    return HealthMonitor.builder(balancer).probe(probe).policy(POLICY).clock(time).scheduler(time);
  }

  private HealthMonitor start(Probe probe) {
    return builder(probe).start();
  }

  /** Lets one interval pass, and with it one check of each server. */
  private void check(Server server, ProbeResult result) {
    probe.answer(server, result);
    time.advance(INTERVAL);
  }

  private void untilCallsAre(int count) {
    for (int i = 0; probe.calls.size() < count; i++) {
      assertThat(i).isLessThan(100_000);
      time.advance(ofMillis(1));
    }
  }

  private void untilNextCallTo(Server server) {
    do {
      untilCallsAre(probe.calls.size() + 1);
    } while (!probe.last().server().equals(server));
  }

  private Set<Block> blocks(Server server) {
    return balancer.nodes().stream()
        .filter(node -> node.server().id().equals(server.id()))
        .findFirst()
        .orElseThrow()
        .blocks();
  }
}
