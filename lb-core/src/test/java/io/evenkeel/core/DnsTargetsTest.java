package io.evenkeel.core;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.Rcode;

/** The addresses of SRV targets, where some of them are not to be had. */
class DnsTargetsTest {

  private static final String SRV = "_db._tcp.example.com SRV";

  private final VirtualTime time = new VirtualTime();
  private FakeDns dns;
  private LoadBalancer balancer;

  @BeforeEach
  void start() throws IOException {
    dns = new FakeDns();
  }

  @AfterEach
  void nothingIsLeft() throws IOException {
    if (balancer != null) {
      balancer.close();
    }
    assertThat(time.pending()).isZero();
    dns.close();
    assertThat(Thread.getAllStackTraces().keySet())
        .extracting(Thread::getName)
        .noneMatch(name -> name.startsWith("evenkeel-discovery") || name.startsWith("dnsjava"));
  }

  private void begin(DnsSource source) {
    balancer = LoadBalancer.builder().source(source.withScheduler(time)).seed(1).build();
    time.advance(ofSeconds(0));
  }

  private DnsSource targets() {
    return DnsSource.srv("_db._tcp.example.com")
        .withResolver(dns.address())
        .withTimeout(ofSeconds(30))
        .withTargetAddresses();
  }

  private List<Server> members() {
    return balancer.nodes().stream().map(Node::server).toList();
  }

  private List<String> ids() {
    return members().stream().map(Server::id).toList();
  }

  @Test
  void whereAFails_aaaaIsAskedToo() {
    dns.answer(SRV, "60 IN SRV 1 1 80 six.example.com.");
    dns.rcode("six.example.com A", Rcode.SERVFAIL);
    dns.answer("six.example.com AAAA", "60 IN AAAA 2001:db8::1");
    begin(targets());
    Server six = Server.of("2001:db8:0:0:0:0:0:1", 80).withId("six.example.com:80");
    assertThat(members()).containsExactly(six);
    dns.rcode("six.example.com AAAA", Rcode.SERVFAIL);
    time.advance(ofMinutes(5));
    assertThat(members()).containsExactly(six);
  }

  @Test
  void severalPortsOfOneTarget_askOnce() {
    dns.answer(SRV, "60 IN SRV 1 1 80 a.example.com.", "60 IN SRV 1 1 81 A.example.com.");
    dns.rcode("a.example.com A", Rcode.SERVFAIL);
    dns.answer("a.example.com AAAA");
    begin(targets());
    assertThat(ids()).isEmpty();
    assertThat(dns.asked()).as("SRV, A twice since it fails, AAAA").isEqualTo(4);
  }

  @Test
  void silentResolver_isWaitedForOnce_notOnceForEachTarget() {
    String[] services = new String[100];
    for (int i = 0; i < services.length; i++) {
      services[i] = "60 IN SRV 1 1 80 t" + i + ".example.com.";
      dns.silence("t" + i + ".example.com A").silence("t" + i + ".example.com AAAA");
    }
    dns.answer(SRV, services);
    dns.answer("t0.example.com A", "60 IN A 10.0.0.1");
    begin(targets().withTimeout(ofMillis(200)));
    assertThat(ids()).as("one of a hundred is no list").isEmpty();
    // SRV and t0's A, twice each on a slow machine; t1's A and AAAA, twice each.
    assertThat(dns.asked()).isLessThanOrEqualTo(8);
  }

  @Test
  void aSilentTarget_standsInTheWayOfNobody() {
    dns.answer(
        SRV,
        "5 IN SRV 1 1 80 silent.example.com.",
        "5 IN SRV 1 1 80 a.example.com.",
        "5 IN SRV 1 1 80 b.example.com.");
    dns.silence("silent.example.com A").silence("silent.example.com AAAA");
    dns.silence("a.example.com A").silence("a.example.com AAAA");
    dns.answer("b.example.com A", "60 IN A 10.0.0.2");
    begin(targets().withTimeout(ofMillis(200)));
    time.advance(ofSeconds(2)); // by now a was found silent as well
    dns.answer("a.example.com A", "60 IN A 10.0.0.1");
    // A round each finds out who is silent. A loaded machine may need some more.
    for (int i = 0; i < 20 && ids().isEmpty(); i++) {
      time.advance(ofSeconds(2));
    }
    assertThat(ids()).containsExactlyInAnyOrder("a.example.com:80", "b.example.com:80");
  }

  @Test
  void moreFailThanAreFound_isAFailure_elseTheRestIsUsed() {
    dns.answer(
        SRV,
        "60 IN SRV 1 1 80 a.example.com.",
        "60 IN SRV 1 1 80 b.example.com.",
        "60 IN SRV 1 1 80 c.example.com.");
    dns.answer("a.example.com A", "60 IN A 10.0.0.1");
    for (String each : List.of("b.example.com", "c.example.com")) {
      dns.rcode(each + " A", Rcode.SERVFAIL).rcode(each + " AAAA", Rcode.SERVFAIL);
    }
    begin(targets());
    assertThat(ids()).isEmpty();
    dns.answer("b.example.com A", "60 IN A 10.0.0.2");
    time.advance(ofSeconds(2));
    assertThat(ids()).containsExactlyInAnyOrder("a.example.com:80", "b.example.com:80");
  }
}
