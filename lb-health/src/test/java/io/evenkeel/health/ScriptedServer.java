package io.evenkeel.health;

import io.evenkeel.core.Server;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ServerSocketFactory;
import javax.net.ssl.SSLContext;

/** A real server that treats each connection as told, on a thread of its own. */
final class ScriptedServer implements AutoCloseable {

  /** What is done with a connection; it is closed afterwards. */
  @FunctionalInterface
  interface Script {
    void play(Socket socket) throws Exception;
  }

  private static final String HOST = "127.0.0.1";

  private final ServerSocket listener;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  final AtomicInteger accepted = new AtomicInteger();
  private final Thread acceptor;
  private volatile Script script;

  private ScriptedServer(ServerSocketFactory factory, int port, Script script) throws IOException {
    this.listener = factory.createServerSocket(port, 1000, InetAddress.getByName(HOST));
    this.script = script;
    acceptor = new Thread(this::accept, "scripted-server");
    acceptor.setDaemon(true);
    acceptor.start();
  }

  static ScriptedServer start(Script script) throws IOException {
    return new ScriptedServer(ServerSocketFactory.getDefault(), 0, script);
  }

  static ScriptedServer startAt(int port, Script script) throws IOException {
    return new ScriptedServer(ServerSocketFactory.getDefault(), port, script);
  }

  static ScriptedServer startTls(SSLContext context, Script script) throws IOException {
    return new ScriptedServer(context.getServerSocketFactory(), 0, script);
  }

  /** Reads a request, and answers these bytes. */
  static Script answering(String answer) {
    return socket -> {
      readHead(socket);
      send(socket, answer);
    };
  }

  /** Reads until the empty line, and returns it all. */
  static String readHead(Socket socket) throws IOException {
    InputStream in = socket.getInputStream();
    StringBuilder head = new StringBuilder();
    while (!head.toString().endsWith("\r\n\r\n")) {
      int next = in.read();
      if (next < 0) {
        break;
      }
      head.append((char) next);
    }
    return head.toString();
  }

  static void send(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
    socket.getOutputStream().flush();
  }

  /** Until the other side has closed, by whatever means. */
  static void untilClosed(Socket socket) {
    try {
      while (socket.getInputStream().read() >= 0) {
        // Nobody cares what it says.
      }
    } catch (IOException e) {
      // That is as good.
    }
  }

  void script(Script next) {
    script = next;
  }

  int port() {
    return listener.getLocalPort();
  }

  Server server() {
    return Server.of(HOST, port());
  }

  private void accept() {
    try {
      while (true) {
        Socket socket = listener.accept();
        open.add(socket);
        accepted.incrementAndGet();
        Script now = script;
        Thread player = new Thread(() -> play(now, socket), "scripted-connection");
        player.setDaemon(true);
        player.start();
      }
    } catch (IOException e) {
      // Closed.
    }
  }

  private void play(Script now, Socket socket) {
    try (socket) {
      now.play(socket);
    } catch (Exception e) {
      // The other side has gone, as a rule.
    } finally {
      open.remove(socket);
    }
  }

  /** The connections, too; nothing is accepted any more when it returns. */
  @Override
  public void close() throws Exception {
    listener.close();
    acceptor.join(); // one that is within accept() keeps the listener open until it has left
    for (Socket socket : open) {
      socket.close();
    }
  }
}
