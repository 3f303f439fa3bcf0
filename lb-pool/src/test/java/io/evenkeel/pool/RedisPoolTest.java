package io.evenkeel.pool;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.Server;
import io.evenkeel.core.Threads;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real sockets to a real redis-server, which is restarted in the middle of the load. */
@Timeout(180)
class RedisPoolTest {

  private static final int THREADS = 8;
  private static final Duration LONG = Duration.ofMinutes(1);

  @TempDir private Path directory;
  private int port;
  private Server server;
  private Process redis;

  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final AtomicInteger made = new AtomicInteger();
  private final AtomicInteger closings = new AtomicInteger();
  private final ConnectionPool<Socket> pool =
      ConnectionPool.builder(
              new Connector<Socket>() {
                @Override
                public Socket connect(Server server) throws IOException {
                  Socket socket = new Socket();
                  socket.connect(new InetSocketAddress(server.host(), server.port()), 10_000);
                  socket.setSoTimeout(60_000);
                  made.incrementAndGet();
                  open.add(socket);
                  return socket;
                }

                /** Nothing may come unasked, and above all no end of file. */
                @Override
                public boolean isAlive(Socket socket) {
                  try {
                    socket.setSoTimeout(1);
                    return socket.getInputStream().read() == Integer.MIN_VALUE;
                  } catch (SocketTimeoutException e) {
                    return reset(socket);
                  } catch (IOException e) {
                    return false;
                  }
                }

                private boolean reset(Socket socket) {
                  try {
                    socket.setSoTimeout(60_000);
                    return true;
                  } catch (IOException e) {
                    return false;
                  }
                }

                @Override
                public void close(Socket socket) throws IOException {
                  closings.incrementAndGet();
                  open.remove(socket);
                  socket.close();
                }
              })
          .policy(
              PoolPolicy.builder()
                  .maxPerServer(4)
                  .validateAfterIdle(Duration.ofMillis(40))
                  .idleTimeout(Duration.ofSeconds(1))
                  .build())
          .build();

  @BeforeEach
  void start() throws Exception {
    Assumptions.assumeTrue(
        Stream.of(System.getenv("PATH").split(":", -1))
            .anyMatch(path -> Files.isExecutable(Path.of(path, "redis-server"))),
        "redis-server is not on the PATH: apt-get install redis");
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    server = Server.of("127.0.0.1", port).withId("redis");
    redis = startRedis();
  }

  @AfterEach
  void stop() throws Exception {
    pool.close(LONG);
    if (redis != null) {
      redis.destroyForcibly().waitFor();
    }
    Threads.await(open::isEmpty);
    assertThat(closings.get()).isEqualTo(made.get());
  }

  private Process startRedis() throws IOException {
    Process process =
        new ProcessBuilder(
                List.of(
                    "redis-server",
                    "--bind",
                    "127.0.0.1",
                    "--port",
                    String.valueOf(port),
                    "--save",
                    "",
                    "--dir",
                    directory.toString()))
            .redirectOutput(directory.resolve("redis.log").toFile())
            .redirectErrorStream(true)
            .start();
    Threads.await(
        () -> {
          try (Socket probe = new Socket("127.0.0.1", port)) {
            return probe.isConnected();
          } catch (IOException e) {
            return false;
          }
        });
    return process;
  }

  @Test
  void connections_areReused_andTimeOut() throws Exception {
    for (int i = 0; i < 100; i++) {
      try (Pooled<Socket> pooled = pool.acquire(server, LONG)) {
        assertThat(ping(pooled.connection())).isEqualTo("+PONG");
      }
    }
    assertThat(made).hasValue(1);
    Threads.await(open::isEmpty);
  }

  @Test
  void idleConnectionsOfAServerThatRestarted_areReplacedUnnoticed() throws Exception {
    try (Pooled<Socket> pooled = pool.acquire(server, LONG)) {
      assertThat(ping(pooled.connection())).isEqualTo("+PONG");
    }
    redis.destroyForcibly().waitFor();
    redis = startRedis();
    // Either it has been checked and replaced, or it is too fresh to be checked, once.
    int failures = 0;
    for (int i = 0; i < 3; i++) {
      failures += use() ? 0 : 1;
    }
    assertThat(failures).isLessThanOrEqualTo(1);
  }

  @Test
  void restartedUnderLoad_noCallerGetsADeadOneTwice_andAllRecover() throws Exception {
    AtomicBoolean isBack = new AtomicBoolean();
    AtomicBoolean stop = new AtomicBoolean();
    AtomicBoolean isDown = new AtomicBoolean(); // all its sockets are closed: a check finds that
    AtomicInteger[] dead = new AtomicInteger[THREADS];
    AtomicInteger[] after = new AtomicInteger[THREADS];
    for (int i = 0; i < THREADS; i++) {
      after[i] = new AtomicInteger();
      dead[i] = new AtomicInteger();
    }
    Threads.run(
        THREADS + 1,
        index -> {
          if (index == THREADS) {
            Threads.await(() -> made.get() > 0);
            redis.destroyForcibly().waitFor();
            isDown.set(true);
            redis = startRedis();
            isBack.set(true);
            for (AtomicInteger count : after) {
              Threads.await(() -> count.get() >= 50);
            }
            stop.set(true);
            return;
          }
          while (!stop.get()) {
            try (Pooled<Socket> pooled = pool.acquire(server, LONG)) {
              Socket socket = pooled.connection();
              try {
                assertThat(ping(socket)).isEqualTo("+PONG");
                if (isBack.get()) {
                  after[index].incrementAndGet();
                }
              } catch (IOException e) {
                if (isDown.get()) {
                  dead[index].incrementAndGet();
                }
                pooled.invalidate(e);
              }
            } catch (ConnectFailedException e) {
              Thread.onSpinWait(); // it is down
            }
          }
        });
    assertThat(dead).allMatch(count -> count.get() <= 1);
    assertThat(after).allMatch(count -> count.get() >= 50);
  }

  private boolean use() throws InterruptedException {
    try (Pooled<Socket> pooled = pool.acquire(server, LONG)) {
      try {
        return ping(pooled.connection()).equals("+PONG");
      } catch (IOException e) {
        pooled.invalidate(e);
        return false;
      }
    }
  }

  private static String ping(Socket socket) throws IOException {
    socket.getOutputStream().write("PING\r\n".getBytes(StandardCharsets.US_ASCII));
    InputStream in = socket.getInputStream();
    StringBuilder line = new StringBuilder();
    for (int next = in.read(); next != '\n'; next = in.read()) {
      if (next < 0) {
        throw new IOException("end of file");
      }
      if (next != '\r') {
        line.append((char) next);
      }
    }
    return line.toString();
  }
}
