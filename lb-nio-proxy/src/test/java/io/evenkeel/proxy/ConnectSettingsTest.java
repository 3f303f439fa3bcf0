package io.evenkeel.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Where connections to servers come from, and how long and where a server is looked for. */
@Timeout(60)
class ConnectSettingsTest extends ProxyFixture {

  private final Map<String, Integer> sources = new ConcurrentHashMap<>();

  /** Echoes, and counts where its clients come from. */
  private Backend counting() throws IOException {
    return closeLater(
        new Backend(
            socket -> {
              sources.merge(socket.getInetAddress().getHostAddress(), 1, Integer::sum);
              socket.getInputStream().transferTo(socket.getOutputStream());
            }));
  }

  private void echoOnce() throws IOException {
    try (Socket client = connect()) {
      client.getOutputStream().write(7);
      assertThat(client.getInputStream().read()).isEqualTo(7);
    }
  }

  private static InetAddress address(String literal) throws IOException {
    return InetAddress.getByName(literal);
  }

  @Test
  void sourceAddresses_takeTurns() throws Exception {
    Backend backend = counting();
    List<InetAddress> three =
        List.of(address("127.0.0.2"), address("127.0.0.3"), address("127.0.0.4"));
    start(builder -> builder.eventLoops(1).sourceAddresses(three), backend.server());
    for (int i = 0; i < 30; i++) {
      echoOnce();
    }
    assertThat(sources).isEqualTo(Map.of("127.0.0.2", 10, "127.0.0.3", 10, "127.0.0.4", 10));
    assertQuiet();
  }

  @Test
  void sourceAddressOfAnotherFamily_isLeftToTheSystem() throws Exception {
    Backend backend = counting();
    SourceAddresses sources = new SourceAddresses(List.of(address("::1")), 0);
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.INET)) {
      sources.bind(channel, new InetSocketAddress(address("127.0.0.1"), backend.port()));
      assertThat(channel.getLocalAddress()).isNull();
    }
  }

  @Test
  void sourceAddressOfAnotherMachine_isNamedAtTheStart() throws Exception {
    long before = sockets();
    TcpProxy elsewhere =
        TcpProxy.builder(LoadBalancer.builder().servers(Server.of("127.0.0.1", 1)).build())
            .sourceAddresses(List.of(address("192.0.2.1")))
            .build();
    assertThatThrownBy(elsewhere::start)
        .isInstanceOf(BindException.class)
        .hasMessageStartingWith("sourceAddresses: 192.0.2.1: ");
    elsewhere.shutdown(LONG);
    assertThat(sockets()).isEqualTo(before);
  }

  /** The proxy's own resolver says two addresses; nobody listens at the first. */
  @Test
  void nameOfSeveralAddresses_theOthersAreTried_andTheOneThatWorkedIsFirstThen() throws Exception {
    Backend backend = counting();
    InetAddress[] found = {address("127.0.0.9"), address("127.0.0.1")};
    start(
        builder -> builder.eventLoops(1).connectAttempts(1).resolver(host -> found),
        Server.of("two.example", backend.port()));
    echoOnce();
    await("it has ended", () -> proxy.openRelays() == 0);
    assertThat(proxy.refusedClients()).isZero();
    assertThat(balancer.nodes().get(0).failures()).as("the server has not failed").isZero();

    ServerAddresses addresses = new ServerAddresses("resolver", host -> found, () -> {});
    addresses.resolveAll(balancer.nodes());
    Server server = balancer.nodes().get(0).server();
    assertThat(addresses.of(server)).extracting(a -> a.getAddress()).containsExactly(found);
    addresses.worked(server, addresses.of(server).get(1));
    assertThat(addresses.of(server))
        .extracting(a -> a.getAddress())
        .containsExactly(found[1], found[0]);
    assertQuiet();
  }

  @Test
  void nameOfWhichNoAddressWorks_failsOnce() throws Exception {
    InetAddress[] found = {address("127.0.0.9"), address("127.0.0.8")};
    start(
        builder -> builder.eventLoops(1).resolver(host -> found),
        Server.of("two.example", ConnectTest.deadPort()));
    try (Socket client = connect()) {
      assertThatThrownBy(() -> client.getInputStream().read()).hasMessageContaining("reset");
    }
    assertQuiet();
    assertThat(balancer.nodes().get(0).failures()).isEqualTo(1);
    assertThat(proxy.stats().ended().get(EndReason.CONNECT_FAILED)).isEqualTo(1);
  }

  @Test
  void connectDeadline_endsTheSearch_whateverIsLeftToTry() throws Exception {
    AtomicLong now = new AtomicLong();
    try (ServerSocket first = ConnectTest.fullListener(this);
        ServerSocket second = ConnectTest.fullListener(this);
        ServerSocket third = ConnectTest.fullListener(this)) {
      start(
          LoadBalancer.builder()
              .servers(
                  Server.of("127.0.0.1", first.getLocalPort()),
                  Server.of("127.0.0.1", second.getLocalPort()),
                  Server.of("127.0.0.1", third.getLocalPort()))
              .build(),
          builder ->
              builder
                  .eventLoops(1)
                  .clock(now::get)
                  .connectTimeout(Duration.ofSeconds(4))
                  .connectDeadline(Duration.ofSeconds(6)));
      Socket client = connect();
      await("the client is in", () -> proxy.openRelays() == 1);
      takenBufferBytes();
      pass(now, Duration.ofMillis(4_200));
      assertThat(proxy.openRelays()).as("at the second server").isEqualTo(1);
      pass(now, Duration.ofMillis(1_700));
      assertThat(proxy.openRelays()).as("5.9 s are over").isEqualTo(1);
      pass(now, Duration.ofMillis(300));
      assertThatThrownBy(() -> client.getInputStream().read()).hasMessageContaining("reset");
      assertThat(balancer.nodes().stream().mapToLong(node -> node.picks()).sum()).isEqualTo(2);
    }
  }

  private void pass(AtomicLong now, Duration time) {
    now.addAndGet(time.toNanos());
    long seen = turns() + 2;
    while (turns() < seen) {
      takenBufferBytes();
    }
  }
}
