package io.evenkeel.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.Server;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** A connector that throws, lies or blocks does the pool no harm. */
class ConnectorMisbehaviourTest {

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
    ConnectionPool<Object> pool = ConnectionPool.builder(new Forgetful()).maxPerServer(1).build();
    for (int i = 0; i < 3; i++) {
      assertThatThrownBy(() -> pool.acquire(SERVER, Duration.ZERO))
          .isInstanceOf(ConnectFailedException.class)
          .hasMessageContaining(Forgetful.class.getName() + " returned null");
    }
    assertThat(pool.serverCount()).isZero();
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
    assertThatThrownBy(() -> pool.acquire(SERVER, Duration.ZERO)).isSameAs(error);
    pool.acquire(SERVER, Duration.ZERO).close();
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
    Pooled<Object> pooled = pool.acquire(SERVER, Duration.ZERO);
    Object first = pooled.connection();
    pooled.close();
    assertThat(pool.acquire(SERVER, Duration.ZERO).connection()).isNotSameAs(first);
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
      pool.acquire(SERVER, Duration.ZERO).invalidate(new IOException("reset"));
    }
    pool.acquire(SERVER, Duration.ZERO).close();
    pool.close();
    assertThat(pool.serverCount()).isZero();
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
      pool.acquire(SERVER, Duration.ZERO).invalidate(new IOException("reset"));
    }
    assertThat(pool.serverCount()).isZero();
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
    pool.acquire(SERVER, Duration.ZERO).invalidate(new IOException("reset"));
    assertThat(Thread.interrupted()).isTrue();
  }

  /** A connect, a check and a close that block must hold up nobody but their own caller. */
  @Test
  void connectorThatBlocks_blocksNobodyElse() throws Exception {
    CountDownLatch connecting = new CountDownLatch(1);
    CountDownLatch othersAreThrough = new CountDownLatch(1);
    ConnectionPool<Object> pool =
        ConnectionPool.builder(
                new Plain() {
                  @Override
                  public Object connect(Server server) throws Exception {
                    if (Thread.currentThread().getName().equals("slow")) {
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
              try (Pooled<Object> pooled = pool.acquire(SERVER, Duration.ZERO)) {
                assertThat(pooled.connection()).isNotNull();
              } catch (InterruptedException e) {
                throw new AssertionError(e);
              }
            },
            "slow");
    slow.start();
    connecting.await();
    pool.acquire(SERVER, Duration.ZERO).close();
    pool.acquire(SERVER, Duration.ZERO).invalidate(new IOException("reset"));
    assertThat(pool.counts("s0")).isEqualTo(new ServerConnections.Counts(1, 0, 0));
    othersAreThrough.countDown();
    slow.join();
    assertThat(pool.counts("s0")).isEqualTo(new ServerConnections.Counts(1, 1, 0));
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
            .build();
    assertThatThrownBy(() -> pool[0].acquire(SERVER, Duration.ZERO))
        .isInstanceOf(PoolClosedException.class);
    assertThat(closings).hasValue(1);
    assertThat(pool[0].serverCount()).isZero();
  }
}
