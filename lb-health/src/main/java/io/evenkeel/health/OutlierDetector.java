package io.evenkeel.health;

import io.evenkeel.core.BalancerEvent;
import io.evenkeel.core.BalancerListener;
import io.evenkeel.core.Block;
import io.evenkeel.core.BlockOwner;
import io.evenkeel.core.FailureKind;
import io.evenkeel.core.Gate;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.NanoClock;
import io.evenkeel.core.Node;
import io.evenkeel.core.OutcomeListener;
import io.evenkeel.core.OutcomeWatch;
import io.evenkeel.core.Server;
import io.evenkeel.health.OutlierPolicy.SuccessRate;
import io.evenkeel.health.SuccessRates.Outlier;
import io.evenkeel.health.SuccessRates.Sample;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes servers out of a balancer for a while whose own traffic goes badly: ejects them, as {@link
 * Block#EJECTED}. Asks no server anything. Safe for use by any thread.
 *
 * <pre>{@code
 * try (OutlierDetector detector = OutlierDetector.builder(balancer).start()) {
 *   serve(balancer);
 * }
 * }</pre>
 *
 * <p>The rules, each of which counts for itself: failures in a row, a share of failures, a success
 * rate far below that of the others (see {@link OutlierPolicy}). The first two are looked at when
 * an outcome is said, in that thread: from then on no pick takes the server. That it is blocked,
 * too, and so left out of what selectors choose from, follows on the scheduler, since it takes a
 * new snapshot. The third is looked at on a timer. A server without enough outcomes is unknown:
 * neither good nor bad.
 *
 * <p>Never are more out than the policy allows, those included that are just coming back; if
 * servers leave, so that fewer may be out, those come back that would be the next to. Leases that
 * were taken before an ejection count for nothing while it lasts, and afterwards the server begins
 * anew: with the balancer's {@linkplain io.evenkeel.core.LoadBalancerBuilder#slowStart slow start},
 * if it has one. So does one whose address changes. Who was ejected often is out for longer; time
 * in use, with traffic or without, makes up for it.
 *
 * <p>Two warnings of the balancer are this detector's: {@code few_servers_for_success_rate}, if it
 * has fewer members than success rates are compared of, and {@code few_servers_for_ejection}, if
 * the share that may be out makes less than one server.
 *
 * <p>Each ejection and each return is logged once, by the balancer, with what led to it. Unless it
 * is handed a scheduler, a detector has a daemon thread of its own for timing.
 */
public final class OutlierDetector implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(OutlierDetector.class);

  private static final String FEW_FOR_RATE = "few_servers_for_success_rate";
  private static final String FEW_TO_EJECT = "few_servers_for_ejection";

  private final LoadBalancer balancer;

  /** Written under this, read by anyone. */
  private volatile OutlierPolicy policy;

  private final NanoClock clock;
  private final BlockOwner block;
  private final @Nullable OwnScheduler ownScheduler;
  private final SerialExecutor serial;
  private final TimerSet timers;
  private final BlockChanges changes;
  private final OutcomeWatch<Host> hosts;

  /** One object for life, since that is how a balancer knows whom to remove. */
  private final BalancerListener listener = this::onEvent;

  /** Guards who is out. Under it no code of a user's runs, and no snapshot is built. */
  private final Object lock = new Object();

  /** Who counts as out: from its ejection until its block is cleared. Guarded by {@link #lock}. */
  private final Set<Host> out = new LinkedHashSet<>();

  /** Guarded by {@link #lock}, as those below. */
  private final SplittableRandom random;

  private long ejections;
  private long overLimit;
  private boolean closed;

  /** Whether a look at the members is on its way. */
  private final AtomicBoolean looks = new AtomicBoolean(true);

  /** The policy by whose interval success rates are compared. Written under this. */
  private volatile @Nullable OutlierPolicy comparing;

  private final OwnWarnings warnings;

  private OutlierDetector(Builder builder) {
    this.balancer = builder.balancer;
    this.policy = builder.policy;
    this.clock = builder.clock;
    this.random =
        new SplittableRandom(
            builder.seed != null ? builder.seed : ThreadLocalRandom.current().nextLong());
    this.block = balancer.claim(Block.EJECTED);
    this.warnings = new OwnWarnings(block);
    this.ownScheduler = builder.scheduler == null ? new OwnScheduler() : null;
    ScheduledExecutorService scheduler =
        ownScheduler != null ? ownScheduler : Objects.requireNonNull(builder.scheduler);
    this.serial = new SerialExecutor(scheduler, BlockChanges.NOTHING, this::lostScheduler);
    this.timers = new TimerSet(scheduler, clock, this::lostScheduler);
    this.changes = new BlockChanges(block, serial, timers);
    try {
      this.hosts = balancer.watchOutcomes(Host::new);
    } catch (Throwable e) { // the user's clock
      block.close();
      throw e;
    }
    balancer.addListener(listener);
    serial.execute(this::lookAtMembers);
    compareLater(policy);
  }

  /** Begins a detector for a balancer's servers. */
  public static Builder builder(LoadBalancer balancer) {
    return new Builder(balancer);
  }

  /** Who is out and why, and how often it came to that. O(members). */
  public OutlierStats stats() {
    List<Node> nodes = balancer.nodes();
    Map<String, OutlierStats.Standing> servers = new LinkedHashMap<>(nodes.size() * 2);
    long now = clock.nanoTime();
    for (Node node : nodes) {
      Host host = hosts.of(node);
      if (host != null) {
        servers.put(node.server().id(), host.standing(now));
      }
    }
    synchronized (lock) { // not for longer: whoever ejects may be an event loop
      return new OutlierStats(
          (int) out.stream().filter(host -> host.node.isMember()).count(),
          policy.mayBeOut(nodes.size()),
          ejections,
          overLimit,
          Collections.unmodifiableMap(servers));
    }
  }

  /**
   * Ends it: everybody who is out comes back. Waits for its own thread, if it has one. Idempotent.
   */
  @Override
  public void close() {
    synchronized (lock) {
      closed = true;
      out.clear();
    }
    balancer.removeListener(listener);
    hosts.close();
    serial.close();
    timers.close();
    try {
      block.close();
    } finally { // whatever a user's selector factory throws
      if (ownScheduler != null) {
        ownScheduler.closeAndWait();
      }
    }
  }

  /**
   * Goes by this policy from now on. Who is out stays out for as long as its ejection was to last,
   * unless fewer may be out now: then those come back first who have least left. Counts of failures
   * in a row, and of ejections, stay; so does a window of outcomes that both policies have, while
   * another begins empty, and so does the time over which success rates are compared. A policy that
   * equals that of now changes nothing.
   *
   * @throws IllegalStateException if the detector is closed
   */
  public synchronized void update(OutlierPolicy policy) {
    Objects.requireNonNull(policy, "policy");
    synchronized (lock) {
      if (closed) {
        throw new IllegalStateException("the detector is closed");
      }
    }
    OutlierPolicy before = this.policy;
    if (policy.equals(before)) {
      return;
    }
    this.policy = policy;
    boolean comparesAnew =
        !Objects.equals(policy.successRate(), before.successRate())
            || !policy.interval().equals(before.interval());
    for (Node node : balancer.nodes()) {
      Host host = hosts.of(node);
      if (host != null) {
        host.goBy(policy);
        if (comparesAnew) {
          Sample<Host> unused = host.takeSample(); // some may not have been counted
        }
      }
    }
    if (comparesAnew) {
      compareLater(policy);
    }
    if (!looks.getAndSet(true)) {
      serial.execute(this::lookAtMembers);
    }
  }

  // ---- ejection ----

  /** By any thread: no pick takes it when this returns, if it may be out. */
  private void eject(Host host, String why) {
    long length;
    synchronized (lock) {
      if (closed || host.isOut || !host.node.isMember()) {
        return;
      }
      OutlierPolicy rules = policy;
      if (out.size() >= rules.mayBeOut(balancer.nodes().size())) {
        overLimit++;
        return;
      }
      long now = clock.nanoTime();
      EjectionState before = host.state;
      EjectionState after = before.eject(now, random.nextDouble(), rules);
      length = after.lengthNanos();
      host.state = after;
      host.cause = why;
      host.isOut = true;
      host.isReturning = false;
      ejections++;
      out.add(host);
      block.gate(host.node, Gate.SHUT);
      String text =
          String.format(
              Locale.ROOT,
              "%s; in use for %s; ejection %d, for %s",
              why,
              Require.text(before.ageNanos(now)),
              after.times(),
              Require.text(length));
      changes.add(host.node, true, text, BlockChanges.NOTHING);
    }
    changes.carry();
    timers.later(() -> timeServed(host), length);
  }

  /** Unless it came back before, and is out again since. */
  private void timeServed(Host host) {
    boolean isDue;
    synchronized (lock) {
      isDue = host.leftNanos(clock.nanoTime()) == 0;
    }
    if (isDue) {
      bringBack(host, "time served");
    }
  }

  /** Clears its block; it counts as out until that is done. */
  private void bringBack(Host host, String why) {
    synchronized (lock) {
      if (!host.isOut || host.isReturning) {
        return;
      }
      host.isReturning = true;
      String text = why + "; ejected for " + Require.text(host.state.ageNanos(clock.nanoTime()));
      changes.add(host.node, false, text, () -> isBack(host));
    }
    changes.carry();
  }

  private void isBack(Host host) {
    host.beginAnew();
    synchronized (lock) {
      if (closed || !out.remove(host)) {
        return;
      }
      host.state = host.state.back(clock.nanoTime());
      host.isReturning = false;
      host.isOut = false;
      block.gate(host.node, null);
    }
  }

  // ---- members ----

  /** What it blocks would stay so: the end of it all. By any thread, under no lock. */
  private void lostScheduler() {
    log.warn("{}: the scheduler was shut down, so nobody is ejected any more", block.block());
    try {
      close();
    } catch (RuntimeException | Error e) { // whatever a user's selector factory throws
      log.warn("{}: closing failed", block.block(), e);
    }
  }

  private void onEvent(BalancerEvent event) {
    boolean isOfMembers =
        event instanceof BalancerEvent.ServerAdded
            || event instanceof BalancerEvent.ServerRemoved
            || event instanceof BalancerEvent.ServerUpdated;
    if (isOfMembers && !looks.getAndSet(true)) {
      serial.execute(this::lookAtMembers);
    }
  }

  /** Once for all that changed meanwhile. */
  private void lookAtMembers() {
    looks.set(false);
    List<Node> nodes = balancer.nodes();
    for (Node node : nodes) {
      Host host = hosts.of(node);
      if (host != null) {
        if (host.hasMoved()) {
          forget(host);
        }
        host.goBy(policy); // it may have been made by one that was
        synchronized (lock) {
          if (!host.isOut) {
            changes.settle(node);
          }
        }
      }
    }
    changes.carry();
    keepToLimit(nodes.size());
    warnOfTooFew(nodes.size());
  }

  /** What is known of it is of another machine. */
  private void forget(Host host) {
    host.beginAnew();
    synchronized (lock) {
      EjectionState state = host.state;
      host.state =
          host.isOut
              ? new EjectionState(0, state.sinceNanos(), state.lengthNanos())
              : EjectionState.inUse(clock.nanoTime());
    }
    bringBack(host, "its address changed");
  }

  /** Who has left is not out any more; if others are too many now, they come back. */
  private void keepToLimit(int members) {
    List<Host> tooMany;
    synchronized (lock) {
      out.removeIf(host -> !host.node.isMember());
      long now = clock.nanoTime();
      int returning = (int) out.stream().filter(host -> host.isReturning).count();
      tooMany =
          out.stream()
              .filter(host -> !host.isReturning)
              .sorted(Comparator.comparingLong(host -> host.leftNanos(now)))
              .limit(Math.max(0, out.size() - returning - policy.mayBeOut(members)))
              .toList();
    }
    tooMany.forEach(host -> bringBack(host, "fewer servers may be out now"));
  }

  private void warnOfTooFew(int members) {
    SuccessRate rate = policy.successRate();
    warnings.set(
        FEW_FOR_RATE,
        rate != null && members > 0 && members < rate.minServers(),
        () ->
            "success rates are compared of "
                + Objects.requireNonNull(rate).minServers()
                + " servers or more, and there are "
                + members);
    warnings.set(
        FEW_TO_EJECT,
        members > 0 && policy.mayBeOut(members) == 0,
        () ->
            "maxEjectedShare "
                + policy.maxEjectedShare()
                + " of "
                + members
                + " servers is less than one, so that none is ever ejected;"
                + " see ejectsOneAtLeast");
  }

  // ---- success rates ----

  private void compareLater(OutlierPolicy by) {
    comparing = by;
    if (by.successRate() != null) {
      timers.later(() -> intervalOver(by), by.interval().toNanos());
    }
  }

  @SuppressWarnings("ReferenceEquality") // an equal policy that came later has intervals of its own
  private void intervalOver(OutlierPolicy by) {
    if (comparing == by) { // else there is another interval
      serial.execute(this::compareRates);
      timers.later(() -> intervalOver(by), by.interval().toNanos());
    }
  }

  private void compareRates() {
    SuccessRate rate = policy.successRate();
    if (rate == null) {
      return; // meanwhile
    }
    List<Sample<Host>> samples = new ArrayList<>();
    for (Node node : balancer.nodes()) {
      Host host = hosts.of(node);
      if (host != null) {
        Sample<Host> sample = host.takeSample();
        if (!host.isOut) {
          samples.add(sample);
        }
      }
    }
    for (Outlier<Host> outlier : SuccessRates.find(samples, rate)) {
      eject(outlier.server(), outlier.why());
    }
  }

  /** One server's: hears of its leases. */
  private final class Host implements OutcomeListener {

    private final Node node;

    /** As it was when it began. In serial tasks only. */
    private Server server;

    /** Guarded by this. */
    private final Tally tally;

    /** Those of the tally. Guarded by this. */
    private Tally.Limits limits;

    /** Of the interval under way. Guarded by this. */
    private long successes;

    /** Of the interval under way. Guarded by this. */
    private long failures;

    /** Written under the detector's lock, read by anyone. */
    private volatile boolean isOut;

    /** Whether its return is on its way. Guarded by the detector's lock. */
    private boolean isReturning;

    /** Written under the detector's lock, read by anyone; as is the next. */
    private volatile EjectionState state;

    private volatile String cause = "";

    Host(Node node) {
      this.node = node;
      this.server = node.server();
      long now = clock.nanoTime();
      this.limits = policy.limits();
      this.tally = new Tally(limits, now);
      this.state = EjectionState.inUse(now);
    }

    @Override
    public void onSuccess(long latencyNanos) {
      boolean isCounted = policy.successRate() != null;
      if (isOut || (!isCounted && tally.ignoresSuccess())) {
        return;
      }
      synchronized (this) {
        successes += isCounted ? 1 : 0;
        tally.success(limits.readsTime() ? clock.nanoTime() : 0);
      }
    }

    @Override
    public void onFailure(FailureKind kind, Throwable failure) {
      if (isOut || !FailureCount.counts(policy.countsAsFailure(), failure)) {
        return;
      }
      String tooMuch;
      synchronized (this) {
        failures++;
        tooMuch = tally.failure(limits.readsTime() ? clock.nanoTime() : 0);
      }
      if (tooMuch != null) {
        eject(this, tooMuch + ", the last: " + FailureCount.text(failure));
      }
    }

    synchronized void goBy(OutlierPolicy policy) {
      Tally.Limits next = policy.limits();
      if (!next.equals(limits)) {
        tally.change(next, clock.nanoTime());
        limits = next;
      }
    }

    boolean hasMoved() {
      Server before = server;
      server = node.server();
      return !HealthMonitor.sameAddress(before, server);
    }

    synchronized Sample<Host> takeSample() {
      Sample<Host> sample = new Sample<>(this, successes, successes + failures);
      successes = 0;
      failures = 0;
      return sample;
    }

    synchronized void beginAnew() {
      tally.clear();
      successes = 0;
      failures = 0;
    }

    long leftNanos(long now) {
      return Math.max(0, state.lengthNanos() - state.ageNanos(now));
    }

    OutlierStats.Standing standing(long now) {
      return new OutlierStats.Standing(
          isOut,
          Duration.ofNanos(state.ageNanos(now)),
          state.times(),
          Duration.ofNanos(leftNanos(now)),
          cause);
    }
  }

  /** Collects what a detector is made of. Not safe for use by several threads at once. */
  public static final class Builder {

    private final LoadBalancer balancer;
    private OutlierPolicy policy = OutlierPolicy.builder().build();
    private NanoClock clock = NanoClock.system();
    private @Nullable ScheduledExecutorService scheduler;
    private @Nullable Long seed;

    private Builder(LoadBalancer balancer) {
      this.balancer = Objects.requireNonNull(balancer, "balancer");
    }

    /** Who is an outlier, and for how long it is out; a policy's own defaults by default. */
    public Builder policy(OutlierPolicy policy) {
      this.policy = Objects.requireNonNull(policy, "policy");
      return this;
    }

    /** Where time comes from; {@link NanoClock#system()} by default. */
    public Builder clock(NanoClock clock) {
      this.clock = Objects.requireNonNull(clock, "clock");
      return this;
    }

    /**
     * Where timers run and snapshots are built; may have several threads, and stays open when the
     * detector is closed. If it is shut down before, the detector ends as by {@link #close} as soon
     * as that is noticed. By default it has its own, of one daemon thread.
     */
    public Builder scheduler(ScheduledExecutorService scheduler) {
      this.scheduler = Objects.requireNonNull(scheduler, "scheduler");
      return this;
    }

    /** Makes the jitter the same in every run; random by default. */
    public Builder seed(long seed) {
      this.seed = seed;
      return this;
    }

    /**
     * A detector that has begun.
     *
     * @throws IllegalStateException if the balancer has a detector already, or the scheduler is
     *     shut down
     */
    public OutlierDetector start() {
      Require.running(scheduler);
      return new OutlierDetector(this);
    }
  }
}
