package io.evenkeel.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.HostPort;
import io.evenkeel.core.Server;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where the admin server is: it says so, answers there, and moves. */
class AdminAddressTest {

  private static final String[] YAML = {
    "listeners: {web: {address: '127.0.0.1:0'}}",
    "balancers: {web: {servers: ['127.0.0.1:1'], health: off}}",
    "admin: {address: '127.0.0.1:0'}"
  };

  @TempDir private Path folder;
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private HttpResponse<String> send(String method, String url, String body) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url))
            .method(method, BodyPublishers.ofString(body))
            .header("Content-Type", "application/json")
            .build();
    return client.send(request, BodyHandlers.ofString());
  }

  private static String shown(Program program) {
    return String.valueOf(program.control().running().dashboard());
  }

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1, 'http://127.0.0.1:'",
    "127.0.0.2, 'http://127.0.0.2:'",
    "127.1.2.3, 'http://127.1.2.3:'",
    "::1, 'http://[::1]:'"
  })
  void anyLoopbackAddress_isShownAsBrowsersWriteIt_andAnswersByThat(String host, String shown)
      throws Exception {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getByName(host))) {
      assertThat(free.isBound()).isTrue();
    } catch (IOException e) {
      Assumptions.abort(host + " is no address of this machine: " + e.getMessage());
    }
    RunOptions options = new RunOptions();
    options.listen = new HostPort("127.0.0.1", 0);
    options.admin = new HostPort(host, 0);
    options.servers.add(Server.of("127.0.0.1", 1));
    try (Control control = new Control(options)) {
      control.start();
      String url = String.valueOf(control.running().dashboard());
      assertThat(url).startsWith(shown);
      int port = URI.create(url).getPort();
      HttpRequest page = HttpRequest.newBuilder(URI.create(url)).build();
      assertThat(client.send(page, BodyHandlers.ofString()).statusCode()).isEqualTo(200);
      for (String name : new String[] {"localhost", "127.0.0.1", "[::1]"}) {
        assertThat(status(host, port, name + ":" + port)).isEqualTo("200");
      }
      for (String name :
          new String[] {"127.0.0.3", "0.0.0.0", "127.2", host + ".evil.example", "[::2]", ""}) {
        assertThat(status(host, port, name)).as(name).isIn("403", "400");
      }
    }
  }

  /** Of the answer to a request for that host. */
  private static String status(String address, int port, String host) throws IOException {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getByName(address), port));
      String request =
          "GET /api/v1/session HTTP/1.1\r\nConnection: close\r\nHost: " + host + "\r\n\r\n";
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
      return answer.split(" ", 3)[1];
    }
  }

  @Test
  void whoMovesIt_getsTheAnswer_andItIsGoneFromWhereItWas() throws Exception {
    try (Program program = Program.start(folder, YAML)) {
      String config = program.control().json();
      for (int i = 0; i < 20; i++) {
        String before = shown(program);
        String free = TestServer.freeAddress();
        String moved =
            config.replaceFirst("(\"admin\"[\\s:{]*\"address\"[\\s:]*\")[^\"]*", "$1" + free);
        assertThat(moved).contains(free);
        HttpResponse<String> answer = send("PUT", before + "api/v1/config", moved);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        assertThat(answer.body()).contains("admin");
        assertThat(shown(program)).isEqualTo("http://" + free + "/");
        assertThat(send("GET", shown(program) + "api/v1/health", "").statusCode()).isEqualTo(200);
        URI old = URI.create(before);
        Waiting.until("it is gone from where it was", () -> refuses(old));
      }
    }
  }

  private static boolean refuses(URI url) throws IOException {
    try (Socket socket = new Socket(url.getHost(), url.getPort())) {
      return !socket.isConnected();
    } catch (ConnectException e) {
      return true;
    }
  }

  /** Sixteen levels and 32 digits are read, and wrong for what they say; one more is not read. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "16 | 1  | unknown key        | unknown key",
        "17 | 1  | too deep           | nesting depth (17)",
        "1  | 32 | pointer\":\"drain\" | /port: 9999999999",
        "1  | 33 | length (33)        | length (33)",
      })
  void bodies_haveOneMeasure_whateverTheyAreFor(
      int levels, int digits, String ofConfig, String ofServer) throws Exception {
    try (Program program = Program.start(folder, YAML)) {
      String deep = "{\"x\":".repeat(levels - 1) + "{}" + "}".repeat(levels - 1);
      String number = "9".repeat(digits);
      String config = levels > 1 ? deep : "{\"drain\":" + number + "}";
      String server = levels > 1 ? deep : "{\"host\":\"h\",\"port\":" + number + "}";
      HttpResponse<String> put = send("PUT", shown(program) + "api/v1/config", config);
      assertThat(put.statusCode()).as(put.body()).isEqualTo(422);
      assertThat(put.body()).contains(ofConfig);
      HttpResponse<String> post = send("POST", shown(program) + "api/v1/servers", server);
      assertThat(post.statusCode()).as(post.body()).isIn(400, 422);
      assertThat(post.body()).contains(ofServer);
    }
  }
}
