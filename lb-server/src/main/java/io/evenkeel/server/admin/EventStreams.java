package io.evenkeel.server.admin;

import io.evenkeel.server.admin.EventLog.Entry;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.IteratingCallback;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Server-Sent Events: who reads along. One thread for all of them, which waits at the log and hands
 * out what is new; no client has a thread, and none can keep another waiting: what a client has not
 * taken waits in a queue of its own, and when that is full the client is cut off, to come back with
 * the number of the last event that it has seen. Safe for use by any thread.
 */
final class EventStreams {

  private static final Logger LOG = LoggerFactory.getLogger(AdminServer.class);

  private static final long TICK_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final int TICKS_OF_SPARKS = 10;
  private static final int TICKS_OF_COMMENTS = 15;
  private static final byte[] COMMENT = bytes(": still here\n\n");

  private final EventLog log;
  private final Stats stats;
  private final Predicate<Who> mayGoOn;
  private final int most;

  /** So many may still come; a client has one from before it is among the clients. */
  private final Semaphore places;

  private final int queueBytes;
  private final Set<Client> clients = ConcurrentHashMap.newKeySet();

  /** Balancers whose stats could not be made at the last look; the thread's own. */
  private final Set<String> complained = new HashSet<>();

  private final Thread thread = new Thread(this::run, "evenkeel-admin-events");
  private volatile boolean closed;

  /** What the data of a stats event are made by. */
  interface Stats {
    /** The text; of all balancers if none is named. Null if there is none of that name. */
    @Nullable String of(@Nullable String balancer, boolean withSparks);
  }

  /**
   * Of a log.
   *
   * @param stats the data of a stats event
   * @param mayGoOn whether somebody is still known
   * @param most clients at a time
   * @param queueBytes of events that a client has not taken
   */
  EventStreams(EventLog log, Stats stats, Predicate<Who> mayGoOn, int most, int queueBytes) {
    this.log = log;
    this.stats = stats;
    this.mayGoOn = mayGoOn;
    this.most = most;
    this.places = new Semaphore(most);
    this.queueBytes = queueBytes;
    thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  /**
   * Answers with a stream.
   *
   * <p>All that the thread of the streams does with a client, it does because it found it among the
   * clients: so status and headers are set, and its first bytes are in its queue, before it is put
   * there. That map also orders memory: who finds the client sees what was done before.
   *
   * @param after the number of the last event that the client knows
   * @param about which events it wants
   * @throws HttpProblem if there are too many
   */
  void open(
      Exchange exchange,
      Connections connections,
      long after,
      Predicate<Entry> about,
      boolean withStats)
      throws HttpProblem {
    byte[] firstStats =
        withStats ? statsEvent(exchange.balancer(), true) : new byte[0]; // may throw: before all
    if (firstStats == null) {
      throw HttpProblem.of(404, "no such balancer");
    }
    if (closed || !places.tryAcquire()) {
      throw HttpProblem.with(
          503, "too many streams of events (expected: <= " + most + ")", "Retry-After", "10");
    }
    Client client = new Client(exchange, after, about, withStats);
    connections.streaming(client.connection);
    exchange.response.setStatus(200);
    exchange.response.getHeaders().put(HttpHeader.CONTENT_TYPE, "text/event-stream");
    client.add(bytes("retry: 2000\n\n"));
    clients.add(client);
    client.catchUp();
    if (withStats) {
      client.offerStats(firstStats);
    }
    if (closed) { // after it had looked for clients
      client.end();
    }
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
    // The same for all who want the same; the empty name is that of all balancers.
    Map<String, byte[]> events = new HashMap<>();
    for (Client client : clients) {
      if (client.withStats) {
        String name = client.balancer == null ? "" : client.balancer;
        try {
          byte[] event =
              events.computeIfAbsent(
                  name, first -> statsEvent(client.balancer, ticks % TICKS_OF_SPARKS == 0));
          complained.remove(name);
          if (event == null) {
            client.end(); // there is no such balancer any more
          } else {
            client.offerStats(event);
          }
        } catch (RuntimeException e) { // what a user's selector, say, throws when it is looked at
          if (complained.add(name)) {
            LOG.warn("stats of '{}' were not sent", LogText.clean(name), e);
          }
        }
      }
    }
  }

  private byte @Nullable [] statsEvent(@Nullable String balancer, boolean withSparks) {
    String text = stats.of(balancer, withSparks);
    return text == null ? null : bytes("event: stats\ndata: " + text + "\n\n");
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** Cuts all off and ends the thread. */
  void close() throws InterruptedException {
    closed = true;
    clients.forEach(Client::end);
    thread.interrupt();
    thread.join();
  }

  /** One who reads along. */
  private final class Client extends IteratingCallback {
    private final Who who;
    private final @Nullable String balancer;
    private final Predicate<Entry> about;
    private final boolean withStats;
    private final EndPoint connection;
    private final Callback callback;
    private final org.eclipse.jetty.server.Response response;

    // Guarded by the queue.
    private final Deque<byte[]> queue = new ArrayDeque<>();
    private long queued;
    private byte[] freshStats = {};
    private long seen;

    Client(Exchange exchange, long after, Predicate<Entry> about, boolean withStats) {
      this.who = exchange.who();
      this.balancer = exchange.balancer();
      this.about = about;
      this.withStats = withStats;
      this.connection = exchange.connection();
      this.callback = exchange.callback;
      this.response = exchange.response;
      this.seen = after;
    }

    /** Hands out what it has not seen. */
    void catchUp() {
      synchronized (queue) {
        for (Entry entry : log.after(seen)) {
          if (about.test(entry)) {
            add(bytes(entry.serverSentEvent()));
          }
          seen = entry.seq();
        }
      }
      sendOrEnd();
    }

    void offer(byte[] event) {
      add(event);
      sendOrEnd();
    }

    /** In the place of stats that it has not taken, since they are old. */
    void offerStats(byte[] event) {
      synchronized (queue) {
        freshStats = event;
      }
      sendOrEnd();
    }

    /** Sent later. */
    void add(byte[] event) {
      synchronized (queue) {
        queue.add(event);
        queued += event.length;
      }
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
      leave();
      callback.failed(cause);
    }

    void end() {
      leave();
      abort(new java.io.EOFException("the stream is over"));
      connection.close();
    }

    private void leave() {
      if (clients.remove(this)) {
        places.release();
      }
    }
  }
}
