package io.evenkeel.health;

import io.evenkeel.core.BalancerEvent;
import io.evenkeel.core.BalancerListener;
import io.evenkeel.core.Block;
import io.evenkeel.core.BlockOwner;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.NanoClock;
import io.evenkeel.core.Server;
import io.evenkeel.health.HealthState.Status;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
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
 * <p>A change of state is logged once, by the balancer, which says what became of the server and is
 * told why; single results are logged at DEBUG.
 *
 * <p>Unless it is handed a scheduler, a monitor has a daemon thread of its own for timing, one more
 * for the I/O of the ready-made probes if they are used, and a few that come and go for looking up
 * host names.
 */
public final class HealthMonitor implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(HealthMonitor.class);

  private final LoadBalancer balancer;
  private final BlockOwner block;
  private final long intervalNanos;
  private final ProbeLoop loop = new ProbeLoop();
  private final @Nullable OwnScheduler ownScheduler;
  private final ServerCheck.Wiring wiring;

  /**
   * Membership and results are dealt with one at a time, in order, so that a result of a server
   * that was removed is out of the way before one that is added under the same id is checked.
   */
  private final SerialExecutor serial;

  /** By id. Changed in serial tasks only; {@link #close} reads it from any thread. */
  private final Map<String, ServerCheck> checks = new ConcurrentHashMap<>();

  /** In serial tasks only. */
  private final SplittableRandom random;

  /** One object for life, since that is how a balancer knows whom to remove. */
  private final BalancerListener listener = this::onEvent;

  private volatile boolean closed;

  private HealthMonitor(Builder builder) {
    this.balancer = builder.balancer;
    this.block = balancer.claim(Block.PROBE_DOWN);
    this.intervalNanos = builder.policy.interval().toNanos();
    this.random =
        new SplittableRandom(
            builder.seed != null ? builder.seed : ThreadLocalRandom.current().nextLong());
    this.ownScheduler = builder.scheduler == null ? new OwnScheduler() : null;
    ScheduledExecutorService scheduler =
        ownScheduler != null ? ownScheduler : Objects.requireNonNull(builder.scheduler);
    this.serial = new SerialExecutor(scheduler);
    this.wiring =
        new ServerCheck.Wiring(
            builder.probe, builder.policy, builder.clock, scheduler, serial, loop);
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
    block.close();
    loop.close();
    if (ownScheduler != null) {
      ownScheduler.closeAndWait();
    }
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
    } else if (event instanceof BalancerEvent.ServerUpdated updated
        && !sameAddress(updated.server(), updated.before())) {
      serial.execute(
          () -> {
            removed(updated.before());
            added(updated.server());
          });
    }
  }

  private static boolean sameAddress(Server a, Server b) {
    return a.host().equals(b.host()) && a.port() == b.port();
  }

  /** Does nothing for one that was in nodes() before its event came. */
  private void added(Server server) {
    if (checks.containsKey(server.id())) {
      return;
    }
    ServerCheck check = new ServerCheck(server, wiring, this::onResult);
    checks.put(server.id(), check);
    check.start(random.nextLong(intervalNanos));
    if (closed) {
      check.stop(); // close() may have been through the map before this one was in it.
      checks.remove(server.id());
    }
  }

  private void removed(Server server) {
    ServerCheck check = checks.remove(server.id());
    if (check != null) {
      check.stop();
    }
  }

  /**
   * The new state holds only once the balancer knows of it: if it cannot be told, as when a
   * selector of the user's cannot be built, the next result tries again.
   */
  private void onResult(ServerCheck check, ProbeResult result) {
    Server server = check.server();
    log.debug("{}: check: {}", server, result);
    if (result.isInconclusive()) {
      return;
    }
    HealthState before = check.state;
    HealthState after = before.next(result.isSuccess(), wiring.policy());
    try {
      if (after.status() != before.status()) {
        tell(server, after.status(), why(before, result));
      }
      check.state = after;
    } catch (RuntimeException e) {
      if (!closed) {
        log.warn("{}: the balancer could not be told that it is {}", server, after.status(), e);
      }
    }
  }

  private void tell(Server server, Status status, String why) {
    if (status == Status.DOWN) {
      block.set(server.id(), why);
    } else {
      // For a first result, too: an earlier server of that id may have left its block behind.
      block.clear(server.id(), why);
    }
  }

  private static String why(HealthState before, ProbeResult result) {
    if (before.status() == Status.UNKNOWN) {
      return result.isSuccess() ? "first check succeeded" : "first check failed: " + result.cause();
    }
    int inARow = before.against() + 1;
    return result.isSuccess()
        ? inARow + (inARow == 1 ? " success" : " successes in a row")
        : inARow + (inARow == 1 ? " failure: " : " failures in a row, the last: ") + result.cause();
  }

  /** Collects what a monitor is made of. Not safe for use by several threads at once. */
  public static final class Builder {

    private final LoadBalancer balancer;
    private Probe probe = Probes.tcp();
    private HealthPolicy policy = HealthPolicy.builder().build();
    private NanoClock clock = NanoClock.system();
    private @Nullable ScheduledExecutorService scheduler;
    private @Nullable Long seed;

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

    /** Makes the spread of the start times the same in every run; random by default. */
    public Builder seed(long seed) {
      this.seed = seed;
      return this;
    }

    /**
     * A monitor that has begun.
     *
     * @throws IllegalStateException if the balancer has a monitor already
     */
    public HealthMonitor start() {
      HealthMonitor monitor = new HealthMonitor(this);
      monitor.begin();
      return monitor;
    }
  }
}
