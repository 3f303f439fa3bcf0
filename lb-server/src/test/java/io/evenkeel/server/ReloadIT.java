package io.evenkeel.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.HostPort;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The packaged program with a config file: signals, changes of the file, the API. */
class ReloadIT {

  @TempDir private Path folder;

  private Path write(String... yaml) throws Exception {
    Path beside = Files.writeString(folder.resolve("beside"), Program.text(yaml));
    return Files.move(
        beside,
        folder.resolve("evenkeel.yaml"),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }

  private static String[] yaml(String more, TestServer... servers) {
    StringBuilder list = new StringBuilder();
    for (TestServer server : servers) {
      list.append(list.isEmpty() ? "'" : ", '").append(server.address()).append("'");
    }
    return new String[] {
      "listeners: {web: {address: '127.0.0.1:0'}}",
      "balancers: {web: {servers: [" + list + "], health: {interval: 1h}}}",
      more
    };
  }

  private static Set<String> greetings(HostPort address) throws Exception {
    Set<String> greetings = new TreeSet<>();
    for (int i = 0; i < 4; i++) {
      try (Socket client = TestServer.connect(address)) {
        greetings.add(TestServer.greeting(client.getInputStream()));
      }
    }
    return greetings;
  }

  @Test
  void hangUp_readsTheFileAgain_relaysGoOn_aBadOneChangesNothing() throws Exception {
    try (TestServer a = new TestServer("a");
        TestServer b = new TestServer("b");
        Proc evenkeel = Proc.evenkeel("run", "--config", write(yaml("", a)).toString())) {
      HostPort address = evenkeel.awaitListening();
      Assumptions.assumeFalse(evenkeel.ignores(1), "whoever started this test ignores SIGHUP");
      try (Socket relay = TestServer.connect(address)) {
        assertThat(TestServer.greeting(relay.getInputStream())).isEqualTo("a");
        Path unused = write(yaml("drain: 20s", b));
        evenkeel.signal("HUP");
        assertThat(evenkeel.awaitErr("drain is 20s, was 30s")).contains(" INFO ", "SIGHUP: ");
        assertThat(greetings(address)).containsExactly("b");
        Path unused2 = write(yaml("drian: 5s\nwatch: maybe", a));
        evenkeel.signal("HUP");
        assertThat(evenkeel.awaitErr("drian")).contains(" WARN ", "line 3", "did you mean");
        assertThat(evenkeel.awaitErr("maybe")).contains(" WARN ", "line 4");
        assertThat(greetings(address)).containsExactly("b");
        relay.getOutputStream().write('x');
        assertThat(relay.getInputStream().read()).isEqualTo('x');
        evenkeel.signal("TERM");
        assertThat(evenkeel.awaitOut("evenkeel: draining"))
            .isEqualTo("evenkeel: draining 1 relay for up to 20s");
      }
      assertThat(evenkeel.awaitExit()).isZero();
      assertThat(evenkeel.err()).noneMatch(line -> line.contains("Exception"));
    }
  }

  @Test
  void hangUpWithoutAConfigFile_endsTheProgram_asItDoesAnywhere() throws Exception {
    try (TestServer a = new TestServer("a");
        Proc evenkeel = Proc.evenkeel("run", "--listen", "127.0.0.1:0", "--server", a.address())) {
      HostPort unused = evenkeel.awaitListening();
      Assumptions.assumeFalse(evenkeel.ignores(1), "whoever started this test ignores SIGHUP");
      evenkeel.signal("HUP");
      assertThat(evenkeel.awaitExit()).isZero();
      assertThat(evenkeel.out()).endsWith("evenkeel: stopped");
    }
  }

  @Test
  void watch_aChangeOfTheFileIsAReload() throws Exception {
    try (TestServer a = new TestServer("a");
        TestServer b = new TestServer("b");
        Proc evenkeel =
            Proc.evenkeel("run", "--config", write(yaml("watch: true", a)).toString())) {
      HostPort address = evenkeel.awaitListening();
      Path unused = write(yaml("watch: false", b));
      assertThat(evenkeel.awaitErr("watch is false, was true")).contains("file change: ");
      assertThat(greetings(address)).containsExactly("b");
      assertThat(evenkeel.err().stream().filter(line -> line.contains("file change: "))).hasSize(3);
    }
  }

  @Test
  void api_reloadsAndShutsDown_andSaysWhatIsWrong() throws Exception {
    String admin = "admin: {address: '127.0.0.1:0'}";
    try (TestServer a = new TestServer("a");
        TestServer b = new TestServer("b");
        Proc evenkeel = Proc.evenkeel("run", "--config", write(yaml(admin, a)).toString())) {
      HostPort address = evenkeel.awaitListening();
      String line = evenkeel.awaitOut("evenkeel: admin on http://127.0.0.1:");
      URI api = URI.create(line.substring("evenkeel: admin on ".length()) + "api/v1/");
      Path unused = write(yaml(admin, a, b));
      assertThat(post(api.resolve("reload"))).contains("server " + b.address() + ": added");
      assertThat(greetings(address)).containsExactly("a", "b");
      Path unused2 = write(yaml("drian: 5s", a));
      assertThat(post(api.resolve("reload"))).contains("drian", "did you mean");
      assertThat(greetings(address)).containsExactly("a", "b");
      assertThat(post(api.resolve("shutdown"))).contains("draining");
      assertThat(evenkeel.awaitExit()).isZero();
      assertThat(evenkeel.out()).endsWith("evenkeel: stopped");
    }
  }

  private static String post(URI uri) throws Exception {
    HttpRequest request = HttpRequest.newBuilder(uri).POST(BodyPublishers.noBody()).build();
    return HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).body();
  }

  @Test
  void terminateUnderLoad_everyRelayFinishes_nobodyIsCut() throws Exception {
    try (TestServer a = new TestServer("a");
        TestServer b = new TestServer("b");
        Load load = new Load();
        Proc evenkeel =
            Proc.evenkeel("run", "--config", write(yaml("drain: 5m", a, b)).toString())) {
      HostPort address = evenkeel.awaitListening();
      load.longConnections(8, address);
      load.awaitExchanges(100);
      evenkeel.signal("TERM");
      assertThat(evenkeel.awaitOut("evenkeel: draining"))
          .isEqualTo("evenkeel: draining 8 relays for up to 5m");
      load.awaitExchanges(100);
      load.finish();
      assertThat(evenkeel.awaitExit()).isZero();
      assertThat(evenkeel.out()).endsWith("evenkeel: stopped");
    }
  }
}
