package io.evenkeel.server.admin;

import io.evenkeel.core.NanoClock;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.SelectorManager;
import org.eclipse.jetty.util.IO;
import org.jspecify.annotations.Nullable;

/**
 * The connections of the server: how many there may be, and by when each has to have come further.
 *
 * <p>Whatever bytes trickle in, a whole request header has to be there within one time after the
 * connection was opened or had its last answer; the rest, body and answer, within another. The
 * server below knows only how long nothing happens at all.
 *
 * <p>When there are as many as there may be and one more comes, another one is given up for it: of
 * the address that has most of them, the one that has waited longest where it is. Not given up are
 * those that serve somebody who was let in: a request that is being answered, a stream of events.
 * Where there are no others, the new one is closed. So those who connect and say nothing, or say it
 * slowly, or do not read what they asked for, take places from one another, and keep nobody out.
 *
 * <p>One that is given up is not counted from that moment on, and what then still comes of it is
 * told so, that nothing may be done whose answer would be lost. Safe for use by any thread: all is
 * guarded by one lock, under which nothing is closed.
 */
final class Connections implements Connection.Listener, SelectorManager.AcceptListener {

  /** How far one is. */
  private enum Step {
    /** It was opened or had its last answer. */
    HEADER,
    /** Its request is looked at, or is being refused. */
    REQUEST,
    /** Its request is one of somebody who was let in. */
    LET_IN,
    /** Its answer goes on for as long as both like. */
    STREAM
  }

  private static final class State {
    final String address;
    Closeable connection;
    Step step = Step.HEADER;
    long sinceNanos;

    State(String address, Closeable connection, long sinceNanos) {
      this.address = address;
      this.connection = connection;
      this.sinceNanos = sinceNanos;
    }

    boolean mayBeGivenUp() {
      return step == Step.HEADER || step == Step.REQUEST;
    }
  }

  private final NanoClock clock;
  private final long headerNanos;
  private final long exchangeNanos;
  private final int most;

  /** Those that are open, by their channels; guarded by this. */
  private final Map<Object, State> open = new HashMap<>();

  /**
   * None yet.
   *
   * @param header until a request's header is there
   * @param exchange from there until its answer is out
   * @param most at a time
   */
  Connections(NanoClock clock, Duration header, Duration exchange, int most) {
    this.clock = clock;
    this.headerNanos = header.toNanos();
    this.exchangeNanos = exchange.toNanos();
    this.most = most;
  }

  @Override
  public void onAccepting(SelectableChannel channel) {
    Closeable loser = null;
    synchronized (this) {
      if (open.size() >= most) {
        loser = giveUp();
      }
      if (open.size() < most) {
        open.put(channel, new State(address(channel), channel, clock.nanoTime()));
      } else {
        loser = channel;
      }
    }
    IO.close(loser);
  }

  /** Empty for one that is closed already. */
  private static String address(SelectableChannel channel) {
    try {
      return channel instanceof SocketChannel socket
              && socket.getRemoteAddress() instanceof InetSocketAddress address
          ? address.getAddress().getHostAddress()
          : "";
    } catch (IOException e) {
      return "";
    }
  }

  /** Takes out the one to be closed; null if there is none. O(connections). */
  private @Nullable Closeable giveUp() {
    Map<String, Integer> byAddress = new HashMap<>();
    for (State state : open.values()) {
      if (state.mayBeGivenUp()) {
        byAddress.merge(state.address, 1, Integer::sum);
      }
    }
    Map.Entry<Object, State> found = null;
    for (Map.Entry<Object, State> entry : open.entrySet()) {
      if (entry.getValue().mayBeGivenUp()
          && (found == null || isBefore(entry.getValue(), found.getValue(), byAddress))) {
        found = entry;
      }
    }
    if (found == null) {
      return null;
    }
    Closeable connection = found.getValue().connection;
    open.remove(found.getKey());
    return connection;
  }

  private static boolean isBefore(State one, State other, Map<String, Integer> byAddress) {
    int more = byAddress.getOrDefault(one.address, 0) - byAddress.getOrDefault(other.address, 0);
    return more == 0 ? one.sinceNanos - other.sinceNanos < 0 : more > 0;
  }

  /** Once it is set up; before that it may have been given up. */
  @Override
  public void onOpened(Connection connection) {
    EndPoint endPoint = connection.getEndPoint();
    synchronized (this) {
      State state = open.get(endPoint.getTransport());
      if (state != null) {
        state.connection = endPoint;
        return;
      }
    }
    endPoint.close();
  }

  @Override
  public void onAcceptFailed(SelectableChannel channel, Throwable cause) {
    onClosed(channel);
  }

  @Override
  public synchronized void onClosed(SelectableChannel channel) {
    open.remove(channel);
    notifyAll();
  }

  /** A header is there. False if the connection was given up: nothing may be done. */
  synchronized boolean request(EndPoint connection) {
    return isAt(connection, Step.REQUEST, clock.nanoTime());
  }

  /** Who asks was let in. False if the connection was given up: nothing may be done. */
  synchronized boolean letIn(EndPoint connection) {
    State state = open.get(connection.getTransport());
    return state != null && isAt(connection, Step.LET_IN, state.sinceNanos);
  }

  /** The answer goes on for as long as both like. */
  synchronized void streaming(EndPoint connection) {
    boolean unused = isAt(connection, Step.STREAM, clock.nanoTime());
    notifyAll();
  }

  /** The answer is out. */
  synchronized void answered(EndPoint connection) {
    boolean unused = isAt(connection, Step.HEADER, clock.nanoTime());
    notifyAll();
  }

  private boolean isAt(EndPoint connection, Step step, long sinceNanos) {
    State state = open.get(connection.getTransport());
    if (state == null) {
      return false;
    }
    state.step = step;
    state.sinceNanos = sinceNanos;
    return true;
  }

  /** Closes those whose time is up. */
  void sweep() {
    List<Closeable> late = new ArrayList<>();
    synchronized (this) {
      long now = clock.nanoTime();
      open.values()
          .removeIf(
              state -> {
                long limit = state.step == Step.HEADER ? headerNanos : exchangeNanos;
                boolean isLate = state.step != Step.STREAM && now - state.sinceNanos > limit;
                return isLate && late.add(state.connection);
              });
      notifyAll();
    }
    late.forEach(IO::close);
  }

  /**
   * Waits until those who were let in have their answers.
   *
   * @param atMost by the machine's clock, since it is a thread that waits
   * @throws InterruptedException if this thread is interrupted meanwhile
   */
  synchronized void awaitAnswers(Duration atMost) throws InterruptedException {
    long end = System.nanoTime() + atMost.toNanos();
    while (open.values().stream().anyMatch(state -> state.step == Step.LET_IN)) {
      long left = (end - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        return;
      }
      wait(left);
    }
  }
}
