package io.evenkeel.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.Block;
import io.evenkeel.core.BlockOwner;
import io.evenkeel.core.LoadBalancer;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Settings of a proxy that change while it runs: for new clients, and all or none. */
@Timeout(120)
class ProxyUpdateTest extends WarmFixture {

  private final AtomicLong now = new AtomicLong();

  private static void echo(Socket client, int b) throws IOException {
    client.getOutputStream().write(b);
    assertThat(client.getInputStream().read()).isEqualTo(b);
  }

  private static void assertReset(Socket client) throws IOException {
    try (client) {
      assertThatThrownBy(() -> client.getInputStream().read()).hasMessageContaining("reset");
    }
  }

  private void pass(Duration time) {
    now.addAndGet(time.toNanos());
    long seen = turns() + 2L * proxy.loops().size();
    while (turns() < seen) {
      takenBufferBytes();
    }
  }

  private long ended(EndReason reason) {
    return proxy.stats().ended().get(reason);
  }

  @Test
  void whatStays_isRefused_withAllElseOfTheChange() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(builder -> builder.eventLoops(1).maxConnections(7), backend.server());
    List<Consumer<TcpProxyBuilder>> bad =
        List.of(
            builder -> builder.eventLoops(2),
            builder -> builder.listen("127.0.0.1", proxy.localAddress().getPort()),
            builder -> builder.listen("127.0.0.2", 0),
            builder -> builder.reusePort(true),
            builder -> builder.threadFactory(Thread::new),
            builder -> builder.onEvent(event -> {}),
            builder -> builder.acceptRate(0),
            builder -> builder.waterMarks(5, 5),
            builder -> builder.sourceAddresses(List.of(address("192.0.2.77"))),
            builder -> {
              throw new IllegalArgumentException("a user's own");
            });
    for (Consumer<TcpProxyBuilder> change : bad) {
      assertThatIllegalArgumentException()
          .isThrownBy(
              () ->
                  proxy.update(
                      builder -> {
                        builder.maxConnections(1).maxWaiting(3).idleTimeout(Duration.ofMillis(1));
                        change.accept(builder);
                      }));
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> proxy.update(builder -> builder.eventLoops(2)))
        .withMessage("eventLoops: 2 (expected: 1, for it stays as it was built)");
    assertThat(
            proxy.update(builder -> builder.listen("127.0.0.1", 0).eventLoops(1).maxConnections(7)))
        .describedAs("as it is")
        .isFalse();
    List<Socket> clients = List.of(connect(), connect(), connect());
    for (Socket client : clients) {
      echo(client, 1); // more than one at a time, and they may be idle
    }
    for (Socket client : clients) {
      client.close();
    }
    assertQuiet();
  }

  private static InetAddress address(String literal) {
    try {
      return InetAddress.getByName(literal);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void beforeTheStart_itIsAsIfBuiltSo_andAfterTheEndItIsRefused() throws Exception {
    Backend backend = closeLater(Backend.echo());
    balancer = LoadBalancer.builder().servers(backend.server()).maxConcurrent(1).build();
    proxy = TcpProxy.builder(balancer).eventLoops(1).build();
    assertThat(proxy.update(builder -> builder.maxWaiting(1).maxConnections(2))).isTrue();
    proxy.start();
    takenBufferBytes();
    socketsBefore = sockets();
    Socket served = connect();
    echo(served, 1);
    Socket waiting = connect();
    waiting.getOutputStream().write(2);
    await("one waits", () -> proxy.stats().waiting() == 1);
    served.close();
    assertThat(waiting.getInputStream().read()).isEqualTo(2);
    waiting.close();
    assertQuiet();
    proxy.shutdown(Duration.ZERO);
    assertThatIllegalStateException()
        .isThrownBy(() -> proxy.update(builder -> builder.maxWaiting(2)))
        .withMessage("it was shut down");
  }

  @Test
  void moreConnections_letWaitingClientsInAtOnce_fewerLetNobodyInUntilEnoughEnd() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(builder -> builder.eventLoops(3), backend.server());
    List<Socket> first = List.of(connect(), connect(), connect());
    for (Socket client : first) {
      echo(client, 1); // counted while there was no limit
    }
    assertThat(proxy.update(builder -> builder.maxConnections(2))).isTrue();
    Socket outside = connect();
    Socket next = connect();
    outside.getOutputStream().write(7);
    next.getOutputStream().write(7);
    first.get(0).close();
    await("one has left", () -> proxy.openRelays() == 2);
    awaitQuietLoops();
    assertThat(proxy.openRelays()).isEqualTo(2);
    assertThat(outside.getInputStream().available() + next.getInputStream().available()).isZero();
    first.get(1).close();
    await(
        "one is let in",
        () -> {
          try {
            return outside.getInputStream().available() + next.getInputStream().available() == 1;
          } catch (IOException e) {
            throw new AssertionError(e);
          }
        });
    assertThat(proxy.openRelays()).isEqualTo(2);
    echo(first.get(2), 3); // relays under way are not touched
    proxy.update(builder -> builder.maxConnections(Integer.MAX_VALUE));
    assertThat(outside.getInputStream().read()).isEqualTo(7);
    assertThat(next.getInputStream().read()).isEqualTo(7);
    for (Socket client : List.of(first.get(2), outside, next)) {
      client.close();
    }
    assertQuiet();
    assertThat(proxy.stats().refused()).isZero();
  }

  @Test
  void acceptRate_changesForThoseWhoWaitForATurn_too() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(
        LoadBalancer.builder().servers(backend.server()).build(),
        builder -> builder.eventLoops(1).clock(now::get).acceptRate(1));
    List<Socket> clients = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      clients.add(connect());
    }
    await("one is in", () -> proxy.openRelays() == 1);
    awaitQuietLoops();
    assertThat(proxy.openRelays()).isEqualTo(1);
    proxy.update(builder -> builder.acceptRate(8)); // a burst of two
    await("two more are in", () -> proxy.openRelays() == 3);
    awaitQuietLoops();
    assertThat(proxy.openRelays()).isEqualTo(3);
    proxy.update(builder -> builder.acceptRate(Integer.MAX_VALUE));
    await("all are in", () -> proxy.openRelays() == 4);
    proxy.update(builder -> builder.acceptRate(1));
    clients.add(connect());
    clients.add(connect());
    await("one more is in", () -> proxy.openRelays() == 5);
    awaitQuietLoops();
    assertThat(proxy.openRelays()).isEqualTo(5);
    pass(Duration.ofMillis(1_100));
    await("and one more", () -> proxy.openRelays() == 6);
    for (Socket client : clients) {
      echo(client, 9);
      client.close();
    }
    assertQuiet();
  }

  @Test
  void timeouts_areThoseThatARelayBeganWith() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(
        LoadBalancer.builder().servers(backend.server()).build(),
        builder -> builder.eventLoops(1).clock(now::get).idleTimeout(Duration.ofHours(1)));
    Socket before = connect();
    echo(before, 1);
    proxy.update(builder -> builder.idleTimeout(Duration.ofSeconds(5)));
    Socket after = connect();
    echo(after, 2);
    for (int i = 0; i < 7; i++) {
      pass(Duration.ofSeconds(1));
    }
    await("the new one ends", () -> ended(EndReason.IDLE) == 1);
    echo(before, 3);
    assertThat(proxy.openRelays()).isEqualTo(1);
    before.close();
    after.close();
    assertQuiet();
  }

  @Test
  void line_isMadeAndClosed_whoIsInItStays() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(
        LoadBalancer.builder().servers(backend.server()).maxConcurrent(1).build(),
        builder -> builder.eventLoops(2));
    Socket served = connect();
    echo(served, 1);
    assertReset(connect());
    proxy.update(builder -> builder.maxWaiting(2));
    Socket waiting = connect();
    waiting.getOutputStream().write(2);
    await("one waits", () -> proxy.stats().waiting() == 1);
    proxy.update(builder -> builder.maxWaiting(0));
    assertReset(connect());
    assertThat(proxy.stats().waiting()).isEqualTo(1);
    served.close();
    assertThat(waiting.getInputStream().read()).isEqualTo(2);
    waiting.close();
    assertQuiet();
  }

  @Test
  void onServerDown_isWhatARelayBeganWith() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(builder -> builder.eventLoops(2), backend.server());
    Socket finishes = connect();
    echo(finishes, 1);
    proxy.update(builder -> builder.onServerDown(OnServerDown.CUT));
    Socket isCut = connect();
    echo(isCut, 2);
    proxy.update(builder -> builder.onServerDown(OnServerDown.FINISH));
    Socket finishesToo = connect();
    echo(finishesToo, 3);
    BlockOwner owner = balancer.claim(Block.PROBE_DOWN);
    owner.set(backend.server().id(), "a test");
    assertReset(isCut);
    await("it is counted", () -> ended(EndReason.SERVER_DOWN) == 1);
    echo(finishes, 4);
    echo(finishesToo, 5);
    finishes.close();
    finishesToo.close();
    assertQuiet();
  }

  @Test
  void warmConnections_comeAndGo() throws Exception {
    Backend backend = numbered();
    start(builder -> builder.eventLoops(2), backend.server());
    Socket cold = connect();
    assertThat(number(cold)).isEqualTo(1);
    proxy.update(builder -> builder.warmConnections(2));
    awaitWarm(backend, 2);
    try (Socket client = connect()) {
      assertThat(number(client)).isGreaterThan(1);
    }
    await("it was warm", () -> proxy.stats().warm() == 1);
    await("another is made", () -> idle(backend) == 2);
    WarmConnections before = proxy.warm();
    proxy.update(builder -> builder.warmConnections(3));
    assertThat(proxy.warm()).isNotSameAs(before);
    awaitWarm(backend, 3);
    proxy.update(builder -> builder.warmConnections(0));
    assertThat(proxy.warm()).isNull();
    await("they are closed", () -> backend.openSessions() == 1);
    try (Socket client = connect()) {
      assertThat(number(client)).isPositive();
    }
    assertThat(number(cold)).isEqualTo(1);
    cold.close();
    await("relays end", () -> proxy.openRelays() == 0);
    proxy.shutdown(Duration.ZERO);
    assertThat(threads()).isEmpty();
    await("all are closed", () -> backend.openSessions() == 0);
  }

  @Test
  void sourceAddresses_areThoseOfNewConnections() throws Exception {
    List<String> peers = Collections.synchronizedList(new ArrayList<>());
    Backend backend =
        closeLater(
            new Backend(
                socket -> {
                  peers.add(socket.getInetAddress().getHostAddress());
                  socket.getOutputStream().write(socket.getInputStream().read());
                }));
    start(builder -> builder.eventLoops(2), backend.server());
    once();
    proxy.update(builder -> builder.sourceAddresses(List.of(address("127.0.0.5"))));
    once();
    proxy.update(builder -> builder.sourceAddresses(List.of()));
    once();
    assertThat(peers).containsExactly("127.0.0.1", "127.0.0.5", "127.0.0.1");
    assertQuiet();
  }

  private void once() throws IOException {
    try (Socket client = connect()) {
      echo(client, 5);
    }
  }

  /** Everything changes under traffic: no byte is lost, no client refused, nothing left behind. */
  @Test
  void changesUnderTraffic_touchNoRelay() throws Exception {
    Backend one = closeLater(Backend.echo());
    Backend two = closeLater(Backend.echo());
    start(builder -> builder.eventLoops(2), one.server(), two.server());
    AtomicInteger left = new AtomicInteger(4);
    List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
    List<Thread> clients = new ArrayList<>();
    for (int t = 0; t < 4; t++) {
      int number = t;
      Thread client =
          new Thread(
              () -> {
                try {
                  for (int i = 0; i < 25; i++) {
                    exchange(new Random(100L * number + i), i % 5 == 0 ? 700_000 : 20_000);
                  }
                } catch (Throwable e) {
                  failures.add(e);
                } finally {
                  left.decrementAndGet();
                }
              });
      clients.add(client);
      client.start();
    }
    Random random = new Random(5);
    int changes = 0;
    while (left.get() > 0) {
      boolean changed =
          proxy.update(
              builder ->
                  builder
                      .maxConnections(2 + random.nextInt(5))
                      .acceptRate(random.nextBoolean() ? Integer.MAX_VALUE : 100_000)
                      .maxWaiting(random.nextInt(3))
                      .readBuffer(4_096 << random.nextInt(8))
                      .waterMarks(0, 1 << random.nextInt(20))
                      .tcpNoDelay(random.nextBoolean())
                      .keepAlive(random.nextBoolean())
                      .warmConnections(random.nextInt(20) == 0 ? 1 : 0)
                      .onServerDown(random.nextBoolean() ? OnServerDown.CUT : OnServerDown.FINISH)
                      .connectAttempts(2 + random.nextInt(2))
                      .idleTimeout(Duration.ofSeconds(60 + random.nextInt(9))));
      changes += changed ? 1 : 0;
      takenBufferBytes(); // the loops keep up
    }
    for (Thread client : clients) {
      client.join();
    }
    assertThat(failures).isEmpty();
    assertThat(changes).isPositive();
    proxy.update(builder -> builder.warmConnections(0));
    await(
        "warm connections are closed",
        () -> one.openSessions() == 0 && two.openSessions() == 0 && proxy.openRelays() == 0);
    assertQuiet();
    assertThat(proxy.stats().accepted()).isEqualTo(100);
    assertThat(proxy.stats().refused()).isZero();
  }

  private void exchange(Random random, int size) throws Exception {
    byte[] sent = new byte[size];
    random.nextBytes(sent);
    try (Socket client = new Socket(proxy.localAddress().getAddress(), proxyPort())) {
      client.setSoTimeout((int) LONG.toMillis());
      Thread writer =
          new Thread(
              () -> {
                try {
                  client.getOutputStream().write(sent);
                } catch (IOException e) {
                  // the reader sees it
                }
              });
      writer.start();
      byte[] got = new byte[size];
      new DataInputStream(client.getInputStream()).readFully(got);
      writer.join();
      assertThat(got).isEqualTo(sent);
    }
  }

  private int proxyPort() {
    return proxy.localAddress().getPort();
  }
}
