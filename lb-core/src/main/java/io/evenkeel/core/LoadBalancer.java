package io.evenkeel.core;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Says which server comes next. Safe for use by any thread; owns no thread, socket or timer but
 * those of its {@linkplain Builder#source source}, which {@link #close} ends.
 *
 * <pre>{@code
 * LoadBalancer balancer = LoadBalancer.builder()
 *     .servers(Server.of("10.0.0.1", 8080), Server.of("10.0.0.2", 8080))
 *     .selector(Selectors.leastConnections())
 *     .build();
 *
 * try (Lease lease = balancer.acquire()) {
 *   send(lease.server());
 *   lease.success();
 * }
 * }</pre>
 *
 * <p>A pick reads one volatile reference to an immutable snapshot and takes no lock. Changes
 * (members, drains, blocks) are serialised, each builds a new snapshot in O(members) and swaps it
 * in whole; picks go on meanwhile over the old one. Listeners hear of a change after it is in
 * force.
 */
public final class LoadBalancer implements AutoCloseable {

  private static final Duration LONGEST = Duration.ofDays(36_525);

  private static final String DRAINED = "drained by the operator";

  private final ControlPlane control;
  private final int maxConcurrent;
  private final @Nullable ScheduledExecutorService scheduler;
  private final @Nullable Discovery discovery;

  private LoadBalancer(Builder builder) {
    control =
        new ControlPlane(
            new Snapshot.Recipe(
                builder.selectorFactory,
                builder.seed != null
                    ? Environment.seeded(builder.seed, builder.clock)
                    : Environment.unseeded(builder.clock),
                builder.panicThreshold),
            builder.servers);
    builder.listeners.forEach(control.events()::addListener);
    this.maxConcurrent = builder.maxConcurrent;
    this.scheduler = builder.scheduler;
    this.discovery =
        builder.source == null ? null : new Discovery(control, builder.source, builder.allowEmpty);
  }

  /** Begins a balancer. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * Takes the next server.
   *
   * @return a lease that the caller must close
   * @throws NoServerAvailableException if no server is eligible; it says why each is not
   */
  public Lease acquire() {
    return acquire(Query.any());
  }

  /**
   * Takes the next server for a query, as to try another one after a failure: {@code
   * acquire(Query.any().excluding(lease.node()))}.
   *
   * @return a lease that the caller must close
   * @throws NoServerAvailableException if no eligible server is left; it says why each is not
   */
  public Lease acquire(Query query) {
    Lease lease = tryAcquire(query);
    if (lease == null) {
      throw new NoServerAvailableException(
          control.snapshot(), query, discovery == null ? null : discovery.waitsFor());
    }
    return lease;
  }

  /**
   * As {@link #acquire(Query)}, for callers to whom having no server is no exception.
   *
   * @return a lease that the caller must close, or null if no eligible server is left
   */
  public @Nullable Lease tryAcquire(Query query) {
    while (true) {
      Snapshot current = control.snapshot();
      Node node = current.select(query);
      if (node == null) {
        return null;
      }
      if (!node.tryPick(maxConcurrent)) {
        node = current.selectWithRoom(query.excluding(node), maxConcurrent);
        if (node == null) {
          return null;
        }
      }
      // The count went up before this look, and a drain looks at the count after its snapshot is in
      // force: either it waits for this lease, or this pick sees that it came too late.
      if (control.snapshot() == current || !node.has(Block.DRAINING)) {
        return new Lease(node);
      }
      node.unpick();
    }
  }

  /**
   * Says when the source has handed over its first good list and that is in force: at once for a
   * balancer without a source. Wait for it with a time limit: {@code
   * balancer.ready().toCompletableFuture().get(5, SECONDS)}; a source goes on trying for ever.
   *
   * @return completes by the thread of the source, or with a {@link CancellationException} if the
   *     balancer is closed before
   */
  public CompletionStage<@Nullable Void> ready() {
    return discovery == null ? CompletableFuture.completedStage(null) : discovery.ready();
  }

  /**
   * Ends the source, with its threads and timers; waits for a look-up under way, 5 s at most. Picks
   * and leases work on over the members of now. A balancer without a source needs no closing. May
   * be called more than once.
   */
  @Override
  public void close() {
    if (discovery != null) {
      discovery.close();
    }
  }

  /** The members, in the order in which they were added; unmodifiable. */
  public List<Node> nodes() {
    return control.snapshot().members();
  }

  /**
   * Whether so few servers are eligible that health is not asked: {@link Builder#panicThreshold}.
   */
  public boolean isPanicking() {
    return control.snapshot().isPanicking();
  }

  /** How many members may be picked now: no block, and a weight above 0. */
  public int eligibleCount() {
    return control.snapshot().eligibleCount();
  }

  /**
   * Adds a server. O(members).
   *
   * @throws IllegalArgumentException if a member has that id
   */
  public void add(Server server) {
    Objects.requireNonNull(server, "server");
    control.add(server);
  }

  /**
   * Removes a server; leases on it go on until they are closed. A server added later under the same
   * id starts anew. O(members).
   *
   * @return whether it was a member
   */
  public boolean remove(String serverId) {
    return control.remove(Objects.requireNonNull(serverId, "serverId"));
  }

  /**
   * Changes a member: its weight, tier, zone, metadata or address. Its counters, its blocks and
   * what it has in flight stay. O(members).
   *
   * @return whether that changed anything: false if it is so already
   * @throws IllegalArgumentException if no member has that id
   */
  public boolean update(Server server) {
    return control.update(Objects.requireNonNull(server, "server"));
  }

  /**
   * Makes these the members, as a refresh from a list of servers does: those that are new are
   * added, those that are not there are removed, the others keep their place and all that they
   * have, and take over what has changed. One change: picks see all of it or none. O(members).
   *
   * @param servers at least one; ids must be unique
   * @return whether that changed anything
   * @throws IllegalArgumentException if there is none, or an id is there twice; nothing has changed
   */
  public boolean update(Collection<Server> servers) {
    Map<String, Server> next = ControlPlane.byUniqueId(servers);
    if (next.isEmpty()) {
      throw new IllegalArgumentException("servers: none (expected: at least one)");
    }
    return control.replace(next);
  }

  /**
   * Gives a server nothing new; what it has, it may finish. O(members).
   *
   * @return whether that changed anything: false if it was draining already
   * @throws IllegalArgumentException if it is not a member
   */
  public boolean drain(String serverId) {
    return control.setBlock(serverId, Block.DRAINING, DRAINED);
  }

  /**
   * As {@link #drain(String)}, and says when it is done.
   *
   * @param deadline how long to wait for the leases on it; 0 or more
   * @return completes with 0 when the last lease on the server is closed, from when on there is
   *     none until {@link #resume}; or with the number that is left when the time is up; or with a
   *     {@link CancellationException} if the drain is ended before. By the thread that did it.
   * @throws IllegalArgumentException if it is not a member, or the time is negative
   */
  public CompletionStage<Integer> drain(String serverId, Duration deadline) {
    if (deadline.isNegative()) {
      throw new IllegalArgumentException("deadline: " + deadline + " (expected: >= 0)");
    }
    CompletableFuture<Integer> done = new CompletableFuture<>();
    Node node = control.drain(serverId, DRAINED, done);
    node.completeIfIdle();
    if (!done.isDone()) {
      later(() -> done.complete(node.inFlight()), deadline);
    }
    return done.minimalCompletionStage();
  }

  /**
   * Takes a server out for maintenance: as a drain, under a reason of its own. O(members).
   *
   * @return whether that changed anything
   * @throws IllegalArgumentException if it is not a member
   */
  public boolean maintain(String serverId) {
    return control.setBlock(serverId, Block.MAINTENANCE, "in maintenance by the operator");
  }

  /**
   * Ends a drain and a maintenance. Blocks that others have set stay. O(members).
   *
   * @return whether that changed anything: false if there was neither
   * @throws IllegalArgumentException if it is not a member
   */
  public boolean resume(String serverId) {
    return control.resume(serverId, "resumed by the operator");
  }

  /** Lets a listener hear of every change from now on. */
  public void addListener(BalancerListener listener) {
    control.events().addListener(Objects.requireNonNull(listener, "listener"));
  }

  /** Lets a listener hear no more; an event that is being delivered may still reach it. */
  public void removeListener(BalancerListener listener) {
    control.events().removeListener(Objects.requireNonNull(listener, "listener"));
  }

  /**
   * Claims one kind of block, for its owner alone to set and clear until the owner is closed.
   *
   * @param block {@code PROBE_DOWN}, {@code EJECTED} or {@code CIRCUIT_OPEN}; the others are the
   *     operator's
   * @throws IllegalArgumentException if it is one of the operator's
   * @throws IllegalStateException if it has an owner
   */
  public BlockOwner claim(Block block) {
    if (block == Block.DRAINING || block == Block.MAINTENANCE) {
      throw new IllegalArgumentException(
          "block: " + block + " (expected: PROBE_DOWN, EJECTED or CIRCUIT_OPEN)");
    }
    return control.claim(block);
  }

  /** Runs a task after a while, on the scheduler that was given, else on the JDK's own timer. */
  private void later(Runnable task, Duration delay) {
    long nanos = delay.compareTo(LONGEST) < 0 ? delay.toNanos() : LONGEST.toNanos();
    if (scheduler != null) {
      Future<?> unused = scheduler.schedule(task, nanos, TimeUnit.NANOSECONDS);
    } else {
      CompletableFuture.delayedExecutor(nanos, TimeUnit.NANOSECONDS).execute(task);
    }
  }

  /** Collects what a balancer is made of. Not safe for use by several threads at once. */
  public static final class Builder {

    private final List<Server> servers = new ArrayList<>();
    private final List<BalancerListener> listeners = new ArrayList<>();
    private Selector.Factory selectorFactory = Selectors.roundRobin();
    private @Nullable Long seed;
    private int maxConcurrent = Integer.MAX_VALUE;
    private double panicThreshold;
    private @Nullable ScheduledExecutorService scheduler;
    private NanoClock clock = NanoClock.system();
    private @Nullable ServerSource source;
    private boolean allowEmpty;

    private Builder() {}

    /** Adds servers; ids must be unique. */
    public Builder servers(Server... servers) {
      return servers(List.of(servers));
    }

    /**
     * Adds servers; ids must be unique.
     *
     * @throws IllegalArgumentException if an id was there already; nothing is added then
     */
    public Builder servers(Collection<Server> servers) {
      List<Server> all = new ArrayList<>(this.servers);
      all.addAll(servers);
      Map<String, Server> unused = ControlPlane.byUniqueId(all);
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
    public Builder source(ServerSource source) {
      this.source = Objects.requireNonNull(source, "source");
      return this;
    }

    /**
     * Whether an empty list from the source empties the balancer; false by default: more often than
     * that nobody serves, something is wrong with the list, and the last good one stays.
     */
    public Builder allowEmpty(boolean allowEmpty) {
      this.allowEmpty = allowEmpty;
      return this;
    }

    /** How to pick; {@link Selectors#roundRobin()} by default. */
    public Builder selector(Selector.Factory factory) {
      this.selectorFactory = Objects.requireNonNull(factory, "factory");
      return this;
    }

    /** A listener from the start; see {@link LoadBalancer#addListener}. */
    public Builder listener(BalancerListener listener) {
      listeners.add(Objects.requireNonNull(listener, "listener"));
      return this;
    }

    /**
     * Makes the balancer's random choices, as where a rotation starts or which two servers are
     * compared, the same in every run that picks from one thread; random by default, so that
     * balancers created together do not all start on the same server.
     */
    public Builder seed(long seed) {
      this.seed = seed;
      return this;
    }

    /**
     * How many leases one server may have at a time; no limit by default. A pick that meets a
     * server at its limit goes on to one with room; where there is none, no server is available.
     *
     * @param maxConcurrent 1 or more
     * @throws IllegalArgumentException if it is less than 1
     */
    public Builder maxConcurrent(int maxConcurrent) {
      if (maxConcurrent < 1) {
        throw new IllegalArgumentException("maxConcurrent: " + maxConcurrent + " (expected: >= 1)");
      }
      this.maxConcurrent = maxConcurrent;
      return this;
    }

    /**
     * Below which share of healthy servers health is not asked any more, since spreading the load
     * over all of them is better than to sink the few that are left, or since it is more likely
     * that the checks are wrong. What the operator blocked stays blocked. Off (0) by default.
     *
     * @param share 0 to 1, of the members that no operator blocked and whose weight is above 0
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder panicThreshold(double share) {
      if (!(share >= 0 && share <= 1)) {
        throw new IllegalArgumentException("panicThreshold: " + share + " (expected: 0 to 1)");
      }
      this.panicThreshold = share;
      return this;
    }

    /** What keeps deadlines; the JDK's own timer by default. Not closed by the balancer. */
    public Builder scheduler(ScheduledExecutorService scheduler) {
      this.scheduler = Objects.requireNonNull(scheduler, "scheduler");
      return this;
    }

    /**
     * Where time comes from; {@link NanoClock#system()} by default. Read only where the selector
     * looks at latencies.
     */
    public Builder clock(NanoClock clock) {
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
      LoadBalancer balancer = new LoadBalancer(this);
      if (balancer.discovery != null) {
        balancer.discovery.start();
      }
      return balancer;
    }
  }
}
