package io.evenkeel.benchmarks.health;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/**
 * The servers that are checked: a few listeners with a thread each, which answer every request by a
 * 200, or that never accept anyone.
 */
final class Answering implements AutoCloseable {

  private static final byte[] OK =
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
          .getBytes(StandardCharsets.US_ASCII);

  private final List<ServerSocket> listeners = new ArrayList<>();

  Answering(int count, boolean answers) throws IOException {
    for (int i = 0; i < count; i++) {
      ServerSocket listener = new ServerSocket(0, 4_000, InetAddress.getLoopbackAddress());
      listeners.add(listener);
      if (answers) {
        Thread thread = new Thread(() -> answer(listener), "benchmark-server");
        thread.setDaemon(true);
        thread.start();
      }
    }
  }

  /** In turn, for whatever number. */
  IntFunction<Integer> ports() {
    List<Integer> ports = listeners.stream().map(ServerSocket::getLocalPort).toList();
    return i -> ports.get(i % ports.size());
  }

  private static void answer(ServerSocket listener) {
    byte[] request = new byte[1_000];
    while (!listener.isClosed()) {
      try (Socket socket = listener.accept()) {
        InputStream in = socket.getInputStream();
        if (in.read(request) > 0) {
          socket.getOutputStream().write(OK);
        }
      } catch (IOException e) {
        // Reset by the checker, which has seen enough; or closed.
      }
    }
  }

  @Override
  public void close() throws IOException {
    for (ServerSocket listener : listeners) {
      listener.close();
    }
  }
}
