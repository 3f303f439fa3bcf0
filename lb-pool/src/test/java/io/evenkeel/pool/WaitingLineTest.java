package io.evenkeel.pool;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.Server;
import io.evenkeel.core.Threads;
import io.evenkeel.pool.CheckedConnector.Connection;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Those who wait are served in order; whoever gives up leaves no trace and takes nothing along. */
class WaitingLineTest {

  private static final Server SERVER = Server.of("10.0.0.1", 80).withId("s0");
  private static final Duration LONG = Duration.ofMinutes(1);

  private final AtomicInteger refusals = new AtomicInteger();
  private final CheckedConnector connector =
      new CheckedConnector(1) {
        @Override
        void beforeConnect(Server server) throws Exception {
          if (refusals.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
            throw new IOException("refused");
          }
        }
      };
  private final ConnectionPool<Connection> pool =
      ConnectionPool.builder(connector).maxPerServer(1).build();

  /** What became of each waiter, in the order in which it became so. */
  private final List<String> outcomes = Collections.synchronizedList(new ArrayList<>());

  private final List<Thread> waiters = new ArrayList<>();

  @AfterEach
  void everyConnection_isClosedOnce() {
    pool.close(LONG);
    connector.assertClean();
  }

  @Test
  void manyWaiters_areServedInTheOrderInWhichTheyCame() throws Exception {
    Pooled<Connection> held = pool.acquire(SERVER, LONG);
    for (int i = 0; i < 12; i++) {
      startWaiter(i, LONG);
    }
    held.close();
    joinWaiters();
    assertThat(outcomes)
        .containsExactly(
            "0 served",
            "1 served",
            "2 served",
            "3 served",
            "4 served",
            "5 served",
            "6 served",
            "7 served",
            "8 served",
            "9 served",
            "10 served",
            "11 served");
    assertThat(connector.made()).isEqualTo(1);
  }

  @Test
  void invalidated_theFirstWaiterConnectsAnew() throws Exception {
    Pooled<Connection> held = pool.acquire(SERVER, LONG);
    startWaiter(0, LONG);
    startWaiter(1, LONG);
    held.invalidate(new IOException("reset"));
    joinWaiters();
    assertThat(outcomes).containsExactly("0 served", "1 served");
    assertThat(connector.made()).isEqualTo(2);
  }

  @Test
  void failedConnect_passesTheCapacityOnDownTheLine() throws Exception {
    Pooled<Connection> held = pool.acquire(SERVER, LONG);
    for (int i = 0; i < 4; i++) {
      startWaiter(i, LONG);
    }
    refusals.set(2);
    held.invalidate(new IOException("reset"));
    joinWaiters();
    assertThat(outcomes).containsExactlyInAnyOrder("0 failed", "1 failed", "2 served", "3 served");
    assertThat(outcomes).containsSubsequence("2 served", "3 served");
    assertThat(Counts.of(pool, "s0")).isEqualTo(new Counts(1, 1, 0));
  }

  @Test
  void deadWhenHandedOver_theWaiterGetsANewOne() throws Exception {
    Pooled<Connection> held = pool.acquire(SERVER, LONG);
    held.connection().dead = true;
    startWaiter(0, LONG);
    held.close();
    joinWaiters();
    assertThat(outcomes).containsExactly("0 served");
    assertThat(connector.made()).isEqualTo(2);
  }

  @Test
  void timedOut_leavesTheLine_andTheNextIsServed() throws Exception {
    Pooled<Connection> held = pool.acquire(SERVER, LONG);
    startWaiter(0, Duration.ofMillis(20), false);
    waiters.get(0).join();
    assertThat(Counts.of(pool, "s0")).isEqualTo(new Counts(1, 0, 0));
    startWaiter(1, LONG);
    held.close();
    joinWaiters();
    assertThat(outcomes).containsExactly("0 timed out", "1 served");
  }

  @Test
  void interrupted_leavesTheLine_andTheOthersKeepTheirOrder() throws Exception {
    Pooled<Connection> held = pool.acquire(SERVER, LONG);
    for (int i = 0; i < 5; i++) {
      startWaiter(i, LONG);
    }
    for (int i : new int[] {0, 2}) {
      waiters.get(i).interrupt();
      waiters.get(i).join();
    }
    assertThat(Counts.of(pool, "s0")).isEqualTo(new Counts(1, 0, 3));
    held.close();
    joinWaiters();
    assertThat(outcomes)
        .containsExactly("0 interrupted", "2 interrupted", "1 served", "3 served", "4 served");
  }

  /** The grant and the interrupt race, thousands of times: one of the two must win, fully. */
  @Test
  void interruptedAsItIsGranted_theNextInLineGetsIt() throws Exception {
    long seed = Threads.seed();
    Random random = new Random(seed);
    for (int round = 0; round < 1_000; round++) {
      outcomes.clear();
      waiters.clear();
      Pooled<Connection> held = pool.acquire(SERVER, LONG);
      startWaiter(0, LONG);
      startWaiter(1, LONG);
      boolean invalidate = random.nextBoolean();
      Threads.run(
          2,
          index -> {
            if (index == 0) {
              waiters.get(0).interrupt();
            } else if (invalidate) {
              held.invalidate(new IOException("reset"));
            } else {
              held.close();
            }
          });
      joinWaiters();
      assertThat(outcomes).as("seed %d", seed).hasSize(2).contains("1 served");
      assertThat(Counts.of(pool, "s0")).as("seed %d", seed).isEqualTo(idleOnly());
    }
  }

  /** As above, with the time limit in the place of the interrupt. */
  @Test
  void timedOutAsItIsGranted_nothingIsLost() throws Exception {
    for (int round = 0; round < 500; round++) {
      outcomes.clear();
      waiters.clear();
      Pooled<Connection> held = pool.acquire(SERVER, LONG);
      startWaiter(0, Duration.ofNanos(100_000), false);
      startWaiter(1, LONG, false);
      Threads.await(() -> Counts.of(pool, "s0").waiting() > 0);
      held.close();
      joinWaiters();
      assertThat(outcomes).hasSize(2).contains("1 served");
      assertThat(Counts.of(pool, "s0")).isEqualTo(idleOnly());
    }
  }

  @Test
  void closedPool_wakesEveryWaiterWithAnError() throws Exception {
    Pooled<Connection> held = pool.acquire(SERVER, LONG);
    for (int i = 0; i < 5; i++) {
      startWaiter(i, LONG);
    }
    pool.close();
    joinWaiters();
    assertThat(outcomes)
        .containsExactlyInAnyOrder("0 closed", "1 closed", "2 closed", "3 closed", "4 closed");
    held.close();
    assertThat(connector.open()).isZero();
  }

  private static Counts idleOnly() {
    return new Counts(1, 1, 0);
  }

  private void startWaiter(int index, Duration timeout) {
    startWaiter(index, timeout, true);
  }

  private void startWaiter(int index, Duration timeout, boolean awaitInLine) {
    int before = Counts.of(pool, "s0").waiting();
    Thread thread = new Thread(() -> outcome(index, timeout), "waiter-" + index);
    waiters.add(thread);
    thread.start();
    if (awaitInLine) {
      Threads.await(() -> Counts.of(pool, "s0").waiting() == before + 1);
    }
  }

  private void outcome(int index, Duration timeout) {
    try (Pooled<Connection> pooled = pool.acquire(SERVER, timeout)) {
      pooled.connection().use();
      outcomes.add(index + " served");
      pooled.connection().unuse();
    } catch (PoolTimeoutException e) {
      outcomes.add(index + " timed out");
    } catch (ConnectFailedException e) {
      outcomes.add(index + " failed");
    } catch (PoolClosedException e) {
      outcomes.add(index + " closed");
    } catch (InterruptedException e) {
      outcomes.add(index + " interrupted");
    }
  }

  private void joinWaiters() throws InterruptedException {
    for (Thread waiter : waiters) {
      waiter.join();
    }
  }
}
