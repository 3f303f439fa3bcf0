package io.evenkeel.proxy;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.NanoClock;
import io.evenkeel.core.Node;
import io.evenkeel.core.Server;
import io.evenkeel.pool.AsyncConnector;
import io.evenkeel.pool.BalancedPool;
import io.evenkeel.pool.ConnectionPool;
import io.evenkeel.pool.PoolPolicy;
import io.evenkeel.pool.Pooled;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Connections to the servers of a balancer that were made beforehand and that nobody has used:
 * taken one by one, never given back, and made up again. Safe for use by any thread.
 *
 * <p>A {@link ConnectionPool} has them, shared by all loops, and listens to the balancer; loops
 * connect for it. One thread looks after them: there is none before the first is wanted, and none
 * once this is closed.
 *
 * <p>When descriptors run out, relays come first: all that are idle are closed, and those to be
 * made wait until there has been no lack for a while.
 */
final class WarmConnections implements AsyncConnector<WarmConnection> {

  /** A server hangs up on silent clients after 10 s or more, as a rule. */
  private static final Duration LIFETIME = Duration.ofSeconds(30);

  private static final Duration LOOK_EVERY = Duration.ofSeconds(5);
  private static final Duration FIRST_BACKOFF = Duration.ofSeconds(1);
  private static final Duration LONGEST_BACKOFF = Duration.ofSeconds(30);

  /** For how long there must have been descriptors enough. */
  static final Duration QUIET = Duration.ofSeconds(10);

  private static final QuietLog log = new QuietLog(WarmConnections.class);

  private final LoadBalancer balancer;
  private final int perServer;
  private final ConnectionPool<WarmConnection> pool;
  private final ScheduledThreadPoolExecutor scheduler;

  /** The scheduler's only one; null before there is any. */
  private volatile @Nullable Thread thread;

  private final Duration quiet;
  private final AtomicInteger turn = new AtomicInteger();
  private volatile List<Acceptor> acceptors = List.of();
  private volatile @Nullable BalancedPool<WarmConnection> balanced;

  // Guarded by this object's lock.

  private boolean isMakingRoom;

  /** Whether descriptors were short since it was last asked. */
  private boolean wasShort;

  /** To be begun when there is room. */
  private final List<WarmConnect> postponed = new ArrayList<>();

  WarmConnections(LoadBalancer balancer, int perServer, NanoClock clock, Duration quiet) {
    this.balancer = balancer;
    this.perServer = perServer;
    this.quiet = quiet;
    scheduler =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread made = new Thread(task, "evenkeel-warm");
              made.setDaemon(true);
              thread = made;
              return made;
            });
    scheduler.setRemoveOnCancelPolicy(true);
    pool =
        ConnectionPool.builder(this)
            .policy(
                PoolPolicy.builder()
                    .minPerServer(perServer)
                    .maxPerServer(perServer)
                    .maxConnecting(perServer)
                    .maxLifetime(LIFETIME)
                    .validationInterval(LOOK_EVERY)
                    .connectBackoff(FIRST_BACKOFF, LONGEST_BACKOFF)
                    .build())
            .clock(clock)
            .scheduler(scheduler)
            .executor(Runnable::run) // nothing here blocks
            .build();
  }

  /** Makes them from now on, by these loops. */
  void start(List<Acceptor> acceptors) {
    this.acceptors = acceptors;
    balanced = BalancedPool.of(balancer, pool);
  }

  /** One that is alive, as far as is known here; the caller's to close. Null if there is none. */
  @Nullable WarmConnection take(Server server) {
    Pooled<WarmConnection> idle = pool.acquireIdle(server);
    return idle == null ? null : idle.detach();
  }

  // For the pool.

  @Override
  public CompletionStage<WarmConnection> connectAsync(Server server) {
    WarmConnect connect = new WarmConnect(this, nextAcceptor(), server);
    if (!postpone(connect)) {
      connect.beginSoon();
    }
    return connect.made();
  }

  /** This loop's own, for it need not be woken; else the next one's. */
  private Acceptor nextAcceptor() {
    List<Acceptor> all = acceptors;
    for (Acceptor acceptor : all) {
      if (acceptor.loop().isCurrentThread()) {
        return acceptor;
      }
    }
    return all.get(Integer.remainderUnsigned(turn.getAndIncrement(), all.size()));
  }

  @Override
  public boolean isAlive(WarmConnection connection) {
    try {
      return connection.isAlive();
    } catch (IOException e) {
      log.debug("{}: gone", connection, e);
      return false;
    }
  }

  @Override
  public void close(WarmConnection connection) throws IOException {
    connection.close();
  }

  // When descriptors are short.

  /** Has a connect begun again when there is room; false if there is now, or this is closed. */
  synchronized boolean postpone(WarmConnect connect) {
    return isMakingRoom && !scheduler.isShutdown() && postponed.add(connect);
  }

  /** No descriptor is left: what is idle is closed, soon, and none is made for a while. */
  synchronized void makeRoom() {
    wasShort = true;
    if (!isMakingRoom && !scheduler.isShutdown()) {
      scheduler.execute(this::closeIdle); // throws where there is no thread to be had: next time
      lookLater();
      isMakingRoom = true;
      log.info("no descriptors left: warm connections are closed until there are");
    }
  }

  /** The pool wants others in their place at once, and those are postponed. */
  private void closeIdle() {
    for (Node node : balancer.nodes()) {
      for (int i = 0; i < perServer; i++) {
        WarmConnection idle = take(node.server());
        if (idle != null) {
          closeQuietly(idle);
        }
      }
    }
  }

  private static void closeQuietly(WarmConnection connection) {
    try {
      connection.close();
    } catch (IOException e) {
      log.debug("could not close {}", connection, e);
    }
  }

  private void lookLater() {
    Object unused = scheduler.schedule(this::goOnIfQuiet, quiet.toNanos(), TimeUnit.NANOSECONDS);
  }

  private void goOnIfQuiet() {
    List<WarmConnect> all;
    synchronized (this) {
      if (wasShort) {
        wasShort = false;
        lookLater();
        return;
      }
      isMakingRoom = false;
      all = List.copyOf(postponed);
      postponed.clear();
    }
    all.forEach(WarmConnect::beginSoon);
  }

  // Ending.

  /** Closes those that are idle; those that are being made will be closed. Idempotent. */
  void close() {
    BalancedPool<WarmConnection> listening = balanced;
    if (listening != null) {
      listening.close();
    }
    pool.close();
    synchronized (this) {
      scheduler.shutdownNow();
      postponed.clear();
    }
  }

  /** Whether it was closed, and its thread is gone or about to be. */
  boolean hasEnded() {
    return scheduler.isTerminated();
  }

  /** Waits until its thread is gone; true if it was interrupted meanwhile. */
  boolean awaitEnd() {
    boolean interrupted = false;
    while (true) {
      try {
        if (scheduler.awaitTermination(1, TimeUnit.DAYS)) {
          Thread last = thread;
          if (last != null) {
            last.join(); // it has said that it ends
          }
          return interrupted;
        }
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
  }

  /** For tests. */
  ConnectionPool<WarmConnection> pool() {
    return pool;
  }

  /** For tests. */
  synchronized int postponedCount() {
    return postponed.size();
  }
}
