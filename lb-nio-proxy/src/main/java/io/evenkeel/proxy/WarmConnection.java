package io.evenkeel.proxy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/**
 * A connection to a server that nobody has used yet, and that is registered with no loop. Of one
 * thread at a time: {@link WarmConnections} hands it on.
 *
 * <p>To see that a server has hung up one has to read up to there. What it says before, as a
 * greeting, is kept for the client; a server that says more than {@link #MOST_BYTES} unasked is not
 * seen hanging up, and the rest of it stays in the kernel until there is a client.
 */
final class WarmConnection {

  private static final int FIRST_BYTES = 256;
  private static final int MOST_BYTES = 16 * 1024;

  private final SocketChannel channel;

  /** What the server has said, to be written on. */
  private ByteBuffer said = ByteBuffer.allocate(FIRST_BYTES);

  /** Of a channel that is connected and does not block. */
  WarmConnection(SocketChannel channel) {
    this.channel = channel;
  }

  SocketChannel channel() {
    return channel;
  }

  /**
   * Whether the server has not hung up, as far as is known here.
   *
   * @throws IOException if it has reset the connection
   */
  boolean isAlive() throws IOException {
    while (said.hasRemaining() || said.capacity() < MOST_BYTES) {
      if (!said.hasRemaining()) {
        said = ByteBuffer.allocate(2 * said.capacity()).put(said.flip());
      }
      int n = channel.read(said);
      if (n <= 0) {
        return n == 0;
      }
    }
    return true;
  }

  /** What the server has said so far, to be read; once, when it is used. */
  ByteBuffer said() {
    return said.flip();
  }

  void close() throws IOException {
    channel.close();
  }

  @Override
  public String toString() {
    return "warm " + channel;
  }
}
