package io.evenkeel.proxy;

import io.evenkeel.core.Server;
import io.evenkeel.pool.PoolStats;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.util.List;
import java.util.Objects;

/** A proxy with warm connections, and servers that say which of their connections a client has. */
abstract class WarmFixture extends ProxyFixture {

  /** Answers each byte with its number among the backend's connections, from 1 on. */
  Backend numbered() throws IOException {
    return numbered(0);
  }

  Backend numbered(int port) throws IOException {
    return closeLater(
        new Backend(
            port,
            4096,
            (socket, number) -> {
              InputStream in = socket.getInputStream();
              while (in.read() >= 0) {
                socket.getOutputStream().write(number);
              }
            }));
  }

  /** Which of the backend's connections the client has. */
  static int number(Socket client) throws IOException {
    client.getOutputStream().write('x');
    return client.getInputStream().read();
  }

  PoolStats.OfServer pooled(String serverId) {
    return proxy.warm() == null ? null : proxy.warm().pool().stats().of(serverId);
  }

  int idle(Backend backend) {
    PoolStats.OfServer server = pooled(backend.server().id());
    return server == null ? 0 : server.idle();
  }

  void startWarm(int perServer, Server... servers) throws IOException {
    start(builder -> builder.eventLoops(2).warmConnections(perServer), servers);
  }

  /** So many are idle, and the backend has them and no others; how it is to be in the end, too. */
  void awaitWarm(Backend backend, int count) {
    await(
        count + " are warm",
        () -> idle(backend) == count && backend.openSessions() == count + proxy.openRelays());
    awaitQuietLoops();
    socketsBefore = sockets();
  }

  ProxyStats.ServerTraffic traffic(Backend backend) {
    return Objects.requireNonNull(proxy.stats().servers().get(backend.server().id()));
  }

  static List<String> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(Thread::isAlive)
        .map(Thread::getName)
        .filter(name -> name.startsWith("evenkeel-warm") || name.startsWith("evenkeel-pool"))
        .toList();
  }
}
