package io.evenkeel.server;

import io.evenkeel.core.HostPort;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A TCP server on a free loopback port: greets each connection with its one-byte name, then sends
 * back what it gets until the client ends.
 */
final class TestServer implements AutoCloseable {

  private final byte[] name;
  private final ServerSocket listener;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();

  TestServer(String name) throws IOException {
    this.name = name.getBytes(StandardCharsets.US_ASCII);
    this.listener = new ServerSocket(0, 1_000, InetAddress.getByName("127.0.0.1"));
    start(this::accept);
  }

  String address() {
    return "127.0.0.1:" + listener.getLocalPort();
  }

  /** Connections that are open now. */
  int openConnections() {
    return open.size();
  }

  /** A port of loopback on which nobody listens just now. */
  static String freeAddress() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      return "127.0.0.1:" + socket.getLocalPort();
    }
  }

  private void accept() {
    while (true) {
      try {
        Socket socket = listener.accept();
        open.add(socket);
        start(() -> serve(socket));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      OutputStream out = socket.getOutputStream();
      out.write(name);
      socket.getInputStream().transferTo(out);
    } catch (IOException e) {
      // the client broke off
    } finally {
      open.remove(socket);
    }
  }

  private static void start(Runnable task) {
    Thread thread = new Thread(task, "test-server");
    thread.setDaemon(true);
    thread.start();
  }

  /** A client of evenkeel, with a time limit on every read. */
  static Socket connect(HostPort address) throws IOException {
    Socket socket = new Socket(address.host(), address.port());
    socket.setSoTimeout(20_000);
    return socket;
  }

  /** The name that the server at the other end greets with. */
  static String greeting(InputStream in) throws IOException {
    int read = in.read();
    return read < 0 ? "closed" : String.valueOf((char) read);
  }

  @Override
  public void close() throws IOException {
    listener.close();
    for (Socket socket : open) {
      socket.close();
    }
  }
}
