package io.evenkeel.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.Server;
import io.evenkeel.core.Threads;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** A connector that throws, lies or blocks does the pool no harm. */
class ConnectorMisbehaviourTest {

  private static final Duration LONG = Duration.ofMinutes(1);
  private static final Server SERVER = Server.of("10.0.0.1", 80).withId("s0");

  /** Does nothing wrong until a test overrides something. */
  private static class Plain implements Connector<Object> {
    @Override
    public Object connect(Server server) throws Exception {
      return new Object();
    }

    @Override
    public void close(Object connection) throws Exception {}
  }

  @Test
  void connectReturnsNull_isAnErrorThatNamesTheConnector() {
    class Forgetful extends Plain {
      @Override
      public Object connect(Server server) {
        return null;
      }
    }
    ConnectionPool<Object> pool =
        ConnectionPool.builder(new Forgetful()).executor(Runnable::run).maxPerServer(1).build();
    for (int i = 0; i < 3; i++) {
      assertThatThrownBy(() -> pool.acquire(SERVER, LONG))
          .isInstanceOf(ConnectFailedException.class)
          .hasMessageContaining(Forgetful.class.getName() + " returned null");
    }
  }

  @Test
  void connectThrowsAnError_reachesTheCaller_andCostsNoCapacity() throws Exception {
    Error error = new StackOverflowError("deep");
    AtomicInteger calls = new AtomicInteger();
    ConnectionPool<Object> pool =
        ConnectionPool.builder(
                new Plain() {
                  @Override
                  public Object connect(Server server) throws Exception {
                    if (calls.getAndIncrement() == 0) {
                      throw error;
                    }
                    return super.connect(server);
                  }
                })
            .maxPerServer(1)
            .build();
    assertThatThrownBy(() -> pool.acquire(SERVER, LONG))
        .isInstanceOf(ConnectFailedException.class)
        .hasCause(error);
    pool.acquire(SERVER, LONG).close();
  }

  @Test
  void isAliveThrows_countsAsDead() throws Exception {
    ConnectionPool<Object> pool =
        ConnectionPool.builder(
                new Plain() {
                  @Override
                  public boolean isAlive(Object connection) {
                    throw new AssertionError("cannot tell");
                  }
                })
            .maxPerServer(1)
            .build();
    Pooled<Object> pooled = pool.acquire(SERVER, LONG);
    Object first = pooled.connection();
    pooled.close();
    assertThat(pool.acquire(SERVER, LONG).connection()).isNotSameAs(first);
  }

  @Test
  void closeThrows_capacityComesBackAllTheSame() throws Exception {
    ConnectionPool<Object> pool =
        ConnectionPool.builder(
                new Plain() {
                  @Override
                  public void close(Object connection) throws Exception {
                    throw new IOException("not closed");
                  }
                })
            .maxPerServer(1)
            .build();
    for (int i = 0; i < 3; i++) {
      pool.acquire(SERVER, LONG).invalidate(new IOException("reset"));
    }
    pool.acquire(SERVER, LONG).close();
    pool.close();
  }

  /** Logging it throws as well. */
  @Test
  void closeThrowsWhatCannotBePrinted_capacityComesBackAllTheSame() throws Exception {
    class Unprintable extends IOException {
      private static final long serialVersionUID = 1L;

      @Override
      public String getMessage() {
        throw new IllegalStateException("no message either");
      }
    }
    ConnectionPool<Object> pool =
        ConnectionPool.builder(
                new Plain() {
                  @Override
                  public void close(Object connection) throws Exception {
                    throw new Unprintable();
                  }
                })
            .maxPerServer(1)
            .build();
    for (int i = 0; i < 3; i++) {
      pool.acquire(SERVER, LONG).invalidate(new IOException("reset"));
    }
  }

  @Test
  void closeInterrupted_isKeptForTheCaller() throws Exception {
    ConnectionPool<Object> pool =
        ConnectionPool.builder(
                new Plain() {
                  @Override
                  public void close(Object connection) throws Exception {
                    throw new InterruptedException();
                  }
                })
            .build();
    pool.acquire(SERVER, LONG).invalidate(new IOException("reset"));
    assertThat(Thread.interrupted()).isTrue();
  }

  /** A connect, a check and a close that block must hold up nobody but their own caller. */
  @Test
  void connectorThatBlocks_blocksNobodyElse() throws Exception {
    CountDownLatch connecting = new CountDownLatch(1);
    AtomicBoolean first = new AtomicBoolean(true);
    CountDownLatch othersAreThrough = new CountDownLatch(1);
    ConnectionPool<Object> pool =
        ConnectionPool.builder(
                new Plain() {
                  @Override
                  public Object connect(Server server) throws Exception {
                    if (first.compareAndSet(true, false)) {
                      connecting.countDown();
                      othersAreThrough.await();
                    }
                    return super.connect(server);
                  }
                })
            .maxPerServer(2)
            .build();
    Thread slow =
        new Thread(
            () -> {
              try (Pooled<Object> pooled = pool.acquire(SERVER, LONG)) {
                assertThat(pooled.connection()).isNotNull();
              } catch (InterruptedException e) {
                throw new AssertionError(e);
              }
            },
            "slow");
    slow.start();
    connecting.await();
    pool.acquire(SERVER, LONG).close();
    pool.acquire(SERVER, LONG).invalidate(new IOException("reset"));
    assertThat(Counts.of(pool, "s0")).isEqualTo(new Counts(1, 0, 0));
    othersAreThrough.countDown();
    slow.join();
    Threads.await(() -> Counts.of(pool, "s0").idle() == 1);
  }

  @Test
  void poolClosedWhileConnecting_theNewConnectionIsClosedToo() throws Exception {
    AtomicInteger closings = new AtomicInteger();
    ConnectionPool<?>[] pool = new ConnectionPool<?>[1];
    pool[0] =
        ConnectionPool.builder(
                new Plain() {
                  @Override
                  public Object connect(Server server) throws Exception {
                    pool[0].close();
                    return super.connect(server);
                  }

                  @Override
                  public void close(Object connection) {
                    closings.incrementAndGet();
                  }
                })
            .executor(Runnable::run)
            .build();
    assertThatThrownBy(() -> pool[0].acquire(SERVER, LONG)).isInstanceOf(PoolClosedException.class);
    assertThat(closings).hasValue(1);
    assertThat(pool[0].stats().servers()).isEmpty();
  }
}
