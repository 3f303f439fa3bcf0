package io.evenkeel.core;

import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Against a DNS server that is not ours; skipped where dnsmasq is not installed. */
class DnsmasqTest {

  private static final int MANY = 100;

  private Process dnsmasq;
  private InetSocketAddress address;

  @BeforeEach
  void start() throws IOException {
    String program =
        Stream.concat(Stream.of(System.getenv("PATH").split(":", -1)), Stream.of("/usr/sbin"))
            .map(folder -> Path.of(folder, "dnsmasq"))
            .filter(Files::isExecutable)
            .map(Path::toString)
            .findFirst()
            .orElse(null);
    Assumptions.assumeTrue(program != null, "no dnsmasq: apt-get install dnsmasq-base");
    try (FakeDns free = new FakeDns()) { // of a port that is free for UDP and TCP
      address = free.address();
    }
    List<String> command = new ArrayList<>();
    command.addAll(List.of(program, "--keep-in-foreground", "--conf-file=/dev/null"));
    command.addAll(List.of("--pid-file=", "--user=" + System.getProperty("user.name")));
    command.addAll(List.of("--listen-address=127.0.0.1", "--bind-interfaces"));
    command.addAll(List.of("--port=" + address.getPort(), "--no-resolv", "--no-hosts"));
    command.addAll(List.of("--local=/test/", "--local-ttl=60", "--edns-packet-max=512"));
    command.add("--host-record=a.test,10.0.0.1,2001:db8::1");
    command.add("--host-record=b.test,10.0.0.2");
    command.add("--cname=alias.test,a.test");
    command.add("--srv-host=_db._tcp.test,a.test,5432,10,60");
    command.add("--srv-host=_db._tcp.test,b.test,5432,20,0");
    for (int i = 0; i < MANY; i++) {
      command.add("--srv-host=_many._tcp.test,server-number-" + i + ".test,80,1,1");
    }
    dnsmasq =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
  }

  @AfterEach
  void stop() throws InterruptedException {
    if (dnsmasq != null) {
      dnsmasq.destroyForcibly().waitFor();
    }
  }

  /** What it finds first; tried again until the server is up. */
  private List<Server> find(DnsSource source) throws Exception {
    try (LoadBalancer balancer =
        LoadBalancer.builder()
            .source(source.withResolver(address).withTimeout(ofSeconds(20)))
            .build()) {
      balancer.ready().toCompletableFuture().get(120, TimeUnit.SECONDS);
      return balancer.nodes().stream().map(Node::server).toList();
    }
  }

  @Test
  void addresses_throughAnAlias() throws Exception {
    assertThat(find(DnsSource.addresses("alias.test", 80)))
        .containsExactly(Server.of("10.0.0.1", 80), Server.of("2001:db8:0:0:0:0:0:1", 80));
  }

  @Test
  void services() throws Exception {
    Server a = Server.of("a.test", 5432).withWeight(60);
    Server b = Server.of("b.test", 5432).withWeight(1).withTier(1);
    assertThat(find(DnsSource.srv("_db._tcp.test"))).containsExactly(a, b);
    assertThat(find(DnsSource.srv("_db._tcp.test").withTargetAddresses()))
        .extracting(Server::id, Server::host, Server::tier)
        .containsExactly(tuple(a.id(), "10.0.0.1", 0), tuple(b.id(), "10.0.0.2", 1));
  }

  @Test
  void moreThanADatagramHolds_comesOverTcp() throws Exception {
    assertThat(find(DnsSource.srv("_many._tcp.test"))).hasSize(MANY);
  }

  @Test
  void nameThatDoesNotExist_isAnEmptyAnswer_notAFailure() throws Exception {
    try (LoadBalancer balancer =
        LoadBalancer.builder()
            .source(
                DnsSource.srv("_none._tcp.test").withResolver(address).withTimeout(ofSeconds(20)))
            .allowEmpty(true)
            .build()) {
      balancer.ready().toCompletableFuture().get(120, TimeUnit.SECONDS);
      assertThat(balancer.nodes()).isEmpty();
    }
  }
}
