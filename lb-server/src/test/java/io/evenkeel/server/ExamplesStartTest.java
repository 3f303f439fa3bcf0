package io.evenkeel.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each example is started as it is, but for its ports: 19… are its own, free ones here; 18… are
 * those of its servers, for each of which there is one.
 */
class ExamplesStartTest {

  private static final Path EXAMPLES = Path.of("..", "examples", "config");
  private static final Pattern OWN = Pattern.compile("\\b19\\d{3}\\b");
  private static final Pattern SERVERS = Pattern.compile("\\b18\\d{3}\\b");

  @TempDir private Path folder;
  private final Map<String, TestServer> servers = new HashMap<>();

  static List<Path> examples() throws Exception {
    try (Stream<Path> files = Files.list(EXAMPLES)) {
      return files
          .filter(file -> file.toString().matches(".*\\.(yaml|json)"))
          .sorted()
          .map(Path::getFileName)
          .toList();
    }
  }

  private String withTestPorts(String text) {
    return SERVERS
        .matcher(OWN.matcher(text).replaceAll("0"))
        .replaceAll(match -> port(match.group()));
  }

  private String port(String written) {
    try {
      if (!servers.containsKey(written)) {
        servers.put(written, new TestServer("a"));
      }
      return servers.get(written).address().replaceFirst(".*:", "");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @ParameterizedTest
  @MethodSource("examples")
  void starts_acceptsClients_andReloadsToTheSame(Path example) throws Exception {
    assertThat(examples()).hasSizeGreaterThan(5);
    try (Stream<Path> files = Files.list(EXAMPLES)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        Files.writeString(
            folder.resolve(file.getFileName()), withTestPorts(Files.readString(file)));
      }
    }
    RunOptions options = new RunOptions();
    options.config = folder.resolve(example);
    options.checkTogether();
    try (Control control = new Control(options)) {
      control.start();
      Running running = control.running();
      assertThat(running.listeners()).isNotEmpty();
      for (RunningListener listener : running.listeners()) {
        int port = listener.localAddress().port();
        try (Socket client = new Socket("127.0.0.1", port)) {
          assertThat(client.isConnected()).isTrue();
        }
        assertThat(running.balancer(listener.balancer()).balancer().nodes()).isNotEmpty();
      }
      String dashboard = running.dashboard();
      if (dashboard != null) {
        URI health = URI.create(dashboard.replace("0.0.0.0", "127.0.0.1")).resolve("api/v1/health");
        assertThat(
                HttpClient.newHttpClient()
                    .send(HttpRequest.newBuilder(health).build(), BodyHandlers.ofString())
                    .statusCode())
            .isIn(200, 401, 503);
      }
      assertThat(control.reload("test")).isEmpty();
    } finally {
      for (TestServer server : servers.values()) {
        server.close();
      }
    }
  }
}
