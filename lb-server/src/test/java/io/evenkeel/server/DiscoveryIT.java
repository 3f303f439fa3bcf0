package io.evenkeel.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.FakeDns;
import io.evenkeel.core.HostPort;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The program finds its servers in a file and in DNS, and follows them. */
class DiscoveryIT {

  @TempDir private Path folder;

  private static Set<String> greetings(HostPort address) throws Exception {
    Set<String> greetings = new TreeSet<>();
    for (int i = 0; i < 10; i++) {
      try (Socket client = TestServer.connect(address)) {
        greetings.add(TestServer.greeting(client.getInputStream()));
      }
    }
    return greetings;
  }

  private static String content(String format, TestServer server) {
    String[] address = server.address().split(":", -1);
    return switch (format) {
      case "json" ->
          "{\"servers\": [{\"host\": \"" + address[0] + "\", \"port\": " + address[1] + "}]}";
      case "yaml" -> "servers:\n  - host: " + address[0] + "\n    port: " + address[1] + "\n";
      default -> "# one\n" + server.address() + "\n";
    };
  }

  private void write(Path file, String content) throws Exception {
    Path beside = Files.writeString(folder.resolve("beside"), content);
    Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  @ParameterizedTest
  @ValueSource(strings = {"json", "yaml", "txt"})
  void file_isFollowed_besideTheServersThatAreGiven_andABadOneChangesNothing(String format)
      throws Exception {
    Path file = folder.resolve("servers." + format);
    try (TestServer a = new TestServer("a");
        TestServer b = new TestServer("b");
        TestServer c = new TestServer("c")) {
      write(file, content(format, a));
      try (Proc evenkeel =
          Proc.evenkeel(
              "run",
              "--listen",
              "127.0.0.1:0",
              "--server-file",
              file.toString(),
              "--server",
              c.address())) {
        HostPort address = evenkeel.awaitListening();
        assertThat(evenkeel.out())
            .containsExactly("evenkeel: listening on " + address + ", 2 servers, round_robin");
        assertThat(greetings(address)).containsExactly("a", "c");
        write(file, content(format, b));
        Waiting.until("b is there and a is not", () -> greetings(address).equals(Set.of("b", "c")));
        write(file, "{\"severs\": []}");
        assertThat(evenkeel.awaitErr(" WARN "))
            .contains("discovery by file '" + file + "'", "the last list stays", "line 1");
        assertThat(greetings(address)).containsExactly("b", "c");
        evenkeel.signal("TERM");
        assertThat(evenkeel.awaitExit()).isZero();
      }
    }
  }

  @Test
  void dnsAddresses_areFollowed() throws Exception {
    try (TestServer a = new TestServer("a");
        FakeDns dns = new FakeDns()) {
      HostPort server = HostPort.parse(a.address(), 1);
      dns.answer("db.example.com A", "0 IN A " + server.host());
      dns.answer("db.example.com AAAA");
      try (Proc evenkeel = dns(dns, "--dns", "db.example.com:" + server.port())) {
        assertThat(greetings(evenkeel.awaitListening())).containsExactly("a");
        dns.answer("db.example.com A", "0 IN A " + server.host(), "0 IN A 127.0.0.9");
        assertThat(evenkeel.awaitErr("127.0.0.9:" + server.port())).contains("added");
      }
    }
  }

  @Test
  void dnsServices_areFollowed_theirTargetsLookedUpByTheSameServer() throws Exception {
    try (TestServer a = new TestServer("a");
        TestServer b = new TestServer("b");
        FakeDns dns = new FakeDns()) {
      String service = "_db._tcp.service.consul";
      dns.answer("here.node.consul A", "0 IN A 127.0.0.1");
      dns.answer(service + " SRV", "0 IN SRV 1 1 " + port(a) + " here.node.consul.");
      try (Proc evenkeel = dns(dns, "--dns-srv", service)) {
        HostPort address = evenkeel.awaitListening();
        assertThat(greetings(address)).containsExactly("a");
        dns.answer(service + " SRV", "0 IN SRV 1 1 " + port(b) + " here.node.consul.");
        Waiting.until("b is there and a is not", () -> greetings(address).equals(Set.of("b")));
        assertThat(evenkeel.awaitErr("added")).contains("here.node.consul:" + port(a));
      }
    }
  }

  @Test
  void dnsWithoutServers_oneLine_exit1() throws Exception {
    try (FakeDns dns = new FakeDns();
        Proc evenkeel = dns(dns, "--dns-srv", "_no._tcp.example.com")) {
      assertThat(evenkeel.awaitExit()).isEqualTo(1);
      List<String> err = evenkeel.err();
      assertThat(err.get(err.size() - 1))
          .startsWith(
              "evenkeel: --dns-srv: DNS SRV of '_no._tcp.example.com': no server available: discovery"
                  + " has no answer yet (servers: none");
    }
  }

  private static int port(TestServer server) {
    return HostPort.parse(server.address(), 1).port();
  }

  private static Proc dns(FakeDns dns, String option, String value) throws Exception {
    return Proc.evenkeel(
        "run",
        "--listen",
        "127.0.0.1:0",
        option,
        value,
        "--dns-resolver",
        "127.0.0.1:" + dns.address().getPort());
  }
}
