package io.evenkeel.proxy;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.evenkeel.core.Server;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** A real server on loopback: a thread a connection, with what it does given by the test. */
final class Backend implements AutoCloseable {

  /** What to do with one connection; it is closed afterwards. */
  interface Session {
    void run(Socket socket) throws Exception;
  }

  /** The same; connections are numbered as they are accepted, from 1. */
  interface NumberedSession {
    void run(Socket socket, int number) throws Exception;
  }

  final AtomicInteger accepted = new AtomicInteger();
  private final ServerSocket listener;
  private final NumberedSession session;
  private final Map<Socket, Thread> open = new ConcurrentHashMap<>();
  private final Thread acceptor;

  Backend(Session session) throws IOException {
    this(0, session);
  }

  Backend(int port, Session session) throws IOException {
    this(port, 4096, session);
  }

  Backend(int port, int backlog, Session session) throws IOException {
    this(port, backlog, (socket, number) -> session.run(socket));
  }

  Backend(int port, int backlog, NumberedSession session) throws IOException {
    this.session = session;
    this.listener = new ServerSocket();
    listener.setReuseAddress(true);
    listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), backlog);
    this.acceptor = new Thread(this::acceptAll, "backend-" + port());
    acceptor.setDaemon(true);
    acceptor.start();
  }

  /** Sends back what it gets, and its FIN after the client's. */
  static Backend echo() throws IOException {
    return new Backend(
        socket -> {
          InputStream in = socket.getInputStream();
          OutputStream out = socket.getOutputStream();
          byte[] buffer = new byte[64 * 1024];
          for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
            out.write(buffer, 0, n);
          }
        });
  }

  /** Sends its port as text, then a FIN. */
  static Backend named(int port) throws IOException {
    return new Backend(
        port,
        socket ->
            socket.getOutputStream().write((socket.getLocalPort() + "\n").getBytes(US_ASCII)));
  }

  int port() {
    return listener.getLocalPort();
  }

  Server server() {
    return Server.of("127.0.0.1", port());
  }

  int openSessions() {
    return open.size();
  }

  private void acceptAll() {
    while (!listener.isClosed()) {
      Socket socket;
      try {
        socket = listener.accept();
      } catch (IOException e) {
        return;
      }
      int number = accepted.incrementAndGet();
      Thread thread = new Thread(() -> serve(socket, number), "session-" + socket.getPort());
      open.put(socket, thread);
      thread.setDaemon(true);
      thread.start();
    }
  }

  private void serve(Socket socket, int number) {
    try (socket) {
      session.run(socket, number);
    } catch (Exception e) {
      // the test sees it from the client's side
      accepted.get();
    } finally {
      open.remove(socket);
    }
  }

  /**
   * Stops listening at once; who waits in the queue is reset, sessions are closed. Waits for their
   * threads: a socket that one is blocked on gives back its descriptor only when that has left it.
   */
  @Override
  public void close() throws IOException {
    listener.close();
    join(acceptor);
    Map<Socket, Thread> sessions = Map.copyOf(open);
    for (Socket socket : sessions.keySet()) {
      socket.close();
    }
    for (Thread thread : sessions.values()) {
      thread.interrupt();
      join(thread);
    }
  }

  private static void join(Thread thread) {
    try {
      thread.join(ProxyFixture.LONG.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
