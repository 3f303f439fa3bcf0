package io.evenkeel.health;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One thread and one java.nio selector for the connections of all checks, however many. The thread
 * starts with the first connection asked for. Names are looked up, and certificates checked, on a
 * few other threads, that come and go.
 *
 * <p>Only the loop's thread opens and closes sockets. Whoever else wants something, a connection or
 * the end of one, puts the {@link ProbeConnection} on the queue, and the thread looks at what it
 * has become: its result missing, it is to be opened; its result there, it is to be closed.
 */
final class ProbeLoop implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(HealthMonitor.class);
  private static final ProbeResult CLOSED =
      ProbeResult.inconclusive("the health monitor is closed");

  /** For a stage's callback of the user's own that does not return. */
  private static final long CLOSE_WAIT_MILLIS = 5_000;

  /** Selects in a row that return at once for no reason, before the selector is replaced. */
  static final int PREMATURE_RETURNS_ALLOWED = 512;

  /** Holds any TLS record, of 16 KB and some, or 32 KB and some for servers that break the rule. */
  private static final int BUFFER_BYTES = 48 * 1024;

  private static final Queue<ProbeConnection> NONE = new ArrayDeque<>(0);

  /** Where selectors come from. */
  @FunctionalInterface
  interface Selectors {
    Selector open() throws IOException;
  }

  private final Selectors selectors;
  private final ThreadFactory threads;

  /** A name whose lookup hangs does not take the others' time: there are several. */
  private final ThreadPoolExecutor lookups = Threads.pool("evenkeel-health-lookup", 4);

  private final ThreadPoolExecutor workers = Threads.pool("evenkeel-health-tls", 2);
  private final Object lock = new Object();

  /** Guarded by {@link #lock}; null until needed, and again if the thread should die. */
  private @Nullable Running running;

  /** Guarded by {@link #lock}. */
  private boolean closed;

  ProbeLoop() {
    this(Selector::open, task -> Threads.daemon(task, "evenkeel-health-io"));
  }

  ProbeLoop(Selectors selectors, ThreadFactory threads) {
    this.selectors = selectors;
    this.threads = threads;
  }

  /**
   * Connects and holds a dialogue; completes the result with how it went. A result that is
   * completed by anyone else, as by cancelling it, ends the connection; so does the end of the
   * check.
   *
   * <p>A name that was found before is looked up again beside the check, for the next one.
   */
  CompletableFuture<ProbeResult> ask(
      String host, int port, Dialogue dialogue, ProbeContext context) {
    CompletableFuture<ProbeResult> result = new CompletableFuture<>();
    context.onEnd(() -> result.cancel(false));
    InetAddress literal = HostNames.literal(host);
    if (literal != null) {
      ask(literal, port, dialogue, context, result);
      return result;
    }
    HostAddress found = context.address();
    InetAddress known = found.last();
    if (known != null) {
      ask(known, port, dialogue, context, result);
      if (found.startLookup() && !lookUpLater(() -> refresh(host, found))) {
        found.lookedUp();
      }
      return result;
    }
    context.waitsForUs("waiting for a thread to look up the host");
    boolean begun =
        lookUpLater(
            () -> {
              context.waitsFor("looking up the host");
              InetAddress address = result.isDone() ? null : lookUp(host, found);
              if (address != null) {
                ask(address, port, dialogue, context, result);
              } else {
                result.complete(ProbeResult.failure("host not found"));
              }
            });
    if (!begun) {
      result.complete(CLOSED);
    }
    return result;
  }

  private boolean lookUpLater(Runnable task) {
    try {
      lookups.execute(task);
      return true;
    } catch (RejectedExecutionException e) {
      return false;
    }
  }

  private static void refresh(String host, HostAddress found) {
    try {
      var unused = lookUp(host, found);
    } finally {
      found.lookedUp();
    }
  }

  private static @Nullable InetAddress lookUp(String host, HostAddress found) {
    try {
      InetAddress address = InetAddress.getByName(host);
      found.found(address);
      return address;
    } catch (UnknownHostException | RuntimeException e) { // of a resolver of the user's own, too
      return null;
    }
  }

  private void ask(
      InetAddress address,
      int port,
      Dialogue dialogue,
      ProbeContext context,
      CompletableFuture<ProbeResult> result) {
    Running target;
    synchronized (lock) {
      try {
        target = closed ? null : running != null ? running : start();
      } catch (IOException | RuntimeException | Error e) {
        // Its own selector or thread could not be had: no descriptor or memory left, as a rule.
        result.complete(ProbeResult.inconclusive(String.valueOf(e.getMessage())));
        return;
      }
    }
    if (target == null) {
      result.complete(CLOSED);
      return;
    }
    InetSocketAddress to = new InetSocketAddress(address, port);
    ProbeConnection connection = new ProbeConnection(to, dialogue, context, result, target);
    target.lookAt(connection);
    var unused =
        result.whenComplete(
            (done, error) -> {
              if (!connection.isOver()) {
                target.lookAt(connection);
              }
            });
  }

  /** Under {@link #lock}. */
  private Running start() throws IOException {
    Running started = new Running();
    try {
      started.thread.start();
    } catch (Throwable e) {
      started.selector.close();
      throw e;
    }
    running = started;
    return started;
  }

  /** Closes every connection and ends the threads. Idempotent. */
  @Override
  public void close() {
    Running target;
    synchronized (lock) {
      closed = true;
      target = running;
    }
    lookups.shutdownNow();
    workers.shutdownNow();
    if (target != null) {
      target.selector.wakeup();
      Threads.await(target.thread, CLOSE_WAIT_MILLIS);
    }
    Threads.await(workers, CLOSE_WAIT_MILLIS);
    if (lookups.getActiveCount() == 0) {
      Threads.await(lookups, CLOSE_WAIT_MILLIS);
    } // else one hangs in the system's resolver: its thread is a daemon, and ends when it returns
  }

  /** A thread and its selector, for as long as both last. */
  private final class Running implements Runnable, ProbeConnection.Loop {

    /** The loop's thread only, as what follows {@link #queue}. */
    private final ByteBuffer readBuffer = ByteBuffer.allocateDirect(BUFFER_BYTES);

    private final Thread thread = threads.newThread(this);

    /**
     * Written by the loop's thread, read by who wakes it. Comes last of what may fail: nobody would
     * close it.
     */
    private volatile Selector selector = selectors.open();

    /** Guarded by {@link #lock}; null when the thread has ended. */
    private @Nullable Queue<ProbeConnection> queue = new ArrayDeque<>();

    // The loop's thread only.
    private final @Nullable ByteBuffer[] scratch = new ByteBuffer[2];
    private int prematureReturns;

    Running() throws IOException {}

    @Override
    public void lookAt(ProbeConnection connection) {
      boolean first;
      boolean ended;
      synchronized (lock) {
        ended = queue == null || closed;
        // A queue that was not empty has had its wakeup, and the thread has yet to take it.
        first = queue != null && queue.isEmpty();
        if (queue != null) {
          queue.add(connection);
        }
      }
      if (ended) {
        connection.result.complete(CLOSED);
      } else if (first) {
        selector.wakeup();
      }
    }

    @Override
    public SelectionKey register(SocketChannel channel, int ops, ProbeConnection connection)
        throws IOException {
      return channel.register(selector, ops, connection);
    }

    @Override
    public Executor workers() {
      return workers;
    }

    @Override
    public ByteBuffer scratch(int which) {
      ByteBuffer buffer = scratch[which];
      if (buffer == null) {
        buffer = ByteBuffer.allocate(BUFFER_BYTES);
        scratch[which] = buffer;
      }
      return buffer.clear();
    }

    @Override
    public void run() {
      try {
        for (Queue<ProbeConnection> batch = take(); batch != null; batch = take()) {
          // An interrupt left behind by a callback would make every select return at once.
          Thread.interrupted();
          batch.forEach(ProbeConnection::look);
          // Also gives back the descriptors of what was closed since the last time.
          int ready = selector.select(this::ready);
          if (ready > 0 || !batch.isEmpty()) {
            prematureReturns = 0;
          } else if (++prematureReturns >= PREMATURE_RETURNS_ALLOWED) {
            prematureReturns = 0;
            log.warn("the selector returned with nothing {} times", PREMATURE_RETURNS_ALLOWED);
            replaceSelector();
          }
        }
      } catch (Throwable e) {
        log.error("the health checks' I/O failed; the next check starts it anew", e);
      } finally {
        end();
      }
    }

    private void ready(SelectionKey key) {
      if (key.isValid()) {
        ((ProbeConnection) key.attachment()).ready(key.readyOps(), readBuffer);
      }
    }

    /** What has been queued meanwhile; null to stop. */
    private @Nullable Queue<ProbeConnection> take() {
      synchronized (lock) {
        Queue<ProbeConnection> taken = queue;
        if (closed || taken == null) {
          return null;
        }
        if (!taken.isEmpty()) {
          queue = new ArrayDeque<>();
          return taken;
        }
        return NONE;
      }
    }

    /**
     * Moves every connection to a new selector. A selector that returns again and again with
     * nothing (JDK-6427854 and its kin) would burn a core. Who puts something on the queue before
     * it is looked at next need not wake anyone, and who comes later wakes the new selector.
     */
    private void replaceSelector() throws IOException {
      Selector old = selector;
      Selector fresh = selectors.open();
      try {
        for (SelectionKey key : old.keys()) {
          if (key.isValid()) {
            ProbeConnection connection = (ProbeConnection) key.attachment();
            connection.moved(key.channel().register(fresh, key.interestOps(), connection));
          }
        }
      } catch (Throwable e) {
        fresh.close();
        throw e;
      }
      selector = fresh;
      old.close();
    }

    private void end() {
      List<ProbeConnection> left = new ArrayList<>();
      synchronized (lock) {
        if (running == this) {
          running = null;
        }
        if (queue != null) {
          left.addAll(queue);
          queue = null; // Nobody queues here any more.
        }
      }
      selector.keys().forEach(key -> left.add((ProbeConnection) key.attachment()));
      left.forEach(connection -> connection.end(CLOSED));
      try {
        selector.close();
      } catch (IOException e) {
        log.debug("closing the checks' selector failed", e);
      }
    }
  }
}
