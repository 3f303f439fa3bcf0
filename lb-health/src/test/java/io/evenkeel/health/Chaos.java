package io.evenkeel.health;

import static io.evenkeel.core.Block.CIRCUIT_OPEN;
import static io.evenkeel.core.Block.EJECTED;
import static io.evenkeel.core.Block.PROBE_DOWN;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.BalancerEvent;
import io.evenkeel.core.BalancerEvent.ServerBlocked;
import io.evenkeel.core.BalancerEvent.ServerUnblocked;
import io.evenkeel.core.Block;
import io.evenkeel.core.Lease;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Node;
import io.evenkeel.core.Query;
import io.evenkeel.core.Server;
import io.evenkeel.core.VirtualTime;
import java.io.IOException;
import java.net.ConnectException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Fifty servers that are stopped, killed, made slow or failing, and resumed, for a minute of
 * virtual time, under the calls of a hundred clients, each with a timeout of its own; then all are
 * well again. A network, clients, and a referee that sees every call, outcome and event.
 *
 * <p>The bounds are times, made of the policies' numbers and of the rate of calls. They are sharp
 * because calls come at an even rate and the rotation is exact: of any {@link #SERVERS} picks in a
 * row, each server that may be picked gets one.
 *
 * <ul>
 *   <li>Checks: a server that is down is blocked after {@code interval + (fall − 1) · fast interval
 *       + timeout}, without the timeout if it refuses, and gets no call from then on.
 *   <li>Circuits: one that is down, and not ejected, is found out after as many rotations as
 *       failures are too many, and a client's timeout if it is silent. From then on it gets trials
 *       only: as many as the policy says, then none for an open time that doubles; where it
 *       refuses, one at a time, which fails at once. One that comes back from an ejection may have
 *       to be found out anew.
 *   <li>Ejection: its rule is played along, so that it is known at each failure whether the server
 *       must be out from now on.
 * </ul>
 */
final class Chaos {

  enum Mode {
    /** Outlier detector and circuit breakers. */
    PASSIVE,
    /** With a monitor, too. */
    ALL
  }

  private enum Condition {
    WELL,
    /** Accepts and says nothing. */
    STOPPED,
    REFUSING,
    /** Answers most calls too late for most clients. */
    SLOW,
    /** Answers most calls with an error, and checks well. */
    FAILING;

    boolean isDown() {
      return this == STOPPED || this == REFUSING;
    }
  }

  private static final int SERVERS = 50;
  private static final int MAY_BE_OUT = 5;
  private static final int MOST_DOWN = 12;
  private static final int MOST_BAD = 20;
  private static final int CLIENTS = 100;
  private static final long MINUTE = TimeUnit.MINUTES.toNanos(1);

  /** In each of these one call begins, at random. */
  private static final long SLOT = 600_000;

  private static final long SHORTEST_TIMEOUT = ofMillis(200);
  private static final long LONGEST_TIMEOUT = ofMillis(500);
  private static final long MOST_BETWEEN_FAULTS = ofMillis(400);
  private static final long LATENCY = ofMillis(20);
  private static final long SLOW_LATENCY = ofMillis(1_000);
  private static final long SLOW_CHECK = ofMillis(1_600);

  private static final HealthPolicy CHECKS =
      HealthPolicy.builder()
          .interval(Duration.ofSeconds(2))
          .fastInterval(Duration.ofSeconds(1))
          .timeout(Duration.ofMillis(800))
          .build();
  private static final OutlierPolicy EJECTION =
      OutlierPolicy.builder()
          .consecutiveFailures(5)
          .ejectionTime(Duration.ofSeconds(5))
          .maxEjectionTime(Duration.ofSeconds(20))
          .maxEjectedShare((double) MAY_BE_OUT / SERVERS)
          .build();
  private static final CircuitPolicy CIRCUIT =
      CircuitPolicy.builder()
          .consecutiveFailures(6)
          .openTime(Duration.ofSeconds(1))
          .maxOpenTime(Duration.ofSeconds(8))
          .trials(2)
          .build();

  private final Mode mode;
  private final SplittableRandom random;
  private final VirtualTime time = new VirtualTime();
  private final long begin = time.nanoTime();
  private final Map<String, Machine> machines = new LinkedHashMap<>();
  private final LoadBalancer balancer;
  private final OutlierDetector detector;
  private final CircuitBreakers breakers;
  private final @Nullable HealthMonitor monitor;

  /**
   * The first rule that was broken: a scheduler and a balancer keep what is thrown to themselves.
   */
  private @Nullable Throwable broken;

  private boolean faultsAreOver;
  private boolean callsAreOver;
  private boolean isCrowd;
  private long slots;
  private long calls;
  private int slowTimeouts;
  private int slowBlocks;
  private int trials;
  private int longDown;

  Chaos(Mode mode, long seed) {
    this.mode = mode;
    this.random = new SplittableRandom(seed);
    List<Server> servers = IntStream.range(0, SERVERS).mapToObj(Fleet::server).toList();
    servers.forEach(server -> machines.put(server.id(), new Machine(server.id())));
    this.balancer =
        LoadBalancer.builder()
            .servers(servers)
            .clock(time)
            .seed(seed)
            .listener(event -> refereed(() -> onEvent(event)))
            .build();
    this.detector =
        OutlierDetector.builder(balancer)
            .policy(EJECTION)
            .clock(time)
            .scheduler(time)
            .seed(seed)
            .start();
    this.breakers =
        CircuitBreakers.builder(balancer)
            .policy(CIRCUIT)
            .clock(time)
            .scheduler(time)
            .seed(seed)
            .start();
    this.monitor =
        mode == Mode.PASSIVE
            ? null
            : HealthMonitor.builder(balancer)
                .probe((server, context) -> machine(server).check())
                .policy(CHECKS)
                .clock(time)
                .scheduler(time)
                .seed(seed)
                .start();
  }

  long ejections() {
    return detector.stats().ejections();
  }

  long overLimit() {
    return detector.stats().overLimit();
  }

  int slowTimeouts() {
    return slowTimeouts;
  }

  int slowBlocks() {
    return slowBlocks;
  }

  int trials() {
    return trials;
  }

  int longDown() {
    return longDown;
  }

  Duration elapsed() {
    return Duration.ofNanos(time.nanoTime() - begin);
  }

  /**
   * The minute, and what comes after it.
   *
   * @throws AssertionError if a rule is broken
   */
  void run() {
    later(0, this::nextCall);
    later(0, this::nextFault);
    advance(MINUTE);
    assertThat(calls).as("calls in a minute").isGreaterThanOrEqualTo(100_000);
    faultsAreOver = true;
    machines.values().forEach(machine -> machine.become(Condition.WELL));
    long end = time.nanoTime();
    long ejected = LONGEST_TIMEOUT + EJECTION.maxEjectionTime().toNanos();
    long down =
        CHECKS.maxInterval().toNanos()
            + (CHECKS.healthyThreshold() - 1) * CHECKS.fastIntervalNanos()
            + LATENCY;
    long open = LONGEST_TIMEOUT + CIRCUIT.maxOpenTime().toNanos();
    long tried = Math.max(open, Math.max(ejected, down)) + rotations(CIRCUIT.trials()) + LATENCY;
    later(ejected + 1, () -> nobodyHas(EJECTED));
    later(down + 1, () -> nobodyHas(PROBE_DOWN));
    later(open + 1, () -> nobodyHas(CIRCUIT_OPEN));
    advance(tried + 1);
    assertThat(breakers.stats())
        .as("circuits %s after all is well", Duration.ofNanos(time.nanoTime() - end))
        .allSatisfy(
            (id, stats) -> assertThat(stats.status()).isEqualTo(CircuitBreaker.Status.CLOSED));
    assertThat(balancer.nodes()).allMatch(node -> node.blocks().isEmpty());
    assertThat(detector.stats().ejected()).isZero();
    callsAreOver = true;
    advance(LONGEST_TIMEOUT);
    assertThat(balancer.nodes()).allMatch(node -> node.inFlight() == 0);
    detector.close();
    breakers.close();
    if (monitor != null) {
      monitor.close();
    }
  }

  // ---- time ----

  private static long ofMillis(long millis) {
    return TimeUnit.MILLISECONDS.toNanos(millis);
  }

  /** In this time each server that may be picked gets so many calls: the first slot has begun. */
  private static long rotations(int n) {
    return ((long) n * SERVERS + 1) * SLOT;
  }

  private void advance(long nanos) {
    long until = time.nanoTime() + nanos;
    while (time.nanoTime() < until) {
      time.advance(Duration.ofNanos(Math.min(ofMillis(100), until - time.nanoTime())));
      if (broken != null) {
        throw new AssertionError(broken.getMessage(), broken);
      }
    }
  }

  private void later(long nanos, Runnable task) {
    Future<?> unused = time.schedule(() -> refereed(task), nanos, TimeUnit.NANOSECONDS);
  }

  private void refereed(Runnable task) {
    try {
      if (broken == null) {
        task.run();
      }
    } catch (Throwable e) {
      broken = e;
    }
  }

  // ---- faults ----

  private void nextFault() {
    if (faultsAreOver) {
      return;
    }
    List<Machine> all = List.copyOf(machines.values());
    Machine machine = all.get(random.nextInt(SERVERS));
    if (machine.condition != Condition.WELL) {
      machine.become(Condition.WELL);
    } else if (all.stream().filter(one -> one.condition != Condition.WELL).count() < MOST_BAD) {
      Condition next = Condition.values()[1 + random.nextInt(Condition.values().length - 1)];
      boolean isFull = all.stream().filter(one -> one.condition.isDown()).count() == MOST_DOWN;
      if (!next.isDown() || !isFull) {
        machine.become(next);
      }
    }
    later(random.nextLong(MOST_BETWEEN_FAULTS), this::nextFault);
  }

  // ---- clients ----

  /** Calls go on when faults are over: trials are calls. */
  private void nextCall() {
    if (callsAreOver) {
      return;
    }
    call();
    slots++;
    later(begin + slots * SLOT + random.nextLong(SLOT) - time.nanoTime(), this::nextCall);
  }

  /**
   * A call of each of so many clients that every server that takes one gets one, at this very
   * moment: before the balancer is told of what has just been decided.
   */
  private void crowd() {
    if (!isCrowd) {
      isCrowd = true;
      IntStream.range(0, SERVERS).forEach(i -> call());
      isCrowd = false;
    }
  }

  private void call() {
    Lease lease = balancer.tryAcquire(Query.any());
    assertThat(lease).as("a server for a call").isNotNull();
    calls++;
    long step = (LONGEST_TIMEOUT - SHORTEST_TIMEOUT) / CLIENTS;
    long timeout = SHORTEST_TIMEOUT + step * random.nextInt(CLIENTS);
    machine(lease.server()).accept(new Call(lease), timeout);
  }

  private static final class Call {

    private final Lease lease;

    /** Its server was stopped meanwhile: nothing comes of it any more. */
    private boolean isHung;

    private boolean isOver;

    Call(Lease lease) {
      this.lease = lease;
    }
  }

  // ---- the referee's eyes ----

  private void onEvent(BalancerEvent event) {
    Machine machine = machine(event.server());
    if (event instanceof ServerBlocked e) {
      machine.blocked(e.block());
    } else if (event instanceof ServerUnblocked e && e.block() == EJECTED) {
      machine.isBack();
    }
    countOut();
  }

  /** By the detector's word, by the balancer's, by the rule, and whichever says so. */
  private void countOut() {
    OutlierStats stats = detector.stats();
    long said = 0;
    long out = 0;
    for (Node node : balancer.nodes()) {
      boolean isSaid = standing(stats, node.server()).ejected();
      said += isSaid ? 1 : 0;
      boolean isOut = isSaid || node.blocks().contains(EJECTED) || machine(node.server()).isOut;
      out += isOut ? 1 : 0;
    }
    assertThat(out).as("servers that are out").isLessThanOrEqualTo(MAY_BE_OUT);
    assertThat((long) stats.ejected()).as("how many the detector says are out").isEqualTo(said);
  }

  private static OutlierStats.Standing standing(OutlierStats stats, Server server) {
    OutlierStats.Standing standing = stats.servers().get(server.id());
    assertThat(standing).isNotNull();
    return standing;
  }

  private void nobodyHas(Block block) {
    assertThat(balancer.nodes())
        .as("servers that are %s when all have been well for long", block)
        .noneMatch(node -> node.blocks().contains(block));
  }

  private Machine machine(Server server) {
    Machine machine = machines.get(server.id());
    assertThat(machine).isNotNull();
    return machine;
  }

  /** One server, and what the referee knows of it. */
  private final class Machine {

    private final String id;
    private final List<Call> open = new ArrayList<>();
    private Condition condition = Condition.WELL;
    private long sinceNanos = begin;

    // Of ejection.
    private boolean isOut;
    private int failuresInARow;
    private long backNanos = begin;

    // Of trials while it is down and found out.
    private int bursts;
    private int callsInBurst;
    private long burstNanos;
    private long lastNanos;

    Machine(String id) {
      this.id = id;
    }

    void become(Condition next) {
      if (next == condition) {
        return;
      }
      condition = next;
      sinceNanos = time.nanoTime();
      bursts = 0;
      if (next == Condition.STOPPED) {
        open.forEach(call -> call.isHung = true);
      } else if (next == Condition.REFUSING) {
        List.copyOf(open).forEach(call -> failed(call, new IOException("connection reset")));
      }
      if (next.isDown() && mode == Mode.ALL) {
        long since = sinceNanos;
        later(checksTake() + 1, () -> mustBeFoundDown(since));
      }
    }

    // ---- the network ----

    void accept(Call call, long timeout) {
      judge();
      open.add(call);
      if (condition == Condition.REFUSING) {
        failed(call, new ConnectException("refused"));
        return;
      }
      call.isHung = condition == Condition.STOPPED;
      long takes = random.nextLong(condition == Condition.SLOW ? SLOW_LATENCY : LATENCY);
      if (takes < timeout) {
        later(takes, () -> answered(call));
      }
      later(timeout, () -> timedOut(call));
    }

    private void answered(Call call) {
      if (call.isHung || call.isOver) {
        return;
      }
      if (condition == Condition.FAILING && random.nextInt(5) > 0) {
        failed(call, new IOException("500"));
        return;
      }
      if (faultsAreOver || random.nextInt(100) > 0) {
        failuresInARow = 0;
        call.lease.success();
      } // else one in a hundred without a word
      over(call);
    }

    private void timedOut(Call call) {
      if (!call.isOver) {
        slowTimeouts += condition == Condition.SLOW && !call.isHung ? 1 : 0;
        failed(call, new TimeoutException("too slow"));
      }
    }

    private void failed(Call call, Exception cause) {
      boolean mustGo = false;
      if (!isOut && ++failuresInARow == EJECTION.consecutiveFailures()) {
        failuresInARow = 0;
        mustGo = machines.values().stream().filter(one -> one.isOut).count() < MAY_BE_OUT;
      }
      isOut |= mustGo;
      call.lease.failure(cause);
      over(call);
      countOut();
      assertThat(standing(detector.stats(), call.lease.server()).ejected())
          .as("whether %s is out after this failure", id)
          .isEqualTo(isOut);
      if (mustGo) {
        crowd();
      }
    }

    private void over(Call call) {
      call.isOver = true;
      call.lease.close();
      open.remove(call);
    }

    /** A check that is under way when it goes down fails, too. */
    CompletionStage<ProbeResult> check() {
      CompletableFuture<ProbeResult> answer = new CompletableFuture<>();
      if (condition == Condition.REFUSING) {
        answer.complete(ProbeResult.failure("refused"));
      } else if (condition != Condition.STOPPED) {
        long takes = random.nextLong(condition == Condition.SLOW ? SLOW_CHECK : LATENCY);
        later(
            takes,
            () -> {
              if (condition == Condition.REFUSING) {
                answer.complete(ProbeResult.failure("reset"));
              } else if (condition != Condition.STOPPED) {
                answer.complete(ProbeResult.success());
              }
            });
      }
      return answer;
    }

    // ---- the rules ----

    /** From its death to the end of the last check that it takes. */
    private long checksTake() {
      long timeout = CHECKS.timeout().toNanos();
      return CHECKS.intervalNanos()
          + (CHECKS.unhealthyThreshold() - 1) * Math.max(CHECKS.fastIntervalNanos(), timeout)
          + (condition == Condition.STOPPED ? timeout : 0);
    }

    private void mustBeFoundDown(long since) {
      if (sinceNanos == since) {
        longDown++;
        Node node =
            balancer.nodes().stream()
                .filter(one -> one.server().id().equals(id))
                .findFirst()
                .orElseThrow();
        assertThat(node.blocks()).as("%s, %s for %s", id, condition, age()).contains(PROBE_DOWN);
      }
    }

    private Duration age() {
      return Duration.ofNanos(time.nanoTime() - sinceNanos);
    }

    /** A call that it gets now. */
    private void judge() {
      assertThat(isOut).as("%s is ejected and gets a call", id).isFalse();
      if (!condition.isDown()) {
        return;
      }
      long now = time.nanoTime();
      if (mode == Mode.ALL) {
        assertThat(now - sinceNanos)
            .as("%s is %s for so long, in ns, and gets a call", id, condition)
            .isLessThanOrEqualTo(checksTake());
      }
      long silence = condition == Condition.STOPPED ? LONGEST_TIMEOUT : 0;
      long foundOut =
          Math.max(sinceNanos, backNanos) + rotations(CIRCUIT.consecutiveFailures()) + silence;
      if (now <= foundOut) {
        return;
      }
      trials++;
      boolean isInBurst =
          bursts > 0
              && condition == Condition.STOPPED
              && callsInBurst < CIRCUIT.trials()
              && now - burstNanos <= LONGEST_TIMEOUT;
      if (isInBurst) {
        callsInBurst++;
      } else {
        assertThat(bursts == 0 || now - lastNanos >= openTime())
            .as(
                "%s, %s for %s, gets a call %s after trials",
                id, condition, age(), Duration.ofNanos(now - lastNanos))
            .isTrue();
        bursts++;
        callsInBurst = 1;
        burstNanos = now;
      }
      lastNanos = now;
    }

    /** At least, after these trials: they were not the first failure, so it has doubled. */
    private long openTime() {
      double doubled = CIRCUIT.openTime().toNanos() * Math.pow(2, bursts);
      double whole = Math.min(doubled, (double) CIRCUIT.maxOpenTime().toNanos());
      return (long) (whole * (1 - CIRCUIT.jitter()));
    }

    void blocked(Block block) {
      slowBlocks += condition == Condition.SLOW ? 1 : 0;
      long aftermath = Math.max(LONGEST_TIMEOUT, CHECKS.timeout().toNanos());
      assertThat(condition == Condition.WELL && time.nanoTime() - sinceNanos > aftermath)
          .as("%s has been well for %s and is %s", id, age(), block)
          .isFalse();
    }

    void isBack() {
      isOut = false;
      failuresInARow = 0;
      backNanos = time.nanoTime();
    }
  }
}
