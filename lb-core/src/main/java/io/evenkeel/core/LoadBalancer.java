package io.evenkeel.core;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Says which server comes next. Safe for use by any thread; owns no thread or socket but those of
 * its {@linkplain LoadBalancerBuilder#source source}, and timers for slow starts, drains and calls
 * under way; {@link #close} ends all but those of calls, which end with their call.
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
 *
 * Response response = balancer.call(server -> send(request, server)); // again on another if it fails
 * }</pre>
 *
 * <p>A pick reads one volatile reference to an immutable snapshot and takes no lock. Changes
 * (members, drains, blocks, {@linkplain #change settings}) are serialised, each builds a new
 * snapshot in O(members) and swaps it in whole; picks go on meanwhile over the old one. Listeners
 * hear of a change after it is in force.
 */
public final class LoadBalancer implements AutoCloseable {

  private static final String DRAINED = "drained by the operator";

  private final ControlPlane control;
  private final @Nullable LeakDetector leaks;

  /** Picks for which there was no server. */
  private final LongAdder refused = new LongAdder();

  private final Timers timers;
  private final CallPolicy callPolicy;
  private final Caller caller;
  private final SlowStartTimer slowStart;

  /** What stops the timers of drains under way. */
  private final Set<Runnable> deadlines = ConcurrentHashMap.newKeySet();

  private final boolean allowEmpty;

  LoadBalancer(LoadBalancerBuilder builder) {
    control =
        new ControlPlane(
            new Snapshot.Recipe(
                builder.selectorFactory,
                builder.seed != null
                    ? Environment.seeded(builder.seed, builder.clock)
                    : Environment.unseeded(builder.clock),
                builder.panicThreshold,
                builder.slowStart,
                builder.maxConcurrent),
            builder.servers,
            builder.latencyWindowNanos);
    builder.listeners.forEach(control.events()::addListener);
    this.leaks = builder.leakDetection ? new LeakDetector(control.events()) : null;
    this.timers = new Timers(builder.scheduler);
    this.callPolicy = builder.callPolicy;
    RetryBudget budget = new RetryBudget(builder.clock, builder.retryBudget);
    this.caller = new Caller(this, builder.clock, budget, timers);
    this.allowEmpty = builder.allowEmpty;
    this.slowStart = new SlowStartTimer(control, timers);
    control.onSlowStart(slowStart::arm);
    if (builder.source != null) {
      Discovery discovery = new Discovery(control, builder.source, allowEmpty);
      control.follow(discovery);
      discovery.start();
    }
  }

  /** Begins a balancer. */
  public static LoadBalancerBuilder builder() {
    return new LoadBalancerBuilder();
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
    while (true) {
      Snapshot seen = control.snapshot();
      Lease lease = pick(query);
      if (lease != null) {
        return lease;
      }
      if (control.snapshot() == seen) { // else a change came in between, and maybe a server
        refused.increment();
        Discovery discovery = control.source().current();
        throw new NoServerAvailableException(
            seen, query, discovery == null ? null : discovery.waitsFor());
      }
    }
  }

  /**
   * Takes the server for a key, as a user's name: {@code acquire(Query.forKey(key))}.
   *
   * @return a lease that the caller must close
   * @throws NoServerAvailableException if no server is eligible; it says why each is not
   */
  public Lease acquire(CharSequence key) {
    return acquire(Query.forKey(key));
  }

  /** As {@link #acquire(CharSequence)}, for a key of bytes. */
  public Lease acquire(byte[] key) {
    return acquire(Query.forKey(key));
  }

  /** As {@link #acquire(CharSequence)}, for a key that is hashed: {@link Query#forHash}. */
  public Lease acquire(long keyHash) {
    return acquire(Query.forHash(keyHash));
  }

  /**
   * As {@link #acquire(Query)}, for callers to whom having no server is no exception.
   *
   * @return a lease that the caller must close, or null if no eligible server is left
   */
  public @Nullable Lease tryAcquire(Query query) {
    Lease lease = pick(query);
    if (lease == null) {
      refused.increment();
    }
    return lease;
  }

  private @Nullable Lease pick(Query query) {
    if (leaks != null) {
      leaks.report(); // first: what is lost may be all there is room for
    }
    while (true) {
      Snapshot current = control.snapshot();
      Node node = current.select(query);
      if (node == null) {
        return null;
      }
      Gates.Pass pass = null;
      if (!node.tryPick()) {
        Node.Admission admission = current.selectWithRoom(node, query);
        if (admission == null) {
          return null;
        }
        node = admission.node();
        pass = admission.pass();
      }
      // The count went up before this look, and a drain or a removal looks at the count after its
      // snapshot is in force: either it sees this lease, or this pick sees that it came too late.
      if (control.snapshot() == current || !node.takesNothingNew()) {
        return lease(node, pass);
      }
      giveBack(node, pass);
    }
  }

  /** Of a node on which one more in flight was counted for it. */
  private Lease lease(Node node, Gates.@Nullable Pass pass) {
    try {
      Lease lease = new Lease(node);
      if (leaks != null || pass != null) {
        lease.accompany(new Lease.Company(leaks == null ? null : leaks.watch(lease, pass), pass));
      }
      return lease;
    } catch (Throwable e) { // of a user's clock
      giveBack(node, pass);
      throw e;
    }
  }

  private static void giveBack(Node node, Gates.@Nullable Pass pass) {
    if (pass != null) {
      pass.neutral();
    }
    node.released();
  }

  /**
   * Asks the next server; after a failure that is worth it, another one, as the {@linkplain
   * LoadBalancerBuilder#callPolicy policy} of the balancer says. As {@link #call(CallPolicy, Query,
   * ServerFunction)}.
   */
  public <T extends @Nullable Object, X extends Exception> T call(ServerFunction<T, X> function)
      throws X {
    return call(callPolicy, Query.any(), function);
  }

  /** As {@link #call(ServerFunction)}, for a key: {@code call(Query.forKey(key), function)}. */
  public <T extends @Nullable Object, X extends Exception> T call(
      CharSequence key, ServerFunction<T, X> function) throws X {
    return call(callPolicy, Query.forKey(key), function);
  }

  /** As {@link #call(ServerFunction)}, for a query. */
  public <T extends @Nullable Object, X extends Exception> T call(
      Query query, ServerFunction<T, X> function) throws X {
    return call(callPolicy, query, function);
  }

  /**
   * Asks the next server for a query; after a failure that is worth it, another one. Every attempt
   * is a lease of its own, on a server that this call has not tried; when the call returns, none is
   * left open, but for one that another thread is just taking or closing. Attempts run on the
   * caller's thread, or on the policy's executor if it has one; only there can one be cut off at
   * the deadline, or hedged.
   *
   * <p>What the function throws counts as a failure of the server, and an attempt that is cancelled
   * because another was faster as a {@link CancellationException}. A {@link
   * java.util.concurrent.RejectedExecutionException} counts as neither. A caller's thread that is
   * interrupted begins no further attempt.
   *
   * @param policy instead of the balancer's; the {@linkplain LoadBalancerBuilder#retryBudget retry
   *     budget} is the balancer's always
   * @param function one attempt; may be called again, for another server
   * @return the first answer
   * @throws X the last failure, as the function threw it, with those before suppressed
   * @throws NoServerAvailableException if there was no server for the first attempt
   * @throws CallTimeoutException at the deadline, where there is an executor
   * @throws CancellationException if the caller is interrupted while the executor works for it. The
   *     attempts are interrupted, the caller's interrupt is set again
   */
  public <T extends @Nullable Object, X extends Exception> T call(
      CallPolicy policy, Query query, ServerFunction<T, X> function) throws X {
    Objects.requireNonNull(policy, "policy");
    Objects.requireNonNull(query, "query");
    Objects.requireNonNull(function, "function");
    return caller.call(policy, query, function);
  }

  /**
   * Asks the next server, without waiting; as {@link #callAsync(CallPolicy, Query, Function)}, by
   * the {@linkplain LoadBalancerBuilder#callPolicy policy} of the balancer.
   */
  public <T extends @Nullable Object> CompletableFuture<T> callAsync(
      Function<? super Server, ? extends CompletionStage<T>> function) {
    return callAsync(callPolicy, Query.any(), function);
  }

  /** As {@link #callAsync(Function)}, for a key: {@code callAsync(Query.forKey(key), function)}. */
  public <T extends @Nullable Object> CompletableFuture<T> callAsync(
      CharSequence key, Function<? super Server, ? extends CompletionStage<T>> function) {
    return callAsync(callPolicy, Query.forKey(key), function);
  }

  /** As {@link #callAsync(Function)}, for a query. */
  public <T extends @Nullable Object> CompletableFuture<T> callAsync(
      Query query, Function<? super Server, ? extends CompletionStage<T>> function) {
    return callAsync(callPolicy, query, function);
  }

  /**
   * Asks the next server for a query, without waiting; after a failure that is worth it, another
   * one. Every attempt is a lease of its own, on a server that this call has not tried; when the
   * result is there, none is left open, but for one that another thread is just taking or closing.
   * Outcomes count as in {@link #call(CallPolicy, Query, ServerFunction)}; a stage that fails, a
   * function that throws and one that returns null are failures.
   *
   * <p>The function must not block. It is called by the caller's thread first, after a failure by
   * the thread that completed the failed stage, and for a hedge by the {@linkplain
   * LoadBalancerBuilder#scheduler scheduler}'s. Attempts that are not needed any more are cancelled
   * by {@code toCompletableFuture().cancel(true)}, where their stage knows that.
   *
   * @param policy instead of the balancer's; the {@linkplain LoadBalancerBuilder#retryBudget retry
   *     budget} is the balancer's always
   * @param function begins one attempt; may be called again, for another server
   * @return the first answer, or the last failure, without a {@code CompletionException} around it,
   *     with those before suppressed; {@link NoServerAvailableException} if there was no server for
   *     the first attempt; {@link java.util.concurrent.TimeoutException} at the deadline.
   *     Cancelling it, or completing it otherwise, cancels the attempts under way
   */
  public <T extends @Nullable Object> CompletableFuture<T> callAsync(
      CallPolicy policy,
      Query query,
      Function<? super Server, ? extends CompletionStage<T>> function) {
    Objects.requireNonNull(policy, "policy");
    Objects.requireNonNull(query, "query");
    Objects.requireNonNull(function, "function");
    return caller.callAsync(policy, query, function);
  }

  /**
   * Says when the source has handed over its first good list and that is in force: at once for a
   * balancer without a source. Wait for it with a time limit: {@code
   * balancer.ready().toCompletableFuture().get(5, SECONDS)}; a source goes on trying for ever.
   *
   * @return completes by the thread of the source, or with a {@link CancellationException} if the
   *     balancer is closed before, or follows no source any more. Where another source has taken
   *     the place of that of now it completes with that one
   */
  public CompletionStage<@Nullable Void> ready() {
    Discovery discovery = control.source().current();
    return discovery == null ? CompletableFuture.completedStage(null) : discovery.ready();
  }

  /**
   * Ends the source, with its threads and timers, waiting for a look-up under way, 5 s at most; and
   * slow starts, which stay where they are, and the deadlines of drains, which then wait for their
   * leases alone. Picks and leases work on over the members of now. A balancer with none of these
   * needs no closing. May be called more than once.
   */
  @Override
  public void close() {
    slowStart.close();
    deadlines.forEach(Runnable::run);
    Discovery discovery = control.followNoMore();
    if (discovery != null) {
      discovery.close();
    }
  }

  /** The members, in the order in which they were added; unmodifiable. */
  public List<Node> nodes() {
    return control.snapshot().members();
  }

  /**
   * Whether so few servers are eligible that health is not asked: {@link
   * LoadBalancerBuilder#panicThreshold}.
   */
  public boolean isPanicking() {
    return control.snapshot().isPanicking();
  }

  /** How many members may be picked now: no block, and a weight above 0. */
  public int eligibleCount() {
    return control.snapshot().eligibleCount();
  }

  /**
   * What the balancer has done so far and how it stands. O(members): about a microsecond each, and
   * some tens where latencies are recorded. Keeps no pick waiting; waits itself for a change that
   * is being made.
   */
  public BalancerStats stats() {
    return control.stats(refused.sum());
  }

  /**
   * Which server {@link #acquire(Query)} would get now, and why not the others. Takes no turn,
   * counts nothing and keeps nobody from anything, so that the next pick is the same as without it.
   * O(members).
   *
   * @throws RuntimeException what a user's {@link Selector#peek} throws
   */
  public Explanation explain(Query query) {
    return control.explain(Objects.requireNonNull(query, "query"));
  }

  /** As {@link #explain(Query)}, for {@link #acquire(CharSequence)}. */
  public Explanation explain(CharSequence key) {
    return explain(Query.forKey(key));
  }

  /**
   * What is wrong with the configuration as it is now: looked for when the balancer is built and
   * when its members change. Logged, as a warning, when a name is there for the first time. Empty
   * if all is well. By name:
   *
   * <ul>
   *   <li>{@code all_weights_zero}: every server has weight 0, so that none is ever picked.
   *   <li>{@code unreachable_tier}: every server of a tier has weight 0, though not every server of
   *       all has; or there are tiers before it, and all of their servers being down, and no
   *       others, is a {@linkplain LoadBalancerBuilder#panicThreshold panic}, in which they stay in
   *       use, so that health never makes the tier take over. (Then it serves only picks that have
   *       tried those servers or find them at their limit, and while an operator blocks them.)
   *   <li>{@code panic_hides_failures}: of two or more servers, one that is down is enough for a
   *       panic: threshold · n &gt; n − 1, n counting those with a weight above 0. So health never
   *       takes a failing server out.
   *   <li>{@code slow_start_without_weights}: {@link LoadBalancerBuilder#slowStart} is set, and the
   *       selector is {@code round_robin} or {@code random}, which do not look at weights, or one
   *       that goes by keys, which looks at the configured ones.
   * </ul>
   *
   * <p>Those who own a block may add others: {@link BlockOwner#warn}.
   */
  public List<Warning> warnings() {
    return control.warnings();
  }

  /**
   * Adds a server. O(members).
   *
   * @throws IllegalArgumentException if it is null or a member has that id
   */
  public void add(Server server) {
    control.add(Server.require(server));
  }

  /**
   * Removes a server; leases on it go on until they are closed. A server added later under the same
   * id starts anew. O(members).
   *
   * @return whether it was a member
   * @throws IllegalArgumentException if the id is null
   */
  public boolean remove(String serverId) {
    return control.remove(Server.requireId(serverId));
  }

  /**
   * Changes a member: its weight, tier, zone, limit, metadata or address. Its counters, its blocks
   * and what it has in flight stay. Leases on it name the new one from now on, and picks may while
   * the change is being made. O(members).
   *
   * @return whether that changed anything: false if it is so already
   * @throws IllegalArgumentException if it is null or no member has that id
   */
  public boolean update(Server server) {
    return control.update(Server.require(server));
  }

  /**
   * Makes these the members, as a refresh from a list of servers does: those that are new are
   * added, those that are not there are removed, the others keep their place and all that they
   * have, and take over what has changed. One change: picks choose among all of the new members or
   * all of those before. O(members).
   *
   * @param servers at least one; ids must be unique
   * @return whether that changed anything
   * @throws IllegalArgumentException if there is none, one is null, or an id is there twice;
   *     nothing has changed
   */
  public boolean update(Collection<Server> servers) {
    return control.replace(MemberDiff.someByUniqueId(servers));
  }

  /** By what it picks now. O(1). */
  public BalancerSettings settings() {
    return control.settings();
  }

  /**
   * Begins a change of the settings, the members or the source, made as one. Counters, blocks, slow
   * starts and leases under way stay.
   */
  public BalancerChange change() {
    return new BalancerChange(control, allowEmpty);
  }

  /**
   * Gives a server nothing new; what it has, it may finish. O(members).
   *
   * @return whether that changed anything: false if it was draining already
   * @throws IllegalArgumentException if it is not a member
   */
  public boolean drain(String serverId) {
    return control.setBlock(Server.requireId(serverId), Block.DRAINING, DRAINED);
  }

  /**
   * As {@link #drain(String)}, and says when it is done.
   *
   * @param deadline how long to wait for the leases on it; 0 or more
   * @return completes with 0 when the last lease on the server is closed, from when on there is
   *     none until {@link #resume}; or with the number that is left when the time is up; or with a
   *     {@link CancellationException} if the drain is ended before; or with a {@link
   *     RejectedExecutionException} if the scheduler takes no task, and the server drains all the
   *     same. By the thread that did it.
   * @throws IllegalArgumentException if it is not a member, or the time is negative
   */
  public CompletionStage<Integer> drain(String serverId, Duration deadline) {
    if (deadline.isNegative()) {
      throw new IllegalArgumentException("deadline: " + deadline + " (expected: >= 0)");
    }
    CompletableFuture<Integer> done = new CompletableFuture<>();
    Node node = control.drain(Server.requireId(serverId), DRAINED, done);
    node.completeIfIdle();
    if (!done.isDone()) {
      keepDeadline(node, done, Timers.nanos(deadline));
    }
    return done.minimalCompletionStage();
  }

  private void keepDeadline(Node node, CompletableFuture<Integer> drained, long nanos) {
    Runnable stop;
    try {
      stop = timers.later(() -> drained.complete(node.inFlight()), nanos);
    } catch (RejectedExecutionException e) {
      drained.completeExceptionally(e);
      return;
    }
    deadlines.add(stop);
    CompletableFuture<Integer> unused =
        drained.whenComplete(
            (left, ended) -> {
              stop.run();
              deadlines.remove(stop);
            });
  }

  /**
   * Takes a server out for maintenance: as a drain, under a reason of its own. O(members).
   *
   * @return whether that changed anything
   * @throws IllegalArgumentException if it is not a member
   */
  public boolean maintain(String serverId) {
    return control.setBlock(
        Server.requireId(serverId), Block.MAINTENANCE, "in maintenance by the operator");
  }

  /**
   * Ends a drain and a maintenance. Blocks that others have set stay. O(members).
   *
   * @return whether that changed anything: false if there was neither
   * @throws IllegalArgumentException if it is not a member
   */
  public boolean resume(String serverId) {
    return control.resume(Server.requireId(serverId), "resumed by the operator");
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
   * Lets somebody hear of the outcomes of all leases from now on, with a listener of each node's
   * own: those of now, and each that comes, before it can be picked. Leases that are open are heard
   * of, too. Costs an outcome the call, and where nobody watches one read of a field.
   *
   * @param factory makes the listener of a node; called during a change of the balancer, which it
   *     must not change itself, nor another one, as a {@link Selector.Factory}. If it throws for a
   *     server that is added later, that one has none
   * @throws RuntimeException what the factory throws for a server of now; nobody watches then
   */
  public <L extends OutcomeListener> OutcomeWatch<L> watchOutcomes(
      Function<? super Node, ? extends L> factory) {
    return control.watch(Objects.requireNonNull(factory, "factory"));
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
}
