package io.evenkeel.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Invariant 17: whatever a loop waits for, a channel that is ready for something else does not make
 * it turn. That of descriptors is in {@link DescriptorsTest}, of relays that stall in {@link
 * RelayBytesTest}.
 */
@Timeout(120)
class TurnsTest extends ProxyFixture {

  private final AtomicLong now = new AtomicLong();

  private static void say(Socket client) throws IOException {
    client.getOutputStream().write(1);
  }

  private static void hear(Socket client) throws IOException {
    assertThat(client.getInputStream().read()).isEqualTo(1);
  }

  private List<Socket> connect(int count) throws IOException {
    List<Socket> clients = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Socket client = connect();
      say(client);
      clients.add(client);
    }
    return clients;
  }

  private static void closeAll(List<Socket> sockets) throws IOException {
    for (Socket socket : sockets) {
      socket.close();
    }
  }

  @Test
  void nothingToDo_andServing() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(builder -> builder.eventLoops(2), backend.server());
    awaitTurnOnlyWhenTold();
    List<Socket> clients = connect(5);
    for (Socket client : clients) {
      hear(client);
    }
    awaitTurnOnlyWhenTold();
    closeAll(clients);
    assertQuiet();
  }

  @Test
  void placesTaken_andClientsInTheQueue() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(builder -> builder.eventLoops(2).maxConnections(1), backend.server());
    List<Socket> clients = connect(20); // so many that each loop has some
    await("one is in", () -> proxy.openRelays() == 1);
    awaitTurnOnlyWhenTold();
    assertThat(proxy.openRelays()).isEqualTo(1);
    closeAll(clients);
    await("each had its turn", () -> proxy.stats().accepted() == clients.size());
    assertQuiet();
    awaitTurnOnlyWhenTold();
  }

  @Test
  void rateReached_andClientsInTheQueue() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(
        LoadBalancer.builder().servers(backend.server()).build(),
        builder -> builder.eventLoops(2).clock(now::get).acceptRate(1));
    List<Socket> clients = connect(20);
    await("one is in", () -> proxy.openRelays() == 1);
    awaitTurnOnlyWhenTold();
    for (int i = 2; i <= 20; i++) {
      int expected = i;
      await(
          "the next is in",
          () -> {
            now.addAndGet(TimeUnit.MILLISECONDS.toNanos(100));
            takenBufferBytes(); // a turn, so that the time is seen
            return proxy.openRelays() >= expected;
          });
    }
    closeAll(clients);
    assertQuiet();
    awaitTurnOnlyWhenTold();
  }

  @Test
  void clientsFin_whileTheServerSaysNothing() throws Exception {
    CountDownLatch go = new CountDownLatch(1);
    Backend backend = closeLater(new Backend(socket -> go.await()));
    start(builder -> builder.eventLoops(1), backend.server());
    List<Socket> clients = connect(3);
    for (Socket client : clients) {
      client.shutdownOutput();
    }
    await("they are connected", () -> backend.openSessions() == 3);
    awaitTurnOnlyWhenTold();
    assertThat(proxy.openRelays()).isEqualTo(3);
    go.countDown();
    for (Socket client : clients) {
      while (client.getInputStream().read() >= 0) {
        assertThat(client.isClosed()).isFalse();
      }
      client.close();
    }
    awaitTurnOnlyWhenTold();
  }

  @Test
  void serversFin_whileTheClientGoesOn() throws Exception {
    CountDownLatch go = new CountDownLatch(1);
    Backend backend =
        closeLater(
            new Backend(
                socket -> {
                  socket.shutdownOutput();
                  go.await();
                }));
    start(builder -> builder.eventLoops(1), backend.server());
    Socket client = connect();
    assertThat(client.getInputStream().read()).isEqualTo(-1);
    awaitTurnOnlyWhenTold();
    say(client);
    awaitTurnOnlyWhenTold();
    assertThat(proxy.openRelays()).isEqualTo(1);
    go.countDown();
    client.close();
    assertQuiet();
    awaitTurnOnlyWhenTold();
  }

  @Test
  void clientsReset_whileServersAreConnected_andWhileTheyAreNot() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(builder -> builder.eventLoops(1), backend.server());
    for (Socket client : connect(3)) {
      hear(client);
      reset(client);
    }
    assertQuiet();
    awaitTurnOnlyWhenTold();
    proxy.shutdown(Duration.ZERO);
    try (ServerSocket full = ConnectTest.fullListener(this)) {
      start(builder -> builder.eventLoops(1), Server.of("127.0.0.1", full.getLocalPort()));
      List<Socket> clients = connect(3);
      await("they are in", () -> proxy.openRelays() == 3);
      for (Socket client : clients) {
        reset(client);
      }
      awaitTurnOnlyWhenTold();
    }
  }

  @Test
  void waitingClientsThatSaidMuch_reset() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(
        LoadBalancer.builder().servers(backend.server()).maxConcurrent(1).build(),
        builder -> builder.eventLoops(1).maxWaiting(5));
    Socket served = connect();
    say(served);
    hear(served);
    Socket waiting = connect();
    waiting.setOption(StandardSocketOptions.SO_SNDBUF, 256 * 1024);
    waiting.getOutputStream().write(new byte[RelayEnd.EARLY_BYTES + 1]);
    await("what is kept is full", () -> takenBufferBytes() == RelayEnd.EARLY_BYTES);
    awaitTurnOnlyWhenTold();
    reset(waiting);
    awaitTurnOnlyWhenTold();
    assertThat(proxy.openRelays()).as("nobody looks").isEqualTo(2);
    served.close();
    assertQuiet();
    awaitTurnOnlyWhenTold();
  }

  @Test
  void drained_withRelaysLeft_andWithout() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(builder -> builder.eventLoops(2), backend.server());
    List<Socket> clients = connect(5);
    for (Socket client : clients) {
      hear(client);
    }
    CompletableFuture<Void> drained = proxy.drain().toCompletableFuture();
    awaitTurnOnlyWhenTold();
    assertThat(drained).isNotDone();
    closeAll(clients);
    drained.get();
    awaitTurnOnlyWhenTold();
  }

  /** Everybody who came before is taken in, whatever the listener waits for. */
  @Test
  void drain_whilePausedForPlaces_takesInWhoIsInTheQueue() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(builder -> builder.eventLoops(2).maxConnections(1), backend.server());
    drainTakesAllIn(connect(20));
  }

  @Test
  void drain_whilePausedForTheRate_takesInWhoIsInTheQueue() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(
        LoadBalancer.builder().servers(backend.server()).build(),
        builder -> builder.eventLoops(2).clock(now::get).acceptRate(1));
    drainTakesAllIn(connect(20));
  }

  private void drainTakesAllIn(List<Socket> clients) throws Exception {
    await("one is in", () -> proxy.openRelays() == 1);
    awaitTurnOnlyWhenTold(); // the others' loops pause
    CompletableFuture<Void> drained = proxy.drain().toCompletableFuture();
    for (Socket client : clients) {
      hear(client);
    }
    assertThat(proxy.openRelays()).isEqualTo(clients.size());
    assertThat(drained).isNotDone();
    awaitTurnOnlyWhenTold();
    closeAll(clients);
    drained.get();
    awaitTurnOnlyWhenTold();
    assertThat(proxy.shutdown(LONG)).isZero();
  }
}
