package io.evenkeel.examples;

import com.sun.net.httpserver.HttpServer;
import io.evenkeel.core.Server;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;

/** A real HTTP server on loopback, which answers with its name and counts. */
final class Backend implements AutoCloseable {

  private final HttpServer http;
  private final AtomicInteger requests = new AtomicInteger();

  Backend(String name) throws IOException {
    http = HttpServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), 0);
    byte[] body = name.getBytes(StandardCharsets.UTF_8);
    http.createContext(
        "/",
        exchange -> {
          try (exchange) {
            requests.incrementAndGet();
            exchange.getResponseHeaders().set("Connection", "close");
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
          }
        });
    http.start();
  }

  Server server() {
    return Server.of("127.0.0.1", http.getAddress().getPort());
  }

  String address() {
    return server().id();
  }

  int requests() {
    return requests.get();
  }

  @Override
  public void close() {
    http.stop(0);
  }
}
