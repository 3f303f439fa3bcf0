package io.evenkeel.core;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/** Collects what a balancer is made of. Not safe for use by several threads at once. */
public final class LoadBalancerBuilder {

  final List<Server> servers = new ArrayList<>();
  final List<BalancerListener> listeners = new ArrayList<>();
  Selector.Factory selectorFactory = Selectors.roundRobin();
  @Nullable Long seed;
  int maxConcurrent = Integer.MAX_VALUE;
  double panicThreshold;
  SlowStart slowStart = SlowStart.OFF;
  boolean leakDetection;
  long latencyWindowNanos;
  @Nullable ScheduledExecutorService scheduler;
  NanoClock clock = NanoClock.system();
  CallPolicy callPolicy = CallPolicy.builder().build();
  RetryBudget.Numbers retryBudget = RetryBudget.Numbers.DEFAULT;
  @Nullable ServerSource source;
  boolean allowEmpty;

  LoadBalancerBuilder() {}

  /** Adds servers; ids must be unique. */
  public LoadBalancerBuilder servers(Server... servers) {
    return servers(Arrays.asList(servers));
  }

  /**
   * Adds servers; ids must be unique.
   *
   * @throws IllegalArgumentException if one is null or an id was there already; nothing is added
   *     then
   */
  public LoadBalancerBuilder servers(Collection<Server> servers) {
    List<Server> all = new ArrayList<>(this.servers);
    all.addAll(servers);
    Map<String, Server> unused = MemberDiff.byUniqueId(all);
    this.servers.addAll(servers);
    return this;
  }

  /**
   * Where members come from at run time; nowhere by default. Each list of the source is a refresh
   * as by {@link LoadBalancer#update(Collection)}: what was added, removed or changed by hand
   * meanwhile goes by the list again. Servers that are given here too are the initial list, until
   * the first answer; without any the balancer begins empty, and {@link LoadBalancer#ready} says
   * when it no longer is. The balancer is to be closed.
   */
  public LoadBalancerBuilder source(ServerSource source) {
    this.source = Objects.requireNonNull(source, "source");
    return this;
  }

  /**
   * Whether an empty list from the source empties the balancer; false by default: more often than
   * that nobody serves, something is wrong with the list, and the last good one stays.
   */
  public LoadBalancerBuilder allowEmpty(boolean allowEmpty) {
    this.allowEmpty = allowEmpty;
    return this;
  }

  /** How to pick; {@link Selectors#roundRobin()} by default. */
  public LoadBalancerBuilder selector(Selector.Factory factory) {
    this.selectorFactory = Objects.requireNonNull(factory, "factory");
    return this;
  }

  /** A listener from the start; see {@link LoadBalancer#addListener}. */
  public LoadBalancerBuilder listener(BalancerListener listener) {
    listeners.add(Objects.requireNonNull(listener, "listener"));
    return this;
  }

  /**
   * Makes the balancer's random choices, as where a rotation starts or which two servers are
   * compared, the same in every run that picks from one thread; random by default, so that
   * balancers created together do not all start on the same server.
   */
  public LoadBalancerBuilder seed(long seed) {
    this.seed = seed;
    return this;
  }

  /**
   * How many leases one server may have at a time; no limit by default. A pick that meets a server
   * at its limit goes on to one with room; where there is none, no server is available. The
   * selector is asked for one up to 64 times, so that its subset, zone or key's order is kept;
   * where all of those are full, which takes more than 64, it is any eligible server with room. A
   * server may have a limit of its own: {@link Server#withMaxConcurrent}.
   *
   * @param maxConcurrent 1 or more
   * @throws IllegalArgumentException if it is less than 1
   */
  public LoadBalancerBuilder maxConcurrent(int maxConcurrent) {
    this.maxConcurrent = Snapshot.Recipe.checkedLimit(maxConcurrent);
    return this;
  }

  /**
   * Below which share of healthy servers health is not asked any more, since spreading the load
   * over all of them is better than to sink the few that are left, or since it is more likely that
   * the checks are wrong. What the operator blocked stays blocked. Off (0) by default.
   *
   * @param share 0 to 1, of the members that no operator blocked and whose weight is above 0
   * @throws IllegalArgumentException if it is out of range
   */
  public LoadBalancerBuilder panicThreshold(double share) {
    this.panicThreshold = Snapshot.Recipe.checkedShare(share);
    return this;
  }

  /**
   * Lets a server that becomes eligible, because it was added, got well again, or was resumed, take
   * its share of the traffic little by little, so that it can fill its caches and pools: its weight
   * grows evenly from a tenth to the whole. The same as {@code slowStart(window, 1)}.
   */
  public LoadBalancerBuilder slowStart(Duration window) {
    return slowStart(window, 1);
  }

  /**
   * As {@link #slowStart(Duration)}; after a share t of the window a server has max(0.1,
   * t^(1/aggression)) of its weight, as in Envoy. Off by default. Servers that are there when the
   * balancer is built, or that a source names first, have all their weight at once. While one
   * starts, the snapshot is built anew some 50 times in a window, at most ten times a second.
   *
   * <p>Of no effect on selectors that do not look at weights: {@code round_robin}, {@code random}.
   *
   * @param window above 0
   * @param aggression above 0; 1 for an even growth, more for more weight early on
   * @throws IllegalArgumentException if one is out of its range
   */
  public LoadBalancerBuilder slowStart(Duration window, double aggression) {
    this.slowStart = SlowStart.of(window, aggression);
    return this;
  }

  /** How calls are made where they do not say so themselves; its defaults by default. */
  public LoadBalancerBuilder callPolicy(CallPolicy policy) {
    this.callPolicy = Objects.requireNonNull(policy, "policy");
    return this;
  }

  /**
   * Whether to look for leases that are garbage-collected while they are open. Each is reported
   * once, with the place that took it: in the log at WARN and as a {@link
   * BalancerEvent.LeaseLeaked}; and its server has one less in flight then. It is found when a
   * lease is asked for after the collection. Off by default; when on, each lease costs a stack
   * trace, about a microsecond.
   */
  public LoadBalancerBuilder leakDetection(boolean isOn) {
    this.leakDetection = isOn;
    return this;
  }

  /**
   * How many retries and hedges all calls may make together, over any such window of time: a share
   * of the calls, so that retries never multiply the load of servers that have too much of it, and
   * a floor for where there are few. A failure with the budget spent is final. By default 0.2, 10
   * and 10 s.
   *
   * @param ratio retries for each call, 0 to 1,000
   * @param minPerSecond on top of that, 0 to 1,000,000; 0 for both means no retries at all
   * @param window 1 s to 60 s
   * @throws IllegalArgumentException if a number is out of range; nothing has changed then
   */
  public LoadBalancerBuilder retryBudget(double ratio, double minPerSecond, Duration window) {
    this.retryBudget = new RetryBudget.Numbers(ratio, minPerSecond, window);
    return this;
  }

  /**
   * Records how long uses take that end in success, acquire to {@link Lease#success()}, for {@link
   * ServerStats#latencies()}: of the window of time that is under way and the one before. Off by
   * default, for it reads the clock twice for each use, which costs more than a pick.
   *
   * <p>Takes memory for each server in use: two histograms of 5 to 8 KB where the slowest take 10
   * ms to 1 s, and as many again for other threads if two end a use of one server at once.
   *
   * @param window how long a window is, above 0: one minute makes percentiles of the last one to
   *     two minutes
   * @throws IllegalArgumentException if it is 0 or negative
   */
  public LoadBalancerBuilder recordLatency(Duration window) {
    if (window.isNegative() || window.isZero()) {
      throw new IllegalArgumentException("window: " + window + " (expected: > 0)");
    }
    this.latencyWindowNanos = Timers.nanos(window);
    return this;
  }

  /**
   * What keeps deadlines, and begins hedges; by default the JDK's own timer, and a short-lived
   * thread, {@code evenkeel-timer}, each time one is due. A {@link
   * java.util.concurrent.ScheduledThreadPoolExecutor} should have its {@code
   * setRemoveOnCancelPolicy(true)}. Not closed by the balancer.
   */
  public LoadBalancerBuilder scheduler(ScheduledExecutorService scheduler) {
    this.scheduler = Objects.requireNonNull(scheduler, "scheduler");
    return this;
  }

  /**
   * Where time comes from; {@link NanoClock#system()} by default. Picks and their outcomes read it
   * only where the selector looks at latencies, or {@linkplain #recordLatency they are recorded};
   * calls read it too.
   */
  public LoadBalancerBuilder clock(NanoClock clock) {
    this.clock = Objects.requireNonNull(clock, "clock");
    return this;
  }

  /**
   * The balancer, its source started.
   *
   * @throws IllegalArgumentException if there is no server and no source
   * @throws RuntimeException what the source throws where it cannot begin, as when a file is not
   *     there
   */
  public LoadBalancer build() {
    if (servers.isEmpty() && source == null) {
      throw new IllegalArgumentException("servers: none (expected: at least one)");
    }
    return new LoadBalancer(this);
  }
}
