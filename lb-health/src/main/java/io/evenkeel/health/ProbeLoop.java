package io.evenkeel.health;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.SocketOption;
import java.net.StandardSocketOptions;
import java.net.UnknownHostException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One thread and one java.nio selector for the connections of all checks, however many. The thread
 * starts with the first connection asked for.
 *
 * <p>Only that thread opens and closes sockets. Whoever else wants something, a connection or the
 * end of one, puts the {@link Connect} on the queue, and the thread looks at what it has become:
 * its result missing, it is to be opened; its result there, it is to be closed.
 */
final class ProbeLoop implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(HealthMonitor.class);
  private static final ProbeResult CLOSED = ProbeResult.failure("the health monitor is closed");

  /** For a stage's callback of the user's own that does not return. */
  private static final long CLOSE_WAIT_MILLIS = 5_000;

  private final ThreadPoolExecutor lookups = HostNames.newLookupThreads();
  private final Object lock = new Object();

  /** Guarded by {@link #lock}; null until needed, and again if the thread should die. */
  private @Nullable Running running;

  /** Guarded by {@link #lock}. */
  private boolean closed;

  /**
   * Completes the result with how connecting went. A result that is completed by anyone else, as by
   * cancelling it, ends the connection.
   */
  void connect(String host, int port, CompletableFuture<ProbeResult> result) {
    InetAddress literal = HostNames.literal(host);
    if (literal != null) {
      connect(literal, port, result);
      return;
    }
    try {
      lookups.execute(() -> lookUpAndConnect(host, port, result));
    } catch (RejectedExecutionException e) {
      result.complete(CLOSED);
    }
  }

  private void lookUpAndConnect(String host, int port, CompletableFuture<ProbeResult> result) {
    if (result.isDone()) {
      return; // It waited for a thread until its time was up.
    }
    InetAddress address;
    try {
      address = InetAddress.getByName(host);
    } catch (UnknownHostException e) {
      result.complete(ProbeResult.failure("host not found"));
      return;
    }
    connect(address, port, result);
  }

  private void connect(InetAddress address, int port, CompletableFuture<ProbeResult> result) {
    Connect connect = new Connect(new InetSocketAddress(address, port), result);
    lookAt(connect);
    var unused =
        result.whenComplete(
            (done, error) -> {
              if (!connect.over) {
                lookAt(connect);
              }
            });
  }

  private void lookAt(Connect connect) {
    Running target;
    boolean first;
    synchronized (lock) {
      if (closed) {
        target = null;
        first = false;
      } else {
        try {
          target = running != null ? running : start();
        } catch (IOException e) {
          // Its own selector could not be had: no descriptor left, as a rule.
          connect.result.complete(ProbeResult.inconclusive(String.valueOf(e.getMessage())));
          return;
        }
        // A queue that was not empty has had its wakeup, and the thread has yet to take it.
        first = target.queue.isEmpty();
        target.queue.add(connect);
      }
    }
    if (target == null) {
      connect.result.complete(CLOSED);
    } else if (first) {
      target.selector.wakeup();
    }
  }

  /** Under {@link #lock}. */
  private Running start() throws IOException {
    Running started = new Running();
    started.thread.start();
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
    // A lookup that hangs in the system's resolver cannot be stopped; its thread is a daemon, and
    // ends when it returns.
    lookups.shutdownNow();
    if (target != null) {
      target.selector.wakeup();
      Threads.await(target.thread, CLOSE_WAIT_MILLIS);
    }
  }

  /** One connection on its way. */
  private static final class Connect {

    private final InetSocketAddress address;
    private final CompletableFuture<ProbeResult> result;

    /** Loop thread only; null before it is opened and after it is closed. */
    private @Nullable SocketChannel channel;

    /**
     * Written by the loop thread: it wants no second look. A stale false costs one look that finds
     * nothing to do.
     */
    private volatile boolean over;

    Connect(InetSocketAddress address, CompletableFuture<ProbeResult> result) {
      this.address = address;
      this.result = result;
    }

    void look(Selector selector) {
      if (over) {
        return;
      }
      if (result.isDone()) {
        close();
        return;
      }
      try {
        channel = SocketChannel.open();
      } catch (IOException e) {
        end(
            ProbeResult.inconclusive(
                String.valueOf(failure(e).cause()))); // no descriptor left, as a rule
        return;
      }
      try {
        channel.configureBlocking(false);
        endByReset(channel);
        if (channel.connect(address)) {
          end(ProbeResult.success());
        } else {
          channel.register(selector, SelectionKey.OP_CONNECT, this);
        }
      } catch (IOException | RuntimeException e) {
        end(failure(e));
      }
    }

    void connectable() {
      try {
        if (channel != null && channel.finishConnect()) {
          // A dead port of this host may happen to be drawn as the local one: it answers itself.
          boolean itself = channel.getLocalAddress().equals(channel.getRemoteAddress());
          end(itself ? ProbeResult.failure("connected to itself") : ProbeResult.success());
        }
      } catch (IOException | RuntimeException e) {
        end(failure(e));
      }
    }

    /** Closes before it says so: who has the result need not wonder about the socket. */
    void end(ProbeResult outcome) {
      close();
      result.complete(outcome);
    }

    private void close() {
      over = true;
      if (channel != null) {
        try {
          channel.close();
        } catch (IOException e) {
          log.debug("{}: closing a check's socket failed", address, e);
        }
        channel = null;
      }
    }

    /**
     * A check's connection carries nothing, so nothing is lost by a reset, and a FIN from our side
     * would leave a socket in TIME_WAIT for a minute: 10,000 servers checked every 5 s would keep
     * 120,000 of them. Without an immediate ACK (Linux) the reset overtakes the last step of the
     * handshake, and the server's program never gets to see the connection, so has nothing to log.
     * HAProxy does both.
     */
    private static void endByReset(SocketChannel channel) throws IOException {
      channel.setOption(StandardSocketOptions.SO_LINGER, 0);
      for (SocketOption<?> option : channel.supportedOptions()) {
        // By name: it lives in a module that a small runtime image may lack.
        if (option.name().equals("TCP_QUICKACK") && option.type() == Boolean.class) {
          @SuppressWarnings("unchecked")
          SocketOption<Boolean> quickAck = (SocketOption<Boolean>) option;
          channel.setOption(quickAck, false);
        }
      }
    }

    /** The system's own words where it was the network: "connection refused". */
    private static ProbeResult failure(Exception e) {
      String message = e.getMessage();
      return e instanceof SocketException && message != null
          ? ProbeResult.failure(message.toLowerCase(Locale.ROOT))
          : ProbeResult.failure(e);
    }
  }

  /** A thread and its selector, for as long as both last. */
  private final class Running implements Runnable {

    private final Selector selector = Selector.open();
    private final Thread thread = Threads.daemon(this, "evenkeel-health-io");

    /** Guarded by {@link #lock}. */
    private Queue<Connect> queue = new ArrayDeque<>();

    Running() throws IOException {}

    @Override
    public void run() {
      try {
        for (Queue<Connect> batch = take(); batch != null; batch = take()) {
          // An interrupt left behind by a callback would make every select return at once.
          Thread.interrupted();
          for (Connect connect : batch) {
            connect.look(selector);
          }
          // Also gives back the descriptors of what was closed since the last time.
          selector.select(key -> ((Connect) key.attachment()).connectable());
        }
      } catch (Throwable e) {
        log.error("the health checks' I/O failed; the next check starts it anew", e);
      } finally {
        end();
      }
    }

    /** What has been queued meanwhile; null to stop. */
    private @Nullable Queue<Connect> take() {
      synchronized (lock) {
        if (closed) {
          return null;
        }
        Queue<Connect> taken = queue;
        queue = new ArrayDeque<>();
        return taken;
      }
    }

    private void end() {
      List<Connect> left;
      synchronized (lock) {
        if (running == this) {
          running = null; // Nobody queues here any more.
        }
        left = new ArrayList<>(queue);
      }
      selector.keys().forEach(key -> left.add((Connect) key.attachment()));
      left.forEach(connect -> connect.end(CLOSED));
      try {
        selector.close();
      } catch (IOException e) {
        log.debug("closing the checks' selector failed", e);
      }
    }
  }
}
