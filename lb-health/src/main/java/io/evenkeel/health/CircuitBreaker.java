package io.evenkeel.health;

import io.evenkeel.core.NanoClock;
import io.evenkeel.health.CircuitState.Input;
import java.time.Duration;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps calls away from what does not answer: after too many failures they are refused at once, and
 * after a while a few are let through to see whether it works again. Around calls of any kind; for
 * the servers of a balancer there are {@link CircuitBreakers}. Safe for use by any thread.
 *
 * <pre>{@code
 * CircuitBreaker breaker = CircuitBreaker.builder("payments").build();
 *
 * Receipt receipt = breaker.call(() -> payments.charge(order));
 *
 * try (CircuitBreaker.Permit permit = breaker.acquire()) {      // or by hand
 *   send(order);
 *   permit.success();
 * }
 * }</pre>
 *
 * <p>Closed, it lets everything through and counts; too many failures, as the policy says, open it.
 * Open, it refuses everything until its open time is over. Half-open, it lets through exactly as
 * many trials as the policy says and refuses the rest; a trial that ends without an outcome, as one
 * that was cancelled, may be taken again. If all succeed it closes, and counts from nothing; the
 * first that fails opens it for twice as long. What was let through earlier and ends meanwhile
 * counts only where it is closed.
 *
 * <p>Has no thread and no timer: time is looked at when somebody asks. Each change is logged once,
 * at INFO. Letting a call through while closed reads one field; counting its success too, unless
 * there is a share of failures to look at: that, failures, and all that is half-open take a lock
 * for some tens of nanoseconds.
 */
public final class CircuitBreaker {

  /** Whether a circuit lets calls through. */
  public enum Status {
    /** All. */
    CLOSED,
    /** None. */
    OPEN,
    /** A few. */
    HALF_OPEN
  }

  /**
   * What may fail.
   *
   * @param <T> what it returns
   * @param <X> what it throws
   */
  @FunctionalInterface
  public interface Action<T extends @Nullable Object, X extends Exception> {

    /** Does it. */
    T run() throws X;
  }

  /** A change of status. */
  record Transition(CircuitState before, CircuitState after, String cause) {

    /** What led to it, and how long it was as before. */
    @Override
    public String toString() {
      String was =
          switch (before.status()) {
            case CLOSED -> "closed";
            case OPEN -> "open";
            case HALF_OPEN -> "half-open";
          };
      String text =
          cause + "; " + was + " for " + Require.text(before.ageNanos(after.sinceNanos()));
      return after.status() == Status.OPEN
          ? text + "; tried again in " + Require.text(after.openNanos())
          : text;
    }
  }

  /** Hears of changes. Must not throw. */
  interface Listener {

    /** In order, under the breaker's lock; must be quick. */
    void changed(Transition transition);

    /** By the same thread, once the lock is released. */
    void afterwards(Transition transition);
  }

  /** What {@link #tryEnter} says: refused; let through; else, a trial of that period. */
  static final long REFUSED = -1;

  static final long ORDINARY = 0;

  private static final Logger log = LoggerFactory.getLogger(CircuitBreaker.class);

  private final String name;
  private final NanoClock clock;
  private final Listener listener;

  /** Written under this, read by anyone. */
  private volatile CircuitPolicy policy;

  /** Those of the tally. Guarded by this. */
  private Tally.Limits limits;

  /** Guarded by this. */
  private final SplittableRandom random;

  /** Guarded by this, but for what it says by itself. Counts while closed. */
  private final Tally tally;

  /** Written under this, read by anyone. */
  private volatile CircuitState state;

  /** Written under this, read by anyone. What led to the state; empty at first. */
  private volatile String cause = "";

  CircuitBreaker(
      String name, CircuitPolicy policy, NanoClock clock, long seed, @Nullable Listener listener) {
    this.name = name;
    this.policy = policy;
    this.clock = clock;
    this.random = new SplittableRandom(seed);
    this.listener = listener != null ? listener : new Logging();
    this.limits = policy.limits();
    long now = clock.nanoTime();
    this.tally = new Tally(limits, now);
    this.state = CircuitState.closed(now);
  }

  /**
   * Begins a breaker.
   *
   * @param name for logs and exceptions
   */
  public static Builder builder(String name) {
    return new Builder(name);
  }

  /** For logs and exceptions. */
  public String name() {
    return name;
  }

  /**
   * Calls, unless the circuit is open. What the action throws is a failure.
   *
   * @throws CircuitOpenException if it is refused
   * @throws X what the action throws, as it is
   */
  public <T extends @Nullable Object, X extends Exception> T call(Action<T, X> action) throws X {
    Objects.requireNonNull(action, "action");
    long ticket = tryEnter();
    if (ticket == REFUSED) {
      throw refusal();
    }
    T value;
    try {
      value = action.run();
    } catch (Throwable e) {
      failed(ticket, e);
      throw e;
    }
    succeeded(ticket);
    return value;
  }

  /**
   * Lets one call through.
   *
   * @return what the caller must close
   * @throws CircuitOpenException if it is refused
   */
  public Permit acquire() {
    Permit permit = tryAcquire();
    if (permit == null) {
      throw refusal();
    }
    return permit;
  }

  /** As {@link #acquire}; null if it is refused. */
  public @Nullable Permit tryAcquire() {
    long ticket = tryEnter();
    return ticket == REFUSED ? null : new Permit(this, ticket);
  }

  /** How it stands. Half-open begins when somebody asks to be let through, not before. */
  public CircuitStats stats() {
    CircuitState now = state;
    long nanos = clock.nanoTime();
    return new CircuitStats(
        now.status(),
        Duration.ofNanos(now.ageNanos(nanos)),
        now.times(),
        Duration.ofNanos(now.leftNanos(nanos)),
        now.free(),
        cause);
  }

  private CircuitOpenException refusal() {
    return new CircuitOpenException(name, Duration.ofNanos(state.leftNanos(clock.nanoTime())));
  }

  // ---- without an object for each call ----

  CircuitState state() {
    return state;
  }

  /**
   * Goes by this policy from now on; counts go on, and so does an open time or a half-open period
   * that has begun, with the trials that it began with.
   */
  synchronized void goBy(CircuitPolicy next) {
    if (next.equals(policy)) {
      return;
    }
    policy = next;
    Tally.Limits others = next.limits();
    if (!others.equals(limits)) {
      tally.change(others, clock.nanoTime());
      limits = others;
    }
  }

  /** {@link #REFUSED}, {@link #ORDINARY}, or the period of a trial; its outcome is to be told. */
  long tryEnter() {
    CircuitState seen = state;
    if (seen.status() == Status.CLOSED) {
      return ORDINARY;
    }
    if (seen.free() == 0 && !isTimeFor(seen, clock.nanoTime())) {
      return REFUSED;
    }
    Transition transition;
    long ticket;
    synchronized (this) {
      long now = clock.nanoTime();
      transition = lookAtTime(now);
      CircuitState before = state;
      if (before.status() == Status.CLOSED) { // meanwhile
        ticket = ORDINARY;
      } else if (before.status() == Status.HALF_OPEN && before.free() > 0) {
        state = before.next(Input.ADMIT, now, 0, policy);
        ticket = before.period();
      } else {
        ticket = REFUSED;
      }
    }
    afterwards(transition);
    return ticket;
  }

  /** Goes half-open if the open time is over. */
  void lookAtTime() {
    Transition transition;
    synchronized (this) {
      transition = lookAtTime(clock.nanoTime());
    }
    afterwards(transition);
  }

  void succeeded(long ticket) {
    CircuitState seen = state;
    if (ticket == ORDINARY && (seen.status() != Status.CLOSED || tally.ignoresSuccess())) {
      return;
    }
    Transition transition = null;
    synchronized (this) {
      if (ticket != ORDINARY) {
        String all = state.trials() + " of " + state.trials() + " trials succeeded";
        transition = ofTrial(ticket, Input.SUCCESS, all);
      } else if (state.status() == Status.CLOSED) {
        tally.success(limits.readsTime() ? clock.nanoTime() : 0);
      }
    }
    afterwards(transition);
  }

  void failed(long ticket, Throwable failure) {
    if (!FailureCount.counts(policy.countsAsFailure(), failure)) {
      ended(ticket);
      return;
    }
    if (ticket == ORDINARY && state.status() != Status.CLOSED) {
      return;
    }
    Transition transition = null;
    synchronized (this) {
      if (ticket != ORDINARY) {
        String why =
            "a trial failed after "
                + state.succeeded()
                + " of "
                + state.trials()
                + " had succeeded: "
                + FailureCount.text(failure);
        transition = ofTrial(ticket, Input.FAILURE, why);
      } else if (state.status() == Status.CLOSED) {
        long now = clock.nanoTime();
        String tooMuch = tally.failure(now);
        if (tooMuch != null) {
          String why = tooMuch + ", the last: " + FailureCount.text(failure);
          transition = change(Input.TRIP, now, why);
        }
      }
    }
    afterwards(transition);
  }

  /** Without an outcome: a trial may be taken again. */
  void ended(long ticket) {
    if (ticket != ORDINARY) {
      synchronized (this) {
        Transition none = ofTrial(ticket, Input.NEUTRAL, "");
        assert none == null;
      }
    }
  }

  /** Closed, whatever it was; of trials under way it does not want to hear. */
  void reset(String why) {
    Transition transition = null;
    synchronized (this) {
      CircuitState before = state;
      CircuitState after = before.reset(clock.nanoTime());
      tally.clear();
      if (before.status() != Status.CLOSED) {
        transition = changed(before, after, why);
      }
    }
    afterwards(transition);
  }

  // ---- under the lock ----

  private boolean isTimeFor(CircuitState seen, long now) {
    return seen.next(Input.TIME, now, 0, policy).status() != seen.status();
  }

  private @Nullable Transition lookAtTime(long now) {
    if (!isTimeFor(state, now)) {
      return null;
    }
    String why =
        state.status() == Status.OPEN
            ? "time for " + policy.trials() + (policy.trials() == 1 ? " trial" : " trials")
            : "trials without an outcome, the last for " + Require.text(policy.trialTimeout());
    return change(Input.TIME, now, why);
  }

  /** Of a trial of an earlier period: nothing. */
  private @Nullable Transition ofTrial(long ticket, Input input, String why) {
    if (state.status() != Status.HALF_OPEN || state.period() != ticket) {
      return null;
    }
    return change(input, clock.nanoTime(), why);
  }

  private @Nullable Transition change(Input input, long now, String why) {
    CircuitState before = state;
    CircuitState after = before.next(input, now, random.nextDouble(), policy);
    if (after.status() == before.status()) {
      state = after;
      return null;
    }
    if (after.status() == Status.CLOSED) {
      tally.clear();
    }
    return changed(before, after, why);
  }

  /** The listener first: a gate is there before anybody can see that it is needed. */
  private Transition changed(CircuitState before, CircuitState after, String why) {
    Transition transition = new Transition(before, after, why);
    listener.changed(transition);
    state = after;
    cause = why;
    return transition;
  }

  private void afterwards(@Nullable Transition transition) {
    if (transition != null) {
      listener.afterwards(transition);
    }
  }

  @Override
  public String toString() {
    return "circuit '" + name + "' " + state.status();
  }

  private final class Logging implements Listener {

    @Override
    public void changed(Transition transition) {}

    @Override
    public void afterwards(Transition transition) {
      log.info("circuit '{}': {} ({})", name, transition.after().status(), transition);
    }
  }

  /**
   * One call that was let through. The first word said of how it went counts; closed without one,
   * it is neither. Safe for use by any thread; every method may be called again without effect.
   */
  public static final class Permit implements AutoCloseable {

    private static final AtomicIntegerFieldUpdater<Permit> SAID =
        AtomicIntegerFieldUpdater.newUpdater(Permit.class, "said");

    private final CircuitBreaker breaker;
    private final long ticket;

    /** 1 once it is said how it went, or that nobody will. */
    @SuppressWarnings("unused")
    private volatile int said;

    private Permit(CircuitBreaker breaker, long ticket) {
      this.breaker = breaker;
      this.ticket = ticket;
    }

    /** It went well. */
    public void success() {
      if (isFirstWord()) {
        breaker.succeeded(ticket);
      }
    }

    /**
     * It did not go well.
     *
     * @param cause what went wrong; not null
     */
    public void failure(Throwable cause) {
      Objects.requireNonNull(cause, "cause");
      if (isFirstWord()) {
        breaker.failed(ticket, cause);
      }
    }

    /** It is over: if nobody said how it went, nobody will. */
    @Override
    public void close() {
      if (isFirstWord()) {
        breaker.ended(ticket);
      }
    }

    private boolean isFirstWord() {
      return SAID.compareAndSet(this, 0, 1);
    }
  }

  /** Collects what a breaker is made of. Not safe for use by several threads at once. */
  public static final class Builder {

    private final String name;
    private CircuitPolicy policy = CircuitPolicy.builder().build();
    private NanoClock clock = NanoClock.system();
    private @Nullable Long seed;

    private Builder(String name) {
      this.name = Objects.requireNonNull(name, "name");
    }

    /** When it opens and how it closes; a policy's own defaults by default. */
    public Builder policy(CircuitPolicy policy) {
      this.policy = Objects.requireNonNull(policy, "policy");
      return this;
    }

    /** Where time comes from; {@link NanoClock#system()} by default. */
    public Builder clock(NanoClock clock) {
      this.clock = Objects.requireNonNull(clock, "clock");
      return this;
    }

    /** Makes the jitter the same in every run; random by default. */
    public Builder seed(long seed) {
      this.seed = seed;
      return this;
    }

    /** The breaker, closed. */
    public CircuitBreaker build() {
      return new CircuitBreaker(
          name, policy, clock, seed != null ? seed : ThreadLocalRandom.current().nextLong(), null);
    }
  }
}
