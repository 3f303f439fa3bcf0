package io.evenkeel.benchmarks.proxy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Clients that have asked once, and then say nothing: so it is known that each has its relay. */
final class IdleRelays implements AutoCloseable {

  private static final byte[] REQUEST =
      "GET /100 HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

  private final List<SocketChannel> clients = new ArrayList<>();

  /** Opens so many, one after the other. */
  static IdleRelays open(int port, int count) throws IOException {
    IdleRelays relays = new IdleRelays();
    try {
      for (int i = 0; i < count; i++) {
        SocketChannel client =
            SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        relays.clients.add(client);
        client.setOption(StandardSocketOptions.SO_LINGER, 0); // leaves no port in TIME_WAIT
        ask(client);
      }
      return relays;
    } catch (IOException e) {
      relays.close();
      throw new IOException("relay " + relays.clients.size() + " of " + count + ": " + e, e);
    }
  }

  /**
   * Asks over each of them again.
   *
   * @throws IOException if one does not answer: then they were not all there all the time
   */
  void askAll() throws IOException {
    for (SocketChannel client : clients) {
      ask(client);
    }
  }

  private static void ask(SocketChannel client) throws IOException {
    client.write(ByteBuffer.wrap(REQUEST));
    ByteBuffer reply = ByteBuffer.allocate(1_024);
    do {
      if (client.read(reply) < 0) {
        throw new IOException("closed by the proxy");
      }
    } while (!new String(reply.array(), 0, reply.position(), StandardCharsets.US_ASCII)
        .endsWith("x".repeat(100)));
  }

  @Override
  public void close() throws IOException {
    for (SocketChannel client : clients) {
      client.close();
    }
  }
}
