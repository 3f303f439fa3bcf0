package io.evenkeel.pool;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.Server;
import io.evenkeel.core.Threads;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Makes connections to nowhere and keeps books on every one: who uses it, how often it was closed,
 * how many there were at once. Breaches are collected, for {@link #assertClean}.
 */
class CheckedConnector implements Connector<CheckedConnector.Connection> {

  final class Connection {
    final int number;
    final String serverId;
    final AtomicInteger closings = new AtomicInteger();
    final AtomicReference<Thread> user = new AtomicReference<>();
    volatile boolean dead;

    /** How many places in the maximum there are for all those that share this. */
    final AtomicInteger places;

    Connection(int number, String serverId, AtomicInteger places) {
      this.number = number;
      this.serverId = serverId;
      this.places = places;
    }

    /** The user has it to itself, and it is open and was not known to be dead. */
    void use() {
      check(user.compareAndSet(null, Thread.currentThread()), this + " has two users");
      check(closings.get() == 0 || mayForce, this + " was handed out closed");
    }

    /** The user is about to give it back or throw it away. */
    void unuse() {
      check(closings.get() == 0 || mayForce, this + " was closed while in use");
      check(user.compareAndSet(Thread.currentThread(), null), this + " changed its user");
    }

    @Override
    public String toString() {
      return "connection " + number + " to " + serverId;
    }
  }

  private final int maxPerServer;
  private final AtomicInteger made = new AtomicInteger();
  private final Map<String, AtomicInteger> existing = new ConcurrentHashMap<>();
  private final AtomicInteger total = new AtomicInteger();

  /** How many there were at once, to all servers. */
  final AtomicInteger most = new AtomicInteger();

  final Queue<Connection> all = new ConcurrentLinkedQueue<>();
  private final Queue<String> breaches = new ConcurrentLinkedQueue<>();

  /** Whether the pool is going to be closed by force, under the hands of users. */
  volatile boolean mayForce;

  final AtomicInteger closedInUse = new AtomicInteger();

  CheckedConnector(int maxPerServer) {
    this.maxPerServer = maxPerServer;
  }

  @Override
  public Connection connect(Server server) throws Exception {
    begun(server);
    try {
      beforeConnect(server);
      return made(server);
    } catch (Throwable e) {
      failed(server);
      throw e;
    }
  }

  /** Counted from before the attempt: those under way are part of the maximum. */
  final void begun(Server server) {
    AtomicInteger here = existing.computeIfAbsent(server.id(), id -> new AtomicInteger());
    check(here.incrementAndGet() <= maxPerServer, "more than the maximum for " + server);
    most.accumulateAndGet(total.incrementAndGet(), Math::max);
  }

  final Connection made(Server server) {
    return made(server, new AtomicInteger(1));
  }

  /** One of several for one connect, or one for none. */
  final Connection made(Server server, AtomicInteger places) {
    Connection connection = new Connection(made.getAndIncrement(), server.id(), places);
    all.add(connection);
    return connection;
  }

  final void failed(Server server) {
    total.decrementAndGet();
    existing.get(server.id()).decrementAndGet();
  }

  /** What a test wants to happen before a connection is made; may throw or block. */
  void beforeConnect(Server server) throws Exception {}

  @Override
  public boolean isAlive(Connection connection) {
    check(
        connection.closings.get() == 0 || mayForce,
        connection + " was checked after it was closed");
    check(connection.user.get() == null, connection + " was checked while in use");
    return !connection.dead;
  }

  @Override
  public void close(Connection connection) {
    check(connection.closings.incrementAndGet() == 1, connection + " was closed twice");
    if (connection.user.get() != null) {
      closedInUse.incrementAndGet();
      check(mayForce, connection + " was closed while in use");
    }
    if (connection.places.getAndDecrement() > 0) {
      total.decrementAndGet();
      existing.get(connection.serverId).decrementAndGet();
    }
  }

  /** The user is about to take it out of the pool, which is not to touch it any more. */
  void letGo(Connection connection) {
    close(connection);
  }

  int made() {
    return made.get();
  }

  long open() {
    return all.stream().filter(connection -> connection.closings.get() == 0).count();
  }

  final void check(boolean holds, String breach) {
    if (!holds) {
      breaches.add(breach);
    }
  }

  void assertNoBreach() {
    assertThat(breaches).isEmpty();
  }

  /**
   * Every connection ever made was closed exactly once, and no rule was broken on the way. A pool's
   * {@code close()} does not wait for its executor, so this does.
   */
  void assertClean() {
    Threads.await(
        () -> open() == 0 && existing.values().stream().allMatch(count -> count.get() == 0));
    assertNoBreach();
    assertThat(all).allSatisfy(connection -> assertThat(connection.closings).hasValue(1));
    assertThat(existing.values()).allSatisfy(count -> assertThat(count).hasValue(0));
  }
}
