package io.evenkeel.health;

import static io.evenkeel.core.Block.PROBE_DOWN;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.UnixOperatingSystemMXBean;
import io.evenkeel.core.BalancerEvent;
import io.evenkeel.core.BalancerEvent.ServerBlocked;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The TCP probe with real sockets, threads and time. */
class TcpProbeTest {

  private static final String LOOPBACK = "127.0.0.1";
  private static final HealthPolicy FAST =
      HealthPolicy.builder()
          .interval(ofMillis(20))
          .timeout(ofMillis(20))
          .healthyThreshold(1)
          .unhealthyThreshold(1)
          .build();

  /** Long enough that nothing but an answer decides. */
  private static final HealthPolicy PATIENT =
      HealthPolicy.builder().interval(ofSeconds(60)).timeout(ofSeconds(60)).build();

  private final List<AutoCloseable> open = new ArrayList<>();
  private final BlockingQueue<BalancerEvent> events = new LinkedBlockingQueue<>();

  @AfterEach
  void closeAll() throws Exception {
    for (int i = open.size() - 1; i >= 0; i--) {
      open.get(i).close();
    }
  }

  @Test
  void check_serverListens_succeeds() throws Exception {
    assertThat(checkOnce(listening())).isEqualTo(ProbeResult.success());
  }

  @Test
  void check_nobodyListens_saysRefused() throws Exception {
    assertThat(checkOnce(refusing())).isEqualTo(ProbeResult.failure("connection refused"));
  }

  @Test
  void check_hostName_isLookedUp() throws Exception {
    int port = listening().port();

    assertThat(checkOnce(Server.of("localhost", port))).isEqualTo(ProbeResult.success());
  }

  @Test
  void check_unknownHostName_saysNotFound() throws Exception {
    assertThat(checkOnce(Server.of("no..such..host", 80)))
        .isEqualTo(ProbeResult.failure("host not found"));
  }

  @Test
  void check_addressThatCannotBe_fails() throws Exception {
    assertThat(checkOnce(Server.of("1:2", 80)).isSuccess()).isFalse();
    assertThat(checkOnce(Server.of(LOOPBACK, 0)).isSuccess()).isFalse();
  }

  @Test
  void connect_loopClosed_failsAtOnce() throws Exception {
    ProbeLoop loop = new ProbeLoop();
    loop.close();
    loop.close();

    assertThat(connect(loop, listening()).get().cause()).contains("closed");
    assertThat(connect(loop, Server.of("localhost", 1)).get().cause()).contains("closed");
  }

  @Test
  void monitor_serverGoesAndComesBack_followsIt() throws Exception {
    ServerSocket listener = listen(50);
    int port = listener.getLocalPort();
    LoadBalancer balancer = monitored(FAST, Server.of(LOOPBACK, port));

    listener.close();
    awaitEligible(balancer, 0);
    open.add(new ServerSocket(port, 50, InetAddress.getLoopbackAddress()));
    awaitEligible(balancer, 1);
  }

  @Test
  void monitor_serverSilent_timesOut() throws Exception {
    HealthPolicy policy =
        HealthPolicy.builder().interval(ofMillis(100)).timeout(ofMillis(100)).build();
    Server silent = silent();
    monitored(policy, silent);

    assertThat(events.poll(30, TimeUnit.SECONDS))
        .isEqualTo(
            new ServerBlocked(
                silent, PROBE_DOWN, "first check failed: timed out after 0.1s connecting"));
  }

  @Test
  void descriptors_afterManyChecks_areBackWhereTheyBegan() throws Exception {
    Server silent = silent();
    Server[] servers = {listening(), refusing(), silent, Server.of("localhost", silent.port())};
    runChecks(servers, 20);
    long before = descriptors();

    runChecks(servers, 400);

    Await.until("all descriptors given back", () -> descriptors() <= before);
  }

  @Test
  void descriptors_connectionsGivenUpOneByOne_areBackWhereTheyBegan() throws Exception {
    Server silent = silent();
    try (ProbeLoop loop = new ProbeLoop()) {
      connect(loop, listening()).get();
      long before = descriptors();
      List<CompletableFuture<ProbeResult>> results = new ArrayList<>();
      for (int i = 0; i < 300; i++) {
        results.add(connect(loop, silent));
      }
      Await.until("all connections under way", () -> descriptors() >= before + 290);
      assertThat(threads("evenkeel-health-io")).hasSize(1);

      results.forEach(result -> result.cancel(false));

      Await.until("all descriptors given back", () -> descriptors() <= before);
    }
    assertThat(threads("evenkeel-health-io")).isEmpty();
  }

  @Test
  void close_connectionsUnderWay_closesThem() throws Exception {
    Server silent = silent();
    ProbeLoop loop = new ProbeLoop();
    long before = descriptors();
    List<CompletableFuture<ProbeResult>> results = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      results.add(connect(loop, silent));
    }

    loop.close();

    assertThat(results).allSatisfy(result -> assertThat(result.get().isSuccess()).isFalse());
    assertThat(descriptors()).isLessThanOrEqualTo(before);
  }

  @Test
  void wrappedProbe_timesOut_givesItsSocketBackToo() throws Exception {
    Server silent = silent();
    runChecks(new Server[] {silent, listening()}, 5);
    long before = descriptors();
    LoadBalancer balancer = LoadBalancer.builder().servers(silent).build();
    AtomicInteger begun = new AtomicInteger();
    Probe wrapped =
        (server, context) -> {
          begun.incrementAndGet();
          return Probes.tcp().check(server, context).thenApply(result -> result);
        };
    try (HealthMonitor monitor =
        HealthMonitor.builder(balancer).probe(wrapped).policy(FAST).start()) {
      Await.until("many checks", () -> begun.get() > 50);
      // The loop's own few, and the one connection under way.
      assertThat(descriptors()).isLessThan(before + 15);
    }
    Await.until("all descriptors given back", () -> descriptors() <= before);
  }

  @Test
  void loop_idle_usesNoProcessor() throws Exception {
    try (ProbeLoop loop = new ProbeLoop()) {
      connect(loop, listening()).get();
      CompletableFuture<ProbeResult> underWay = connect(loop, silent());
      ThreadMXBean threads = ManagementFactory.getThreadMXBean();
      long io = threads("evenkeel-health-io").iterator().next().getId();
      long ioBefore = threads.getThreadCpuTime(io);
      long mineBefore = threads.getCurrentThreadCpuTime();
      long burnNanos = TimeUnit.MILLISECONDS.toNanos(200);
      while (threads.getCurrentThreadCpuTime() - mineBefore < burnNanos) {
        Thread.onSpinWait();
      }

      // One that spun would have had about as much as this thread, which did nothing else.
      assertThat(threads.getThreadCpuTime(io) - ioBefore).isLessThan(burnNanos / 10);
      assertThat(underWay).isNotDone();
    }
  }

  @Test
  void close_ofAMonitor_endsItsThreads() throws Exception {
    LoadBalancer balancer = LoadBalancer.builder().servers(listening(), silent()).build();
    BlockingQueue<ProbeResult> results = new LinkedBlockingQueue<>();
    HealthMonitor monitor =
        HealthMonitor.builder(balancer).probe(noting(results)).policy(FAST).start();
    results.take();
    assertThat(threads("evenkeel-health")).hasSizeGreaterThanOrEqualTo(2);

    monitor.close();

    assertThat(threads("evenkeel-health")).isEmpty();
  }

  private ProbeResult checkOnce(Server server) throws Exception {
    ProbeLoop loop = new ProbeLoop();
    open.add(loop);
    ProbeContext context = new ProbeContext(PATIENT.timeout(), loop, new HostAddress());
    return Probes.tcp().check(server, context).toCompletableFuture().get(30, TimeUnit.SECONDS);
  }

  private static CompletableFuture<ProbeResult> connect(ProbeLoop loop, Server server) {
    ProbeContext context = new ProbeContext(PATIENT.timeout(), loop, new HostAddress());
    return loop.ask(server.host(), server.port(), TcpProbe.DIALOGUE, context);
  }

  private LoadBalancer monitored(HealthPolicy policy, Server server) {
    LoadBalancer balancer = LoadBalancer.builder().servers(server).listener(events::add).build();
    open.add(HealthMonitor.builder(balancer).policy(policy).start());
    return balancer;
  }

  private static void awaitEligible(LoadBalancer balancer, int count) {
    Await.until(count + " eligible", () -> balancer.eligibleCount() == count);
  }

  private static void runChecks(Server[] servers, int atLeast) throws InterruptedException {
    BlockingQueue<ProbeResult> results = new LinkedBlockingQueue<>();
    LoadBalancer balancer = LoadBalancer.builder().servers(servers).build();
    try (HealthMonitor monitor =
        HealthMonitor.builder(balancer).probe(noting(results)).policy(FAST).start()) {
      for (int i = 0; i < atLeast; i++) {
        assertThat(results.poll(30, TimeUnit.SECONDS)).isNotNull();
      }
    }
  }

  private static Probe noting(BlockingQueue<ProbeResult> results) {
    return (server, context) ->
        Probes.tcp()
            .check(server, context)
            .thenApply(
                result -> {
                  results.add(result);
                  return result;
                });
  }

  private Server listening() throws IOException {
    return Server.of(LOOPBACK, listen(50).getLocalPort());
  }

  private static Server refusing() throws IOException {
    try (ServerSocket gone = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return Server.of(LOOPBACK, gone.getLocalPort());
    }
  }

  /** A listener whose queue is full and stays so: the system drops what else wants to connect. */
  private Server silent() throws Exception {
    int port = listen(1).getLocalPort();
    for (int i = 0; i < 4; i++) {
      SocketChannel channel = SocketChannel.open();
      channel.configureBlocking(false);
      channel.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      open.add(channel);
    }
    return Server.of(LOOPBACK, port);
  }

  private ServerSocket listen(int backlog) throws IOException {
    ServerSocket listener = new ServerSocket(0, backlog, InetAddress.getLoopbackAddress());
    open.add(listener);
    return listener;
  }

  private static long descriptors() {
    return ((UnixOperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getOpenFileDescriptorCount();
  }

  private static Set<Thread> threads(String namePrefix) {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith(namePrefix))
        .filter(thread -> !thread.getName().endsWith("-lookup"))
        .collect(Collectors.toSet());
  }
}
