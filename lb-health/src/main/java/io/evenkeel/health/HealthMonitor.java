package io.evenkeel.health;

import io.evenkeel.core.BalancerEvent;
import io.evenkeel.core.BalancerListener;
import io.evenkeel.core.Block;
import io.evenkeel.core.BlockOwner;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.NanoClock;
import io.evenkeel.core.Server;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Checks the servers of a balancer, and blocks those that are down as {@link Block#PROBE_DOWN}.
 * Safe for use by any thread.
 *
 * <pre>{@code
 * try (HealthMonitor monitor = HealthMonitor.builder(balancer).probe(Probes.tcp()).start()) {
 *   serve(balancer);
 * }
 * }</pre>
 *
 * <p>Each server, those added later too, is checked on its own schedule, whose start is spread at
 * random over the interval. A server not checked yet is neither up nor down, and may be picked; its
 * first result decides at once. From then on it goes down after {@link
 * HealthPolicy#unhealthyThreshold()} failures in a row, and up after {@link
 * HealthPolicy#healthyThreshold()} successes in a row. Blocks that others have set stay as they
 * are: a server that drains goes on draining, up or down.
 *
 * <p>A change of state is logged once, at INFO, by the balancer, which says what became of the
 * server and is told why: the results that led to it, and how long the state before had lasted.
 * Single results, and a first success, which changes nothing, are logged at DEBUG. {@link #health}
 * and {@link #stats} show them.
 *
 * <p>What is found out about several servers at about the same time is told the balancer as one
 * change, since each costs it O(members): no more than about a tenth of the time goes into that,
 * however many servers go down at once.
 *
 * <p>Two warnings of the balancer are this monitor's: {@code few_checks_in_flight} (see {@link
 * Builder#maxInFlight}), and {@code checks_inconclusive}, while the last three checks of more than
 * half of the servers could not be made.
 *
 * <p>Unless it is handed a scheduler, a monitor has a daemon thread of its own for timing, one more
 * for the I/O of the ready-made probes if they are used, and a few that come and go: four at most
 * for looking up host names, two for checking certificates.
 */
public final class HealthMonitor implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(HealthMonitor.class);

  private static final String FEW_SLOTS = "few_checks_in_flight";
  private static final String INCONCLUSIVE = "checks_inconclusive";

  /** After telling the balancer something, it is left alone for so many times as long. */
  private static final int PAUSE_FACTOR = 9;

  /** But not for longer, should the process have been stopped meanwhile. */
  private static final long MAX_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

  private final LoadBalancer balancer;
  private final BlockOwner block;
  private final ProbeLoop loop = new ProbeLoop();
  private final @Nullable OwnScheduler ownScheduler;
  private final ScheduledExecutorService scheduler;
  private final CheckSlots slots;

  /** Its probe and policy are written in serial tasks; all is read by anyone. */
  private volatile ServerCheck.Wiring wiring;

  /**
   * Membership and results are dealt with one at a time, in order, so that a result of a server
   * that was removed is out of the way before one that is added under the same id is checked.
   */
  private final SerialExecutor serial;

  /** By id. Changed in serial tasks only; {@link #close} reads it from any thread. */
  private final Map<String, ServerCheck> checks = new ConcurrentHashMap<>();

  /** Those that the balancer is to be told something of. In serial tasks only. */
  private final Set<ServerCheck> news = new LinkedHashSet<>();

  /** Not before this is the balancer told something again. In serial tasks only. */
  private long nextTellNanos;

  /** Whether a timer waits for that. In serial tasks only. */
  private boolean tellsLater;

  /** That timer. Written in serial tasks, read by {@link #close}. */
  private volatile @Nullable Future<?> tellTimer;

  private final OwnWarnings warnings;

  /** How many servers' last checks could not be made. In serial tasks only. */
  private int blind;

  /** The last such check's cause. In serial tasks only. */
  private String whyInconclusive = "";

  // Written in serial tasks, read by anyone.
  private final AtomicLong checksEnded = new AtomicLong();
  private final AtomicLong failures = new AtomicLong();
  private final AtomicLong inconclusive = new AtomicLong();

  /** One object for life, since that is how a balancer knows whom to remove. */
  private final BalancerListener listener = this::onEvent;

  private volatile boolean closed;

  private HealthMonitor(Builder builder) {
    this.balancer = builder.balancer;
    this.slots = new CheckSlots(builder.maxInFlight);
    this.ownScheduler = builder.scheduler == null ? new OwnScheduler() : null;
    this.scheduler =
        ownScheduler != null ? ownScheduler : Objects.requireNonNull(builder.scheduler);
    this.serial = new SerialExecutor(scheduler, this::tellNews, HealthMonitor::lostScheduler);
    this.nextTellNanos = builder.clock.nanoTime();
    long seed = builder.seed != null ? builder.seed : ThreadLocalRandom.current().nextLong();
    this.wiring =
        new ServerCheck.Wiring(
            builder.probe,
            builder.policy,
            builder.clock,
            scheduler,
            serial,
            loop,
            slots,
            new SplittableRandom(seed));
    this.block = balancer.claim(Block.PROBE_DOWN); // last: should something before fail
    this.warnings = new OwnWarnings(block);
  }

  /** Begins a monitor of a balancer's servers. */
  public static Builder builder(LoadBalancer balancer) {
    return new Builder(balancer);
  }

  /**
   * Ends all checks, clears what they have blocked, and closes the threads and sockets that this
   * monitor owns. Waits for its threads, but not for ever if a user's probe or listener does not
   * return. Idempotent.
   */
  @Override
  public void close() {
    closed = true;
    balancer.removeListener(listener);
    serial.close();
    checks.values().forEach(ServerCheck::stop);
    checks.clear();
    Future<?> timer = tellTimer;
    if (timer != null) {
      timer.cancel(false);
    }
    try {
      block.close();
    } finally { // whatever a user's selector factory throws
      loop.close();
      if (ownScheduler != null) {
        ownScheduler.closeAndWait();
      }
    }
  }

  /**
   * Asks by this probe, and counts by this policy, from now on. States, results, counts and blocks
   * stay: a server that is down stays so until so many successes in a row as the new policy wants.
   * A check that is under way goes on by the probe and the timeout that it began with, and its
   * result counts. Where intervals get shorter the next checks are spread over one. Comes into
   * force soon after this returns; what equals the probe and the policy of now changes nothing.
   *
   * @throws IllegalStateException if the monitor is closed
   */
  public void update(Probe probe, HealthPolicy policy) {
    Objects.requireNonNull(probe, "probe");
    Objects.requireNonNull(policy, "policy");
    if (closed) {
      throw new IllegalStateException("the monitor is closed");
    }
    serial.execute(
        () -> {
          if (!probe.equals(wiring.probe()) || !policy.equals(wiring.policy())) {
            ServerCheck.Wiring next = wiring.with(probe, policy);
            wiring = next;
            checks.values().forEach(check -> check.use(next));
            warnOfFewSlots();
          }
        });
  }

  private void begin() {
    // The listener first: a change then is either in nodes() already, or its event comes after it.
    balancer.addListener(listener);
    serial.execute(() -> balancer.nodes().forEach(node -> added(node.server())));
  }

  private void onEvent(BalancerEvent event) {
    if (event instanceof BalancerEvent.ServerAdded) {
      serial.execute(() -> added(event.server()));
    } else if (event instanceof BalancerEvent.ServerRemoved) {
      serial.execute(() -> removed(event.server()));
    } else if (event instanceof BalancerEvent.ServerUpdated updated) {
      serial.execute(() -> updated(updated.server(), updated.before()));
    }
  }

  private void updated(Server server, Server before) {
    ServerCheck check = checks.get(server.id());
    if (check == null || !sameAddress(server, before)) {
      removed(before);
      added(server);
      ServerCheck anew = checks.get(server.id());
      if (anew != null) {
        anew.record.moved();
        news.add(anew);
      }
    } else {
      check.record.update(server);
    }
  }

  static boolean sameAddress(Server a, Server b) {
    return a.host().equals(b.host()) && a.port() == b.port();
  }

  /** Does nothing for one that was in nodes() before its event came. */
  private void added(Server server) {
    if (checks.containsKey(server.id())) {
      return;
    }
    ServerCheck check = new ServerCheck(server, wiring, this::onResult);
    checks.put(server.id(), check);
    check.start(wiring.random().nextLong(wiring.policy().intervalNanos()));
    if (closed) {
      check.stop(); // close() may have been through the map before this one was in it.
      checks.remove(server.id());
    }
    warnOfFewSlots();
    warnOfBlindness();
  }

  private void removed(Server server) {
    ServerCheck check = checks.remove(server.id());
    if (check != null) {
      news.remove(check);
      slots.leave(check);
      if (check.stop()) {
        slots.isOver();
      }
      blind -= check.record.isBlind() ? 1 : 0;
      warnOfBlindness();
      warnOfFewSlots();
    }
  }

  /** If all servers fell silent, each check would take its whole time. */
  private void warnOfFewSlots() {
    HealthPolicy policy = wiring.policy();
    double share = (double) policy.timeout().toNanos() / policy.intervalNanos();
    long needed = (long) Math.ceil(checks.size() * share);
    warnings.set(
        FEW_SLOTS,
        needed > slots.max(),
        () ->
            "maxInFlight "
                + slots.max()
                + ": if all servers fell silent, their checks would come late; "
                + checks.size()
                + " servers x timeout / interval need "
                + needed);
  }

  /** Of most servers: then it is this process that has something wrong with it. */
  private void warnOfBlindness() {
    warnings.set(
        INCONCLUSIVE,
        2L * blind > checks.size(),
        () ->
            "the last checks of "
                + blind
                + " of "
                + checks.size()
                + " servers could not be made, so that nobody notices if one goes down: "
                + whyInconclusive);
  }

  private void onResult(ServerCheck check, ProbeResult result, long tookNanos) {
    CheckRecord record = check.record;
    log.debug("{}: check: {}", record.server(), result);
    if (result.isInconclusive()) {
      whyInconclusive = String.valueOf(result.cause());
    }
    boolean wasBlind = record.isBlind();
    record.add(result, tookNanos, wiring.clock().nanoTime(), wiring.policy());
    if (record.isBlind() != wasBlind) {
      blind += wasBlind ? -1 : 1;
      warnOfBlindness();
    }
    checksEnded.incrementAndGet();
    if (result.isInconclusive()) {
      inconclusive.incrementAndGet();
    } else if (!result.isSuccess()) {
      failures.incrementAndGet();
    }
    // Also after a status that it could not be told, as when a user's selector could not be built.
    if (record.isNews()) {
      news.add(check);
    } else {
      news.remove(check);
    }
  }

  /** At the end of a turn: one change for all that it has found out. */
  private void tellNews() {
    if (news.isEmpty() || tellsLater) {
      return;
    }
    long begunNanos = wiring.clock().nanoTime();
    if (nextTellNanos - begunNanos > 0) {
      tellLater(nextTellNanos - begunNanos);
      return;
    }
    List<BlockOwner.Change> changes = new ArrayList<>();
    news.forEach(check -> changes.addAll(check.record.news()));
    try {
      block.change(changes);
      news.forEach(check -> check.record.isTold());
    } catch (RuntimeException e) {
      if (!closed) {
        log.warn(
            "the balancer could not be told of {} servers; the next checks try again",
            news.size(),
            e);
      }
    } finally {
      news.clear();
      long nowNanos = wiring.clock().nanoTime();
      nextTellNanos = nowNanos + Math.min(MAX_PAUSE_NANOS, PAUSE_FACTOR * (nowNanos - begunNanos));
    }
  }

  private void tellLater(long nanos) {
    try {
      Future<?> timer =
          scheduler.schedule(
              () -> serial.execute(() -> tellsLater = false), nanos, TimeUnit.NANOSECONDS);
      tellsLater = true;
      tellTimer = timer;
      if (closed) {
        timer.cancel(false); // close() may have looked before it was there.
      }
    } catch (RejectedExecutionException e) {
      log.debug("the scheduler takes no more tasks", e);
    }
  }

  private static void lostScheduler() {
    log.warn("the scheduler was shut down, so there are no more health checks");
  }

  /**
   * How a server stands, as of its last check; null if it is not a member, or has only just become
   * one.
   */
  public @Nullable ServerHealth health(String serverId) {
    ServerCheck check = checks.get(Objects.requireNonNull(serverId, "serverId"));
    return check == null ? null : check.record.view(wiring.clock().nanoTime());
  }

  /** What this monitor has done so far and how its servers stand. O(servers). */
  public HealthStats stats() {
    long now = wiring.clock().nanoTime();
    List<ServerHealth> servers =
        checks.values().stream().map(check -> check.record.view(now)).toList();
    return new HealthStats(
        checksEnded.get(),
        failures.get(),
        inconclusive.get(),
        slots.inFlight(),
        slots.waiting(),
        servers);
  }

  /** Collects what a monitor is made of. Not safe for use by several threads at once. */
  public static final class Builder {

    private final LoadBalancer balancer;
    private Probe probe = Probes.tcp();
    private HealthPolicy policy = HealthPolicy.builder().build();
    private NanoClock clock = NanoClock.system();
    private @Nullable ScheduledExecutorService scheduler;
    private @Nullable Long seed;
    private int maxInFlight = 1_000;

    private Builder(LoadBalancer balancer) {
      this.balancer = Objects.requireNonNull(balancer, "balancer");
    }

    /** How to ask a server; {@link Probes#tcp()} by default. */
    public Builder probe(Probe probe) {
      this.probe = Objects.requireNonNull(probe, "probe");
      return this;
    }

    /** How often to ask, and what the answers amount to; a policy's own defaults by default. */
    public Builder policy(HealthPolicy policy) {
      this.policy = Objects.requireNonNull(policy, "policy");
      return this;
    }

    /** Where time comes from; {@link NanoClock#system()} by default. */
    public Builder clock(NanoClock clock) {
      this.clock = Objects.requireNonNull(clock, "clock");
      return this;
    }

    /**
     * Where timers and probes run; may have several threads, and stays open when the monitor is
     * closed. By default the monitor has its own, of one daemon thread.
     */
    public Builder scheduler(ScheduledExecutorService scheduler) {
      this.scheduler = Objects.requireNonNull(scheduler, "scheduler");
      return this;
    }

    /**
     * How many checks may be under way at a time, each with a descriptor of its own; a check that
     * is due beyond that waits for its turn, first come, first served. For checks to be in time
     * even when every server is silent, it takes servers · timeout / interval; with less, {@link
     * LoadBalancer#warnings()} has a {@code few_checks_in_flight}.
     *
     * @param maxInFlight 1 or more; 1,000 by default
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder maxInFlight(int maxInFlight) {
      if (maxInFlight < 1) {
        throw new IllegalArgumentException("maxInFlight: " + maxInFlight + " (expected: >= 1)");
      }
      this.maxInFlight = maxInFlight;
      return this;
    }

    /** Makes start times and jitter the same in every run; random by default. */
    public Builder seed(long seed) {
      this.seed = seed;
      return this;
    }

    /**
     * A monitor that has begun.
     *
     * @throws IllegalStateException if the balancer has a monitor already, or the scheduler is shut
     *     down
     */
    public HealthMonitor start() {
      Require.running(scheduler);
      HealthMonitor monitor = new HealthMonitor(this);
      monitor.begin();
      return monitor;
    }
  }
}
