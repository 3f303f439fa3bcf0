package io.evenkeel.pool;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.Server;
import io.evenkeel.core.VirtualTime;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Futures in the line, over a connector that does not block. */
@Timeout(120)
class AsyncWaitingTest {

  private static final Server SERVER = Server.of("10.0.0.1", 80).withId("s0");

  private final VirtualTime time = new VirtualTime();
  private final Deque<CompletableFuture<String>> connects = new ArrayDeque<>();
  private final List<String> closed = new ArrayList<>();
  private Runnable whileChecking = () -> {};
  private final AtomicInteger dead = new AtomicInteger();
  private final ConnectionPool<String> pool =
      ConnectionPool.builder(
              new AsyncConnector<String>() {
                @Override
                public CompletionStage<String> connectAsync(Server server) {
                  CompletableFuture<String> connect = new CompletableFuture<>();
                  connects.add(connect);
                  return connect;
                }

                @Override
                public boolean isAlive(String connection) {
                  whileChecking.run();
                  return dead.getAndUpdate(n -> Math.max(0, n - 1)) == 0;
                }

                @Override
                public void close(String connection) {
                  closed.add(connection);
                }
              })
          .maxPerServer(1)
          .clock(time)
          .scheduler(time)
          .executor(Runnable::run)
          .build();

  @Test
  void servedInOrder_byConnectAndByReturn() {
    List<CompletableFuture<Pooled<String>>> line = line(3);
    connects.remove().complete("a");
    assertThat(line.get(0).join().connection()).isEqualTo("a");
    assertThat(line.get(1)).isNotDone();
    line.get(0).join().close();
    assertThat(line.get(1).join().connection()).isEqualTo("a");
    assertThat(line.get(2)).isNotDone();
    line.get(1).join().close();
    assertThat(line.get(2)).isDone();
    assertThat(time.pending()).isEqualTo(1); // the housekeeper's: those of the futures are gone
  }

  @Test
  void timedOutAndCancelled_leaveTheLine() {
    CompletableFuture<Pooled<String>> hasty = pool.acquireAsync(SERVER, Duration.ofMillis(10));
    List<CompletableFuture<Pooled<String>>> line = line(2);
    time.advance(Duration.ofMillis(10));
    assertThat(hasty)
        .failsWithin(Duration.ZERO)
        .withThrowableThat()
        .havingCause()
        .isInstanceOf(PoolTimeoutException.class);
    line.get(0).cancel(false);
    assertThat(Counts.of(pool, "s0").waiting()).isEqualTo(1);
    connects.remove().complete("a");
    assertThat(line.get(1).join().connection()).isEqualTo("a");
  }

  @Test
  void connectFails_theFirstForWhomNoOtherIsUnderWayHearsOfIt() {
    List<CompletableFuture<Pooled<String>>> line = line(2);
    IOException refused = new IOException("refused");
    connects.remove().completeExceptionally(refused);
    assertThat(line.get(0))
        .failsWithin(Duration.ZERO)
        .withThrowableThat()
        .havingCause()
        .isInstanceOf(ConnectFailedException.class)
        .withCause(refused);
    connects.remove().complete("b");
    assertThat(line.get(1).join().connection()).isEqualTo("b");
  }

  @Test
  void deadWhenHandedOver_keepsItsPlace_andGetsANewOne() {
    List<CompletableFuture<Pooled<String>>> line = line(3);
    connects.remove().complete("a");
    dead.set(1);
    line.get(0).join().close();
    assertThat(closed).containsExactly("a");
    assertThat(line.get(1)).isNotDone();
    connects.remove().complete("b");
    assertThat(line.get(1).join().connection()).isEqualTo("b");
    assertThat(line.get(2)).isNotDone();
  }

  /** The check of the connection that it is handed takes until after its time. */
  @Test
  void timeIsUpWhileADeadOneIsChecked_itIsTimedOut_notLeftInLine() {
    Pooled<String> held = first();
    CompletableFuture<Pooled<String>> late = pool.acquireAsync(SERVER, Duration.ofMillis(10));
    dead.set(1);
    whileChecking = () -> time.advance(Duration.ofMillis(20));
    held.close();
    assertThat(late)
        .failsWithin(Duration.ZERO)
        .withThrowableThat()
        .havingCause()
        .isInstanceOf(PoolTimeoutException.class);
    assertThat(Counts.of(pool, "s0").waiting()).isZero();
  }

  private Pooled<String> first() {
    CompletableFuture<Pooled<String>> first = pool.acquireAsync(SERVER);
    connects.remove().complete("a");
    return first.join();
  }

  @Test
  void nobodyWaitsAnyMore_theConnectionIsIdle() throws Exception {
    line(1).get(0).cancel(false);
    connects.remove().complete("a");
    assertThat(pool.acquire(SERVER, Duration.ZERO).connection()).isEqualTo("a");
  }

  @Test
  void nullStage_nullConnection_thrown_areFailures() {
    CompletableFuture<Pooled<String>> waiting = line(1).get(0);
    connects.remove().complete(null);
    assertThat(waiting)
        .failsWithin(Duration.ZERO)
        .withThrowableThat()
        .havingCause()
        .withMessageContaining("returned null");
    ConnectionPool<String> broken =
        ConnectionPool.builder(
                new AsyncConnector<String>() {
                  @Override
                  public CompletionStage<String> connectAsync(Server server) {
                    return null;
                  }

                  @Override
                  public void close(String connection) {}
                })
            .scheduler(time)
            .executor(Runnable::run)
            .build();
    assertThat(broken.acquireAsync(SERVER))
        .failsWithin(Duration.ZERO)
        .withThrowableThat()
        .havingCause()
        .withMessageContaining("returned null");
  }

  @Test
  void closedPool_turnsFuturesAway_andClosesWhatArrivesLater() {
    CompletableFuture<Pooled<String>> waiting = line(1).get(0);
    pool.close();
    assertThat(waiting).isCompletedExceptionally();
    connects.remove().complete("a");
    assertThat(closed).containsExactly("a");
    assertThat(pool.acquireAsync(SERVER)).isCompletedExceptionally();
    assertThat(pool.stats().servers()).isEmpty();
  }

  private List<CompletableFuture<Pooled<String>>> line(int length) {
    List<CompletableFuture<Pooled<String>>> line = new ArrayList<>();
    for (int i = 0; i < length; i++) {
      line.add(pool.acquireAsync(SERVER));
    }
    return line;
  }
}
