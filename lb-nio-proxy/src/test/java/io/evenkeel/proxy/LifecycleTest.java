package io.evenkeel.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Invariant 18: started, drained, stopped; and what a start that fails leaves behind. */
@Timeout(60)
class LifecycleTest extends ProxyFixture {

  @Test
  void shutdown_letsRelaysFinish() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(backend.server());
    Socket client = connect();
    client.getOutputStream().write(1);
    assertThat(client.getInputStream().read()).isEqualTo(1);

    CompletableFuture<Integer> cut = CompletableFuture.supplyAsync(() -> proxy.shutdown(LONG));
    await("the listener closes", this::isRefused);
    client.getOutputStream().write(2);
    assertThat(client.getInputStream().read()).isEqualTo(2);
    client.close();

    assertThat(cut.get()).isZero();
    assertThat(proxy.openRelays()).isZero();
  }

  @Test
  void shutdown_cutsWhatIsLeftAndCountsIt() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(backend.server());
    long socketsAtStart = sockets();
    List<Socket> clients = List.of(connect(), connect(), connect());
    for (Socket client : clients) {
      client.getOutputStream().write(1);
      assertThat(client.getInputStream().read()).isEqualTo(1);
    }

    assertThat(proxy.shutdown(Duration.ofMillis(50))).isEqualTo(3);
    assertThat(proxy.shutdown(LONG)).as("again").isEqualTo(3);

    for (Socket client : clients) {
      assertThatThrownBy(() -> client.getInputStream().read()).isInstanceOf(SocketException.class);
      client.close();
    }
    assertThat(balancer.nodes()).allMatch(node -> node.inFlight() == 0);
    await("sockets close", () -> sockets() <= socketsAtStart);
    assertThat(proxy.loops()).noneMatch(loop -> loop.thread().isAlive());
  }

  @Test
  void shutdown_cutsClientsThatAreStillConnecting() throws Exception {
    try (ServerSocket full = ConnectTest.fullListener(this)) {
      start(Server.of("127.0.0.1", full.getLocalPort()));
      connect();
      await("the client is in", () -> proxy.openRelays() == 1);

      assertThat(proxy.shutdown(Duration.ZERO)).isEqualTo(1);
      assertThat(balancer.nodes()).allMatch(node -> node.inFlight() == 0);
    }
  }

  @Test
  void shutdownInterrupted_cutsAtOnceAndStaysInterrupted() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(backend.server());
    Socket client = connect();
    client.getOutputStream().write(1);
    assertThat(client.getInputStream().read()).isEqualTo(1);

    CompletableFuture<Boolean> stillInterrupted = new CompletableFuture<>();
    AtomicReference<Integer> cut = new AtomicReference<>();
    Thread thread =
        new Thread(
            () -> {
              cut.set(proxy.shutdown(LONG));
              stillInterrupted.complete(Thread.currentThread().isInterrupted());
            });
    thread.start();
    await("the listener closes", this::isRefused);
    thread.interrupt();

    assertThat(stillInterrupted.get()).isTrue();
    assertThat(cut.get()).isPositive(); // more, if it took in those that tried the listener
  }

  @Test
  void shutdownBeforeStart_thenItCannotStart() throws Exception {
    TcpProxy never = proxyTo(Server.of("127.0.0.1", 1)).build();
    assertThat(never.shutdown(LONG)).isZero();
    assertThatThrownBy(never::start).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void shutdownOnAnEventLoop_isRefused() throws Exception {
    start(Server.of("127.0.0.1", 1));
    CompletableFuture<Throwable> thrown = new CompletableFuture<>();
    proxy
        .loops()
        .get(0)
        .execute(
            () -> {
              try {
                proxy.shutdown(LONG);
                thrown.complete(null);
              } catch (Throwable e) {
                thrown.complete(e);
              }
            });
    assertThat(thrown.get()).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void startedTwice_isRefused() throws Exception {
    start(Server.of("127.0.0.1", 1));
    assertThatThrownBy(proxy::start).isInstanceOf(IllegalStateException.class);
    assertIdle();
  }

  @Test
  void portInUse_evenByOneThatShares_isAnErrorThatLeavesNothing() throws Exception {
    start(builder -> builder.eventLoops(2), Server.of("127.0.0.1", 1));
    long before = sockets();
    TcpProxy second =
        proxyTo(Server.of("127.0.0.1", 1))
            .eventLoops(2)
            .listen("127.0.0.1", proxy.localAddress().getPort())
            .build();

    assertThatThrownBy(second::start).isInstanceOf(BindException.class);
    assertThat(sockets()).isEqualTo(before);
    assertThat(second.shutdown(LONG)).isZero();
  }

  @Test
  void portOfAProxyThatStopped_canBeBoundAtOnce() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(builder -> builder.eventLoops(2), backend.server());
    int port = proxy.localAddress().getPort();
    for (int i = 0; i < 3; i++) {
      try (Socket client = new Socket("127.0.0.1", port)) {
        client.getOutputStream().write(1);
        assertThat(client.getInputStream().read()).isEqualTo(1);
      }
      proxy.shutdown(LONG);
      proxy = proxyTo(backend.server()).eventLoops(2).listen("127.0.0.1", port).build();
      proxy.start();
    }
  }

  @Test
  void hostsThatAreNotFound_areNamed() throws Exception {
    long before = sockets();
    assertThatThrownBy(
            () ->
                proxyTo(Server.of("127.0.0.1", 1))
                    .listen("no-such-host.invalid", 0)
                    .build()
                    .start())
        .isInstanceOf(UnknownHostException.class)
        .hasMessageContaining("no-such-host.invalid");
    assertThatThrownBy(() -> proxyTo(Server.of("nobody.invalid", 1)).build().start())
        .isInstanceOf(UnknownHostException.class)
        .hasMessageContaining("nobody.invalid:1");
    assertThat(sockets()).isEqualTo(before);
  }

  @Test
  void withoutSharedAddresses_allLoopsServeFromOneListener() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(builder -> builder.eventLoops(3).shareAddress(false), backend.server());
    for (int i = 0; i < 50; i++) {
      echoOnce(connect());
    }
    CompletableFuture<Integer> cut = CompletableFuture.supplyAsync(() -> proxy.shutdown(LONG));
    for (AutoCloseable client : List.copyOf(resources)) {
      if (client instanceof Socket socket) {
        socket.close();
      }
    }
    assertThat(cut.get()).isZero();
  }

  @Test
  void loops_shareOutTheClients() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(builder -> builder.eventLoops(2), backend.server());
    for (int i = 0; i < 200; i++) {
      echoOnce(connect());
    }
    assertThat(proxy.acceptors()).allMatch(acceptor -> acceptor.openRelays() > 50);
  }

  @Test
  void shutdown_takesInWhoIsInTheQueue() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(builder -> builder.eventLoops(1), backend.server());
    CountDownLatch busy = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    proxy
        .loops()
        .get(0)
        .execute(
            () -> {
              busy.countDown();
              try {
                go.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    busy.await();
    List<Socket> clients = List.of(connect(), connect(), connect());
    proxy.loops().get(0).execute(proxy.acceptors().get(0)::close); // what shutdown does first
    go.countDown();

    for (Socket client : clients) {
      echoOnce(client);
      client.close();
    }
    assertThat(proxy.shutdown(LONG)).isZero();
  }

  /** Nothing but accepting happens here, so that turns of the loop are batches of clients. */
  @Test
  void manyClientsAtOnce_areTakenInBatches_soThatRelaysHaveTheirTurn() throws Exception {
    try (ServerSocket full = ConnectTest.fullListener(this)) {
      start(builder -> builder.eventLoops(1), Server.of("127.0.0.1", full.getLocalPort()));
      EventLoop loop = proxy.loops().get(0);
      CountDownLatch busy = new CountDownLatch(1);
      CountDownLatch go = new CountDownLatch(1);
      loop.execute(
          () -> {
            busy.countDown();
            try {
              go.await();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          });
      busy.await();
      for (int i = 0; i < 300; i++) {
        connect();
      }
      long before = loop.turns();
      go.countDown();
      await("all are in", () -> proxy.openRelays() == 300);
      assertThat(loop.turns() - before).isGreaterThanOrEqualTo(5);
    }
  }

  @Test
  void loopInterrupted_doesNotSpin() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(builder -> builder.eventLoops(1), backend.server());
    proxy.loops().get(0).thread().interrupt();
    EventLoop loop = proxy.loops().get(0);
    await("the interrupt is taken off", () -> !loop.thread().isInterrupted());
    assertIdle();
    echoOnce(connect());
  }

  @Test
  void badSettings_areNamedWithWhatIsAllowed() {
    TcpProxyBuilder builder = proxyTo(Server.of("127.0.0.1", 1));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.eventLoops(0))
        .withMessage("eventLoops: 0 (expected: 1 to 1024)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.listen("127.0.0.1", 70_000))
        .withMessage("port: 70000 (expected: 0 to 65535)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.idleTimeout(Duration.ZERO))
        .withMessage("idleTimeout: PT0S (expected: > 0)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.connectTimeout(Duration.ofMillis(-1)))
        .withMessageStartingWith("connectTimeout: ");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.connectAttempts(0))
        .withMessage("connectAttempts: 0 (expected: >= 1)");
  }

  private static TcpProxyBuilder proxyTo(Server... servers) {
    return TcpProxy.builder(LoadBalancer.builder().servers(servers).build());
  }

  private static void echoOnce(Socket client) throws IOException {
    client.getOutputStream().write(5);
    assertThat(client.getInputStream().read()).isEqualTo(5);
  }

  private boolean isRefused() {
    try (Socket probe = new Socket("127.0.0.1", proxy.localAddress().getPort())) {
      return false;
    } catch (ConnectException e) {
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
