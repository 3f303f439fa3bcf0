package io.evenkeel.core;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Section;

/** Real questions to a real DNS server on loopback, on a virtual clock. */
class DnsSourceTest {

  /** For answers that come: never reached. */
  private static final Duration PATIENT = ofSeconds(30);

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

  private DnsSource addresses() {
    return DnsSource.addresses("db.example.com", 81)
        .withResolver(dns.address())
        .withTimeout(PATIENT);
  }

  private DnsSource srv() {
    return DnsSource.srv("_db._tcp.example.com").withResolver(dns.address()).withTimeout(PATIENT);
  }

  private List<Server> members() {
    return balancer.nodes().stream().map(Node::server).toList();
  }

  private List<String> ids() {
    return members().stream().map(Server::id).toList();
  }

  @Test
  void addresses_ofBothFamilies_areServers() {
    dns.answer("db.example.com A", "60 IN A 10.0.0.2", "60 IN A 10.0.0.1");
    dns.answer("db.example.com AAAA", "60 IN AAAA 2001:db8::1");
    begin(addresses());
    assertThat(members())
        .containsExactly(
            Server.of("10.0.0.1", 81),
            Server.of("10.0.0.2", 81),
            Server.of("2001:db8:0:0:0:0:0:1", 81));
    assertThat(balancer.ready().toCompletableFuture()).isCompleted();
    assertThat(dns.overTcp).hasValue(0);
  }

  @Test
  void aliases_areFollowed_withinTheAnswerAndBeyond() {
    dns.answer(
        "db.example.com A",
        "60 IN CNAME a.example.com.",
        "a.example.com. 60 IN CNAME b.example.com.",
        "b.example.com. 60 IN A 10.0.0.1",
        "other.example.com. 60 IN A 10.9.9.9");
    dns.answer("db.example.com AAAA", "60 IN CNAME c.example.com.");
    dns.answer("c.example.com AAAA", "60 IN AAAA 2001:db8::1");
    begin(addresses());
    assertThat(ids()).containsExactly("10.0.0.1:81", "[2001:db8:0:0:0:0:0:1]:81");
  }

  @Test
  void aliasesInACircle_areAFailure_notAnEmptyAnswer() {
    dns.answer("db.example.com A", "60 IN A 10.0.0.1");
    dns.answer("db.example.com AAAA");
    balancer =
        LoadBalancer.builder().source(addresses().withScheduler(time)).allowEmpty(true).build();
    time.advance(ofSeconds(0));
    String[][] circles = {
      {"60 IN CNAME db.example.com."},
      {"60 IN CNAME a.example.com.", "a.example.com. 60 IN CNAME DB.example.com."},
      {
        "60 IN CNAME a.example.com.",
        "a.example.com. 60 IN CNAME b.example.com.",
        "b.example.com. 60 IN CNAME a.example.com."
      },
      {"60 IN CNAME a.example.com."}, // and from there back, in an answer of its own
    };
    dns.answer("a.example.com A", "60 IN CNAME db.example.com.");
    try (StandardError log = new StandardError()) {
      for (String[] circle : circles) {
        dns.answer("db.example.com A", circle);
        time.advance(ofSeconds(67));
        assertThat(ids()).containsExactly("10.0.0.1:81");
      }
      assertThat(log.lines("WARN")).isNotEmpty().allMatch(line -> line.contains("in a circle"));
    }
  }

  @Test
  void moreAliasesThanAreFollowed_areAFailure() {
    for (int i = 0; i < 20; i++) {
      dns.answer("n" + i + ".example.com A", "60 IN CNAME n" + (i + 1) + ".example.com.");
    }
    dns.answer("n20.example.com A", "60 IN A 10.0.0.1");
    try (StandardError log = new StandardError()) {
      begin(
          DnsSource.addresses("n0.example.com", 81)
              .withResolver(dns.address())
              .withTimeout(PATIENT));
      assertThat(ids()).isEmpty();
      assertThat(log.lines("WARN")).last().asString().contains("more than 16 aliases in a row");
    }
    balancer.close();
    begin(
        DnsSource.addresses("n4.example.com", 81).withResolver(dns.address()).withTimeout(PATIENT));
    assertThat(ids()).containsExactly("10.0.0.1:81");
  }

  @Test
  void srv_priorityIsTheTierByRank_weightTheWeight_targetTheHost() {
    dns.answer(
        SRV,
        "60 IN SRV 30 7 5433 Spare.example.com.",
        "60 IN SRV 10 0 5432 c.example.com.",
        "60 IN SRV 10 60 5432 a.example.com.",
        "60 IN SRV 10 40 5432 b.example.com.",
        "60 IN SRV 20 0 5432 a.example.com.");
    begin(srv());
    assertThat(members())
        .containsExactlyInAnyOrder(
            Server.of("a.example.com", 5432).withWeight(60),
            Server.of("b.example.com", 5432).withWeight(40),
            Server.of("c.example.com", 5432).withWeight(1),
            Server.of("spare.example.com", 5433).withWeight(7).withTier(2));
    assertThat(dns.asked()).as("targets are not looked up").isEqualTo(1);
  }

  @Test
  void srv_targetAddresses_fromTheAnswerOrAsked_idsStay() {
    dns.reply(
        SRV,
        (query, tcp) -> {
          Message message =
              FakeDns.message(
                  query,
                  Section.ANSWER,
                  "60 IN SRV 1 1 80 a.example.com.",
                  "60 IN SRV 1 1 80 b.example.com.",
                  "60 IN SRV 1 1 80 c.example.com.",
                  "60 IN SRV 1 1 80 six.example.com.");
          message.addRecord(FakeDns.record("a.example.com. 60 IN A 10.0.0.1"), Section.ADDITIONAL);
          return message.toWire();
        });
    dns.answer("b.example.com A", "60 IN A 10.0.0.9", "60 IN A 10.0.0.3");
    dns.answer("six.example.com A");
    dns.answer("six.example.com AAAA", "60 IN AAAA 2001:db8::1");
    begin(srv().withTargetAddresses());
    assertThat(members())
        .containsExactlyInAnyOrder(
            Server.of("10.0.0.1", 80).withId("a.example.com:80"),
            Server.of("10.0.0.3", 80).withId("b.example.com:80"),
            Server.of("2001:db8:0:0:0:0:0:1", 80).withId("six.example.com:80"));

    dns.answer("b.example.com A", "60 IN A 10.0.0.1", "60 IN A 10.0.0.3");
    dns.rcode("six.example.com A", Rcode.SERVFAIL);
    dns.answer("c.example.com A", "60 IN A 10.0.0.4");
    Node b = Servers.node(balancer, "b.example.com:80");
    time.advance(ofSeconds(67));
    assertThat(b.server().host()).as("where it was, not the lowest").isEqualTo("10.0.0.3");
    assertThat(ids()).contains("six.example.com:80", "c.example.com:80").hasSize(4);

    dns.answer("b.example.com A", "60 IN A 10.0.0.8");
    time.advance(ofSeconds(67));
    assertThat(Servers.node(balancer, "b.example.com:80")).isSameAs(b);
    assertThat(b.server().host()).isEqualTo("10.0.0.8");
  }

  @Test
  void srv_targetOfADot_isAnEmptyAnswer() {
    dns.answer(SRV, "60 IN SRV 0 1 80 a.example.com.");
    begin(srv());
    dns.answer(SRV, "60 IN SRV 0 0 0 .");
    time.advance(ofSeconds(67));
    assertThat(ids()).as("ignored").containsExactly("a.example.com:80");
  }

  @Test
  void timeToLive_isHonoured_withinBounds() {
    dns.answer(SRV, "60 IN SRV 0 1 80 a.example.com.", "20 IN SRV 0 1 80 b.example.com.");
    begin(srv());
    time.advance(ofSeconds(17));
    assertThat(dns.asked()).isEqualTo(1);
    dns.answer(SRV, "0 IN SRV 0 1 80 a.example.com.");
    time.advance(ofSeconds(6)); // 18 to 22 s
    assertThat(dns.asked()).isBetween(2, 3);
    int asked = dns.asked();
    dns.answer(SRV, "86400 IN SRV 0 1 80 a.example.com.");
    time.advance(ofSeconds(6)); // at least 4.5 s and at most 5.5 s
    assertThat(dns.asked()).isEqualTo(asked + 1);
    time.advance(ofSeconds(260));
    assertThat(dns.asked()).isEqualTo(asked + 1);
    time.advance(ofSeconds(75));
    assertThat(dns.asked()).isEqualTo(asked + 2);
  }

  @Test
  void emptyAnswers_areIgnored_orEmptyTheBalancerWhereAllowed() {
    String soa = "example.com. 3600 IN SOA ns.example.com. root.example.com. 1 2 3 4 40";
    for (boolean allow : new boolean[] {false, true}) {
      for (int rcode : new int[] {Rcode.NOERROR, Rcode.NXDOMAIN}) {
        dns.answer(SRV, "60 IN SRV 0 1 80 a.example.com.");
        balancer =
            LoadBalancer.builder().source(srv().withScheduler(time)).allowEmpty(allow).build();
        time.advance(ofSeconds(0));
        dns.reply(
            SRV,
            (query, tcp) -> {
              Message message = FakeDns.message(query, Section.AUTHORITY, soa);
              message.getHeader().setRcode(rcode);
              return message.toWire();
            });
        time.advance(ofSeconds(67));
        assertThat(ids()).hasSize(allow ? 0 : 1);
        int asked = dns.asked();
        time.advance(ofSeconds(10));
        assertThat(dns.asked()).as("not before the negative time to live").isEqualTo(asked);
        balancer.close();
      }
    }
  }

  @Test
  void failures_keepTheLastList_andAreTriedAgainSoonerAndSooner() {
    dns.answer(SRV, "60 IN SRV 0 1 80 a.example.com.");
    try (StandardError log = new StandardError()) {
      begin(srv());
      for (int rcode : new int[] {Rcode.SERVFAIL, Rcode.REFUSED, Rcode.NOTIMP}) {
        dns.rcode(SRV, rcode);
        time.advance(ofSeconds(67));
        assertThat(ids()).containsExactly("a.example.com:80");
      }
      int asked = dns.asked();
      time.advance(ofMinutes(10));
      assertThat(dns.asked() - asked).as("about every 30 s, twice each").isBetween(34, 46);
      assertThat(log.lines("WARN"))
          .hasSize(3)
          .anyMatch(line -> line.contains("discovery by DNS SRV of '_db._tcp.example.com'"))
          .anyMatch(line -> line.contains("_db._tcp.example.com SRV: " + dns.address()))
          .anyMatch(line -> line.contains("REFUSED; the last list stays"));
      dns.answer(SRV, "60 IN SRV 0 1 80 b.example.com.");
      time.advance(ofSeconds(34));
      assertThat(ids()).containsExactly("b.example.com:80");
    }
  }

  @Test
  void silence_isAFailure_onTime_anotherServerIsAsked() throws IOException {
    dns.silence(SRV);
    try (FakeDns other = new FakeDns()) {
      other.answer(SRV, "60 IN SRV 0 1 80 a.example.com.");
      begin(srv().withTimeout(ofMillis(20)).withResolver(dns.address()));
      assertThat(balancer.ready().toCompletableFuture()).isNotDone();
      Threads.await(() -> dns.overUdp.get() == 2); // it may be slow to hear of the second
      balancer.close();
      begin(srv().withTimeout(ofMillis(200)).withResolver(dns.address(), other.address()));
      // A loaded machine may let 200 ms pass twice: then the next try, and the next.
      for (int i = 0; i < 20 && ids().isEmpty(); i++) {
        time.advance(ofSeconds(33));
      }
      assertThat(ids()).containsExactly("a.example.com:80");
    }
  }

  @Test
  void nobodyThere_isAFailure() throws IOException {
    InetSocketAddress nobody;
    try (DatagramSocket socket = new DatagramSocket(0, InetAddress.getByName("127.0.0.1"))) {
      nobody = new InetSocketAddress(socket.getLocalAddress(), socket.getLocalPort());
    }
    dns.answer(SRV, "60 IN SRV 0 1 80 a.example.com.");
    begin(srv().withTimeout(ofSeconds(10)).withResolver(nobody, dns.address()));
    assertThat(ids()).containsExactly("a.example.com:80");
  }

  @Test
  void cutAnswer_isAskedForOverTcp() {
    String[] records = new String[300];
    for (int i = 0; i < records.length; i++) {
      records[i] = "60 IN SRV 0 1 80 server-number-" + i + ".example.com.";
    }
    dns.reply(
        SRV,
        (query, tcp) -> {
          Message whole = FakeDns.message(query, Section.ANSWER, records);
          if (tcp) {
            return whole.toWire();
          }
          Message cut = FakeDns.message(query, Section.ANSWER, records[0]);
          cut.getHeader().setFlag(Flags.TC);
          return cut.toWire();
        });
    begin(srv());
    assertThat(ids()).hasSize(300);
    assertThat(dns.overUdp).hasValue(1);
    assertThat(dns.overTcp).hasValue(1);
  }

  @Test
  void cutAnswer_andTcpBreaksOff_isAFailure() {
    dns.reply(
        SRV,
        (query, tcp) -> {
          Message cut = FakeDns.message(query, Section.ANSWER, "60 IN SRV 0 1 80 a.example.com.");
          cut.getHeader().setFlag(Flags.TC);
          return tcp ? null : cut.toWire();
        });
    begin(srv());
    assertThat(ids()).isEmpty();
    assertThat(dns.overTcp).hasValue(2);
  }

  @Test
  void datagramsThatAnswerNoQuestionOfOurs_arePassedOver_theRightOneIsTaken() {
    dns.reply(
        SRV,
        (query, tcp) -> {
          int id = query.getHeader().getID();
          Message forged =
              FakeDns.message(query, Section.ANSWER, "60 IN SRV 0 1 80 evil.example.com.");
          forged.getHeader().setID(id ^ 1);
          dns.sendFirst(forged.toWire());
          dns.sendFirst(new byte[] {(byte) (id >> 8)});
          return FakeDns.message(query, Section.ANSWER, "60 IN SRV 0 1 80 a.example.com.").toWire();
        });
    begin(srv());
    assertThat(ids()).containsExactly("a.example.com:80");
    assertThat(dns.overUdp).hasValue(1);
    assertThat(dns.overTcp).hasValue(0);
  }

  @Test
  void anotherQuestionUnderOurId_isPassedOver_theRightOneIsTaken() {
    dns.reply(
        SRV,
        (query, tcp) -> {
          dns.sendFirst(evil(query));
          return FakeDns.message(query, Section.ANSWER, "60 IN SRV 0 1 80 a.example.com.").toWire();
        });
    begin(srv());
    assertThat(ids()).containsExactly("a.example.com:80");
    assertThat(dns.overUdp).hasValue(1);
  }

  private static byte[] evil(Message query) {
    Message other = new Message(query.getHeader().getID());
    other.getHeader().setFlag(Flags.QR);
    other.addRecord(FakeDns.record("evil.example.com. 0 IN A 10.6.6.6"), Section.QUESTION);
    return other.toWire();
  }

  @Test
  void garbage_isAFailure() {
    dns.answer(SRV, "60 IN SRV 0 1 80 a.example.com.");
    begin(srv());
    List<FakeDns.Reply> garbage =
        List.of(
            (query, tcp) -> Arrays.copyOf(query.toWire(), 7),
            (query, tcp) -> Arrays.copyOf(FakeDns.message(query, 1).toWire(), 14),
            (query, tcp) -> {
              byte[] bytes = FakeDns.message(query, 1, "60 IN SRV 0 1 80 b.example.com.").toWire();
              bytes[bytes.length - 3] = (byte) 0xff;
              return Arrays.copyOf(bytes, bytes.length - 1);
            });
    for (FakeDns.Reply each : garbage) {
      dns.reply(SRV, each);
      time.advance(ofSeconds(67));
      assertThat(ids()).containsExactly("a.example.com:80");
    }
  }

  @Test
  void referral_isAFailure_notAnEmptyAnswer() {
    dns.reply(
        SRV,
        (query, tcp) ->
            FakeDns.message(query, Section.AUTHORITY, "com. 60 IN NS ns.example.com.").toWire());
    try (StandardError log = new StandardError()) {
      begin(srv());
      assertThat(log.lines("WARN")).singleElement().asString().contains("sends us elsewhere");
    }
  }

  @Test
  void oneFamilyFails_theOtherIsUsed_besideWhatThatOneSaidBefore() {
    dns.answer("db.example.com A", "60 IN A 10.0.0.1");
    dns.rcode("db.example.com AAAA", Rcode.SERVFAIL);
    try (StandardError log = new StandardError()) {
      begin(addresses());
      assertThat(ids()).containsExactly("10.0.0.1:81");
      dns.answer("db.example.com AAAA", "60 IN AAAA 2001:db8::1");
      time.advance(ofSeconds(34));
      assertThat(ids()).hasSize(2);
      dns.rcode("db.example.com AAAA", Rcode.SERVFAIL);
      dns.answer("db.example.com A", "60 IN A 10.0.0.2");
      time.advance(ofSeconds(67));
      assertThat(ids()).containsExactly("[2001:db8:0:0:0:0:0:1]:81", "10.0.0.2:81");
      time.advance(ofMinutes(5));
      assertThat(log.lines("WARN")).as("said once each time").hasSize(2);
      dns.rcode("db.example.com A", Rcode.SERVFAIL);
      time.advance(ofMinutes(5));
      assertThat(ids()).hasSize(2);
      assertThat(balancer.ready().toCompletableFuture()).isCompleted();
    }
  }

  @Test
  void oneFamilyFails_theOtherIsEmpty_isNotKnown_andSoNotEmpty() {
    dns.answer("db.example.com A", "60 IN A 10.0.0.1");
    dns.answer("db.example.com AAAA");
    balancer =
        LoadBalancer.builder().source(addresses().withScheduler(time)).allowEmpty(true).build();
    time.advance(ofSeconds(0));
    dns.answer("db.example.com A");
    dns.rcode("db.example.com AAAA", Rcode.SERVFAIL);
    time.advance(ofSeconds(67));
    assertThat(ids()).containsExactly("10.0.0.1:81");
    dns.answer("db.example.com AAAA");
    time.advance(ofSeconds(34));
    assertThat(ids()).as("now it is known").isEmpty();
  }

  @Test
  void onAThreadOfItsOwn_answers_andTheThreadEndsInTheMiddleOfAQuestion() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    dns.reply(
        SRV,
        (query, tcp) -> {
          asked.countDown();
          return null;
        });
    balancer = LoadBalancer.builder().source(srv().withTimeout(ofMinutes(1))).build();
    asked.await();
    balancer.close(); // and nothingIsLeft
    dns.answer(SRV, "60 IN SRV 0 1 80 a.example.com.");
    balancer = LoadBalancer.builder().source(srv()).build();
    balancer.ready().toCompletableFuture().get(60, TimeUnit.SECONDS);
    assertThat(ids()).containsExactly("a.example.com:80");
  }

  @Test
  void closedInTheMiddleOfATcpQuestion_theThreadEnds() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch over = new CountDownLatch(1);
    dns.reply(
        SRV,
        (query, tcp) -> {
          if (tcp) {
            asked.countDown();
            try {
              over.await();
            } catch (InterruptedException e) {
              throw new IOException(e);
            }
            return null;
          }
          Message cut = FakeDns.message(query, Section.ANSWER);
          cut.getHeader().setFlag(Flags.TC);
          return cut.toWire();
        });
    try {
      balancer = LoadBalancer.builder().source(srv().withTimeout(ofMinutes(1))).build();
      asked.await();
      balancer.close();
    } finally {
      over.countDown(); // or the server's thread would never end
    }
  }

  @Test
  void badInput_isNamed() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> DnsSource.srv(" "))
        .withMessage("name: ' ' (expected: not blank)");
    assertThatIllegalArgumentException().isThrownBy(() -> DnsSource.addresses("a", 65_536));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> srv().withTimeout(ofMillis(9)))
        .withMessage("timeout: PT0.009S (expected: PT0.01S to PT1M)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> srv().withTtl(ofSeconds(5), ofSeconds(4)))
        .withMessage("max: PT4S (expected: PT5S to PT24H)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> srv().withTtl(ofMillis(99), ofSeconds(4)))
        .withMessageStartingWith("min: ");
    assertThatIllegalArgumentException().isThrownBy(() -> srv().withResolver());
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> srv().withResolver(InetSocketAddress.createUnresolved("dns.example.com", 53)))
        .withMessageContaining("dns.example.com");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> LoadBalancer.builder().source(DnsSource.srv("a..b")).build())
        .withMessageStartingWith("name: 'a..b': ");
  }
}
