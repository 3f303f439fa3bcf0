package io.evenkeel.proxy;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.Server;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is known of servers' names while servers change and the resolver is slow or broken. */
@Timeout(60)
class ServerAddressesTest extends ProxyFixture {

  private final AtomicInteger lookUps = new AtomicInteger();
  private final CountDownLatch resolverGoesOn = new CountDownLatch(1);

  /** Answers once, and then not for a long time. */
  private InetAddress[] slowFromTheSecondTimeOn(String host) throws UnknownHostException {
    if (lookUps.incrementAndGet() > 1) {
      try {
        resolverGoesOn.await();
      } catch (InterruptedException e) {
        throw new UnknownHostException(host);
      }
    }
    return new InetAddress[] {InetAddress.getByName("127.0.0.1")};
  }

  private int ask() throws IOException {
    try (Socket client = connect()) {
      return Integer.parseInt(new String(client.getInputStream().readAllBytes(), US_ASCII).trim());
    }
  }

  @Test
  void weightOfAServerByName_changes_andItsAddressStaysKnown() throws Exception {
    Backend backend = closeLater(Backend.named(0));
    Server server = Server.of("name.example", backend.port());
    start(builder -> builder.resolver(this::slowFromTheSecondTimeOn), server);
    assertThat(ask()).isEqualTo(backend.port());

    balancer.update(server.withWeight(7));

    assertThat(ask()).isEqualTo(backend.port());
    assertThat(balancer.nodes().get(0).failures()).isZero();
    resolverGoesOn.countDown();
    assertQuiet();
  }

  @Test
  void portOfAServerByName_changes_andItIsConnectedToThere() throws Exception {
    Backend before = closeLater(Backend.named(0));
    Backend after = closeLater(Backend.named(0));
    Server server = Server.of("name.example", before.port()).withId("a");
    start(builder -> builder.resolver(this::slowFromTheSecondTimeOn), server);
    assertThat(ask()).isEqualTo(before.port());

    balancer.update(Server.of("name.example", after.port()).withId("a"));

    assertThat(ask()).isEqualTo(after.port());
    resolverGoesOn.countDown();
    assertQuiet();
  }

  @Test
  void hostOfAServer_changes_andTheOldAddressIsForgotten() throws Exception {
    Backend backend = closeLater(Backend.named(0));
    Server server = Server.of("127.0.0.9", backend.port()).withId("a");
    start(server);
    balancer.update(Server.of("127.0.0.1", backend.port()).withId("a"));
    assertThat(ask()).isEqualTo(backend.port());
    assertQuiet();
  }

  @Test
  void resolverThatThrewOnce_isAskedAgain() throws Exception {
    Backend backend = closeLater(Backend.named(0));
    start(
        builder ->
            builder.resolver(
                host -> {
                  if (host.equals("name.example") && lookUps.incrementAndGet() == 1) {
                    throw new IllegalStateException("a bug of the resolver's");
                  }
                  return new InetAddress[] {InetAddress.getByName("127.0.0.1")};
                }),
        backend.server().withTier(1).withWeight(0));
    balancer.add(Server.of("name.example", backend.port()));
    await(
        "it is looked up again",
        () -> {
          try {
            return ask() == backend.port();
          } catch (IOException e) {
            return false;
          }
        });
    assertQuiet();
  }

  /**
   * Its first look-up is under way: it is passed over, which is no failure of it, nor an attempt.
   */
  @Test
  void serverThatIsLookedUpForTheFirstTime_isPassedOver_thenUsed() throws Exception {
    Backend literal = closeLater(Backend.named(0));
    Backend named = closeLater(Backend.named(0));
    lookUps.set(1); // slow from the beginning
    start(
        builder ->
            builder
                .resolver(
                    host ->
                        host.equals("name.example")
                            ? slowFromTheSecondTimeOn(host)
                            : InetAddress.getAllByName(host))
                .connectAttempts(1),
        literal.server());
    balancer.add(Server.of("name.example", named.port()));
    for (int i = 0; i < 6; i++) {
      assertThat(ask()).isEqualTo(literal.port());
    }
    resolverGoesOn.countDown();
    await(
        "it is used",
        () -> {
          try {
            return ask() == named.port();
          } catch (IOException e) {
            throw new AssertionError(e);
          }
        });
    assertThat(balancer.nodes()).allMatch(node -> node.failures() == 0);
    assertThat(proxy.stats().servers().values()).allMatch(server -> server.connectFailures() == 0);
    assertQuiet();
  }

  /** As after a reload that names all servers anew. */
  @Test
  void nobodyButServersThatAreLookedUpForTheFirstTime_clientsWaitForThem() throws Exception {
    Backend before = closeLater(Backend.named(0));
    Backend named = closeLater(Backend.named(0));
    lookUps.set(1);
    start(
        builder ->
            builder.resolver(
                host ->
                    host.equals("name.example")
                        ? slowFromTheSecondTimeOn(host)
                        : InetAddress.getAllByName(host)),
        before.server());
    balancer.update(List.of(Server.of("name.example", named.port())));
    try (Socket one = connect();
        Socket two = connect()) {
      await("both are there", () -> proxy.openRelays() == 2);
      resolverGoesOn.countDown();
      for (Socket client : List.of(one, two)) {
        String said = new String(client.getInputStream().readAllBytes(), US_ASCII).trim();
        assertThat(said).isEqualTo("" + named.port());
      }
    }
    assertThat(balancer.nodes().get(0).failures()).isZero();
    assertQuiet();
  }

  /** A name that there is not is a failure of the server, as a refused connect is. */
  @Test
  void nobodyButANameThatThereIsNot_isRefused_andCounted() throws Exception {
    Backend before = closeLater(Backend.named(0));
    start(
        builder ->
            builder.resolver(
                host -> {
                  if (host.equals("name.example")) {
                    throw new UnknownHostException(host);
                  }
                  return InetAddress.getAllByName(host);
                }),
        before.server());
    balancer.update(List.of(Server.of("name.example", 1)));
    try (Socket client = connect()) {
      assertThat(readsNothing(client)).isTrue();
    }
    assertThat(balancer.nodes().get(0).failures()).isEqualTo(1);
    assertQuiet();
  }

  private static boolean readsNothing(Socket client) {
    try {
      return client.getInputStream().read() < 0;
    } catch (IOException e) { // reset
      return true;
    }
  }
}
