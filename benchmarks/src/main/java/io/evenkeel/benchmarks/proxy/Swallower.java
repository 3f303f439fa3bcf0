package io.evenkeel.benchmarks.proxy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.LongAdder;

/**
 * The server that uploads go to, in this JVM, a thread for each connection: reads each request and
 * its body, and answers with two bytes.
 */
final class Swallower {

  private static final byte[] ANSWER =
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".getBytes(StandardCharsets.US_ASCII);

  private final ServerSocketChannel listener;
  private final LongAdder bytes = new LongAdder();

  private Swallower(ServerSocketChannel listener) {
    this.listener = listener;
  }

  static Swallower start() throws IOException {
    ServerSocketChannel listener = ServerSocketChannel.open();
    listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 4_096);
    Swallower swallower = new Swallower(listener);
    daemon(swallower::accept);
    return swallower;
  }

  int port() {
    return listener.socket().getLocalPort();
  }

  /** Read so far, of all connections. */
  long bytes() {
    return bytes.sum();
  }

  private static void daemon(Runnable work) {
    Thread thread = new Thread(work, "swallower");
    thread.setDaemon(true);
    thread.start();
  }

  private void accept() {
    try {
      while (true) {
        SocketChannel channel = listener.accept();
        daemon(() -> swallow(channel));
      }
    } catch (IOException e) {
      System.err.println("no more uploads: " + e);
    }
  }

  private void swallow(SocketChannel channel) {
    ByteBuffer buffer = ByteBuffer.allocateDirect(256 * 1024);
    try (channel) {
      while (true) {
        int bodyAt = readHead(channel, buffer);
        if (bodyAt < 0) {
          return;
        }
        String head = StandardCharsets.US_ASCII.decode(buffer.slice(0, bodyAt)).toString();
        long left = Long.parseLong(Tools.first(head, "(?i)content-length: *(\\d+)"));
        left -= buffer.position() - bodyAt; // a client waits for the answer: no second request
        while (left > 0) {
          buffer.clear();
          int n = read(channel, buffer);
          if (n < 0) {
            return;
          }
          left -= n;
        }
        buffer.clear();
        channel.write(ByteBuffer.wrap(ANSWER));
      }
    } catch (IOException e) {
      return; // the client is gone, or was ended by the clock in the middle of a request
    }
  }

  /** Where the body begins, or -1 if the client has left. */
  private int readHead(SocketChannel channel, ByteBuffer buffer) throws IOException {
    while (true) {
      if (read(channel, buffer) < 0) {
        return -1;
      }
      for (int i = 3; i < buffer.position(); i++) {
        if (buffer.get(i) == '\n' && buffer.get(i - 2) == '\n') {
          return i + 1;
        }
      }
    }
  }

  private int read(SocketChannel channel, ByteBuffer buffer) throws IOException {
    int n = channel.read(buffer);
    bytes.add(Math.max(0, n));
    return n;
  }
}
