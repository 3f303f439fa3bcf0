package io.evenkeel.health;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** An hour of checks that end in every way, on the virtual clock, with real sockets. */
class DescriptorsTest {

  private static final HealthPolicy POLICY = HealthPolicy.builder().backoffMultiplier(1).build();

  private final ProbeFixture fixture = new ProbeFixture();
  private final SharedTime time = new SharedTime();
  private final Map<String, Probe> probes = new LinkedHashMap<>();
  private final AtomicInteger begun = new AtomicInteger();

  /** Those whose checks end by the clock alone. */
  private final Set<String> silent = ConcurrentHashMap.newKeySet();

  private final AtomicInteger silentInFlight = new AtomicInteger();

  @AfterEach
  void close() throws Exception {
    fixture.close();
  }

  private Server member(Server server, String id, Probe probe) {
    probes.put(id, probe);
    return server.withId(id);
  }

  private Server scripted(String id, Probe probe, ScriptedServer.Script script) throws Exception {
    return member(fixture.server(script).server(), id, probe);
  }

  @Test
  void anHourOfChecks_leaksNotOneDescriptor() throws Exception {
    HttpProbe http = Probes.http("/");
    Probe ping = Probes.sendExpect("PING\r\n", "+PONG");
    silent.addAll(Set.of("http silent", "tcp dropped", "tls silent", "http drips"));
    Server[] servers = {
      scripted("http up", http, ScriptedServer.answering("HTTP/1.1 200 OK\r\n\r\n")),
      scripted("http 500", http, ScriptedServer.answering("HTTP/1.1 500 x\r\n\r\n")),
      scripted("http closes", http, ScriptedServer::readHead),
      scripted(
          "http resets",
          http,
          socket -> {
            ScriptedServer.readHead(socket);
            socket.setSoLinger(true, 0);
          }),
      scripted(
          "http large",
          http.withBody("never").withMaxBodyBytes(1_000),
          socket -> {
            ScriptedServer.readHead(socket);
            ScriptedServer.send(socket, "HTTP/1.1 200 OK\r\n\r\n" + "x".repeat(5_000));
          }),
      scripted("http silent", http, ScriptedServer::untilClosed),
      scripted(
          "http drips",
          http,
          socket -> {
            ScriptedServer.send(socket, "HTTP/1.1");
            ScriptedServer.untilClosed(socket);
          }),
      scripted(
          "tls not",
          http.withTlsTrustingAnyone(),
          socket -> {
            ScriptedServer.send(socket, "HTTP/1.1 400 Bad Request\r\n\r\n");
            ScriptedServer.untilClosed(socket);
          }),
      scripted("tls silent", http.withTlsTrustingAnyone(), ScriptedServer::untilClosed),
      scripted(
          "ping",
          ping,
          socket -> {
            socket.getInputStream().readNBytes(6);
            ScriptedServer.send(socket, "+PONG\r\n");
            ScriptedServer.untilClosed(socket);
          }),
      member(ProbeFixture.refusing(), "tcp refused", Probes.tcp()),
      scripted("tcp up", Probes.tcp(), ScriptedServer::untilClosed),
      member(fixture.droppingSyns(), "tcp dropped", Probes.tcp()),
      member(Server.of("no..such..host", 80), "dns", http),
      member(
          Server.of("localhost", fixture.server(ScriptedServer::untilClosed).port()),
          "tcp by name",
          Probes.tcp()),
    };
    LoadBalancer balancer = LoadBalancer.builder().servers(servers).build();

    try (HealthMonitor monitor = start(balancer)) {
      pass(monitor, ofSeconds(60)); // the JVM opens some for itself, for good, the first time
    }
    Await.until("the servers' own ends are closed", () -> noConnections());
    long before = ProbeFixture.descriptors();

    try (HealthMonitor monitor = start(balancer)) {
      pass(monitor, Duration.ofHours(1));
      assertThat(monitor.stats().checks()).isGreaterThan(3_600 / 5 * (servers.length - 1L));
      for (ServerHealth health : monitor.stats().servers()) {
        boolean up =
            Set.of("http up", "ping", "tcp up", "tcp by name").contains(health.server().id());
        assertThat(health.status())
            .as("%s", health)
            .isEqualTo(up ? ServerHealth.Status.UP : ServerHealth.Status.DOWN);
      }
      time.run(monitor::close);
    }
    assertThat(time.pending()).isZero();
    Await.until("the servers' own ends are closed", () -> noConnections());
    assertThat(ProbeFixture.descriptors()).isLessThanOrEqualTo(before);
    assertThat(ProbeFixture.threads("evenkeel-health-io")).isEmpty();
  }

  private static boolean noConnections() {
    return ProbeFixture.threads("scripted-connection").isEmpty();
  }

  private HealthMonitor start(LoadBalancer balancer) {
    return HealthMonitor.builder(balancer)
        .probe(
            (server, context) -> {
              begun.incrementAndGet();
              var stage = probes.get(server.id()).check(server, context);
              if (silent.contains(server.id())) {
                silentInFlight.incrementAndGet();
                context.onEnd(silentInFlight::decrementAndGet);
              }
              return stage;
            })
        .policy(POLICY)
        .clock(time)
        .scheduler(time)
        .seed(5)
        .start();
  }

  /** Lets time pass, and gives those checks that sockets end the real time that they need. */
  private void pass(HealthMonitor monitor, Duration duration) {
    long until = time.nanoTime() + duration.toNanos();
    while (time.nanoTime() - until < 0) {
      int before = begun.get();
      for (int i = 0; i < 10 && begun.get() == before; i++) {
        time.advance(ofMillis(50));
      }
      if (monitor.stats().inFlight() > silentInFlight.get()) {
        time.standUntil(
            "only the silent are in flight",
            () -> monitor.stats().inFlight() <= silentInFlight.get());
      }
    }
  }
}
