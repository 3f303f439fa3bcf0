package io.evenkeel.health;

import static io.evenkeel.health.ScriptedServer.answering;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.BalancerEvent;
import io.evenkeel.core.BalancerEvent.ServerBlocked;
import io.evenkeel.core.Lease;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import io.evenkeel.health.ServerHealth.Status;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** A monitor on real sockets that fail in every way; its clock stands still but for the test. */
class RealFailuresTest {

  private static final HealthPolicy POLICY = HealthPolicy.builder().build(); // 5 s, 3 s, 2, 3
  private static final Duration DETECTION =
      POLICY.interval().multipliedBy(POLICY.unhealthyThreshold()).plus(POLICY.timeout());

  /** Always up, and asked without a socket. */
  private static final Server GOOD = Server.of("10.0.0.1", 1);

  private final ProbeFixture fixture = new ProbeFixture();
  private final SharedTime time = new SharedTime();
  private final ConcurrentLinkedQueue<BalancerEvent> events = new ConcurrentLinkedQueue<>();
  private LoadBalancer balancer;
  private HealthMonitor monitor;
  private Server server;

  /** Of its last check. */
  private ProbeContext context;

  /** Checks begun of the server. */
  private final AtomicInteger begun = new AtomicInteger();

  @AfterEach
  void close() throws Exception {
    if (monitor != null) {
      time.run(monitor::close);
      assertThat(time.pending()).isZero();
    }
    fixture.close();
  }

  private void monitor(Probe probe, Server checked) {
    server = checked;
    balancer = LoadBalancer.builder().servers(GOOD, checked).listener(events::add).build();
    Probe both =
        (asked, itsContext) -> {
          if (asked.equals(GOOD)) {
            return CompletableFuture.completedFuture(ProbeResult.success());
          }
          begun.incrementAndGet();
          context = itsContext;
          return probe.check(asked, itsContext);
        };
    monitor =
        HealthMonitor.builder(balancer)
            .probe(both)
            .policy(POLICY)
            .clock(time)
            .scheduler(time)
            .seed(1)
            .start();
  }

  private ServerHealth health() {
    return monitor.health(server.id());
  }

  /** Until its next check has begun. */
  private void untilNextCheckBegins() {
    int before = begun.get();
    for (int i = 0; begun.get() == before; i++) {
      assertThat(i).isLessThan(100_000);
      time.advance(ofMillis(10));
    }
  }

  /** Until its next check is over, which the server's answer ends and not the clock. */
  private ProbeResult nextResult() {
    untilNextCheckBegins();
    time.standUntil("the check is over", () -> health().checks() == begun.get());
    return health().last().get(0).result();
  }

  private void untilUp() {
    while (health() == null || health().status() != Status.UP) {
      nextResult();
    }
  }

  private void untilItWaitsForTheAnswer() {
    ProbeContext asked = context;
    Await.until("it is connected", () -> "waiting for the answer".equals(asked.waitsFor()));
  }

  /** The next check, until its time is up: it must not be over before. */
  private ProbeResult nextTimesOut() {
    untilNextCheckBegins();
    untilItWaitsForTheAnswer();
    time.advance(POLICY.timeout().minusMillis(11)); // it began some ms ago
    assertThat(health().checks()).isEqualTo(begun.get() - 1L);
    time.advance(ofMillis(11));
    assertThat(health().checks()).isEqualTo(begun.get());
    return health().last().get(0).result();
  }

  private String causeOfBlock() {
    return events.stream()
        .filter(event -> event.server().equals(server))
        .filter(ServerBlocked.class::isInstance)
        .map(event -> ((ServerBlocked) event).cause())
        .reduce((a, b) -> b)
        .orElse("none");
  }

  @Test
  void refused_isDownAfterThree_andUpAfterTwo() throws Exception {
    ScriptedServer first = fixture.server(answering("HTTP/1.1 200 OK\r\n\r\n"));
    monitor(Probes.http("/"), first.server());
    untilUp();
    first.close();
    nextResult();
    nextResult();
    assertThat(health().status()).isEqualTo(Status.UP);
    assertThat(nextResult()).isEqualTo(ProbeResult.failure("connection refused"));
    assertThat(health().status()).isEqualTo(Status.DOWN);
    assertThat(causeOfBlock())
        .startsWith("3 failures in a row, the last: connection refused; was up for ");

    fixture.closedLater(
        ScriptedServer.startAt(server.port(), answering("HTTP/1.1 200 OK\r\n\r\n")));
    nextResult();
    assertThat(balancer.eligibleCount()).isEqualTo(1);
    nextResult();
    assertThat(balancer.eligibleCount()).isEqualTo(2);
  }

  @Test
  void acceptsAndIsSilent_timesOut() throws Exception {
    ScriptedServer silent = fixture.server(ScriptedServer::untilClosed);
    monitor(Probes.http("/"), silent.server());
    assertThat(nextTimesOut().cause()).isEqualTo("timed out after 3s waiting for the answer");
    assertThat(health().status()).isEqualTo(Status.DOWN);
    assertThat(causeOfBlock()).startsWith("first check failed: timed out after 3s");
  }

  /** A byte a second keeps no check alive. */
  @Test
  void dripsAByteASecond_timesOutAllTheSame() throws Exception {
    String answer = "HTTP/1.1 200 OK\r\n";
    Semaphore mayDrip = new Semaphore(0);
    AtomicInteger dripped = new AtomicInteger();
    AtomicInteger cutOff = new AtomicInteger();
    ScriptedServer dripping =
        fixture.server(
            socket -> {
              ScriptedServer.readHead(socket);
              for (int i = 0; i < 2; i++) {
                mayDrip.acquire();
                ScriptedServer.send(socket, answer.substring(i, i + 1));
                dripped.incrementAndGet();
              }
              ScriptedServer.untilClosed(socket);
              cutOff.incrementAndGet();
            });
    monitor(Probes.http("/"), dripping.server());
    untilNextCheckBegins();
    untilItWaitsForTheAnswer();
    for (int second = 1; second <= 2; second++) {
      mayDrip.release();
      int expected = second;
      Await.until("a byte has been sent", () -> dripped.get() == expected);
      time.advance(ofSeconds(1));
      assertThat(health().checks()).isZero();
    }
    time.advance(ofSeconds(1));

    assertThat(health().checks()).isOne();
    assertThat(health().last().get(0).result())
        .isEqualTo(ProbeResult.failure("timed out after 3s waiting for the answer"));
    Await.until("its connection is cut", () -> cutOff.get() == 1);
  }

  @Test
  void dnsFailure_isAFailure_butAnOutageOfDnsIsNone() throws Exception {
    monitor(Probes.tcp(), Server.of("no..such..host", 80));
    assertThat(nextResult()).isEqualTo(ProbeResult.failure("host not found"));
    assertThat(health().status()).isEqualTo(Status.DOWN);

    // Found once, it is checked there, whatever becomes of its name.
    ScriptedServer listening = fixture.server(ScriptedServer::untilClosed);
    HostAddress found = new HostAddress();
    found.found(InetAddress.getByName("127.0.0.1"));
    ProbeContext context = new ProbeContext(ofSeconds(60), fixture.loop, found);
    assertThat(
            Probes.tcp()
                .check(Server.of("no..such..host", listening.port()), context)
                .toCompletableFuture()
                .get(60, TimeUnit.SECONDS))
        .isEqualTo(ProbeResult.success());
  }

  /** Alternates with every check: never three failures in a row, so nothing ever happens. */
  @Test
  void alternating_staysUp() throws Exception {
    AtomicInteger turn = new AtomicInteger();
    ScriptedServer flapping =
        fixture.server(
            socket -> {
              ScriptedServer.readHead(socket);
              boolean up = turn.getAndIncrement() % 2 == 0;
              ScriptedServer.send(
                  socket, up ? "HTTP/1.1 200 OK\r\n\r\n" : "HTTP/1.1 500 x\r\n\r\n");
            });
    monitor(Probes.http("/"), flapping.server());
    for (int i = 0; i < 40; i++) {
      nextResult();
    }
    assertThat(health().failures()).isEqualTo(20);
    assertThat(events).isEmpty();
  }

  /** Up and down for as long as it takes to be believed: one change for five checks at most. */
  @Test
  void flapping_changesNoFasterThanTheThresholdsAllow() throws Exception {
    AtomicInteger turn = new AtomicInteger();
    ScriptedServer flapping =
        fixture.server(
            socket -> {
              ScriptedServer.readHead(socket);
              boolean up = turn.getAndIncrement() % 5 < 2;
              ScriptedServer.send(
                  socket, up ? "HTTP/1.1 200 OK\r\n\r\n" : "HTTP/1.1 500 x\r\n\r\n");
            });
    monitor(Probes.http("/"), flapping.server());
    long before = time.nanoTime();
    for (int i = 0; i < 50; i++) {
      nextResult();
    }
    assertThat(events).hasSize(19); // down, up, down … every 3 and 2 checks; the last may be late
    Duration took = Duration.ofNanos(time.nanoTime() - before);
    // A jittered interval a check.
    assertThat(took).isGreaterThan(POLICY.interval().multipliedBy(44));
  }

  /** With active checks only, on the virtual clock. */
  @Test
  void timeFromKillToLastNewConnection_refused_isWithinTheBound() throws Exception {
    for (int round = 0; round < 5; round++) {
      ScriptedServer killed = fixture.server(answering("HTTP/1.1 200 OK\r\n\r\n"));
      monitor(Probes.http("/"), killed.server());
      untilUp();
      time.advance(ofMillis(997L * round)); // somewhere between two checks
      time.standUntil("nothing is under way", () -> monitor.stats().inFlight() == 0);

      killed.close();

      Duration last = lastPickAfterDeath(true);
      assertThat(last).isBetween(POLICY.interval(), DETECTION);
      time.run(monitor::close);
      begun.set(0);
    }
  }

  /** The kernel goes on accepting for a process that is stopped: only HTTP finds that out. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void timeFromStopToLastNewConnection_ofAProcess_isWithinTheBound() throws Exception {
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-Xmx64m",
                "-cp",
                System.getProperty("java.class.path"),
                HttpChild.class.getName())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try (BufferedReader out =
        new BufferedReader(new InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8))) {
      int port = Integer.parseInt(out.readLine());
      monitor(Probes.http("/"), Server.of("127.0.0.1", port));
      untilUp();

      signal(child, "-STOP");
      assertThat(lastPickAfterDeath(false)).isLessThanOrEqualTo(DETECTION);
      assertThat(causeOfBlock()).contains("timed out after 3s waiting for the answer");
      assertThat(fixture.check(Probes.tcp(), server)).isEqualTo(ProbeResult.success());

      signal(child, "-CONT");
      nextResult();
      nextResult();
      nextResult(); // the first may have begun before it went on
      assertThat(health().status()).isEqualTo(Status.UP);
    } finally {
      child.destroyForcibly().waitFor();
    }
  }

  private static void signal(Process child, String signal) throws Exception {
    assertThat(new ProcessBuilder("kill", signal, String.valueOf(child.pid())).start().waitFor())
        .isZero();
  }

  /**
   * Picks every 10 ms of virtual time until the server has been out for an interval.
   *
   * @param answers whether its checks end by themselves, and not by the clock
   */
  private Duration lastPickAfterDeath(boolean answers) {
    long death = time.nanoTime();
    long last = death;
    while (time.nanoTime() - last < POLICY.interval().toNanos()) {
      int before = begun.get();
      time.advance(ofMillis(10));
      if (!answers && begun.get() != before) {
        untilItWaitsForTheAnswer();
      }
      if (answers) {
        time.standUntil("checks are over", () -> monitor.stats().inFlight() == 0);
      }
      for (int i = 0; i < 2; i++) {
        try (Lease lease = balancer.acquire()) {
          if (lease.server().equals(server)) {
            last = time.nanoTime();
          }
        }
      }
      assertThat(Duration.ofNanos(time.nanoTime() - death)).isLessThan(DETECTION.multipliedBy(2));
    }
    return Duration.ofNanos(last - death);
  }

  /** A web server of its own process. */
  static final class HttpChild {
    public static void main(String[] args) throws Exception {
      ScriptedServer server =
          ScriptedServer.start(answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
      System.out.println(server.port());
      Thread.currentThread().join();
    }
  }

  @Test
  void bound_isWhatTheDefaultsMake() {
    assertThat(DETECTION).isEqualTo(ofSeconds(18));
    assertThat(List.of(POLICY.healthyThreshold(), POLICY.unhealthyThreshold()))
        .isEqualTo(List.of(2, 3));
  }
}
