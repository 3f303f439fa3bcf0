package io.evenkeel.server.admin;

import io.evenkeel.server.admin.EventLog.Entry;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Predicate;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.IteratingCallback;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Server-Sent Events: who reads along. One thread for all of them, which waits at the log and hands
 * out what is new; no client has a thread, and none can keep another waiting: what a client has not
 * taken waits in a queue of its own, and when that is full the client is cut off, to come back with
 * the number of the last event that it has seen. Safe for use by any thread.
 */
final class EventStreams implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(AdminServer.class);

  private static final long TICK_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final int TICKS_OF_SPARKS = 10;
  private static final int TICKS_OF_COMMENTS = 15;
  private static final byte[] COMMENT = bytes(": still here\n\n");

  private final EventLog log;
  private final Function<Boolean, String> stats;
  private final Predicate<Who> mayGoOn;
  private final int most;
  private final int queueBytes;
  private final Set<Client> clients = ConcurrentHashMap.newKeySet();
  private final Thread thread = new Thread(this::run, "evenkeel-admin-events");
  private volatile boolean closed;

  /**
   * Of a log.
   *
   * @param stats the data of a stats event, with sparks or without
   * @param mayGoOn whether somebody is still known
   * @param most clients at a time
   * @param queueBytes of events that a client has not taken
   */
  EventStreams(
      EventLog log,
      Function<Boolean, String> stats,
      Predicate<Who> mayGoOn,
      int most,
      int queueBytes) {
    this.log = log;
    this.stats = stats;
    this.mayGoOn = mayGoOn;
    this.most = most;
    this.queueBytes = queueBytes;
    thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  /**
   * Answers with a stream.
   *
   * @param after the number of the last event that the client knows
   * @throws HttpProblem if there are too many
   */
  void open(Exchange exchange, Deadlines deadlines, long after, boolean withStats)
      throws HttpProblem {
    byte[] firstStats = withStats ? statsEvent(true) : new byte[0]; // may throw: before all else
    Client client = new Client(exchange, after, withStats);
    clients.add(client);
    // Counted after it was added, so that of those who come at once none too many stays.
    if (clients.size() > most || closed) {
      clients.remove(client);
      throw HttpProblem.with(
          503, "too many streams of events (expected: <= " + most + ")", "Retry-After", "10");
    }
    deadlines.streaming(client.connection);
    exchange.response.setStatus(200);
    exchange.response.getHeaders().put(HttpHeader.CONTENT_TYPE, "text/event-stream");
    client.offer(bytes("retry: 2000\n\n"));
    client.catchUp();
    if (withStats) {
      client.offerStats(firstStats);
    }
    if (closed) { // after it had looked for clients
      client.end();
    }
  }

  int open() {
    return clients.size();
  }

  private void run() {
    long seen = log.lastSeq();
    long nextTick = System.nanoTime() + TICK_NANOS;
    long ticks = 0;
    while (!closed) {
      try {
        long left = Math.max(0, nextTick - System.nanoTime());
        List<Entry> fresh = log.await(seen, Duration.ofNanos(left));
        if (!fresh.isEmpty()) {
          seen = fresh.get(fresh.size() - 1).seq();
          clients.forEach(Client::catchUp);
        }
        if (System.nanoTime() - nextTick >= 0) {
          tick(++ticks);
          nextTick = System.nanoTime() + TICK_NANOS;
        }
      } catch (InterruptedException e) {
        return; // closed
      } catch (RuntimeException e) { // what a user's selector, say, throws when it is looked at
        LOG.warn("events were not sent", e);
        nextTick = System.nanoTime() + TICK_NANOS;
      }
    }
  }

  private void tick(long ticks) {
    for (Client client : clients) {
      if (!mayGoOn.test(client.who)) {
        client.end();
      }
    }
    if (ticks % TICKS_OF_COMMENTS == 0) {
      clients.forEach(client -> client.offer(COMMENT));
    }
    if (clients.stream().anyMatch(client -> client.withStats)) {
      byte[] event = statsEvent(ticks % TICKS_OF_SPARKS == 0);
      for (Client client : clients) {
        if (client.withStats) {
          client.offerStats(event);
        }
      }
    }
  }

  private byte[] statsEvent(boolean withSparks) {
    return bytes("event: stats\ndata: " + stats.apply(withSparks) + "\n\n");
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** Cuts all off and ends the thread. */
  @Override
  public void close() {
    closed = true;
    clients.forEach(Client::end);
    thread.interrupt();
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** One who reads along. */
  private final class Client extends IteratingCallback {
    private final Who who;
    private final boolean withStats;
    private final EndPoint connection;
    private final Callback callback;
    private final org.eclipse.jetty.server.Response response;

    // Guarded by the queue.
    private final Deque<byte[]> queue = new ArrayDeque<>();
    private long queued;
    private byte[] freshStats = {};
    private long seen;

    Client(Exchange exchange, long after, boolean withStats) {
      this.who = exchange.who();
      this.withStats = withStats;
      this.connection = exchange.request.getConnectionMetaData().getConnection().getEndPoint();
      this.callback = exchange.callback;
      this.response = exchange.response;
      this.seen = after;
    }

    /** Hands out what it has not seen. */
    void catchUp() {
      synchronized (queue) {
        for (Entry entry : log.after(seen)) {
          add(bytes(entry.serverSentEvent()));
          seen = entry.seq();
        }
      }
      sendOrEnd();
    }

    void offer(byte[] event) {
      synchronized (queue) {
        add(event);
      }
      sendOrEnd();
    }

    /** In the place of stats that it has not taken, since they are old. */
    void offerStats(byte[] event) {
      synchronized (queue) {
        freshStats = event;
      }
      sendOrEnd();
    }

    private void add(byte[] event) {
      queue.add(event);
      queued += event.length;
    }

    private void sendOrEnd() {
      boolean slow;
      synchronized (queue) {
        slow = queued > queueBytes;
      }
      if (slow) {
        LOG.info(
            "admin: {} does not keep up with the events: cut off", LogText.clean(who.toString()));
        end();
      } else {
        iterate();
      }
    }

    @Override
    protected Action process() {
      ByteBuffer next;
      synchronized (queue) {
        int size = (int) queued + freshStats.length;
        if (size == 0) {
          return Action.IDLE;
        }
        next = ByteBuffer.allocate(size);
        queue.forEach(next::put);
        next.put(freshStats).flip();
        queue.clear();
        queued = 0;
        freshStats = new byte[0];
      }
      response.write(false, next, this);
      return Action.SCHEDULED;
    }

    /** It has gone away, or was cut off. */
    @Override
    protected void onCompleteFailure(Throwable cause) {
      clients.remove(this);
      callback.failed(cause);
    }

    void end() {
      clients.remove(this);
      abort(new java.io.EOFException("the stream is over"));
      connection.close();
    }
  }
}
