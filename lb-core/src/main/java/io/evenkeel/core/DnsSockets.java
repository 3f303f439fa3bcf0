package io.evenkeel.core;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * DNS messages to a server and back, on the asking thread, one question at a time, each from a port
 * of its own; {@link #close} ends that from any thread. dnsjava's own way to the network has one
 * thread for the whole JVM, which wakes every second and outlives every balancer.
 */
final class DnsSockets implements Closeable {

  private static final int LONGEST = 65_535;

  /** Guarded by this. */
  private @Nullable Closeable open;

  /** Guarded by this. */
  private boolean closed;

  /** The first datagram that has the query's id and is not for others. */
  byte[] askByUdp(
      InetSocketAddress server, byte[] query, Predicate<byte[]> isForOthers, Duration timeout)
      throws IOException {
    try (DatagramSocket socket = opened(new DatagramSocket())) {
      Deadline deadline = new Deadline(timeout);
      socket.connect(server); // others' datagrams are not received, and a closed port is heard of
      socket.send(new DatagramPacket(query, query.length));
      byte[] buffer = new byte[LONGEST];
      DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
      while (true) {
        socket.setSoTimeout(deadline.millisLeft());
        packet.setLength(buffer.length);
        socket.receive(packet);
        // What answers no question of ours, as a forger's guess does, is not the end of this one.
        if (packet.getLength() >= 2 && buffer[0] == query[0] && buffer[1] == query[1]) {
          byte[] answer = Arrays.copyOf(buffer, packet.getLength());
          if (!isForOthers.test(answer)) {
            return answer;
          }
        }
      }
    }
  }

  byte[] askByTcp(InetSocketAddress server, byte[] query, Duration timeout) throws IOException {
    try (Socket socket = opened(new Socket())) {
      Deadline deadline = new Deadline(timeout);
      socket.connect(server, deadline.millisLeft());
      ByteBuffer framed = ByteBuffer.allocate(query.length + 2);
      framed.putShort((short) query.length).put(query);
      socket.getOutputStream().write(framed.array());
      byte[] length = readFully(socket, 2, deadline);
      return readFully(socket, (length[0] & 0xff) << 8 | (length[1] & 0xff), deadline);
    }
  }

  private static byte[] readFully(Socket socket, int size, Deadline deadline) throws IOException {
    InputStream in = socket.getInputStream();
    byte[] bytes = new byte[size];
    for (int read = 0; read < size; ) {
      socket.setSoTimeout(deadline.millisLeft());
      int n = in.read(bytes, read, size - read);
      if (n < 0) {
        throw new IOException("closed before the answer was whole");
      }
      read += n;
    }
    return bytes;
  }

  /** Remembers what {@link #close} closes; a socket that is closed itself may stay here. */
  private synchronized <T extends Closeable> T opened(T socket) throws IOException {
    if (closed) {
      socket.close();
      throw new IOException("closed");
    }
    open = socket;
    return socket;
  }

  /** What is being asked fails at once, and so does all that is asked from now on. */
  @Override
  public synchronized void close() throws IOException {
    closed = true;
    if (open != null) {
      open.close();
    }
  }

  synchronized boolean isClosed() {
    return closed;
  }

  /** When the network's time is up; real time, as the sockets' own limits are. */
  private static final class Deadline {
    private final long end;

    Deadline(Duration timeout) {
      this.end = System.nanoTime() + timeout.toNanos();
    }

    /** At least 1, since 0 stands for ever. */
    int millisLeft() throws SocketTimeoutException {
      long left = end - System.nanoTime();
      if (left <= 0) {
        throw new SocketTimeoutException();
      }
      return (int) (left / 1_000_000) + 1;
    }
  }
}
