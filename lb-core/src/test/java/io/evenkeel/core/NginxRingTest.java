package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.evenkeel.core.HashRing.Placement;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The placement {@code NGINX}, beside an nginx that balances over servers which answer their port;
 * skipped where nginx is not installed.
 */
class NginxRingTest {

  private static final int SERVERS = 7;
  private static final int BLOCKED = 2;
  private static final int FAILING = 4;
  private static final List<String> KEYS = RingServers.keys(400);

  private final List<HttpServer> upstreams = new ArrayList<>();
  private List<Server> even;
  private List<Server> weighted;
  private Process nginx;
  private Path socket;

  @BeforeEach
  void start(@TempDir Path folder) throws IOException {
    String program =
        Stream.concat(Stream.of(System.getenv("PATH").split(":", -1)), Stream.of("/usr/sbin"))
            .map(bin -> Path.of(bin, "nginx"))
            .filter(Files::isExecutable)
            .map(Path::toString)
            .findFirst()
            .orElse(null);
    Assumptions.assumeTrue(program != null, "no nginx: apt-get install nginx-light");
    for (int i = 0; i < SERVERS; i++) {
      upstreams.add(upstream(i == FAILING));
    }
    even = upstreams.stream().map(u -> Server.of("127.0.0.1", u.getAddress().getPort())).toList();
    weighted =
        IntStream.range(0, SERVERS).mapToObj(i -> even.get(i).withWeight(1 + i * i)).toList();
    socket = folder.resolve("nginx.sock");
    Files.writeString(folder.resolve("nginx.conf"), configuration(folder));
    nginx =
        new ProcessBuilder(
                program,
                "-p",
                folder.toString(),
                "-c",
                folder.resolve("nginx.conf").toString(),
                "-e",
                folder.resolve("error.log").toString())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("output").toFile())
            .start();
    Threads.await(
        () -> {
          assertThat(nginx.isAlive()).as("nginx: see %s", folder).isTrue();
          try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            return channel.connect(UnixDomainSocketAddress.of(socket));
          } catch (IOException e) {
            return false;
          }
        });
  }

  @AfterEach
  void stop() throws InterruptedException {
    if (nginx != null) {
      nginx.destroyForcibly().waitFor();
    }
    upstreams.forEach(upstream -> upstream.stop(0));
  }

  /** Answers its port; of one path, that it cannot. */
  private static HttpServer upstream(boolean isFailing) throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), 0);
    byte[] answer =
        String.valueOf(server.getAddress().getPort()).getBytes(StandardCharsets.US_ASCII);
    server.createContext(
        "/",
        exchange -> {
          boolean fails = isFailing && exchange.getRequestURI().getPath().equals("/retry");
          exchange.sendResponseHeaders(fails ? 503 : 200, answer.length);
          exchange.getResponseBody().write(answer);
          exchange.close();
        });
    server.start();
    return server;
  }

  private String configuration(Path folder) {
    StringBuilder text = new StringBuilder("daemon off; master_process off;\n");
    text.append("pid " + folder + "/nginx.pid;\nevents { worker_connections 64; }\n");
    text.append("http {\naccess_log off;\n");
    for (String name : List.of("client_body", "proxy", "fastcgi", "uwsgi", "scgi")) {
      text.append(name + "_temp_path " + folder.resolve(name) + ";\n");
    }
    text.append(group("even", even, -1) + group("weighted", weighted, -1));
    text.append(group("blocked", weighted, BLOCKED) + group("retry", weighted, -1));
    text.append("server {\nlisten unix:" + socket + ";\n");
    text.append("proxy_next_upstream error timeout http_503;\n");
    for (String name : List.of("even", "weighted", "blocked", "retry")) {
      text.append("location /" + name + " { proxy_pass http://" + name + "; }\n");
    }
    return text.append("}\n}\n").toString();
  }

  private static String group(String name, List<Server> servers, int down) {
    return IntStream.range(0, servers.size())
        .mapToObj(
            i ->
                "server %s:%d weight=%d max_fails=0%s;\n"
                    .formatted(
                        servers.get(i).host(),
                        servers.get(i).port(),
                        servers.get(i).weight(),
                        i == down ? " down" : ""))
        .collect(
            Collectors.joining("", "upstream " + name + " {\nhash $arg_k consistent;\n", "}\n"));
  }

  /** The port of the server that this key's request reached. */
  private int ask(String path, String key) throws IOException {
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      String request = "GET /" + path + "?k=" + key + " HTTP/1.0\r\n\r\n";
      ByteBuffer bytes = ByteBuffer.wrap(request.getBytes(StandardCharsets.US_ASCII));
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      String answer =
          new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.ISO_8859_1);
      assertThat(answer).startsWith("HTTP/1.1 200");
      return Integer.parseInt(answer.substring(answer.lastIndexOf("\r\n\r\n")).trim());
    }
  }

  private static LoadBalancer balancer(List<Server> servers) {
    return LoadBalancer.builder()
        .servers(servers)
        .selector(Selectors.ringHash(Placement.NGINX))
        .build();
  }

  @Test
  void everyKey_goesWhereNginxSendsIt() throws IOException {
    HashRing evenRing = HashRing.of(even, Placement.NGINX);
    HashRing weightedRing = HashRing.of(weighted, Placement.NGINX);
    for (String key : KEYS) {
      assertThat(evenRing.server(key).port()).as(key).isEqualTo(ask("even", key));
      assertThat(weightedRing.server(key).port()).as(key).isEqualTo(ask("weighted", key));
    }
  }

  @Test
  void oneServerDown_itsKeysGoWhereNginxSendsThem() throws IOException {
    LoadBalancer balancer = balancer(weighted);
    balancer.drain(weighted.get(BLOCKED).id());
    for (String key : KEYS) {
      try (Lease lease = balancer.acquire(key)) {
        assertThat(lease.server().port()).as(key).isEqualTo(ask("blocked", key));
      }
    }
  }

  @Test
  void oneServerFails_retriesGoWhereNginxSendsThem() throws IOException {
    LoadBalancer balancer = balancer(weighted);
    int retries = 0;
    for (String key : KEYS) {
      Node first = balancer.acquire(key).node();
      Server expected = first.server();
      if (expected.equals(weighted.get(FAILING))) {
        expected = balancer.acquire(Query.forKey(key).excluding(first)).server();
        retries++;
      }
      assertThat(expected.port()).as(key).isEqualTo(ask("retry", key));
    }
    assertThat(retries).isPositive();
  }
}
