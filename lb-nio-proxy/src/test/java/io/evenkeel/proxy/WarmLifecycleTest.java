package io.evenkeel.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.Block;
import io.evenkeel.core.BlockOwner;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.NanoClock;
import io.evenkeel.core.Server;
import io.evenkeel.core.Threads;
import io.evenkeel.pool.CloseReason;
import io.evenkeel.pool.PoolStats;
import java.io.InputStream;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Where and when there are warm connections, and that nothing is left of them. */
@Timeout(120)
class WarmLifecycleTest extends WarmFixture {

  @Test
  void serverDown_itsWarmOnesAreClosed_untilItIsBack() throws Exception {
    Backend backend = numbered();
    Backend other = numbered();
    startWarm(2, backend.server(), other.server());
    awaitWarm(backend, 2);
    awaitWarm(other, 2);
    BlockOwner owner = balancer.claim(Block.PROBE_DOWN);
    owner.set(backend.server().id(), "a test");
    await("they are closed", () -> backend.openSessions() == 0);
    assertThat(idle(backend)).isZero();
    assertThat(idle(other)).isEqualTo(2);
    assertThat(pooled(backend.server().id()).closed()).containsEntry(CloseReason.SERVER_DOWN, 2L);

    owner.clear(backend.server().id(), "a test");
    awaitWarm(backend, 2);
    balancer.drain(backend.server().id());
    await("they are closed", () -> backend.openSessions() == 0);
  }

  @Test
  void serverAddedMovedAndRemoved_warmOnesAreWhereItIs() throws Exception {
    Backend one = numbered();
    Backend two = numbered();
    Backend other = numbered();
    startWarm(2, other.server());
    awaitWarm(other, 2);
    balancer.add(one.server().withId("a"));
    await("two are warm", () -> one.openSessions() == 2);
    balancer.update(two.server().withId("a"));
    await("it has moved", () -> one.openSessions() == 0 && two.openSessions() == 2);
    await("they are there", () -> pooled("a").idle() == 2);
    balancer.remove("a");
    await("it has left", () -> two.openSessions() == 0);
    assertQuiet();
    assertThat(pooled("a")).as("forgotten").isNull();
  }

  @Test
  void nameThatIsLookedUpLater_itIsWaitedFor() throws Exception {
    Backend backend = numbered();
    CountDownLatch found = new CountDownLatch(1);
    start(
        builder ->
            builder
                .warmConnections(2)
                .resolver(
                    host -> {
                      if (host.equals("some.example")) {
                        awaitUninterruptibly(found);
                      }
                      return new InetAddress[] {InetAddress.getLoopbackAddress()};
                    }),
        backend.server());
    balancer.add(Server.of("some.example", backend.port()).withId("a"));
    await("they are wanted", () -> pooled("a") != null && pooled("a").connecting() == 2);
    found.countDown();
    await("they are there", () -> pooled("a").idle() == 2);
    assertThat(pooled("a").connectFailures()).isZero();
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void serverThatCannotBeConnectedTo_isTriedUntilItIsThere() throws Exception {
    int port = ConnectTest.deadPort();
    startWarm(2, Server.of("127.0.0.1", port));
    String id = "127.0.0.1:" + port;
    await("it was tried", () -> pooled(id) != null && pooled(id).connectFailures() > 0);
    Backend backend = numbered(port);
    awaitWarm(backend, 2);
    try (Socket client = connect()) {
      assertThat(number(client)).isPositive();
    }
    await("another is warm", () -> idle(backend) == 2);
    assertQuiet();
  }

  @Test
  void connectsTakeTheirTime_andEnd() throws Exception {
    try (ServerSocket full = ConnectTest.fullListener(this)) {
      start(
          builder -> builder.warmConnections(3).connectTimeout(Duration.ofMillis(100)),
          Server.of("127.0.0.1", full.getLocalPort()));
      String id = balancer.nodes().get(0).server().id();
      await("they have failed", () -> pooled(id).connectFailures() >= 3);
    }
  }

  @Test
  void settingsOfConnections_holdForWarmOnes() throws Exception {
    Map<String, Integer> sources = new ConcurrentHashMap<>();
    List<InetAddress> two =
        List.of(InetAddress.getLoopbackAddress(), InetAddress.getByName("127.0.0.2"));
    Backend backend =
        closeLater(
            new Backend(
                socket -> {
                  sources.merge(socket.getInetAddress().getHostAddress(), 1, Integer::sum);
                  socket.getInputStream().transferTo(socket.getOutputStream());
                }));
    start(
        builder -> builder.warmConnections(4).eventLoops(1).sourceAddresses(two).keepAlive(true),
        backend.server());
    await("they are there", () -> idle(backend) == 4);
    WarmConnection warm = proxy.warm().take(backend.server());
    assertThat(warm.channel().getOption(StandardSocketOptions.SO_KEEPALIVE)).isTrue();
    assertThat(warm.channel().getOption(StandardSocketOptions.TCP_NODELAY)).isTrue();
    assertThat(warm.channel().isBlocking()).isFalse();
    assertThat(warm.channel().isRegistered()).isFalse();
    warm.close();
    await(
        "both are where they come from",
        () -> sources.keySet().equals(Set.of("127.0.0.1", "127.0.0.2")));
  }

  /** A server may have one client at a time; what is warm is no client. */
  @Test
  void maximumOfTheServer_countsRelaysOnly() throws Exception {
    Backend backend = numbered();
    start(
        LoadBalancer.builder().servers(backend.server()).maxConcurrent(1).build(),
        builder -> builder.warmConnections(3).maxWaiting(10));
    awaitWarm(backend, 3);
    assertThat(balancer.nodes().get(0).inFlight()).isZero();
    Socket first = connect();
    assertThat(number(first)).isPositive();
    Socket second = connect();
    second.getOutputStream().write('x');
    await("one waits", () -> proxy.stats().waiting() == 1);
    first.close();
    assertThat(second.getInputStream().read()).isPositive();
    second.close();
    await("they are made up", () -> idle(backend) == 3);
    assertQuiet();
    assertThat(proxy.stats().warm()).isEqualTo(2);
  }

  // ---- ends ----

  @Test
  void shutdown_leavesNothing() throws Exception {
    Backend backend = numbered();
    long before = sockets();
    startWarm(5, backend.server());
    awaitWarm(backend, 5);
    Socket client = connect();
    assertThat(number(client)).isPositive();
    assertThat(proxy.shutdown(Duration.ZERO)).isEqualTo(1);
    assertThat(threads()).isEmpty();
    client.close();
    await("the backend's are closed", () -> backend.openSessions() == 0);
    await("no socket is left", () -> sockets() == before);
    assertThat(proxy.warm().take(backend.server())).isNull();
    balancer.add(Server.of("127.0.0.1", backend.port()).withId("late"));
    assertThat(proxy.warm().pool().stats().of("late")).isNull();
  }

  @Test
  void shutdownWhileTheyAreMade_leavesNothing() throws Exception {
    try (ServerSocket full = ConnectTest.fullListener(this)) {
      long before = sockets();
      start(
          builder -> builder.eventLoops(2).warmConnections(5),
          Server.of("127.0.0.1", full.getLocalPort()));
      String id = balancer.nodes().get(0).server().id();
      await("they are under way", () -> pooled(id).connecting() == 5);
      takenBufferBytes();
      proxy.shutdown(LONG);
      assertThat(threads()).isEmpty();
      assertThat(sockets()).isEqualTo(before);
    }
  }

  @Test
  void startedAndStopped_againAndAgain_leavesNothing() throws Exception {
    Backend backend = numbered();
    long before = sockets();
    for (int i = 0; i < 50; i++) {
      startWarm(3, backend.server());
      if (i % 2 == 0) {
        await("some are there", () -> idle(backend) > 0);
      }
      proxy.shutdown(Duration.ZERO);
    }
    assertThat(threads()).isEmpty();
    await("the backend's are closed", () -> backend.openSessions() == 0);
    await("no socket is left", () -> sockets() == before);
  }

  @Test
  void drain_closesThem_andRelaysGoOn() throws Exception {
    Backend backend = numbered();
    startWarm(2, backend.server());
    awaitWarm(backend, 2);
    Socket client = connect();
    int number = number(client);
    await("another is made", () -> idle(backend) == 2);
    CompletionStage<Void> drained = proxy.drain();
    await("only the relay is left", () -> backend.openSessions() == 1);
    assertThat(number(client)).isEqualTo(number);
    client.close();
    drained.toCompletableFuture().get();
  }

  @Test
  void startThatFails_leavesNothing() throws Exception {
    Backend backend = numbered();
    long before = sockets();
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      TcpProxy never =
          TcpProxy.builder(LoadBalancer.builder().servers(backend.server()).build())
              .listen("127.0.0.1", taken.getLocalPort())
              .warmConnections(2)
              .build();
      assertThatThrownBy(never::start).isInstanceOf(BindException.class);
      never.shutdown(Duration.ZERO);
    }
    assertThat(threads()).isEmpty();
    assertThat(backend.accepted).hasValue(0);
    assertThat(sockets()).isEqualTo(before);
  }

  @Test
  void startThatFails_andThenDoesNot_theyAreMade() throws Exception {
    Backend backend = numbered();
    balancer = LoadBalancer.builder().servers(backend.server()).build();
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      proxy =
          TcpProxy.builder(balancer)
              .listen("127.0.0.1", taken.getLocalPort())
              .warmConnections(2)
              .build();
      assertThatThrownBy(proxy::start).isInstanceOf(BindException.class);
    }
    proxy.start();
    awaitWarm(backend, 2);
    assertQuiet();
  }

  // ---- descriptors ----

  @Test
  void noDescriptorsLeft_theyAreClosed_andNoneIsMade() throws Exception {
    Backend backend = numbered();
    start(backend.server());
    WarmConnections warm = warm(backend, Duration.ofHours(1));
    warm.makeRoom();
    await("they are closed", () -> backend.openSessions() == 0);
    await("others are put off", () -> warm.postponedCount() == 3);
    assertThat(warm.take(backend.server())).isNull();
    try (Socket client = connect()) {
      assertThat(number(client)).isPositive();
    }
    PoolStats.OfServer stats = warm.pool().stats().of(backend.server().id());
    assertThat(stats.detached()).as("and not for their age").isEqualTo(3);
    assertThat(stats.connectFailures()).isZero();
    end(warm);
    assertQuiet();
  }

  @Test
  void descriptorsAreBack_theyAreMadeAgain() throws Exception {
    Backend backend = numbered();
    start(backend.server());
    WarmConnections warm = warm(backend, Duration.ofMillis(50));
    for (int i = 0; i < 3; i++) {
      long detached = warm.pool().stats().of(backend.server().id()).detached();
      warm.makeRoom();
      await(
          "they are closed",
          () -> warm.pool().stats().of(backend.server().id()).detached() == detached + 3);
      await("they are back", () -> warm.pool().stats().idle() == 3 && backend.openSessions() == 3);
    }
    end(warm);
    assertQuiet();
  }

  private WarmConnections warm(Backend backend, Duration quiet) {
    WarmConnections warm = new WarmConnections(balancer, 3, NanoClock.system(), quiet);
    warm.start(proxy.acceptors());
    await("they are there", () -> warm.pool().stats().idle() == 3 && backend.openSessions() == 3);
    return warm;
  }

  private static void end(WarmConnections warm) {
    warm.close();
    assertThat(warm.awaitEnd()).isFalse();
    assertThat(threads()).isEmpty();
  }

  // ---- all at once ----

  /**
   * Many clients on many loops, while servers go down and come back: each client's stream is its
   * own, whole and in order, and no connection ever carries the bytes of two.
   */
  @Test
  void manyClients_whileServersComeAndGo_noConnectionHasTwo() throws Exception {
    long seed = Threads.seed();
    Queue<String> breaches = new ConcurrentLinkedQueue<>();
    Set<Integer> carried = ConcurrentHashMap.newKeySet();
    List<Backend> backends =
        List.of(checked(breaches, carried), checked(breaches, carried), checked(breaches, carried));
    startWarm(3, backends.stream().map(Backend::server).toArray(Server[]::new));
    BlockOwner owner = balancer.claim(Block.EJECTED);
    int clients = 4 * 150;
    Threads.run(
        4,
        thread -> {
          Random random = new Random(seed + thread);
          for (int i = 0; i < clients / 4; i++) {
            String id = backends.get(random.nextInt(2)).server().id(); // the third stays
            if (random.nextInt(4) == 0) {
              owner.set(id, "a test");
            }
            relayOne(thread * clients + i, random);
            owner.clear(id, "a test");
          }
        });
    assertThat(breaches).as("seed %d", seed).isEmpty();
    assertThat(carried).hasSize(clients);
    backends.forEach(backend -> owner.clear(backend.server().id(), "a test"));
    await("all is warm", () -> backends.stream().allMatch(b -> idle(b) == 3));
    await("all relays end", () -> proxy.openRelays() == 0);
    assertThat(proxy.stats().ended()).containsEntry(EndReason.FINISHED, (long) clients);
    assertThat(proxy.stats().warm()).isPositive();
    proxy.shutdown(LONG);
    await("none is left", () -> backends.stream().allMatch(b -> b.openSessions() == 0));
  }

  private void relayOne(int name, Random random) throws Exception {
    try (Socket client = connect()) {
      byte[] sent = new byte[4 + random.nextInt(2_000)];
      for (int i = 0; i < sent.length; i++) {
        sent[i] = (byte) (i < 4 ? name >>> (8 * (3 - i)) : name * 31 + i);
      }
      client.getOutputStream().write(sent);
      client.shutdownOutput();
      byte[] back = client.getInputStream().readAllBytes();
      assertThat(back).isEqualTo(sent);
    }
  }

  /**
   * Echoes; what comes begins with the client's name, of which there is one, and follows from it.
   */
  private Backend checked(Queue<String> breaches, Set<Integer> carried) throws Exception {
    return closeLater(
        new Backend(
            socket -> {
              InputStream in = socket.getInputStream();
              byte[] all = in.readAllBytes();
              if (all.length >= 4) {
                int name = ByteBuffer.wrap(all).getInt();
                if (!carried.add(name)) {
                  breaches.add("client " + name + " came twice");
                }
                for (int i = 4; i < all.length; i++) {
                  if (all[i] != (byte) (name * 31 + i)) {
                    breaches.add("bytes of another behind those of " + name);
                    break;
                  }
                }
              } else if (all.length > 0) {
                breaches.add("a stream was cut");
              }
              socket.getOutputStream().write(all);
            }));
  }
}
