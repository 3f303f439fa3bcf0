package io.evenkeel.server.admin;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** An admin server over a balancer {@code web} of servers a, b and c, and a client of it. */
final class Api implements AutoCloseable {

  static final ObjectMapper JSON = new ObjectMapper();

  private static final int PATIENCE_MILLIS = 30_000;

  final Inventory inventory = new Inventory();
  final LoadBalancer balancer =
      LoadBalancer.builder()
          .servers(
              Server.of("127.0.0.1", 1001).withId("a"),
              Server.of("127.0.0.1", 1002).withId("b"),
              Server.of("127.0.0.1", 1003).withId("c"))
          .build();
  final AdminServer admin;
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  Api() {
    this(builder -> {});
  }

  Api(Consumer<AdminServerBuilder> setting) {
    inventory.put(Inventory.Balancer.of("web", balancer));
    AdminServerBuilder builder = AdminServer.builder(inventory).bind("127.0.0.1", 0);
    setting.accept(builder);
    try {
      admin = builder.start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  int port() {
    return admin.address().getPort();
  }

  /** Begins a request; a path as it goes over the wire. */
  HttpRequest.Builder request(String method, String path, String body) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port() + path))
            .timeout(Duration.ofMillis(PATIENCE_MILLIS))
            .method(
                method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
    return body.isEmpty() ? request : request.header("Content-Type", "application/json");
  }

  Reply send(HttpRequest.Builder request) throws IOException, InterruptedException {
    return new Reply(client.send(request.build(), BodyHandlers.ofString()));
  }

  Reply get(String path) throws IOException, InterruptedException {
    return send(request("GET", path, ""));
  }

  Reply send(String method, String path, String body) throws IOException, InterruptedException {
    return send(request(method, path, body));
  }

  /** The lines of a request up to its body. */
  static String head(String... lines) {
    return String.join("\r\n", lines) + "\r\n\r\n";
  }

  /** Sends bytes as they are, and reads until the server hangs up. */
  String raw(String bytes) throws IOException {
    try (Socket socket = connect()) {
      return exchange(socket, bytes);
    }
  }

  static String exchange(Socket socket, String bytes) throws IOException {
    socket.getOutputStream().write(bytes.getBytes(StandardCharsets.ISO_8859_1));
    socket.getOutputStream().flush();
    return readToEnd(socket);
  }

  /** What comes until the server hangs up, also by a reset. */
  static String readToEnd(Socket socket) throws IOException {
    StringBuilder text = new StringBuilder();
    byte[] buffer = new byte[8192];
    try {
      for (int n; (n = socket.getInputStream().read(buffer)) >= 0; ) {
        text.append(new String(buffer, 0, n, StandardCharsets.ISO_8859_1));
      }
    } catch (java.net.SocketTimeoutException e) {
      throw e;
    } catch (IOException e) {
      text.append(""); // reset: what came before stays
    }
    return text.toString();
  }

  Socket connect() throws IOException {
    Socket socket = new Socket();
    socket.setSoTimeout(PATIENCE_MILLIS);
    socket.connect(new InetSocketAddress("127.0.0.1", port()), PATIENCE_MILLIS);
    return socket;
  }

  /** What clients of the API could change, in one line. */
  String state() {
    List<String> state = new ArrayList<>();
    balancer
        .nodes()
        .forEach(
            node -> {
              Server server = node.server();
              state.add(
                  server.id()
                      + server.host()
                      + ":"
                      + server.port()
                      + " w"
                      + server.weight()
                      + " t"
                      + server.tier()
                      + " z"
                      + server.zone()
                      + " m"
                      + server.maxConcurrent()
                      + server.metadata()
                      + node.blocks());
            });
    return state + " " + balancer.settings();
  }

  @Override
  public void close() {
    admin.close();
    balancer.close();
  }

  /** An answer. */
  record Reply(HttpResponse<String> response) {
    int status() {
      return response.statusCode();
    }

    String header(String name) {
      return response.headers().firstValue(name).orElse("");
    }

    String body() {
      return response.body();
    }

    JsonNode json() {
      try {
        return JSON.readTree(response.body());
      } catch (IOException e) {
        throw new UncheckedIOException(response.body(), e);
      }
    }

    @Override
    public String toString() {
      return response.request().method()
          + " "
          + response.uri().getRawPath()
          + " -> "
          + status()
          + " "
          + response.body();
    }
  }
}
