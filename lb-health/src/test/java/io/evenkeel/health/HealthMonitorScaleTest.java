package io.evenkeel.health;

import static io.evenkeel.core.Block.PROBE_DOWN;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.BalancerEvent;
import io.evenkeel.core.BalancerEvent.ServerBlocked;
import io.evenkeel.core.BalancerEvent.ServerWeighed;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.NanoClock;
import io.evenkeel.core.Node;
import io.evenkeel.core.Selector;
import io.evenkeel.core.Selectors;
import io.evenkeel.core.Server;
import io.evenkeel.core.VirtualTime;
import io.evenkeel.core.Warning;
import io.evenkeel.health.ServerHealth.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Many servers at once, and what a monitor shows of itself, on a clock that stands still. */
class HealthMonitorScaleTest {

  private static final ProbeResult UP = ProbeResult.success();
  private static final ProbeResult DOWN = ProbeResult.failure("no");
  private static final HealthPolicy EVEN =
      HealthPolicy.builder().interval(ofSeconds(10)).timeout(ofSeconds(3)).jitter(0).build();

  private final VirtualTime time = new VirtualTime();

  /** What the balancer's building of a snapshot takes, by this clock. */
  private Duration snapshotTakes = Duration.ZERO;

  private long shiftNanos;
  private final NanoClock clock = () -> time.nanoTime() + shiftNanos;
  private int built;
  private final Selector.Factory counting =
      (candidates, previous) -> {
        built++;
        shiftNanos += snapshotTakes.toNanos();
        return Selectors.roundRobin().create(candidates, previous);
      };

  private static List<Server> servers(int n) {
    return IntStream.range(0, n).mapToObj(i -> Server.of("10.0.0.1", i)).toList();
  }

  private HealthMonitor.Builder monitor(LoadBalancer balancer, Probe probe) {
    return HealthMonitor.builder(balancer)
        .probe(probe)
        .policy(EVEN)
        .clock(clock)
        .scheduler(time)
        .seed(7);
  }

  /** All answers come in one turn. */
  @Test
  void flips_decidedAtAboutTheSameTime_areOneSnapshot() {
    int n = 10_000;
    LoadBalancer balancer = LoadBalancer.builder().servers(servers(n)).selector(counting).build();
    List<CompletableFuture<ProbeResult>> answers = new ArrayList<>();
    HealthMonitor monitor =
        monitor(
                balancer,
                (server, context) -> {
                  answers.add(new CompletableFuture<>());
                  return answers.get(answers.size() - 1);
                })
            .policy(HealthPolicy.builder().interval(ofSeconds(10)).timeout(ofSeconds(10)).build())
            .maxInFlight(n)
            .start();
    time.advance(ofSeconds(10).minusNanos(1));
    assertThat(answers).hasSizeGreaterThan(n * 9 / 10);
    List<CompletableFuture<ProbeResult>> first = List.copyOf(answers);
    built = 0;

    first.forEach(answer -> answer.complete(DOWN));
    time.advance(Duration.ZERO);

    assertThat(monitor.stats().count(Status.DOWN)).isGreaterThan(n * 9 / 10);
    assertThat(balancer.eligibleCount()).isLessThan(n / 10);
    assertThat(built).isOne();

    monitor.close();
    assertThat(built).isEqualTo(2);
    assertThat(balancer.eligibleCount()).isEqualTo(n);
  }

  /** A snapshot that takes 10 ms is built ten times a second at most, and nothing is lost. */
  @Test
  void flips_oneByOne_takeATenthOfTheTimeAtMost() {
    int n = 5_000;
    LoadBalancer balancer = LoadBalancer.builder().servers(servers(n)).selector(counting).build();
    HealthMonitor monitor =
        monitor(balancer, (server, context) -> CompletableFuture.completedFuture(DOWN)).start();
    built = 0;
    snapshotTakes = ofMillis(10);
    long begun = clock.nanoTime();

    time.advance(ofSeconds(10));

    long tenths = (clock.nanoTime() - begun) / 100_000_000;
    assertThat(built).isBetween(50, (int) tenths + 1);
    time.advance(ofMillis(100));
    assertThat(balancer.eligibleCount()).isZero();
    monitor.close();
    assertThat(time.pending()).isZero();
  }

  @Test
  void close_whileNewsWait_leavesNoTimer() {
    LoadBalancer balancer = LoadBalancer.builder().servers(servers(50)).selector(counting).build();
    snapshotTakes = ofMillis(20);
    HealthMonitor monitor =
        monitor(balancer, (server, context) -> CompletableFuture.completedFuture(DOWN)).start();
    for (int i = 0; time.pending() <= 50; i++) { // one for each server's next check, and that one
      assertThat(i).isLessThan(10_000);
      time.advance(ofMillis(1));
    }
    monitor.close();
    assertThat(time.pending()).isZero();
    assertThat(balancer.eligibleCount()).isEqualTo(50);
  }

  @Test
  void inFlight_neverAboveTheLimit_andWhoWaitsGetsATurn() {
    LoadBalancer balancer = LoadBalancer.builder().servers(servers(100)).build();
    Map<String, Integer> asked = new HashMap<>();
    List<CompletableFuture<ProbeResult>> open = new ArrayList<>();
    int[] most = {0};
    HealthMonitor monitor =
        monitor(
                balancer,
                (server, context) -> {
                  asked.merge(server.id(), 1, Integer::sum);
                  open.removeIf(CompletableFuture::isDone);
                  open.add(new CompletableFuture<>()); // never answered: 3 s each
                  most[0] = Math.max(most[0], open.size());
                  return open.get(open.size() - 1);
                })
            .maxInFlight(10)
            .start();

    time.advance(ofSeconds(12));
    assertThat(monitor.stats().inFlight()).isEqualTo(10);
    assertThat(monitor.stats().waiting()).isGreaterThan(10);
    time.advance(ofSeconds(25));

    assertThat(most[0]).isEqualTo(10);
    assertThat(asked).hasSize(100); // 10 every 3 s
    assertThat(balancer.warnings())
        .singleElement()
        .extracting(Warning::name)
        .isEqualTo("few_checks_in_flight");

    // Those that are removed make room, whether they wait or are asked.
    balancer.update(servers(20));
    time.advance(Duration.ZERO);
    assertThat(monitor.stats().inFlight() + monitor.stats().waiting()).isLessThanOrEqualTo(20);
    assertThat(balancer.warnings()).isEmpty();
    time.advance(ofSeconds(100));
    assertThat(monitor.stats().inFlight()).isLessThanOrEqualTo(10);
    assertThat(most[0]).isEqualTo(10);
    monitor.close();
    assertThat(time.pending()).isZero();
  }

  /** A probe that throws gives its place back, too; 10,000 in line are no deep recursion. */
  @Test
  void inFlight_probesThatThrow_giveTheirPlaceBack() {
    int n = 10_000;
    LoadBalancer balancer = LoadBalancer.builder().servers(servers(n)).build();
    CompletableFuture<ProbeResult> first = new CompletableFuture<>();
    int[] calls = {0};
    HealthMonitor monitor =
        monitor(
                balancer,
                (server, context) -> {
                  if (calls[0]++ == 0) {
                    return first;
                  }
                  throw new IllegalStateException("broken");
                })
            .policy(HealthPolicy.builder().interval(ofSeconds(10)).timeout(ofSeconds(10)).build())
            .maxInFlight(1)
            .start();
    time.advance(ofSeconds(9));
    assertThat(calls[0]).isOne();

    first.complete(UP);
    time.advance(ofSeconds(1));

    assertThat(monitor.stats().failures()).isGreaterThanOrEqualTo(n - 1);
    assertThat(monitor.stats().waiting()).isZero();
    monitor.close();
  }

  @Test
  void maxInFlight_belowOne_isRefused() {
    LoadBalancer balancer = LoadBalancer.builder().servers(servers(1)).build();
    assertThatThrownBy(() -> HealthMonitor.builder(balancer).maxInFlight(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("maxInFlight: 0 (expected: >= 1)");
  }

  /** Starts as {@link HealthState#waitNanos} says: see there for the numbers. */
  @Test
  void schedule_isFastInTransition_andBacksOffWhileDown() {
    HealthPolicy policy =
        HealthPolicy.builder()
            .interval(ofSeconds(8))
            .fastInterval(ofSeconds(1))
            .backoffMultiplier(2)
            .maxInterval(ofSeconds(60))
            .jitter(0)
            .build();
    boolean[] life = {true, false, false, false, false, false, false, false, true, true, true};
    List<Long> begun = new ArrayList<>();
    LoadBalancer balancer = LoadBalancer.builder().servers(servers(1)).build();
    monitor(
            balancer,
            (server, context) -> {
              boolean up = begun.size() >= life.length || life[begun.size()];
              begun.add(clock.nanoTime());
              return CompletableFuture.completedFuture(up ? UP : DOWN);
            })
        .policy(policy)
        .start();
    time.advance(ofMinutes(5));
    int[] expectedSeconds = {8, 1, 1, 8, 16, 32, 60, 60, 1, 8, 8};
    for (int i = 0; i < expectedSeconds.length; i++) {
      assertThat(Duration.ofNanos(begun.get(i + 1) - begun.get(i)))
          .as("after %d", i)
          .isEqualTo(ofSeconds(expectedSeconds[i]));
    }
  }

  @Test
  void jitter_shortensWaits_byItsShareAtMost() {
    LoadBalancer balancer = LoadBalancer.builder().servers(servers(1)).build();
    List<Long> begun = new ArrayList<>();
    monitor(
            balancer,
            (server, context) -> {
              begun.add(clock.nanoTime());
              return CompletableFuture.completedFuture(UP);
            })
        .policy(HealthPolicy.builder().interval(ofSeconds(10)).jitter(0.2).build())
        .start();
    time.advance(ofSeconds(2_000));
    List<Long> waits =
        IntStream.range(1, begun.size()).mapToObj(i -> begun.get(i) - begun.get(i - 1)).toList();
    assertThat(waits)
        .allSatisfy(
            wait -> assertThat(wait).isBetween(ofSeconds(8).toNanos(), ofSeconds(10).toNanos()));
    assertThat(waits.stream().mapToLong(wait -> wait).average().orElseThrow())
        .isBetween(8.8e9, 9.2e9);
  }

  @Test
  void health_showsStatusSinceAndLastResults() {
    Server server = servers(1).get(0);
    LoadBalancer balancer = LoadBalancer.builder().servers(server).build();
    FakeProbe probe = new FakeProbe();
    HealthMonitor monitor = monitor(balancer, probe).start();
    time.advance(Duration.ZERO);
    ServerHealth fresh = monitor.health(server.id());
    assertThat(fresh.status()).isEqualTo(Status.UNKNOWN);
    assertThat(fresh.last()).isEmpty();

    probe.answer(server, UP);
    time.advance(ofSeconds(10));
    probe.answer(server, DOWN);
    time.advance(ofSeconds(60));
    probe.answer(server, ProbeResult.inconclusive("no descriptor left"));
    long lastBegun = time.nanoTime();
    time.advance(ofSeconds(40));

    ServerHealth health = monitor.health(server.id());
    assertThat(health.server()).isEqualTo(server);
    assertThat(health.status()).isEqualTo(Status.DOWN);
    assertThat(health.age()).isBetween(ofSeconds(60), ofSeconds(80));
    assertThat(health.inARow()).isGreaterThanOrEqualTo(4);
    assertThat(health.last()).hasSize(ServerHealth.REMEMBERED);
    assertThat(health.last().get(0).result().isInconclusive()).isTrue();
    assertThat(health.last().get(ServerHealth.REMEMBERED - 1).result()).isEqualTo(DOWN);
    assertThat(health.last().get(0).age())
        .isLessThanOrEqualTo(Duration.ofNanos(time.nanoTime() - lastBegun));
    HealthStats stats = monitor.stats();
    assertThat(stats.checks()).isEqualTo(health.checks());
    assertThat(stats.failures()).isEqualTo(health.failures());
    assertThat(stats.checks()).isEqualTo(stats.failures() + stats.inconclusive() + 1);
    assertThat(stats.servers()).containsExactly(health);
    assertThat(stats.count(Status.DOWN)).isOne();
    assertThat(monitor.health("gone")).isNull();
    balancer.update(List.of(Server.of("10.0.0.1", 99)));
    time.advance(Duration.ZERO);
    assertThat(monitor.health(server.id())).isNull();
  }

  /** Its history and its state stay; the probe and the log see the new one. */
  @Test
  void update_ofTheSameAddress_keepsWhatIsKnown() {
    Server server = servers(1).get(0);
    LoadBalancer balancer = LoadBalancer.builder().servers(server).build();
    FakeProbe probe = new FakeProbe();
    HealthMonitor monitor = monitor(balancer, probe).start();
    probe.answer(server, UP);
    time.advance(ofSeconds(10));

    balancer.update(server.withWeight(5).withMetadata("path", "/x"));
    time.advance(ofSeconds(10));

    assertThat(monitor.health(server.id()).checks()).isEqualTo(2);
    assertThat(probe.last().server().metadata()).containsEntry("path", "/x");

    Server moved = Server.of("10.0.0.9", 80).withId(server.id());
    balancer.update(moved);
    probe.answer(moved, DOWN);
    time.advance(ofSeconds(10));
    assertThat(monitor.health(server.id()).checks()).isOne();
    assertThat(probe.last().server()).isEqualTo(moved);
    assertThat(balancer.eligibleCount()).isZero(); // its first result decided
  }

  /** As an agent reports: a share, less, none, drain, all. */
  @Test
  void weight_followsTheChecks_andTheWordsAreTheBlocksCause() {
    Server server = servers(2).get(0);
    LoadBalancer balancer = LoadBalancer.builder().servers(servers(2)).build();
    List<BalancerEvent> events = new ArrayList<>();
    balancer.addListener(events::add);
    FakeProbe probe = new FakeProbe();
    probe.answer(servers(2).get(1), UP);
    HealthMonitor monitor = monitor(balancer, probe).start();
    Node node = balancer.nodes().get(0);
    double[] expected = {1, 0.75, 0.75, 0.75, 1};
    String[] lines = {"up", "75%", "75%", "drain", "up"};
    for (int i = 0; i < lines.length; i++) {
      probe.answer(server, AgentProbe.resultOf(lines[i]));
      time.advance(ofSeconds(10));
      assertThat(node.effectiveWeight()).as(lines[i]).isEqualTo(expected[i]);
      assertThat(node.isEligible()).as(lines[i]).isEqualTo(!lines[i].equals("drain"));
    }
    assertThat(events)
        .hasSize(4)
        .startsWith(
            new ServerWeighed(server, 75, "as its last check said"),
            new ServerBlocked(server, PROBE_DOWN, "1 failure: agent says drain; was up for 30s"));
    assertThat(events.get(3)).isEqualTo(new ServerWeighed(server, 100, "as its last check said"));

    probe.answer(server, AgentProbe.resultOf("10%"));
    time.advance(ofSeconds(10));
    assertThat(monitor.health(server.id()).weightPercent()).isEqualTo(10);
    monitor.close();
    assertThat(node.effectiveWeight()).isOne();
  }
}
