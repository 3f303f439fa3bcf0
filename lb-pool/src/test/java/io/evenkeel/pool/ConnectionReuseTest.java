package io.evenkeel.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.Server;
import io.evenkeel.core.VirtualTime;
import io.evenkeel.pool.CheckedConnector.Connection;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What one thread sees of the pool: reuse, replacement, limits, ends. */
class ConnectionReuseTest {

  private static final Server SERVER = Server.of("10.0.0.1", 80).withId("s0");
  private static final Server OTHER = Server.of("10.0.0.2", 80).withId("s1");
  private static final Duration NOW = Duration.ZERO;

  private final VirtualTime time = new VirtualTime();
  private Exception refusal;
  private final CheckedConnector connector =
      new CheckedConnector(3) {
        @Override
        void beforeConnect(Server server) throws Exception {
          if (refusal != null) {
            throw refusal;
          }
        }
      };
  private final ConnectionPool<Connection> pool =
      ConnectionPool.builder(connector)
          .maxPerServer(3)
          .idleTimeout(Duration.ofSeconds(60))
          .clock(time)
          .scheduler(time)
          .executor(Runnable::run)
          .build();

  @AfterEach
  void everyConnection_isClosedOnce() {
    pool.close();
    connector.assertClean();
  }

  @Test
  void givenBack_isUsedAgain_theLatestFirst() throws Exception {
    Pooled<Connection> a = pool.acquire(SERVER, NOW);
    Pooled<Connection> b = pool.acquire(SERVER, NOW);
    Connection first = a.connection();
    Connection second = b.connection();
    a.close();
    b.close();
    assertThat(counts()).isEqualTo(new Counts(2, 2, 0));
    Pooled<Connection> again = pool.acquire(SERVER, NOW);
    Pooled<Connection> further = pool.acquire(SERVER, NOW);
    assertThat(again.connection()).isSameAs(second);
    assertThat(further.connection()).isSameAs(first);
    assertThat(connector.made()).isEqualTo(2);
    again.close();
    further.close();
  }

  @Test
  void servers_haveConnectionsAndMaximaOfTheirOwn() throws Exception {
    List<Pooled<Connection>> held = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      held.add(pool.acquire(SERVER, NOW));
      held.add(pool.acquire(OTHER, NOW));
    }
    assertThatThrownBy(() -> pool.acquire(SERVER, NOW))
        .isInstanceOf(PoolTimeoutException.class)
        .hasMessage(
            "server 's0': no connection within PT0S (3 open, 0 of them being made; 0 others wait)");
    assertThat(held).extracting(pooled -> pooled.connection().serverId).contains("s0", "s1");
    held.forEach(Pooled::close);
  }

  @Test
  void atTheMaximum_onceOneIsGivenBack_thereIsOneAgain() throws Exception {
    Pooled<Connection> a = pool.acquire(SERVER, NOW);
    Pooled<Connection> b = pool.acquire(SERVER, NOW);
    Pooled<Connection> c = pool.acquire(SERVER, NOW);
    assertThatThrownBy(() -> pool.acquire(SERVER, Duration.ofMillis(1)))
        .isInstanceOf(PoolTimeoutException.class);
    assertThat(counts()).isEqualTo(new Counts(3, 0, 0));
    b.close();
    pool.acquire(SERVER, NOW).close();
    a.invalidate(new IOException("reset"));
    pool.acquire(SERVER, NOW).close();
    c.close();
  }

  /** Looked at every 5 s, so first seen idle up to 5 s late. */
  @Test
  void idleForTheTimeout_isClosed_notBefore_andAtMostOneLookLate() throws Exception {
    Pooled<Connection> pooled = pool.acquire(SERVER, NOW);
    Connection old = pooled.connection();
    time.advance(Duration.ofSeconds(7));
    pooled.close();
    time.advance(Duration.ofSeconds(60).minusNanos(1));
    assertThat(old.closings).hasValue(0);
    time.advance(Duration.ofSeconds(5).plusNanos(1));
    assertThat(old.closings).hasValue(1);
    assertThat(closedFor(CloseReason.IDLE_TIMEOUT)).isEqualTo(1);
    Pooled<Connection> fresh = pool.acquire(SERVER, NOW);
    assertThat(fresh.connection()).isNotSameAs(old);
    fresh.close();
  }

  @Test
  void usedNowAndThen_neverTimesOut_theOthersDo() throws Exception {
    fillWithIdle(3);
    for (int i = 0; i < 30; i++) {
      time.advance(Duration.ofSeconds(4));
      pool.acquire(SERVER, NOW).close();
    }
    assertThat(counts()).isEqualTo(new Counts(1, 1, 0));
    assertThat(connector.made()).isEqualTo(3);
  }

  /** A new connection in the place of one that was idle for long has a time of its own. */
  @Test
  void replaced_beginsItsIdleTimeAnew() throws Exception {
    fillWithIdle(1);
    time.advance(Duration.ofSeconds(58));
    connector.all.forEach(connection -> connection.dead = true);
    Pooled<Connection> fresh = pool.acquire(SERVER, NOW);
    fresh.close();
    time.advance(Duration.ofSeconds(30));
    assertThat(counts()).isEqualTo(new Counts(1, 1, 0));
  }

  @Test
  void deadWhenTakenAgain_isReplacedWithoutAWord() throws Exception {
    fillWithIdle(3);
    connector.all.forEach(connection -> connection.dead = true);
    Pooled<Connection> pooled = pool.acquire(SERVER, NOW);
    assertThat(pooled.connection().number).isEqualTo(3);
    assertThat(pooled.connection().dead).isFalse();
    assertThat(connector.open()).isEqualTo(1); // the others were found to be dead, too
    assertThat(closedFor(CloseReason.DEAD)).isEqualTo(3);
    pooled.close();
  }

  @Test
  void failedConnect_isTheCause_andCostsNoCapacity() throws Exception {
    refusal = new IOException("refused");
    for (int i = 0; i < 10; i++) {
      assertThatThrownBy(() -> pool.acquire(SERVER, NOW))
          .isInstanceOf(ConnectFailedException.class)
          .hasMessage("server 's0': connect failed: java.io.IOException: refused")
          .hasCause(refusal)
          .extracting(e -> ((PoolException) e).serverId())
          .isEqualTo("s0");
    }
    assertThat(counts()).isEqualTo(new Counts(0, 0, 0));
    refusal = null;
    fillWithIdle(3);
  }

  @Test
  void interruptedConnect_hasFailed_andTheInterruptIsKept() {
    refusal = new InterruptedException("stop");
    assertThatThrownBy(() -> pool.acquire(SERVER, NOW))
        .isInstanceOf(ConnectFailedException.class)
        .hasCause(refusal);
    assertThat(Thread.interrupted()).isTrue();
  }

  @Test
  void deadAndThenRefused_costsNoCapacityEither() throws Exception {
    fillWithIdle(1);
    connector.all.forEach(connection -> connection.dead = true);
    refusal = new IOException("refused");
    assertThatThrownBy(() -> pool.acquire(SERVER, NOW)).isInstanceOf(ConnectFailedException.class);
    refusal = null;
    fillWithIdle(3);
  }

  @Test
  void serverWithoutConnections_isForgotten() throws Exception {
    for (int i = 0; i < 100; i++) {
      pool.acquire(SERVER.withId("pod-" + i), NOW).invalidate(new IOException("gone"));
    }
    assertThat(pool.stats().servers()).hasSize(100);
    time.advance(Duration.ofSeconds(66));
    assertThat(pool.stats().servers()).isEmpty();
    assertThat(time.pending()).isZero(); // nor does anyone look any more
  }

  @Test
  void use_endsOnce_whateverComesAfter() throws Exception {
    Pooled<Connection> closed = pool.acquire(SERVER, NOW);
    closed.close();
    Pooled<Connection> successor = pool.acquire(SERVER, NOW);
    closed.close();
    closed.invalidate(new IOException("late"));
    assertThat(counts()).isEqualTo(new Counts(1, 0, 0));
    assertThat(successor.connection().closings).hasValue(0);
    assertThatIllegalStateException()
        .isThrownBy(closed::connection)
        .withMessage("this use of a connection to 's0' has ended");

    successor.invalidate(new IOException("reset"));
    successor.close();
    assertThat(counts()).isEqualTo(new Counts(0, 0, 0));
    assertThat(successor).hasToString("Pooled connection to 's0', ended");
    assertThatNullPointerException().isThrownBy(() -> successor.invalidate(null));
  }

  @Test
  void closedPool_closesTheIdleAtOnce_theBorrowedWhenGivenBack_andRefuses() throws Exception {
    Pooled<Connection> a = pool.acquire(SERVER, NOW);
    Pooled<Connection> b = pool.acquire(SERVER, NOW);
    Connection borrowed = b.connection();
    a.close();
    pool.close();
    pool.close();
    assertThat(connector.open()).isEqualTo(1);
    assertThat(borrowed.closings).hasValue(0);
    assertThat(b.connection()).isSameAs(borrowed);
    b.close();
    assertThat(connector.open()).isZero();
    assertThat(pool.stats().servers()).isEmpty();
    assertThatThrownBy(() -> pool.acquire(SERVER, NOW))
        .isInstanceOf(PoolClosedException.class)
        .hasMessage("server 's0': the pool is closed");
    assertThat(pool.stats().servers()).isEmpty();
  }

  /** The clock is read between the look at the pool's flag and the look under the lock. */
  @Test
  void closedWhileAcquiring_leavesNoTraceOfTheServer() {
    ConnectionPool<?>[] closing = new ConnectionPool<?>[1];
    closing[0] =
        ConnectionPool.builder(connector)
            .clock(
                () -> {
                  closing[0].close();
                  return time.nanoTime();
                })
            .scheduler(time)
            .executor(Runnable::run)
            .build();
    assertThatThrownBy(() -> closing[0].acquire(SERVER, NOW))
        .isInstanceOf(PoolClosedException.class);
    assertThat(closing[0].stats().servers()).isEmpty();
  }

  @Test
  void badArguments_areNamedWithTheirRange() {
    ConnectionPool.Builder<Connection> builder = ConnectionPool.builder(connector);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.maxPerServer(0))
        .withMessage("maxPerServer: 0 (expected: >= 1)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.idleTimeout(Duration.ZERO))
        .withMessage("idleTimeout: PT0S (expected: > 0)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> pool.acquire(SERVER, Duration.ofMillis(-1)))
        .withMessage("timeout: PT-0.001S (expected: >= 0)");
    assertThatNullPointerException().isThrownBy(() -> ConnectionPool.builder(null));
    assertThatNullPointerException().isThrownBy(() -> pool.acquire(null, NOW));
  }

  @Test
  void longestDurations_areNoTrouble() throws Exception {
    Duration ages = Duration.ofSeconds(Long.MAX_VALUE);
    try (ConnectionPool<Connection> patient =
        ConnectionPool.builder(connector).idleTimeout(ages).clock(time).scheduler(time).build()) {
      patient.acquire(SERVER, ages).close();
      time.advance(Duration.ofDays(1));
      patient.acquire(SERVER, ages).close();
      assertThat(connector.made()).isEqualTo(1);
    }
  }

  private void fillWithIdle(int count) throws InterruptedException {
    List<Pooled<Connection>> held = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      held.add(pool.acquire(SERVER, NOW));
    }
    held.forEach(Pooled::close);
    assertThat(counts()).isEqualTo(new Counts(count, count, 0));
  }

  private long closedFor(CloseReason reason) {
    return pool.stats().of("s0").closed().get(reason);
  }

  private Counts counts() {
    return Counts.of(pool, "s0");
  }
}
