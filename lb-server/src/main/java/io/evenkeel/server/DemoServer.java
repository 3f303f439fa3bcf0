package io.evenkeel.server;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.evenkeel.core.Server;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * One of the demo's servers: answers each request with its name, after some milliseconds of
 * pretended work, and closes the connection, so that a request is a connection is a pick. Can be
 * stopped as a crash would stop it, and started again on the same port. One thread starts and
 * stops.
 */
final class DemoServer implements AutoCloseable {

  /** The work takes this long at least, and with an exponential tail of this mean on top. */
  private static final double WORK_MILLIS = 5;

  private final String name;
  private final int port;
  private @Nullable HttpServer http;
  private @Nullable ExecutorService workers;

  /** Starts one on a free loopback port. */
  DemoServer(String name) throws IOException {
    this.name = name;
    this.port = listen(0);
  }

  String name() {
    return name;
  }

  /** As the balancer is told of it; its name is the id. */
  Server server() {
    return Server.of(InetAddress.getLoopbackAddress().getHostAddress(), port).withId(name);
  }

  /** Starts it again where it was. */
  void restart() throws IOException {
    int unused = listen(port);
  }

  private int listen(int onPort) throws IOException {
    InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), onPort);
    HttpServer started = HttpServer.create(address, 256);
    ExecutorService pool = Executors.newFixedThreadPool(8, DemoThreads.named("demo-" + name));
    started.setExecutor(pool);
    started.createContext("/", this::answer);
    started.start();
    http = started;
    workers = pool;
    return started.getAddress().getPort();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      double tail = -Math.log(1 - ThreadLocalRandom.current().nextDouble());
      LockSupport.parkNanos((long) (WORK_MILLIS * (1 + tail) * TimeUnit.MILLISECONDS.toNanos(1)));
      byte[] body = name.getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().set("Connection", "close");
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  /** Stops it at once, whatever it is in the middle of. */
  @Override
  public void close() {
    if (http != null) {
      http.stop(0);
      http = null;
    }
    if (workers != null) {
      workers.shutdownNow();
      workers = null;
    }
  }
}
