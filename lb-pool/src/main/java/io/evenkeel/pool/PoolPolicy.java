package io.evenkeel.pool;

import java.time.Duration;
import java.util.Objects;

/**
 * The numbers of a {@link ConnectionPool}: how many connections, how long they live, who may wait.
 * Immutable.
 *
 * <pre>{@code
 * PoolPolicy policy = PoolPolicy.builder().maxPerServer(20).minPerServer(2).maxTotal(100).build();
 * }</pre>
 *
 * <p>Times are kept by looking every quarter of the shortest of those that are set, at least every
 * 5 s and at most every 10 ms: so things happen by so much late, and never early.
 */
public final class PoolPolicy {

  /** Which idle connection is used next. */
  public enum Reuse {
    /**
     * The one that this thread, or one that shares its place, used last, if it is idle; else the
     * first idle one in a fixed order. So few connections are in use again and again, and those
     * that only a peak needed are left alone and time out. One thread alone gets back what it gave
     * back last; across threads the order of returns is not kept.
     */
    LIFO,
    /**
     * The one that was given back first, so that all are used equally often, and none times out
     * while there is enough to do. Looks at all idle ones, and threads that give back meet at one
     * counter: slower than LIFO.
     */
    FIFO
  }

  /** What becomes of somebody who wants a connection when all that may be are in use. */
  public enum WhenFull {
    /** Waits for one to come free, first come, first served. */
    WAIT,
    /** Gets a {@link PoolFullException} at once. */
    FAIL,
    /**
     * Where it is the maximum in all that is reached: the connection to another server that has
     * been idle the longest is closed, to make room. Waits for one to become idle where there is
     * none, and as {@link #WAIT} where it is the server's own maximum.
     */
    DROP_IDLE_ELSEWHERE
  }

  private final Builder settings;
  final int maxPerServer;
  final int minPerServer;
  final int maxTotal;
  final int maxConnecting;
  final int maxWaiting;
  final WhenFull whenFull;
  final Reuse reuse;
  final long waitTimeoutNanos;
  final long idleTimeoutNanos;
  final long maxLifetimeNanos;
  final double lifetimeJitter;
  final long validateAfterIdleNanos;
  final long validationIntervalNanos;
  final long connectBackoffNanos;
  final long maxConnectBackoffNanos;
  final long leakThresholdNanos;
  final boolean recordUseTimes;

  private PoolPolicy(Builder b) {
    settings = new Builder(b);
    maxPerServer = b.maxPerServer;
    minPerServer = b.minPerServer;
    maxTotal = b.maxTotal;
    maxConnecting = b.maxConnecting;
    maxWaiting = b.whenFull == WhenFull.FAIL ? 0 : b.maxWaiting;
    whenFull = b.whenFull;
    reuse = b.reuse;
    waitTimeoutNanos = nanos(b.waitTimeout);
    idleTimeoutNanos = nanos(b.idleTimeout);
    maxLifetimeNanos = nanos(b.maxLifetime);
    lifetimeJitter = b.lifetimeJitter;
    validateAfterIdleNanos = nanos(b.validateAfterIdle);
    validationIntervalNanos = nanos(b.validationInterval);
    connectBackoffNanos = nanos(b.connectBackoff);
    maxConnectBackoffNanos = nanos(b.maxConnectBackoff);
    leakThresholdNanos = nanos(b.leakThreshold);
    recordUseTimes = b.recordUseTimes;
  }

  /** Begins a policy with the defaults. */
  public static Builder builder() {
    return new Builder();
  }

  /** A builder that begins with these. */
  public Builder toBuilder() {
    return new Builder(settings);
  }

  /** How often the housekeeper looks. */
  long sweepNanos() {
    long shortest = 20_000_000_000L;
    for (long set :
        new long[] {
          idleTimeoutNanos,
          maxLifetimeNanos,
          validateAfterIdleNanos,
          validationIntervalNanos,
          leakThresholdNanos,
          minPerServer > 0 ? connectBackoffNanos : 0
        }) {
      shortest = set == 0 ? shortest : Math.min(shortest, set);
    }
    return Math.max(10_000_000L, shortest / 4);
  }

  /** 0 for off; 292 years are enough for anyone. */
  static long nanos(Duration duration) {
    return duration.compareTo(Duration.ofNanos(Long.MAX_VALUE)) >= 0
        ? Long.MAX_VALUE
        : duration.toNanos();
  }

  /** Collects a policy. Not safe for use by several threads at once. */
  public static final class Builder {

    private int maxPerServer = 10;
    private int minPerServer;
    private int maxTotal = Integer.MAX_VALUE;
    private int maxConnecting = 4;
    private int maxWaiting = Integer.MAX_VALUE;
    private WhenFull whenFull = WhenFull.WAIT;
    private Reuse reuse = Reuse.LIFO;
    private Duration waitTimeout = Duration.ofSeconds(30);
    private Duration idleTimeout = Duration.ofSeconds(60);
    private Duration maxLifetime = Duration.ZERO;
    private double lifetimeJitter = 0.1;
    private Duration validateAfterIdle = Duration.ZERO;
    private Duration validationInterval = Duration.ZERO;
    private Duration connectBackoff = Duration.ofMillis(500);
    private Duration maxConnectBackoff = Duration.ofSeconds(30);
    private Duration leakThreshold = Duration.ZERO;
    private boolean recordUseTimes;

    private Builder() {}

    private Builder(Builder other) {
      maxPerServer = other.maxPerServer;
      minPerServer = other.minPerServer;
      maxTotal = other.maxTotal;
      maxConnecting = other.maxConnecting;
      maxWaiting = other.maxWaiting;
      whenFull = other.whenFull;
      reuse = other.reuse;
      waitTimeout = other.waitTimeout;
      idleTimeout = other.idleTimeout;
      maxLifetime = other.maxLifetime;
      lifetimeJitter = other.lifetimeJitter;
      validateAfterIdle = other.validateAfterIdle;
      validationInterval = other.validationInterval;
      connectBackoff = other.connectBackoff;
      maxConnectBackoff = other.maxConnectBackoff;
      leakThreshold = other.leakThreshold;
      recordUseTimes = other.recordUseTimes;
    }

    /**
     * How many connections one server may have: idle, in use, being made and being closed together.
     *
     * @param maxPerServer 1 or more; 10 by default
     * @throws IllegalArgumentException if it is less
     */
    public Builder maxPerServer(int maxPerServer) {
      this.maxPerServer = atLeast("maxPerServer", maxPerServer, 1);
      return this;
    }

    /**
     * How many connections one server keeps, from its first use or {@link ConnectionPool#warmUp}
     * on: they are made beforehand, not closed for being idle, and replaced when they are lost.
     *
     * @param minPerServer 0 (the default) to the maximum per server
     * @throws IllegalArgumentException if it is less than 0
     */
    public Builder minPerServer(int minPerServer) {
      this.minPerServer = atLeast("minPerServer", minPerServer, 0);
      return this;
    }

    /**
     * How many connections there may be to all servers together; no limit by default.
     *
     * @param maxTotal 1 or more
     * @throws IllegalArgumentException if it is less
     */
    public Builder maxTotal(int maxTotal) {
      this.maxTotal = atLeast("maxTotal", maxTotal, 1);
      return this;
    }

    /**
     * How many connects may be under way to one server at a time.
     *
     * @param maxConnecting 1 or more; 4 by default
     * @throws IllegalArgumentException if it is less
     */
    public Builder maxConnecting(int maxConnecting) {
      this.maxConnecting = atLeast("maxConnecting", maxConnecting, 1);
      return this;
    }

    /**
     * How many may wait for one server for whom there is neither a connection nor room for one; who
     * comes after them gets a {@link PoolFullException}. No limit by default.
     *
     * @param maxWaiting 0 or more
     * @throws IllegalArgumentException if it is less
     */
    public Builder maxWaiting(int maxWaiting) {
      this.maxWaiting = atLeast("maxWaiting", maxWaiting, 0);
      return this;
    }

    /** What happens when all connections that may be are in use; {@code WAIT} by default. */
    public Builder whenFull(WhenFull whenFull) {
      this.whenFull = Objects.requireNonNull(whenFull, "whenFull");
      return this;
    }

    /** Which idle connection is used next; {@code LIFO} by default. */
    public Builder reuse(Reuse reuse) {
      this.reuse = Objects.requireNonNull(reuse, "reuse");
      return this;
    }

    /**
     * How long {@code acquire} without a timeout waits.
     *
     * @param waitTimeout 0 or more; 30 seconds by default
     * @throws IllegalArgumentException if it is less
     */
    public Builder waitTimeout(Duration waitTimeout) {
      this.waitTimeout = notNegative("waitTimeout", waitTimeout);
      return this;
    }

    /**
     * How long a connection may be idle before it is closed, down to the minimum per server.
     *
     * @param idleTimeout more than 0; 60 seconds by default
     * @throws IllegalArgumentException if it is 0 or less
     */
    public Builder idleTimeout(Duration idleTimeout) {
      if (idleTimeout.isNegative() || idleTimeout.isZero()) {
        throw new IllegalArgumentException("idleTimeout: " + idleTimeout + " (expected: > 0)");
      }
      this.idleTimeout = idleTimeout;
      return this;
    }

    /**
     * How long a connection may be used after it was made; then it is closed, if it is in use when
     * it is given back.
     *
     * @param maxLifetime 0, the default, for no limit, or more
     * @throws IllegalArgumentException if it is less
     */
    public Builder maxLifetime(Duration maxLifetime) {
      this.maxLifetime = notNegative("maxLifetime", maxLifetime);
      return this;
    }

    /**
     * By what share of it, at most, a connection's lifetime is shortened by chance, so that those
     * made together do not end together.
     *
     * @param lifetimeJitter 0 to 1; 0.1 by default
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder lifetimeJitter(double lifetimeJitter) {
      if (!(lifetimeJitter >= 0 && lifetimeJitter <= 1)) {
        throw new IllegalArgumentException(
            "lifetimeJitter: " + lifetimeJitter + " (expected: 0 to 1)");
      }
      this.lifetimeJitter = lifetimeJitter;
      return this;
    }

    /**
     * From when on an idle connection is checked with {@link Connector#isAlive} before it is used.
     *
     * @param validateAfterIdle 0, the default, for always, or more
     * @throws IllegalArgumentException if it is less
     */
    public Builder validateAfterIdle(Duration validateAfterIdle) {
      this.validateAfterIdle = notNegative("validateAfterIdle", validateAfterIdle);
      return this;
    }

    /**
     * How often an idle connection is checked with {@link Connector#isAlive} in the background, one
     * after the other for each server; the dead are closed.
     *
     * @param validationInterval 0, the default, for never, or more
     * @throws IllegalArgumentException if it is less
     */
    public Builder validationInterval(Duration validationInterval) {
      this.validationInterval = notNegative("validationInterval", validationInterval);
      return this;
    }

    /**
     * How long the minimum per server is not made up after a connect failed; doubles with every
     * further failure, and a fifth of it is left to chance. Those who wait for a connection are not
     * held up by it.
     *
     * @param first more than 0; 500 ms by default
     * @param most at least as much; 30 seconds by default
     * @throws IllegalArgumentException if they are not so
     */
    public Builder connectBackoff(Duration first, Duration most) {
      if (first.isNegative() || first.isZero()) {
        throw new IllegalArgumentException("connectBackoff: " + first + " (expected: > 0)");
      }
      if (most.compareTo(first) < 0) {
        throw new IllegalArgumentException(
            "connectBackoff: " + most + " (expected: >= " + first + ")");
      }
      this.connectBackoff = first;
      this.maxConnectBackoff = most;
      return this;
    }

    /**
     * How long a connection may be in use before the place that took it is logged, once, as a leak.
     * Costs each use a stack trace, some microseconds: off by default.
     *
     * @param leakThreshold 0, the default, for off, or more
     * @throws IllegalArgumentException if it is less
     */
    public Builder leakThreshold(Duration leakThreshold) {
      this.leakThreshold = notNegative("leakThreshold", leakThreshold);
      return this;
    }

    /**
     * Whether {@link PoolStats} say how long uses took. Costs each use two readings of the clock,
     * more than all the rest: off by default.
     */
    public Builder recordUseTimes(boolean recordUseTimes) {
      this.recordUseTimes = recordUseTimes;
      return this;
    }

    /**
     * The policy.
     *
     * @throws IllegalArgumentException if the minimum per server is above the maximum per server or
     *     in all
     */
    public PoolPolicy build() {
      if (minPerServer > maxPerServer) {
        throw new IllegalArgumentException(
            "minPerServer: " + minPerServer + " (expected: <= maxPerServer, " + maxPerServer + ")");
      }
      if (minPerServer > maxTotal) {
        throw new IllegalArgumentException(
            "minPerServer: " + minPerServer + " (expected: <= maxTotal, " + maxTotal + ")");
      }
      return new PoolPolicy(this);
    }

    private static int atLeast(String name, int value, int least) {
      if (value < least) {
        throw new IllegalArgumentException(name + ": " + value + " (expected: >= " + least + ")");
      }
      return value;
    }

    private static Duration notNegative(String name, Duration value) {
      if (value.isNegative()) {
        throw new IllegalArgumentException(name + ": " + value + " (expected: >= 0)");
      }
      return value;
    }
  }
}
