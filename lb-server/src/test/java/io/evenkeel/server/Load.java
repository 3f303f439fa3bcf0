package io.evenkeel.server;

import io.evenkeel.core.HostPort;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * Clients of {@link TestServer}s behind a listener, each on a thread of its own: some with a
 * connection for each piece of data, some with one that lives as long as the load. Every byte that
 * comes back is compared with what was sent.
 */
final class Load implements AutoCloseable {

  private static final int MOST_BYTES = 20_000;

  private final List<Thread> threads = new ArrayList<>();
  private final ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
  private final AtomicLong shortOnes = new AtomicLong();
  private final AtomicLong exchanges = new AtomicLong();
  private volatile boolean over;

  /** What a client does on its connection. */
  private interface Client {
    void run(SplittableRandom random) throws IOException;
  }

  /** Clients that connect, exchange something and leave, again and again, until it is over. */
  void shortConnections(int clients, HostPort address) {
    for (int i = 0; i < clients; i++) {
      start(
          random -> {
            while (!over) {
              shortConnection(address, random);
            }
          });
    }
  }

  private void shortConnection(HostPort address, SplittableRandom random) throws IOException {
    try (Socket socket = TestServer.connect(address)) {
      begin(socket);
      exchange(socket, random);
      socket.shutdownOutput();
      if (socket.getInputStream().read() != -1) {
        throw new IOException("more came back than was sent");
      }
    }
    shortOnes.incrementAndGet();
  }

  /** Connections that are open when this returns, and exchange something until it is over. */
  void longConnections(int clients, HostPort address) throws IOException {
    for (int i = 0; i < clients; i++) {
      Socket socket = TestServer.connect(address);
      begin(socket);
      start(
          random -> {
            try (socket) {
              while (!over) {
                exchange(socket, random);
                exchanges.incrementAndGet();
              }
              socket.shutdownOutput();
              if (socket.getInputStream().read() != -1) {
                throw new IOException("more came back than was sent");
              }
            }
          });
    }
  }

  private static void begin(Socket socket) throws IOException {
    if (socket.getInputStream().read() < 0) {
      throw new IOException("closed before the greeting");
    }
  }

  private static void exchange(Socket socket, SplittableRandom random) throws IOException {
    byte[] sent = new byte[1 + random.nextInt(MOST_BYTES)];
    random.nextBytes(sent);
    OutputStream out = socket.getOutputStream();
    out.write(sent);
    byte[] back = new byte[sent.length];
    new DataInputStream(socket.getInputStream()).readFully(back);
    if (!Arrays.equals(sent, back)) {
      throw new IOException("other bytes came back than were sent");
    }
  }

  private void start(Client client) {
    SplittableRandom random = new SplittableRandom(threads.size());
    Thread thread =
        new Thread(
            () -> {
              try {
                client.run(random);
              } catch (Throwable e) {
                failures.add(e);
              }
            },
            "load-" + threads.size());
    thread.setDaemon(true);
    threads.add(thread);
    thread.start();
  }

  /** Waits until so many more connections have begun and ended well, and throws if one did not. */
  void awaitShortConnections(int more) throws Exception {
    await(shortOnes::get, more);
  }

  /** Waits until so many more pieces of data went to and fro on the long-lived connections. */
  void awaitExchanges(int more) throws Exception {
    await(exchanges::get, more);
  }

  private void await(Supplier<Long> count, int more) throws Exception {
    long from = count.get();
    Waiting.until(
        more + " more",
        () -> {
          throwFailure();
          return count.get() >= from + more;
        });
  }

  private void throwFailure() {
    Throwable failure = failures.peek();
    if (failure != null) {
      throw new AssertionError(failures.size() + " clients failed; the first:", failure);
    }
  }

  long shortConnections() {
    return shortOnes.get();
  }

  /** Lets every client finish, and throws if one of them was refused or lost a byte. */
  void finish() throws InterruptedException {
    over = true;
    for (Thread thread : threads) {
      thread.join();
    }
    throwFailure();
  }

  @Override
  public void close() {
    over = true;
  }
}
