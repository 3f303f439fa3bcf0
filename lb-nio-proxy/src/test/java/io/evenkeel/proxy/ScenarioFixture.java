package io.evenkeel.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import java.io.IOException;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;

/** A proxy among peers that fail, with timeouts on a clock that the test moves. */
abstract class ScenarioFixture extends ProxyFixture {

  static final Duration CONNECT = Duration.ofSeconds(5);
  static final Duration HALF_CLOSED = Duration.ofSeconds(30);
  static final Duration IDLE = Duration.ofSeconds(60);

  /** A timer of a relay may go off so late. */
  static final Duration LATE = Duration.ofMillis(200);

  static final int MIB = 1024 * 1024;

  private final AtomicLong now = new AtomicLong();
  private final ExecutorService threads = Executors.newCachedThreadPool();

  /** Starts a proxy of one loop with the timeouts above, on the clock of the test. */
  void startOnClock(Server... servers) throws IOException {
    startOnClock(builder -> builder, servers);
  }

  void startOnClock(UnaryOperator<TcpProxyBuilder> settings, Server... servers) throws IOException {
    start(
        LoadBalancer.builder().servers(servers).build(),
        builder ->
            settings
                .apply(builder)
                .eventLoops(1)
                .clock(now::get)
                .connectTimeout(CONNECT)
                .halfClosedTimeout(HALF_CLOSED)
                .idleTimeout(IDLE));
  }

  /** Moves the clock; returns when each loop has let go off what is due by then. */
  void advance(Duration time) {
    now.addAndGet(time.toNanos());
    for (EventLoop loop : proxy.loops()) {
      // The turn under way may have read the clock before, so the one after it has to be over.
      long seen = loop.turns() + 2;
      while (loop.turns() < seen) {
        loop.ask(() -> {});
      }
    }
  }

  /** Lets the test's time pass until this is so: of a stall it is not known when it began. */
  void awaitInTime(String what, BooleanSupplier condition) {
    await(
        what,
        () -> {
          advance(Duration.ofSeconds(1));
          return condition.getAsBoolean();
        });
  }

  <T> CompletableFuture<T> async(Callable<T> step) {
    CompletableFuture<T> result = new CompletableFuture<>();
    threads.execute(
        () -> {
          try {
            result.complete(step.call());
          } catch (Throwable e) {
            result.completeExceptionally(e);
          }
        });
    return result;
  }

  /** A byte there and back. */
  static void echo(Socket client) throws IOException {
    client.getOutputStream().write(7);
    assertThat(client.getInputStream().read()).isEqualTo(7);
  }

  long ended(EndReason reason) {
    return proxy.stats().ended().get(reason);
  }

  /** For relays that are open and wait: returns when they have the loops turn no more. */
  void awaitIdle() {
    await(
        "loops are idle",
        () -> {
          try {
            assertIdle();
            return true;
          } catch (AssertionError e) {
            return false; // something was still under way; a loop that spins is never idle
          }
        });
  }

  /** Sockets and selectors. */
  static long descriptors() throws IOException {
    SocketChannel.open().close(); // the JDK keeps a descriptor of its own from the first one on
    try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
      return all.filter(ScenarioFixture::isOfNetwork).count();
    }
  }

  private static boolean isOfNetwork(Path descriptor) {
    try {
      String target = Files.readSymbolicLink(descriptor).toString();
      return target.startsWith("socket:") || target.startsWith("anon_inode:");
    } catch (IOException e) {
      return false; // that of the directory itself
    }
  }

  @AfterEach
  void stopThreads() {
    threads.shutdownNow();
  }
}
