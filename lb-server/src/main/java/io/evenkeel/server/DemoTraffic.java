package io.evenkeel.server;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.Recorder;

/**
 * Sends requests to the demo's proxy at a steady rate from a few threads, each request on a
 * connection of its own and tried once only, and keeps what came of them.
 */
final class DemoTraffic implements AutoCloseable {

  /** Requests per second, all threads together. */
  static final int RATE = 200;

  private static final int THREADS = 8;
  private static final int TIMEOUT_MILLIS = 2_000;
  private static final String HEAD = "HTTP/1.1 200 ";
  private static final byte[] REQUEST =
      "GET / HTTP/1.1\r\nHost: demo\r\nConnection: close\r\n\r\n"
          .getBytes(StandardCharsets.US_ASCII);

  /**
   * A request without an answer.
   *
   * @param startNanos when it was begun, by {@link System#nanoTime}
   * @param endNanos when it was given up
   * @param cause what happened
   */
  record Failure(long startNanos, long endNanos, String cause) {}

  private final InetSocketAddress proxy;
  private final Map<String, Recorder> latencies;
  private final LongAdder answered = new LongAdder();
  private final ConcurrentLinkedQueue<Failure> failures = new ConcurrentLinkedQueue<>();
  private final List<Thread> threads = new ArrayList<>();
  private volatile boolean closed;

  /** Starts to send. */
  DemoTraffic(InetSocketAddress proxy, List<String> servers) {
    this.proxy = proxy;
    this.latencies =
        servers.stream().collect(Collectors.toMap(Function.identity(), name -> recorder()));
    for (int i = 0; i < THREADS; i++) {
      Thread thread = DemoThreads.named("demo-traffic").newThread(this::send);
      threads.add(thread);
      thread.start();
    }
  }

  /** Requests answered so far. */
  long answered() {
    return answered.sum();
  }

  /** The failures since the last call. */
  List<Failure> takeFailures() {
    List<Failure> taken = new ArrayList<>();
    for (Failure failure = failures.poll(); failure != null; failure = failures.poll()) {
      taken.add(failure);
    }
    return taken;
  }

  /** What this server's answers took since the last call, in microseconds. */
  Histogram takeLatencies(String server) {
    Recorder recorder = latencies.get(server);
    if (recorder == null) {
      throw new IllegalArgumentException("server: '" + server + "' is none of the demo's");
    }
    return recorder.getIntervalHistogram();
  }

  /** Each thread sends at its share of the rate, and does not catch up on what it has missed. */
  private void send() {
    long period = TimeUnit.SECONDS.toNanos(THREADS) / RATE;
    long next = System.nanoTime();
    while (!closed) {
      long now = System.nanoTime();
      if (now < next) {
        LockSupport.parkNanos(next - now);
        continue;
      }
      next = Math.max(next + period, now);
      request(now);
    }
  }

  private void request(long start) {
    try {
      String server = exchange();
      Recorder recorder = latencies.get(server);
      if (recorder == null) {
        throw new IOException("answered by '" + server + "', which is none of the servers");
      }
      recorder.recordValue(TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - start));
      answered.increment();
    } catch (IOException e) {
      if (!closed) {
        failures.add(new Failure(start, System.nanoTime(), String.valueOf(e.getMessage())));
      }
    }
  }

  private String exchange() throws IOException {
    try (Socket socket = new Socket()) {
      socket.setSoTimeout(TIMEOUT_MILLIS);
      socket.connect(proxy, TIMEOUT_MILLIS);
      socket.getOutputStream().write(REQUEST);
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
      int body = answer.indexOf("\r\n\r\n");
      if (!answer.startsWith(HEAD) || body < 0) {
        throw new IOException(answer.isEmpty() ? "closed without an answer" : "half an answer");
      }
      return answer.substring(body + 4);
    }
  }

  private static Recorder recorder() {
    return new Recorder(TimeUnit.MINUTES.toMicros(1), 2);
  }

  /** Stops, and waits for the requests that are under way. */
  @Override
  public void close() {
    closed = true;
    threads.forEach(LockSupport::unpark);
    for (Thread thread : threads) {
      try {
        thread.join(2L * TIMEOUT_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }
}
