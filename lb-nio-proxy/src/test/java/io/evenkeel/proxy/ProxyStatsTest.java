package io.evenkeel.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a proxy counts: every client once, every byte once, by server and by how it ended. */
@Timeout(60)
class ProxyStatsTest extends ProxyFixture {

  @Test
  void beforeTheStart_andAfterAShutdown_thereAreStats() throws Exception {
    Backend backend = closeLater(Backend.named(0));
    TcpProxy never =
        TcpProxy.builder(LoadBalancer.builder().servers(backend.server()).build()).build();
    assertThat(never.stats().accepted()).isZero();
    assertThat(never.stats().ended()).hasSize(EndReason.values().length).doesNotContainValue(1L);

    start(backend.server());
    try (Socket client = connect()) {
      assertThat(client.getInputStream().readAllBytes()).isNotEmpty();
    }
    assertThat(proxy.shutdown(LONG)).isZero();
    assertThat(proxy.stats().ended().get(EndReason.FINISHED)).isEqualTo(1);
  }

  @Test
  void everyClientAndEveryByte_isCountedOnce_overAllLoops() throws Exception {
    Backend first = closeLater(Backend.echo());
    Backend second = closeLater(Backend.echo());
    start(builder -> builder.eventLoops(2), first.server(), second.server());
    byte[] some = new byte[1_000];
    for (int i = 0; i < 20; i++) {
      Socket client = connect();
      client.getOutputStream().write(some);
      assertThat(client.getInputStream().readNBytes(some.length)).hasSize(some.length);
      if (i < 18) {
        client.shutdownOutput();
        assertThat(client.getInputStream().read()).isEqualTo(-1);
        client.close();
      }
    }
    await("two are left", () -> proxy.openRelays() == 2);

    ProxyStats stats = proxy.stats();
    assertThat(stats.accepted()).isEqualTo(20);
    assertThat(stats.open()).isEqualTo(2);
    assertThat(stats.ended().get(EndReason.FINISHED)).isEqualTo(18);
    assertThat(sum(stats)).isEqualTo(18);
    assertThat(stats.refused()).isZero();
    assertThat(stats.bytesFromClients()).as("live relays', too").isEqualTo(20_000);
    assertThat(stats.bytesFromServers()).isEqualTo(20_000);
    assertThat(stats.connectTime().count()).isEqualTo(20);
    assertThat(stats.firstByteTime().recentCount()).isEqualTo(20);
    assertThat(stats.duration().count()).isEqualTo(18);
    assertThat(stats.servers()).containsOnlyKeys(first.server().id(), second.server().id());
    for (ProxyStats.ServerTraffic server : stats.servers().values()) {
      assertThat(server.connected()).isEqualTo(10);
      assertThat(server.open()).isEqualTo(1);
      assertThat(server.bytesFromClients()).isEqualTo(10_000);
      assertThat(server.bytesFromServer()).isEqualTo(10_000);
      assertThat(server.connectTime().count()).isEqualTo(10);
      assertThat(server.firstByteTime().count()).isEqualTo(10);
      assertThat(server.duration().count()).isEqualTo(9);
    }
  }

  private static long sum(ProxyStats stats) {
    return stats.ended().values().stream().mapToLong(Long::longValue).sum();
  }

  @Test
  void refusals_countByReason_andFailedConnectsByServer() throws Exception {
    Server dead = Server.of("127.0.0.1", ConnectTest.deadPort());
    start(dead);
    assertReset();
    balancer.drain(dead.id());
    assertReset();
    await("both are counted", () -> proxy.openRelays() == 0);

    ProxyStats stats = proxy.stats();
    assertThat(stats.ended().get(EndReason.CONNECT_FAILED)).isEqualTo(1);
    assertThat(stats.ended().get(EndReason.NO_SERVER)).isEqualTo(1);
    assertThat(stats.refused()).isEqualTo(2).isEqualTo(proxy.refusedClients());
    assertThat(stats.duration().count()).as("of those that were connected").isZero();
    assertThat(stats.servers().get(dead.id()).connectFailures()).isEqualTo(1);
    assertThat(stats.servers().get(dead.id()).connected()).isZero();
    assertThat(stats.servers().get(dead.id()).open()).isZero();
  }

  private void assertReset() throws Exception {
    try (Socket client = connect()) {
      assertThatThrownBy(() -> client.getInputStream().read()).hasMessageContaining("reset");
    }
  }

  @Test
  void resets_countByWhoSentThem() throws Exception {
    Backend backend =
        closeLater(
            new Backend(
                socket -> {
                  if (socket.getInputStream().read() == 1) {
                    reset(socket);
                  } else {
                    socket.getInputStream().read();
                  }
                }));
    start(backend.server());
    Socket reset = connect();
    reset.getOutputStream().write(1);
    assertThatThrownBy(() -> reset.getInputStream().read()).hasMessageContaining("reset");
    Socket resetting = connect();
    resetting.getOutputStream().write(2);
    await("it is relayed", () -> proxy.stats().bytesFromClients() == 2);
    reset(resetting);
    await("both have ended", () -> proxy.openRelays() == 0);
    assertThat(proxy.stats().ended().get(EndReason.SERVER_RESET)).isEqualTo(1);
    assertThat(proxy.stats().ended().get(EndReason.CLIENT_RESET)).isEqualTo(1);
  }

  @Test
  void serverThatLeft_isForgottenWithItsLastRelay_butItsBytesAreNot() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(builder -> builder.eventLoops(2), backend.server());
    Socket client = connect();
    client.getOutputStream().write(1);
    assertThat(client.getInputStream().read()).isEqualTo(1);

    balancer.remove(backend.server().id());
    assertThat(proxy.stats().servers()).as("one relay is open").hasSize(1);
    balancer.add(backend.server());
    client.shutdownOutput();
    assertThat(client.getInputStream().read()).isEqualTo(-1);
    await("it has ended", () -> proxy.openRelays() == 0);
    assertThat(proxy.stats().servers()).as("it is a member again").hasSize(1);

    balancer.remove(backend.server().id());
    assertThat(proxy.stats().servers()).isEmpty();
    assertThat(proxy.stats().bytesFromClients()).isEqualTo(1);
    assertThat(proxy.stats().bytesFromServers()).isEqualTo(1);
  }

  @Test
  void times_areOfTheLastMinutes_countsOfAll() throws Exception {
    AtomicLong now = new AtomicLong();
    Backend backend = closeLater(Backend.echo());
    start(
        LoadBalancer.builder().servers(backend.server()).build(),
        builder -> builder.eventLoops(1).clock(now::get).idleTimeout(Duration.ofHours(2)));
    Socket client = connect();
    await("it is connected", () -> proxy.stats().connectTime().count() == 1);
    now.addAndGet(Duration.ofSeconds(10).toNanos());
    client.getOutputStream().write(1);
    assertThat(client.getInputStream().read()).isEqualTo(1);
    now.addAndGet(Duration.ofSeconds(20).toNanos());
    client.shutdownOutput();
    assertThat(client.getInputStream().read()).isEqualTo(-1);
    await("it has ended", () -> proxy.openRelays() == 0);

    ProxyStats.Times firstByte = proxy.stats().firstByteTime();
    assertThat(firstByte.p50()).isBetween(Duration.ofSeconds(10), Duration.ofMillis(10_100));
    assertThat(firstByte.max()).isEqualTo(firstByte.p99());
    assertThat(firstByte.total()).isEqualTo(Duration.ofSeconds(10));
    ProxyStats.Times duration = proxy.stats().duration();
    assertThat(duration.p95()).isEqualTo(duration.p90());
    assertThat(duration.p90()).isBetween(Duration.ofSeconds(30), Duration.ofMillis(30_300));

    now.addAndGet(Duration.ofMinutes(3).toNanos());
    ProxyStats.Times later = proxy.stats().duration();
    assertThat(later.count()).isEqualTo(1);
    assertThat(later.total()).isEqualTo(Duration.ofSeconds(30));
    assertThat(later.recentCount()).isZero();
    assertThat(later.p99()).isZero();
  }

  @Test
  void onAnEventLoop_isRefused() throws Exception {
    start(Server.of("127.0.0.1", 1));
    CompletableFuture<Throwable> thrown = new CompletableFuture<>();
    proxy
        .loops()
        .get(0)
        .execute(
            () -> {
              try {
                thrown.completeExceptionally(new AssertionError(proxy.stats()));
              } catch (Throwable e) {
                thrown.complete(e);
              }
            });
    assertThat(thrown.get()).isInstanceOf(IllegalStateException.class);
  }
}
