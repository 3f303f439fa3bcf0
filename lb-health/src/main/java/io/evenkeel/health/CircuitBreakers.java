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
import io.evenkeel.health.CircuitBreaker.Status;
import io.evenkeel.health.CircuitBreaker.Transition;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A {@link CircuitBreaker} for each server of a balancer, fed by the outcomes of its leases. Safe
 * for use by any thread.
 *
 * <pre>{@code
 * try (CircuitBreakers breakers = CircuitBreakers.builder(balancer).start()) {
 *   serve(balancer);
 * }
 * }</pre>
 *
 * <p>Too many failures of a server, as the policy says, open its circuit: from that moment on, in
 * the thread that said the last failure, no pick takes it. It is blocked as {@link
 * Block#CIRCUIT_OPEN}, too, which leaves it out of what selectors choose from; that follows on the
 * scheduler, since it takes a new snapshot. When the open time is over the block goes, and exactly
 * as many leases are let through as the policy has trials; picks beyond go to other servers. A
 * trial that is closed without a word, or fails with something that does not count, may be taken
 * again. If all succeed the circuit is closed; the first that fails opens it for twice as long.
 *
 * <p>A {@linkplain io.evenkeel.core.LoadBalancerBuilder#panicThreshold panic} takes leases in spite
 * of circuits; what becomes of those leases is not counted. A server whose address changes begins
 * anew, closed.
 *
 * <p>Openings and half-open times are logged by the balancer with its blocks, closings here: each
 * once, at INFO. Unless it is handed a scheduler it has a daemon thread of its own for timing.
 */
public final class CircuitBreakers implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(CircuitBreakers.class);

  /** Of a lease that its node's own listener hears of already. */
  private static final OutcomeListener HEARD_ELSEWHERE =
      new OutcomeListener() {
        @Override
        public void onSuccess(long latencyNanos) {}

        @Override
        public void onFailure(FailureKind kind, Throwable cause) {}
      };

  private final LoadBalancer balancer;
  private final BlockOwner block;

  /** Written under this, read by anyone. */
  private volatile CircuitPolicy policy;

  private final NanoClock clock;
  private final AtomicLong seeds;
  private final @Nullable OwnScheduler ownScheduler;
  private final SerialExecutor serial;
  private final TimerSet timers;
  private final BlockChanges changes;
  private final OutcomeWatch<Circuit> circuits;

  /** One object for life, since that is how a balancer knows whom to remove. */
  private final BalancerListener listener = this::onEvent;

  /** Whether a look at the members is on its way. */
  private final AtomicBoolean looks = new AtomicBoolean();

  private volatile boolean closed;

  private CircuitBreakers(Builder builder) {
    this.balancer = builder.balancer;
    this.policy = builder.policy;
    this.clock = builder.clock;
    this.seeds =
        new AtomicLong(
            builder.seed != null ? builder.seed : ThreadLocalRandom.current().nextLong());
    this.block = balancer.claim(Block.CIRCUIT_OPEN);
    this.ownScheduler = builder.scheduler == null ? new OwnScheduler() : null;
    ScheduledExecutorService scheduler =
        ownScheduler != null ? ownScheduler : Objects.requireNonNull(builder.scheduler);
    this.serial = new SerialExecutor(scheduler, BlockChanges.NOTHING, this::lostScheduler);
    this.timers = new TimerSet(scheduler, clock, this::lostScheduler);
    this.changes = new BlockChanges(block, serial, timers);
    try {
      this.circuits = balancer.watchOutcomes(Circuit::new);
    } catch (Throwable e) { // the user's clock
      block.close();
      throw e;
    }
    balancer.addListener(listener);
    serial.execute(this::lookAtMembers); // an address may have changed before it was heard of
  }

  /** Begins breakers for a balancer's servers. */
  public static Builder builder(LoadBalancer balancer) {
    return new Builder(balancer);
  }

  /** How each member's circuit stands, by server id, in the order of the members. O(members). */
  public Map<String, CircuitStats> stats() {
    Map<String, CircuitStats> stats = new LinkedHashMap<>();
    for (Node node : balancer.nodes()) {
      Circuit circuit = circuits.of(node);
      if (circuit != null) {
        stats.put(node.server().id(), circuit.breaker.stats());
      }
    }
    return stats;
  }

  /** How one server's circuit stands; null if it is no member. O(members). */
  public @Nullable CircuitStats state(String serverId) {
    Objects.requireNonNull(serverId, "serverId");
    for (Node node : balancer.nodes()) {
      Circuit circuit = node.server().id().equals(serverId) ? circuits.of(node) : null;
      if (circuit != null) {
        return circuit.breaker.stats();
      }
    }
    return null;
  }

  /**
   * Goes by this policy from now on. Circuits stay as they stand: an open time that has begun lasts
   * as long as it was to, a half-open period has the trials that it began with. Counts of failures
   * in a row stay, and so does a window of outcomes that both policies have, while another begins
   * empty. A policy that equals that of now changes nothing.
   *
   * @throws IllegalStateException if the breakers are closed
   */
  public synchronized void update(CircuitPolicy policy) {
    Objects.requireNonNull(policy, "policy");
    if (closed) {
      throw new IllegalStateException("the breakers are closed");
    }
    if (policy.equals(this.policy)) {
      return;
    }
    this.policy = policy;
    for (Node node : balancer.nodes()) {
      Circuit circuit = circuits.of(node);
      if (circuit != null) {
        circuit.breaker.goBy(policy);
      }
    }
    if (!looks.getAndSet(true)) {
      serial.execute(this::lookAtMembers); // at one that was made by that before meanwhile
    }
  }

  /**
   * Ends all circuits: no server is refused by them any more, none is blocked. Trials under way are
   * leases like others then. Waits for its own thread, if it has one. Idempotent.
   */
  @Override
  public void close() {
    closed = true;
    balancer.removeListener(listener);
    circuits.close();
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

  /** What it blocks would stay so: the end of it all. By any thread, under no lock. */
  private void lostScheduler() {
    log.warn("{}: the scheduler was shut down, so no circuit opens any more", block.block());
    try {
      close();
    } catch (RuntimeException | Error e) { // whatever a user's selector factory throws
      log.warn("{}: closing failed", block.block(), e);
    }
  }

  private void onEvent(BalancerEvent event) {
    boolean isOfMembers =
        event instanceof BalancerEvent.ServerAdded || event instanceof BalancerEvent.ServerUpdated;
    if (isOfMembers && !looks.getAndSet(true)) {
      serial.execute(this::lookAtMembers);
    }
  }

  /** Once for all that changed meanwhile. */
  private void lookAtMembers() {
    looks.set(false);
    for (Node node : balancer.nodes()) {
      Circuit circuit = circuits.of(node);
      if (circuit != null) {
        if (circuit.hasMoved()) {
          circuit.breaker.reset("its address changed");
        }
        circuit.breaker.goBy(policy); // it may have been made by one that was
        synchronized (circuit.breaker) {
          if (circuit.breaker.state().status() != Status.OPEN) {
            changes.settle(node);
          }
        }
      }
    }
    changes.carry();
  }

  /** One server's: hears of its leases, stands before it while it is not closed. */
  private final class Circuit implements OutcomeListener, Gate, CircuitBreaker.Listener {

    private final Node node;
    private final CircuitBreaker breaker;

    /** As it was when it began. In serial tasks only. */
    private Server server;

    Circuit(Node node) {
      this.node = node;
      this.server = node.server();
      this.breaker =
          new CircuitBreaker(
              node.server().id(), policy, clock, seeds.getAndAdd(0x9e3779b97f4a7c15L), this);
    }

    boolean hasMoved() {
      Server before = server;
      server = node.server();
      return !HealthMonitor.sameAddress(before, server);
    }

    // ---- leases that nobody asked a gate for, and all others, too: what counts while closed ----

    @Override
    public void onSuccess(long latencyNanos) {
      breaker.succeeded(CircuitBreaker.ORDINARY);
    }

    @Override
    public void onFailure(FailureKind kind, Throwable cause) {
      breaker.failed(CircuitBreaker.ORDINARY, cause);
    }

    // ---- the gate: there from the moment it opens until it is closed ----

    @Override
    public @Nullable OutcomeListener tryEnter() {
      long ticket = breaker.tryEnter();
      if (ticket == CircuitBreaker.REFUSED) {
        return null;
      }
      return ticket == CircuitBreaker.ORDINARY ? HEARD_ELSEWHERE : new Trial(breaker, ticket);
    }

    @Override
    public @Nullable String refusal() {
      CircuitState state = breaker.state();
      return switch (state.status()) {
        case CLOSED -> null;
        case OPEN -> state.leftNanos(clock.nanoTime()) > 0 ? "circuit open" : null;
        case HALF_OPEN -> state.free() == 0 ? "circuit half-open, its trials under way" : null;
      };
    }

    // ---- transitions ----

    @Override
    public void changed(Transition transition) {
      if (closed) {
        return;
      }
      Status before = transition.before().status();
      Status after = transition.after().status();
      try {
        if (before == Status.CLOSED) {
          block.gate(node, this); // before it is half-open, so that no trial goes past it
        } else if (after == Status.CLOSED) {
          block.gate(node, null);
        }
      } catch (IllegalStateException e) {
        return; // closed meanwhile
      }
      if (after == Status.OPEN || before == Status.OPEN) {
        changes.add(node, after == Status.OPEN, transition.toString(), BlockChanges.NOTHING);
      }
    }

    @Override
    public void afterwards(Transition transition) {
      if (closed) {
        return;
      }
      if (transition.after().status() == Status.OPEN) {
        timers.later(breaker::lookAtTime, transition.after().openNanos());
      }
      // From open, that it is blocked no more is logged by the balancer.
      if (transition.before().status() == Status.HALF_OPEN
          && transition.after().status() == Status.CLOSED
          && node.isMember()) {
        log.info("{}: circuit closed ({})", node.server(), transition);
      }
      changes.carry();
    }
  }

  /** One lease that was let through by a circuit that is half-open. */
  private record Trial(CircuitBreaker breaker, long ticket) implements OutcomeListener {

    @Override
    public void onSuccess(long latencyNanos) {
      breaker.succeeded(ticket);
    }

    @Override
    public void onFailure(FailureKind kind, Throwable cause) {
      breaker.failed(ticket, cause);
    }

    @Override
    public void onNeutral() {
      breaker.ended(ticket);
    }
  }

  /** Collects what breakers are made of. Not safe for use by several threads at once. */
  public static final class Builder {

    private final LoadBalancer balancer;
    private CircuitPolicy policy = CircuitPolicy.builder().build();
    private NanoClock clock = NanoClock.system();
    private @Nullable ScheduledExecutorService scheduler;
    private @Nullable Long seed;

    private Builder(LoadBalancer balancer) {
      this.balancer = Objects.requireNonNull(balancer, "balancer");
    }

    /** When circuits open and how they close; a policy's own defaults by default. */
    public Builder policy(CircuitPolicy policy) {
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
     * breakers are closed. If it is shut down before, the breakers end as by {@link #close} as soon
     * as that is noticed. By default they have their own, of one daemon thread.
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
     * Breakers that have begun.
     *
     * @throws IllegalStateException if the balancer has breakers already, or the scheduler is shut
     *     down
     */
    public CircuitBreakers start() {
      Require.running(scheduler);
      return new CircuitBreakers(this);
    }
  }
}
