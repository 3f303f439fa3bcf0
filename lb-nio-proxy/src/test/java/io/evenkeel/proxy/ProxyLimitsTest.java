package io.evenkeel.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.Lease;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How many clients a proxy takes in, and who waits for a server that is full, in what order. */
@Timeout(120)
class ProxyLimitsTest extends ProxyFixture {

  private final AtomicLong now = new AtomicLong();

  /** One relay for each server at a time, and a clock that the test moves. */
  private void startFull(UnaryOperator<TcpProxyBuilder> settings, Server... servers)
      throws IOException {
    start(
        LoadBalancer.builder().servers(servers).maxConcurrent(1).build(),
        builder -> settings.apply(builder.clock(now::get).idleTimeout(Duration.ofHours(1))));
  }

  private static void echo(Socket client, int b) throws IOException {
    client.getOutputStream().write(b);
    assertThat(client.getInputStream().read()).isEqualTo(b);
  }

  /** A client that has said a byte, and waits. */
  private Socket waiter(int place) throws IOException {
    Socket client = connect();
    client.getOutputStream().write(place);
    await(place + " wait", () -> proxy.stats().waiting() == place);
    return client;
  }

  private long ended(EndReason reason) {
    return proxy.stats().ended().get(reason);
  }

  private void pass(Duration time) {
    now.addAndGet(time.toNanos());
    long seen = turns() + 2L * proxy.loops().size();
    while (turns() < seen) {
      takenBufferBytes();
    }
  }

  @Test
  void fullServer_clientsWaitInTheirOrder_andLoseNoByte() throws Exception {
    Backend backend = closeLater(Backend.echo());
    startFull(builder -> builder.eventLoops(2).maxWaiting(10), backend.server());
    Socket served = connect();
    echo(served, 100);
    List<Socket> waiting = new ArrayList<>();
    for (int i = 1; i <= 6; i++) {
      waiting.add(waiter(i));
    }
    assertThat(backend.accepted).hasValue(1);
    for (Socket next : waiting) {
      served.close();
      assertThat(next.getInputStream().read()).as("the first in line").isPositive();
      for (Socket other : waiting.subList(waiting.indexOf(next) + 1, waiting.size())) {
        assertThat(other.getInputStream().available()).isZero();
      }
      assertThat(balancer.nodes().get(0).inFlight()).isEqualTo(1);
      served = next;
    }
    served.close();
    assertQuiet();
    assertThat(proxy.stats().waitTime().count()).isEqualTo(6);
    assertThat(proxy.refusedClients()).isZero();
  }

  @Test
  void waitingClientThatLeaves_isRemovedAtOnce() throws Exception {
    Backend backend = closeLater(Backend.echo());
    startFull(builder -> builder.maxWaiting(10), backend.server());
    Socket served = connect();
    echo(served, 100);
    Socket first = waiter(1);
    Socket second = waiter(2);
    Socket third = waiter(3);
    first.close();
    await("one has left", () -> proxy.stats().waiting() == 2);
    reset(second);
    await("two have left", () -> proxy.stats().waiting() == 1);
    assertThat(proxy.openRelays()).isEqualTo(2);
    served.close();
    assertThat(third.getInputStream().read()).isEqualTo(3);
    third.close();
    assertQuiet();
    assertThat(ended(EndReason.CLIENT_LEFT)).isEqualTo(2);
    assertThat(backend.accepted).as("nothing was done for who left").hasValue(2);
  }

  @Test
  void noRoomToWait_isRefused() throws Exception {
    Backend backend = closeLater(Backend.echo());
    startFull(builder -> builder.maxWaiting(1), backend.server());
    Socket served = connect();
    echo(served, 100);
    Socket waiting = waiter(1);
    assertReset(connect());
    await("it is counted", () -> ended(EndReason.QUEUE_FULL) == 1);
    served.close();
    assertThat(waiting.getInputStream().read()).isEqualTo(1);
    waiting.close();
    assertQuiet();
  }

  @Test
  void withoutALine_aFullServerRefuses() throws Exception {
    Backend backend = closeLater(Backend.echo());
    startFull(builder -> builder, backend.server());
    Socket served = connect();
    echo(served, 100);
    assertReset(connect());
    await("it is counted", () -> ended(EndReason.NO_SERVER) == 1);
    served.close();
    assertQuiet();
  }

  private static void assertReset(Socket client) throws IOException {
    try (client) {
      assertThatThrownBy(() -> client.getInputStream().read()).hasMessageContaining("reset");
    }
  }

  @Test
  void whoWaitsTooLong_isRefused() throws Exception {
    Backend backend = closeLater(Backend.echo());
    startFull(
        builder -> builder.eventLoops(1).maxWaiting(9).waitTimeout(Duration.ofSeconds(20)),
        backend.server());
    Socket served = connect();
    echo(served, 100);
    Socket waiting = waiter(1);
    for (int i = 0; i < 19; i++) {
      pass(Duration.ofSeconds(1));
      assertThat(proxy.stats().waiting()).isEqualTo(1);
    }
    pass(Duration.ofMillis(1_100));
    assertReset(waiting);
    assertThat(ended(EndReason.QUEUE_TIMEOUT)).isEqualTo(1);
    assertThat(proxy.stats().refused()).isEqualTo(1);
    served.close();
    assertQuiet();
  }

  @Test
  void serverFreedByAnotherUserOfTheBalancer_isFoundSoon() throws Exception {
    Backend backend = closeLater(Backend.echo());
    startFull(builder -> builder.eventLoops(1).maxWaiting(9), backend.server());
    Lease others = balancer.acquire();
    try (Socket waiting = waiter(1)) {
      others.close();
      pass(Duration.ofMillis(1_100));
      assertThat(waiting.getInputStream().read()).isEqualTo(1);
    }
    assertQuiet();
  }

  @Test
  void serverThatIsAdded_servesWhoWaits() throws Exception {
    Backend first = closeLater(Backend.echo());
    Backend second = closeLater(Backend.echo());
    startFull(builder -> builder.maxWaiting(9), first.server());
    Socket served = connect();
    echo(served, 100);
    try (Socket waiting = waiter(1)) {
      balancer.add(second.server());
      assertThat(waiting.getInputStream().read()).isEqualTo(1);
      assertThat(second.accepted).hasValue(1);
    }
    served.close();
    assertQuiet();
  }

  @Test
  void waitingClientThatSaysMuch_losesNothing() throws Exception {
    Backend backend = closeLater(Backend.echo());
    startFull(builder -> builder.maxWaiting(9), backend.server());
    Socket served = connect();
    echo(served, 100);
    byte[] much = new byte[300_000];
    new Random(7).nextBytes(much);
    Socket waiting = connect();
    Thread writer =
        new Thread(
            () -> {
              try {
                waiting.getOutputStream().write(much);
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
    writer.start();
    await("what is kept is full", () -> takenBufferBytes() == RelayEnd.EARLY_BYTES);
    served.close();
    assertThat(waiting.getInputStream().readNBytes(much.length)).isEqualTo(much);
    writer.join();
    waiting.close();
    assertQuiet();
  }

  @Test
  void shutdown_cutsWhoWaits() throws Exception {
    Backend backend = closeLater(Backend.echo());
    startFull(builder -> builder.maxWaiting(9), backend.server());
    echo(connect(), 100);
    waiter(1);
    waiter(2);
    assertThat(proxy.shutdown(Duration.ZERO)).isEqualTo(3);
    assertThat(proxy.stats().waiting()).isZero();
    assertThat(balancer.nodes().get(0).inFlight()).isZero();
  }

  /** Leases are handed from loop to loop here all the time. */
  @Test
  void manyClientsAndFewPlaces_allAreServed_noneTwice() throws Exception {
    Backend one = closeLater(Backend.echo());
    Backend two = closeLater(Backend.echo());
    startFull(builder -> builder.eventLoops(3).maxWaiting(100), one.server(), two.server());
    ExecutorService clients = Executors.newFixedThreadPool(16);
    try {
      List<Future<?>> results = new ArrayList<>();
      for (int t = 0; t < 16; t++) {
        results.add(
            clients.submit(
                () -> {
                  for (int i = 0; i < 40; i++) {
                    try (Socket client = new Socket("127.0.0.1", proxy.localAddress().getPort())) {
                      client.setSoTimeout((int) LONG.toMillis());
                      echo(client, i);
                    }
                  }
                  return null;
                }));
      }
      for (Future<?> result : results) {
        result.get();
      }
    } finally {
      clients.shutdownNow();
    }
    assertQuiet();
    assertThat(one.accepted.get() + two.accepted.get()).isEqualTo(640);
    assertThat(proxy.stats().refused()).isZero();
    assertThat(proxy.stats().waiting()).isZero();
  }

  @Test
  void tooManyClients_waitOutside_untilOthersEnd() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(builder -> builder.eventLoops(3).maxConnections(2), backend.server());
    List<Socket> clients = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      Socket client = connect();
      client.getOutputStream().write(1);
      clients.add(client);
    }
    for (int served = 0; served < 12; served++) {
      Socket next = firstAnswered(clients);
      assertThat(next.getInputStream().read()).isEqualTo(1);
      assertThat(clients.stream().filter(ProxyLimitsTest::isAnswered).count())
          .isLessThanOrEqualTo(2);
      clients.remove(next);
      next.close();
    }
    assertQuiet();
    assertThat(proxy.stats().accepted()).isEqualTo(12);
    assertThat(proxy.stats().refused()).isZero();
  }

  private static Socket firstAnswered(List<Socket> clients) {
    await("one is answered", () -> clients.stream().anyMatch(ProxyLimitsTest::isAnswered));
    return clients.stream().filter(ProxyLimitsTest::isAnswered).findFirst().orElseThrow();
  }

  private static boolean isAnswered(Socket client) {
    try {
      return client.getInputStream().available() > 0;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void tooManyClientsASecond_waitOutside() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(
        LoadBalancer.builder().servers(backend.server()).build(),
        builder -> builder.eventLoops(1).clock(now::get).acceptRate(2));
    List<Socket> clients = List.of(connect(), connect(), connect(), connect());
    for (int i = 1; i <= clients.size(); i++) {
      int expected = i;
      await(expected + " are in", () -> proxy.openRelays() == expected);
      awaitQuietLoops();
      assertThat(proxy.openRelays()).as("no more than that").isEqualTo(expected);
      pass(Duration.ofMillis(600));
    }
    for (Socket client : clients) {
      echo(client, 9);
      client.close();
    }
    assertQuiet();
  }

  @Test
  void acceptRate_holdsOverAnyTime_andAfterAPauseABurst() {
    for (int perSecond : new int[] {1, 3, 100, 30_000}) {
      AcceptRate rate = new AcceptRate(perSecond, 0);
      Random random = new Random(perSecond);
      long time = 0;
      long taken = 0;
      long waited = 0;
      while (time < 20_000_000_000L && taken < 200_000) {
        long wait = rate.take(time);
        if (wait > 0 && random.nextInt(10) == 0) {
          rate.giveBack();
          time += random.nextInt((int) wait) + 1;
          continue;
        }
        waited += wait;
        time += wait;
        taken++;
        assertThat(taken).isLessThanOrEqualTo((long) (perSecond * (time / 1e9 + 0.25)) + 2);
      }
      assertThat(waited).isPositive();
      assertThat(taken).isGreaterThanOrEqualTo((long) (perSecond * (time / 1e9)));
      long later = time + 3_600_000_000_000L;
      int burst = 0;
      while (rate.take(later) == 0) {
        burst++;
      }
      assertThat(burst).isBetween(1, Math.max(1, perSecond / 4 + 1));
    }
  }

  /** Else a loop whose timers tick a little earlier than another's would have every turn. */
  @Test
  void acceptRate_loopsThatWait_haveTurnsInTheOrderInWhichTheyCame() {
    AcceptRate rate = new AcceptRate(1, 0);
    assertThat(rate.take(0)).isZero();
    assertThat(rate.take(0)).as("the first loop").isEqualTo(1_000_000_000L);
    assertThat(rate.take(10)).as("the second loop").isEqualTo(1_999_999_990L);
    assertThat(rate.take(1_000_000_000L)).as("the first again").isEqualTo(2_000_000_000L);
    rate.giveBack();
    assertThat(rate.take(1_000_000_000L)).as("what was not needed").isEqualTo(2_000_000_000L);
  }

  @Test
  void badSettings_areNamedWithWhatIsAllowed() {
    TcpProxyBuilder builder =
        TcpProxy.builder(LoadBalancer.builder().servers(Server.of("127.0.0.1", 1)).build());
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.maxConnections(0))
        .withMessage("maxConnections: 0 (expected: >= 1)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.acceptRate(0))
        .withMessage("acceptRate: 0 (expected: 1 to 1000000)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.maxWaiting(-1))
        .withMessage("maxWaiting: -1 (expected: >= 0)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.waitTimeout(Duration.ZERO))
        .withMessage("waitTimeout: PT0S (expected: > 0)");
  }
}
