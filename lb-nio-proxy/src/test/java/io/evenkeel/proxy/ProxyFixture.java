package io.evenkeel.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.InetAddress;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;

/**
 * A started proxy, and what must be true of it when the traffic of a test is over: no relay is
 * open, every socket is closed, every buffer is back, nothing is in flight, and it uses no CPU.
 */
abstract class ProxyFixture {

  static final Duration LONG = Duration.ofSeconds(30);

  final List<AutoCloseable> resources = new ArrayList<>();
  LoadBalancer balancer;
  TcpProxy proxy;
  long socketsBefore;

  void start(Server... servers) throws IOException {
    start(builder -> builder, servers);
  }

  /** Starts a proxy; listeners of the test must be open by now, its connections not yet. */
  void start(UnaryOperator<TcpProxyBuilder> settings, Server... servers) throws IOException {
    start(LoadBalancer.builder().servers(servers).seed(1).build(), settings);
  }

  void start(LoadBalancer balancer, UnaryOperator<TcpProxyBuilder> settings) throws IOException {
    this.balancer = balancer;
    proxy = settings.apply(TcpProxy.builder(balancer).listen("127.0.0.1", 0)).build();
    proxy.start();
    takenBufferBytes(); // every loop has begun
    socketsBefore = sockets();
  }

  <T extends AutoCloseable> T closeLater(T resource) {
    resources.add(resource);
    return resource;
  }

  Socket connect() throws IOException {
    Socket socket =
        closeLater(new Socket(InetAddress.getLoopbackAddress(), proxy.localAddress().getPort()));
    socket.setSoTimeout((int) LONG.toMillis());
    return socket;
  }

  /** Closes with a reset. */
  static void reset(Socket socket) throws IOException {
    socket.setOption(StandardSocketOptions.SO_LINGER, 0);
    socket.close();
  }

  static void await(String what, BooleanSupplier condition) {
    await(() -> what, condition);
  }

  private static void await(Supplier<String> what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + LONG.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("waited too long for: " + what.get());
      }
      Thread.onSpinWait();
    }
  }

  /** Reads what only the loop may read. */
  long takenBufferBytes() {
    long sum = 0;
    for (EventLoop loop : proxy.loops()) {
      CompletableFuture<Long> taken = new CompletableFuture<>();
      loop.execute(() -> taken.complete(loop.buffers().takenBytes()));
      sum += taken.join();
    }
    return sum;
  }

  /** For tests that closed all their connections: checks it all, and leaves the proxy running. */
  void assertQuiet() {
    await("relays end", () -> proxy.openRelays() == 0);
    await(
        () -> "sockets close: " + sockets() + " are open, there were " + socketsBefore,
        () -> sockets() == socketsBefore);
    assertThat(takenBufferBytes()).as("buffers out").isZero();
    assertThat(balancer.nodes()).allMatch(node -> node.inFlight() == 0);
    assertIdle();
  }

  /** No loop turns by itself and none uses its core, over a while of nothing to do. */
  void assertIdle() {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    long turnsBefore = turns();
    long cpuBefore = loopCpuNanos(threads);
    letTimePass(Duration.ofMillis(300));
    assertThat(turns() - turnsBefore).as("turns of idle loops").isLessThan(20);
    assertThat(loopCpuNanos(threads) - cpuBefore).as("CPU of idle loops").isLessThan(30_000_000);
  }

  /** No loop turns by itself, once what is under way in the kernel has settled. */
  void awaitTurnOnlyWhenTold() {
    await("loops turn only when told to", () -> turnOnlyWhenTold(proxy));
  }

  /**
   * Whether each loop turns at most once for each task that it is given, and a time or two for a
   * timer. A loop that spins turns while who gives the tasks is notified. By chance it may not, on
   * a busy machine, for as long as that has the processor; so there are many rounds, and all count.
   */
  static boolean turnOnlyWhenTold(TcpProxy proxy) {
    for (int round = 0; round < 30; round++) {
      if (!proxy.loops().stream().allMatch(ProxyFixture::turnsOnlyWhenTold)) {
        return false;
      }
    }
    return true;
  }

  private static boolean turnsOnlyWhenTold(EventLoop loop) {
    int tasks = 100;
    long before = turnOfATask(loop);
    for (int i = 0; i < tasks; i++) {
      turnOfATask(loop);
    }
    return turnOfATask(loop) - before <= tasks + 3;
  }

  private static long turnOfATask(EventLoop loop) {
    CompletableFuture<Long> turn = new CompletableFuture<>();
    loop.execute(() -> turn.complete(loop.turns()));
    return turn.join();
  }

  /** For when what is under way in the kernel has still to settle. */
  void awaitQuietLoops() {
    await(
        "loops turn no more",
        () -> {
          long before = turns();
          letTimePass(Duration.ofMillis(100));
          return turns() == before;
        });
  }

  long turns() {
    return proxy.loops().stream().mapToLong(EventLoop::turns).sum();
  }

  private long loopCpuNanos(ThreadMXBean threads) {
    return proxy.loops().stream()
        .mapToLong(loop -> threads.getThreadCpuTime(loop.thread().getId()))
        .sum();
  }

  /** A window to measure over: nothing is awaited here. */
  static void letTimePass(Duration time) {
    try {
      assertThat(new CountDownLatch(1).await(time.toMillis(), TimeUnit.MILLISECONDS)).isFalse();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  static long sockets() {
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
      return descriptors.filter(ProxyFixture::isSocket).count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean isSocket(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString().startsWith("socket:");
    } catch (IOException e) {
      return false; // closed meanwhile
    }
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable resource : resources) {
      resource.close();
    }
    if (proxy != null) {
      List<EventLoop> loops = proxy.loops();
      proxy.shutdown(Duration.ZERO);
      assertThat(loops).noneMatch(loop -> loop.thread().isAlive());
    }
  }
}
