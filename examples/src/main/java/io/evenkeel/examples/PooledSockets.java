package io.evenkeel.examples;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import io.evenkeel.pool.BalancedPool;
import io.evenkeel.pool.ConnectionPool;
import io.evenkeel.pool.Connector;
import io.evenkeel.pool.Leased;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/** Pings Redis servers over pooled connections: {@code PooledSockets HOST:PORT...}. */
public final class PooledSockets {

  private PooledSockets() {}

  /** How connections are made and ended. */
  static final class Sockets implements Connector<Socket> {
    @Override
    public Socket connect(Server server) throws IOException {
      Socket socket = new Socket();
      socket.connect(new InetSocketAddress(server.host(), server.port()), 1_000);
      socket.setSoTimeout(1_000);
      return socket;
    }

    @Override
    public void close(Socket socket) throws IOException {
      socket.close();
    }
  }

  /** Pings ten times. */
  public static void main(String[] args) throws Exception {
    List<Server> servers = Stream.of(args).map(Arguments::server).toList();
    LoadBalancer balancer = LoadBalancer.builder().servers(servers).build();
    ConnectionPool<Socket> pool = ConnectionPool.builder(new Sockets()).maxPerServer(10).build();
    BalancedPool<Socket> balanced = BalancedPool.of(balancer, pool);
    for (int i = 0; i < 10; i++) {
      try (Leased<Socket> leased = balanced.acquire(Duration.ofMillis(500))) {
        try {
          System.out.println(leased.server() + ": " + ping(leased.connection()));
          leased.success();
        } catch (IOException e) {
          leased.invalidate(e);
        }
      }
    }
    System.out.println(pool.stats());
    pool.close(Duration.ofSeconds(5));
  }

  private static String ping(Socket socket) throws IOException {
    socket.getOutputStream().write("PING\r\n".getBytes(StandardCharsets.US_ASCII));
    byte[] answer = socket.getInputStream().readNBytes("+PONG\r\n".length());
    return new String(answer, StandardCharsets.US_ASCII).trim();
  }
}
