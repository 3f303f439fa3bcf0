package io.evenkeel.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.HdrHistogram.IntCountsHistogram;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What loggers, statistics, handlers and tasks throw, Errors too, costs no socket, no place, no
 * loop. The tests' log goes to standard error, which throws here.
 */
@Timeout(120)
class ThrowingTest extends ProxyFixture {

  private final PrintStream before = System.err;
  private final AtomicInteger thrown = new AtomicInteger();
  private volatile boolean broken;

  /** As a logger that has a class to load and no descriptor for that. */
  private final class BrokenStream extends PrintStream {
    BrokenStream() {
      super(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
    }

    @Override
    public void println(String line) {
      if (broken && Thread.currentThread().getName().startsWith("evenkeel-loop")) {
        thrown.incrementAndGet();
        throw new NoClassDefFoundError("a test");
      }
    }
  }

  @BeforeEach
  void breakLog() {
    System.setErr(new BrokenStream());
  }

  @AfterEach
  void mendLog() {
    System.setErr(before);
  }

  private void echoOnce() throws Exception {
    try (Socket client = connect()) {
      client.getOutputStream().write(3);
      assertThat(client.getInputStream().read()).isEqualTo(3);
    }
  }

  @Test
  void accessLogThatThrows_keepsNoSocketOpen_andNoPlaceTaken() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(builder -> builder.eventLoops(2).maxConnections(2), backend.server());
    broken = true;
    for (int i = 0; i < 10; i++) {
      echoOnce();
    }
    assertQuiet();
    assertThat(thrown).hasValueGreaterThanOrEqualTo(10);
    assertThat(proxy.stats().ended().get(EndReason.FINISHED)).isEqualTo(10);
  }

  @Test
  void logThatThrows_whileClientsAreRefused_refusesThemAll() throws Exception {
    start(
        builder -> builder.eventLoops(1).maxConnections(1),
        Server.of("127.0.0.1", ConnectTest.deadPort()));
    broken = true;
    for (int i = 0; i < 5; i++) {
      try (Socket client = connect()) {
        assertThatThrownBy(() -> client.getInputStream().read()).hasMessageContaining("reset");
      }
    }
    assertQuiet();
    assertThat(thrown).hasPositiveValue();
    assertThat(proxy.refusedClients()).isEqualTo(5);
  }

  @Test
  void tasksAndTheirLog_throwBoth_andTheLoopGoesOn() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(builder -> builder.eventLoops(1), backend.server());
    broken = true;
    for (int i = 0; i < 3; i++) {
      proxy
          .loops()
          .get(0)
          .execute(
              () -> {
                throw new NoClassDefFoundError("a task");
              });
      echoOnce();
    }
    assertQuiet();
    assertThat(thrown).hasPositiveValue();
  }

  /** Timers behind it, such as the one that ends a pause, go off all the same. */
  @Test
  void timerThatThrows_andAgainWhenItIsTold_leavesTheOthersAlone() throws Exception {
    start(builder -> builder.eventLoops(1), Server.of("127.0.0.1", 1));
    broken = true;
    EventLoop loop = proxy.loops().get(0);
    CompletableFuture<Long> second = new CompletableFuture<>();
    loop.execute(
        () -> {
          long soon = loop.nowNanos();
          loop.timers().arm(new Thrower(), soon);
          loop.timers().arm(new Later(second), soon);
          loop.timers().arm(new Thrower(), soon);
        });
    assertThat(second.get()).isNotNull();
    assertIdle();
  }

  private static final class Thrower extends Timer {
    @Override
    void expired(long nowNanos) {
      throw new IllegalStateException("a timer");
    }

    @Override
    void failed(Throwable cause) {
      throw new NoClassDefFoundError("a timer that is told");
    }
  }

  private static final class Later extends Timer {
    private final CompletableFuture<Long> expired;

    Later(CompletableFuture<Long> expired) {
      this.expired = expired;
    }

    @Override
    void expired(long nowNanos) {
      expired.complete(nowNanos);
    }

    @Override
    void failed(Throwable cause) {
      expired.completeExceptionally(cause);
    }
  }

  @Test
  void statisticsThatThrow_keepNoSocketOpen() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(
        LoadBalancer.builder().servers(backend.server()).build(),
        builder -> builder.eventLoops(1).maxConnections(1).clock(() -> 1_000_000));
    Socket client = connect();
    client.getOutputStream().write(1);
    assertThat(client.getInputStream().read()).isEqualTo(1);
    EventLoop loop = proxy.loops().get(0);
    loop.ask(() -> breakDurations(proxy.acceptors().get(0).stats()));
    client.close();
    Socket next = connect();
    next.getOutputStream().write(1);
    assertThat(next.getInputStream().read()).isEqualTo(1);
    next.close();
    assertQuiet();
  }

  /** As if the minute had begun with a histogram that is full. */
  private static void breakDurations(LoopStats stats) {
    try {
      Field current = TimeWindows.class.getDeclaredField("current");
      Field window = TimeWindows.class.getDeclaredField("window");
      current.setAccessible(true);
      window.setAccessible(true);
      current.set(stats.duration, new FullHistogram());
      window.set(stats.duration, 0L);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError(e.getMessage(), e);
    }
  }

  private static final class FullHistogram extends IntCountsHistogram {
    private static final long serialVersionUID = 1;

    FullHistogram() {
      super(2);
    }

    @Override
    public void recordValue(long value) {
      throw new ArrayIndexOutOfBoundsException("a test");
    }
  }
}
