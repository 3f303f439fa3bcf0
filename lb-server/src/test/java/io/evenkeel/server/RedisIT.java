package io.evenkeel.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.HostPort;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real server with its own real clients, through the proxy, unchanged. */
class RedisIT {

  @TempDir private static Path directory;

  private static Proc redis;
  private static Proc evenkeel;
  private static HostPort proxy;

  @BeforeAll
  static void start() throws Exception {
    Proc.assumeInstalled("redis-server", "redis-cli", "redis-benchmark");
    String server = TestServer.freeAddress();
    String port = server.substring(server.indexOf(':') + 1);
    redis =
        Proc.start(
            List.of(
                "redis-server",
                "--bind",
                "127.0.0.1",
                "--port",
                port,
                "--save",
                "",
                "--appendonly",
                "no",
                "--dir",
                directory.toString()));
    String ready = redis.awaitOutContaining("Ready to accept connections");
    assertThat(ready).isNotEmpty();
    evenkeel = Proc.evenkeel("run", "--listen", "127.0.0.1:0", "--server", server);
    proxy = evenkeel.awaitListening();
  }

  @AfterAll
  static void stop() {
    if (evenkeel != null) {
      evenkeel.close();
    }
    if (redis != null) {
      redis.close();
    }
  }

  @Test
  void ping() throws Exception {
    try (Proc cli = cli("PING")) {
      assertThat(cli.awaitExit()).as("%s", cli).isZero();
      assertThat(cli.out()).containsExactly("PONG");
    }
  }

  @Test
  void setAndGetOfOneMebibyte() throws Exception {
    String value =
        new Random(42)
            .ints(1 << 20, '0', 'z' + 1)
            .mapToObj(c -> String.valueOf((char) c))
            .collect(Collectors.joining());
    try (Proc set = cli("-x", "SET", "big")) {
      set.in().write(value.getBytes(StandardCharsets.US_ASCII));
      set.in().close();
      assertThat(set.awaitExit()).as("exit code").isZero();
      assertThat(set.out()).containsExactly("OK");
    }
    try (Proc get = cli("GET", "big")) {
      assertThat(get.awaitExit()).as("exit code").isZero();
      assertThat(get.out().get(0).equals(value)).as("the same bytes").isTrue();
    }
  }

  @Test
  void pipe_tenThousandCommandsWithoutWaiting() throws Exception {
    String commands =
        IntStream.range(0, 10_000)
            .mapToObj(i -> "SET key:" + i + " " + i + "\r\n")
            .collect(Collectors.joining());
    try (Proc pipe = cli("--pipe")) {
      pipe.in().write(commands.getBytes(StandardCharsets.US_ASCII));
      pipe.in().close();
      assertThat(pipe.awaitExit()).as("%s", pipe).isZero();
      assertThat(pipe.out()).contains("errors: 0, replies: 10000");
    }
  }

  @Test
  void publishReachesASubscriber() throws Exception {
    try (Proc subscriber = cli("SUBSCRIBE", "news")) {
      assertThat(subscriber.awaitOut("subscribe")).isEqualTo("subscribe");
      Waiting.until("it is subscribed", () -> publish("hello") == 1);
      assertThat(subscriber.awaitOut("hello")).isEqualTo("hello");
    }
  }

  @Test
  void benchmark_fiftyConnections_pipelined() throws Exception {
    List<String> command = new ArrayList<>(List.of("redis-benchmark", "-h", proxy.host(), "-p"));
    command.add(Integer.toString(proxy.port()));
    command.addAll(List.of("-q", "--csv", "-t", "set,get,lrange_100"));
    command.addAll(List.of("-n", "10000", "-c", "50", "-P", "16"));
    try (Proc benchmark = Proc.start(command)) {
      assertThat(benchmark.awaitExit()).as("%s", benchmark).isZero();
      assertThat(benchmark.out()).anyMatch(line -> line.startsWith("\"GET\""));
      assertThat(benchmark.err()).noneMatch(line -> line.contains("rror"));
    }
  }

  private static long publish(String message) throws IOException, InterruptedException {
    try (Proc cli = cli("PUBLISH", "news", message)) {
      assertThat(cli.awaitExit()).as("%s", cli).isZero();
      return Long.parseLong(cli.out().get(0));
    }
  }

  private static Proc cli(String... args) throws IOException {
    List<String> command = new ArrayList<>(List.of("redis-cli", "-h", proxy.host(), "-p"));
    command.add(Integer.toString(proxy.port()));
    command.addAll(List.of(args));
    return Proc.start(command);
  }
}
