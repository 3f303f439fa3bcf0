package io.evenkeel.core;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The addresses of a name, as the JDK's resolver says them. */
class HostSourceTest {

  private final VirtualTime time = new VirtualTime();
  private String[] addresses = {"10.0.0.1", "10.0.0.2", "10.0.0.1"};
  private int asked;

  private InetAddress[] lookup(String host) throws UnknownHostException {
    asked++;
    if (addresses.length == 0) {
      throw new UnknownHostException(host);
    }
    InetAddress[] all = new InetAddress[addresses.length];
    for (int i = 0; i < all.length; i++) {
      all[i] = InetAddress.getByName(addresses[i]);
    }
    return all;
  }

  private static List<String> ids(LoadBalancer balancer) {
    return balancer.nodes().stream().map(node -> node.server().id()).toList();
  }

  @Test
  void addresses_areServers_askedForAtTheInterval_andKeptWhenTheResolverFails() {
    HostSource source = HostSource.of("db", 81).withScheduler(time).withLookup(this::lookup);
    LoadBalancer balancer = LoadBalancer.builder().source(source).allowEmpty(true).build();
    assertThat(asked).as("not by the thread that builds").isZero();
    time.advance(ofSeconds(0));
    assertThat(ids(balancer)).containsExactly("10.0.0.1:81", "10.0.0.2:81");
    time.advance(ofSeconds(26));
    assertThat(asked).isEqualTo(1);

    addresses = new String[0];
    time.advance(ofSeconds(8)); // 27 to 33 s, and then 1 s after that
    assertThat(asked).isGreaterThanOrEqualTo(2);
    assertThat(ids(balancer)).hasSize(2);

    addresses = new String[] {"::1", "10.0.0.2"};
    time.advance(ofSeconds(20));
    assertThat(ids(balancer)).containsExactly("10.0.0.2:81", "[0:0:0:0:0:0:0:1]:81");
    balancer.close();
    assertThat(time.pending()).isZero();
  }

  @Test
  void theMachinesOwnResolver() throws Exception {
    try (LoadBalancer balancer =
        LoadBalancer.builder().source(HostSource.of("127.0.0.1", 80)).build()) {
      balancer.ready().toCompletableFuture().get(60, TimeUnit.SECONDS);
      assertThat(ids(balancer)).containsExactly("127.0.0.1:80");
    }
    assertThat(Thread.getAllStackTraces().keySet())
        .noneMatch(thread -> thread.getName().equals("evenkeel-discovery"));
  }

  @Test
  void badInput_isNamed() {
    assertThatIllegalArgumentException().isThrownBy(() -> HostSource.of(" ", 80));
    assertThatIllegalArgumentException().isThrownBy(() -> HostSource.of("db", 65_536));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> HostSource.of("db", 80).withInterval(ofMillis(999)))
        .withMessage("interval: PT0.999S (expected: PT1S to PT24H)");
  }
}
