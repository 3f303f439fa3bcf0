package io.evenkeel.proxy;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.BalancerEvent.ServerAdded;
import io.evenkeel.core.Lease;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Node;
import io.evenkeel.core.Server;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Clients while names are looked up for the first time. The proxy's clock stands still but where a
 * test moves it: whoever is served was woken, and has not looked by himself.
 */
@Timeout(120)
class FirstLookUpTest extends ProxyFixture {

  private final AtomicLong now = new AtomicLong();

  /** Looks up literals at once, and names when the test says so. */
  private final Map<String, CompletableFuture<Boolean>> names = new ConcurrentHashMap<>();

  private final ConcurrentLinkedQueue<String> asked = new ConcurrentLinkedQueue<>();

  private InetAddress[] lookUp(String host) throws UnknownHostException {
    if (!host.endsWith(".example")) {
      return InetAddress.getAllByName(host);
    }
    asked.add(host);
    boolean isThere;
    try {
      isThere = name(host).get();
    } catch (InterruptedException | ExecutionException e) {
      isThere = false;
    }
    if (!isThere) {
      throw new UnknownHostException(host);
    }
    return new InetAddress[] {InetAddress.getByName("127.0.0.1")};
  }

  private CompletableFuture<Boolean> name(String host) {
    return names.computeIfAbsent(host, any -> new CompletableFuture<>());
  }

  private void found(String host) {
    name(host).complete(true);
  }

  private void start(int maxConcurrent, UnaryOperator<TcpProxyBuilder> settings, Server... servers)
      throws IOException {
    start(
        LoadBalancer.builder().servers(servers).maxConcurrent(maxConcurrent).seed(1).build(),
        proxy -> settings.apply(proxy.clock(now::get).resolver(this::lookUp)));
  }

  private static int said(Socket client) throws IOException {
    try (client) {
      return Integer.parseInt(new String(client.getInputStream().readAllBytes(), US_ASCII).trim());
    }
  }

  private static void assertReset(Socket client) throws IOException {
    try (client) {
      assertThatThrownBy(() -> client.getInputStream().read()).hasMessageContaining("reset");
    }
  }

  /** A client that has come as far as it can. */
  private Socket waiter(int relays) throws IOException {
    Socket client = connect();
    await(relays + " are there", () -> proxy.openRelays() == relays);
    takenBufferBytes(); // the turn in which it came is over
    return client;
  }

  private void pass(Duration time) {
    now.addAndGet(time.toNanos());
    long seen = turns() + 2L * proxy.loops().size();
    while (turns() < seen) {
      takenBufferBytes();
    }
  }

  private Node node(String host) {
    return balancer.nodes().stream()
        .filter(node -> node.server().host().equals(host))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void clientInLine_isServedAsSoonAsANameIsKnown() throws Exception {
    Backend full = closeLater(Backend.named(0));
    Backend named = closeLater(Backend.named(0));
    start(1, builder -> builder.maxWaiting(9), full.server());
    Lease held = balancer.acquire();
    balancer.add(Server.of("slow.example", named.port()));
    Socket client = connect();
    await("it is in line", () -> proxy.stats().waiting() == 1);
    assertThat(node("slow.example").picks()).isZero();
    found("slow.example");
    assertThat(said(client)).isEqualTo(named.port());
    assertThat(node("slow.example").picks()).isEqualTo(1);
    held.close();
    assertQuiet();
  }

  /** Whatever comes and goes: who is first in line stays so until there is a server for him. */
  @Test
  void serverThatIsAwaited_costsNobodyHisPlaceInLine() throws Exception {
    Backend full = closeLater(Backend.named(0));
    Backend named = closeLater(Backend.named(0));
    start(1, builder -> builder.eventLoops(1).maxWaiting(2), full.server());
    Lease held = balancer.acquire();
    Socket first = connect();
    await("first is in line", () -> proxy.stats().waiting() == 1);
    Socket second = connect();
    await("second is in line", () -> proxy.stats().waiting() == 2);
    balancer.add(Server.of("slow.example", named.port())); // with room
    for (int i = 0; i < 4; i++) {
      assertReset(connect()); // the line is full
    }
    assertThat(proxy.stats().ended().get(EndReason.QUEUE_FULL)).isEqualTo(4);
    assertThat(node("slow.example").picks()).isZero();
    found("slow.example");
    assertThat(said(first)).isEqualTo(named.port());
    held.close();
    assertThat(said(second)).isIn(full.port(), named.port());
    assertQuiet();
  }

  /** The proxy is told of a server later than a pick may find it: here, after a client has come. */
  @Test
  void serverThatNobodyToldOfYet_costsNobodyHisPlaceInLine() throws Exception {
    Backend full = closeLater(Backend.named(0));
    Backend named = closeLater(Backend.named(0));
    LoadBalancer balancer =
        LoadBalancer.builder().servers(full.server()).maxConcurrent(1).seed(1).build();
    List<Socket> clients = new ArrayList<>();
    balancer.addListener( // hears of it before the proxy does
        event -> {
          if (event instanceof ServerAdded) {
            try {
              clients.add(connect());
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
            await("second is in line", () -> proxy.stats().waiting() == 2);
            assertThat(asked).containsExactly("slow.example");
          }
        });
    start(
        balancer,
        builder -> builder.eventLoops(1).maxWaiting(2).clock(now::get).resolver(this::lookUp));
    Lease held = balancer.acquire();
    clients.add(connect());
    await("first is in line", () -> proxy.stats().waiting() == 1);
    balancer.add(Server.of("slow.example", named.port()));
    assertThat(proxy.stats().waiting()).isEqualTo(2);
    assertThat(clients).hasSize(2);
    found("slow.example");
    assertThat(said(clients.get(0))).isEqualTo(named.port());
    held.close();
    assertThat(said(clients.get(1))).isIn(full.port(), named.port());
    assertThat(node("slow.example").failures()).isZero();
    assertQuiet();
  }

  @Test
  void deadNamesInFront_doNotHoldUpAQuickOne() throws Exception {
    Backend before = closeLater(Backend.named(0));
    Backend quick = closeLater(Backend.named(0));
    found("quick.example");
    start(Integer.MAX_VALUE, builder -> builder, before.server());
    balancer.update(
        List.of(
            Server.of("dead1.example", 9),
            Server.of("dead2.example", 9),
            Server.of("quick.example", quick.port())));
    assertThat(said(connect())).isEqualTo(quick.port());
    assertThat(node("quick.example").picks()).isEqualTo(1);
    assertThat(node("dead1.example").picks()).isZero();
    assertQuiet();
  }

  /** The resolver hangs for all that failed; a server that is new is not theirs to hold up. */
  @Test
  void namesThatAreSuspected_doNotHoldUpOneThatIsNew() throws Exception {
    List<Server> dead = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      found("dead" + i + ".example");
      dead.add(Server.of("dead" + i + ".example", ConnectTest.deadPort()));
    }
    Backend fresh = closeLater(Backend.named(0));
    start(
        Integer.MAX_VALUE,
        builder -> builder.connectAttempts(6).eventLoops(1),
        dead.toArray(Server[]::new));
    names.clear();
    assertReset(connect()); // each is suspected now
    await("one is asked for again", () -> asked.size() == 7);
    found("fresh.example");
    balancer.update(List.of(Server.of("fresh.example", fresh.port())));
    assertThat(said(connect())).isEqualTo(fresh.port());
    assertThat(asked)
        .filteredOn(host -> !host.startsWith("fresh"))
        .as("the suspects one at a time")
        .hasSize(7);
    assertQuiet();
  }

  @Test
  void clientsWhoWaitForAName_makeNoPickMeanwhile_andOneThen() throws Exception {
    Backend before = closeLater(Backend.named(0));
    Backend named = closeLater(Backend.named(0));
    start(Integer.MAX_VALUE, builder -> builder.eventLoops(2), before.server());
    balancer.update(List.of(Server.of("slow.example", named.port())));
    List<Socket> clients = new ArrayList<>();
    for (int i = 1; i <= 20; i++) {
      clients.add(waiter(i));
    }
    pass(Duration.ofMillis(1_500));
    long turned = turns();
    letTimePass(Duration.ofMillis(200));
    assertThat(turns() - turned).as("turns of loops whose clients wait").isLessThan(20);
    assertThat(node("slow.example").picks()).isZero();
    assertThat(balancer.stats().refused()).isZero();
    found("slow.example");
    for (Socket client : clients) {
      assertThat(said(client)).isEqualTo(named.port());
    }
    assertThat(node("slow.example").picks()).isEqualTo(20);
    assertThat(balancer.stats().refused()).isZero();
    assertQuiet();
  }

  @Test
  void nameThatTurnsOutNotToExist_isAFailureOfItsServer_onceForEachClient() throws Exception {
    Backend before = closeLater(Backend.named(0));
    start(Integer.MAX_VALUE, builder -> builder, before.server());
    balancer.update(List.of(Server.of("none.example", 9)));
    Socket one = waiter(1);
    Socket two = waiter(2);
    name("none.example").complete(false);
    assertReset(one);
    assertReset(two);
    assertThat(node("none.example").failures()).isEqualTo(2);
    assertThat(node("none.example").picks()).isEqualTo(2);
    assertThat(proxy.stats().ended().get(EndReason.CONNECT_FAILED)).isEqualTo(2);
    assertQuiet();
  }

  @Test
  void serverThatIsRemovedWhileItIsAwaited_isWaitedForNoMore() throws Exception {
    Backend before = closeLater(Backend.named(0));
    Server slow = Server.of("slow.example", 9);
    start(Integer.MAX_VALUE, builder -> builder, before.server());
    balancer.update(List.of(slow));
    Socket client = waiter(1);
    balancer.remove(slow.id());
    assertReset(client);
    assertThat(proxy.stats().ended().get(EndReason.NO_SERVER)).isEqualTo(1);
    assertReset(connect());
    found("slow.example");
    assertQuiet();
  }

  @Test
  void serverThatIsDrainedWhileItIsAwaited_isWaitedForNoMore() throws Exception {
    Backend before = closeLater(Backend.named(0));
    Server slow = Server.of("slow.example", 9);
    start(Integer.MAX_VALUE, builder -> builder, before.server());
    balancer.update(List.of(slow));
    Socket client = waiter(1);
    balancer.drain(slow.id());
    assertReset(client);
    assertThat(proxy.stats().ended().get(EndReason.NO_SERVER)).isEqualTo(1);
    assertQuiet();
  }

  /** The first name is still looked up when another server comes that needs no look-up. */
  @Test
  void serverThatComesWhileANameIsAwaited_servesThoseWhoWait() throws Exception {
    Backend before = closeLater(Backend.named(0));
    Backend other = closeLater(Backend.named(0));
    start(Integer.MAX_VALUE, builder -> builder, before.server());
    balancer.update(List.of(Server.of("slow.example", 9)));
    Socket client = waiter(1);
    balancer.add(other.server());
    assertThat(said(client)).isEqualTo(other.port());
    assertQuiet();
  }

  @Test
  void hostThatBecomesALiteralWhileItsNameIsAwaited_isConnectedTo() throws Exception {
    Backend before = closeLater(Backend.named(0));
    Backend named = closeLater(Backend.named(0));
    start(Integer.MAX_VALUE, builder -> builder, before.server());
    balancer.update(List.of(Server.of("slow.example", named.port()).withId("a")));
    Socket client = waiter(1);
    balancer.update(Server.of("127.0.0.1", named.port()).withId("a"));
    assertThat(said(client)).isEqualTo(named.port());
    assertQuiet();
  }

  @Test
  void nameThatIsNotKnownInTime_clientIsRefused_andNothingIsLeftOfIt() throws Exception {
    Backend before = closeLater(Backend.named(0));
    start(
        Integer.MAX_VALUE,
        builder -> builder.connectTimeout(Duration.ofSeconds(4)),
        before.server());
    balancer.update(List.of(Server.of("slow.example", 9)));
    Socket client = waiter(1);
    pass(Duration.ofSeconds(3));
    assertThat(proxy.openRelays()).isEqualTo(1);
    pass(Duration.ofMillis(1_200));
    assertReset(client);
    assertThat(proxy.stats().ended().get(EndReason.NO_SERVER)).isEqualTo(1);
    found("slow.example");
    assertQuiet();
    assertThat(node("slow.example").picks()).isZero();
  }

  @Test
  void shutdownWhileClientsWaitForAName_cutsThem() throws Exception {
    Backend before = closeLater(Backend.named(0));
    start(Integer.MAX_VALUE, builder -> builder.eventLoops(2), before.server());
    balancer.update(List.of(Server.of("slow.example", 9)));
    Socket one = waiter(1);
    Socket two = waiter(2);
    assertThat(proxy.shutdown(Duration.ZERO)).isEqualTo(2);
    assertReset(one);
    assertReset(two);
    found("slow.example");
    assertThat(balancer.nodes()).allMatch(node -> node.inFlight() == 0 && node.picks() == 0);
  }

  /** A look-up may end at any step of a client's way there. */
  @Test
  void lookUpsThatEndWhileClientsCome_forgetNobody() throws Exception {
    Backend backend = closeLater(Backend.named(0));
    start(Integer.MAX_VALUE, builder -> builder.eventLoops(2), backend.server());
    for (int round = 0; round < 150; round++) {
      String host = "name" + round + ".example";
      balancer.update(List.of(Server.of(host, backend.port())));
      Socket one = connect();
      CompletableFuture<Void> ends = CompletableFuture.runAsync(() -> found(host));
      Socket two = connect();
      assertThat(said(one)).isEqualTo(backend.port());
      assertThat(said(two)).isEqualTo(backend.port());
      ends.join();
      assertThat(node(host).failures()).isZero();
    }
    assertQuiet();
  }

  /** It names one that is left out again and again: the client is refused, and the loop goes on. */
  @Test
  void selectorThatHeedsNoExclusion_doesNotHoldTheLoop() throws Exception {
    Backend ready = closeLater(Backend.named(0));
    Backend named = closeLater(Backend.named(0));
    LoadBalancer stubborn =
        LoadBalancer.builder()
            .servers(ready.server())
            .selector(
                (candidates, previous) ->
                    query -> candidates.eligible().get(candidates.eligible().size() - 1))
            .build();
    start(stubborn, proxy -> proxy.clock(now::get).resolver(this::lookUp));
    stubborn.add(Server.of("a.example", named.port()));
    assertReset(connect());
    found("a.example");
    await(
        "it is served once the name is known",
        () -> {
          try {
            return said(connect()) == named.port();
          } catch (IOException e) { // reset, as it was not yet
            return false;
          }
        });
    assertQuiet();
  }
}
