package io.evenkeel.server.admin;

import io.evenkeel.core.NanoClock;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.SelectableChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeoutException;
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
    final Object address;
    Step step = Step.HEADER;
    long sinceNanos;

    State(Object address, long sinceNanos) {
      this.address = address;
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

  // Guarded by this.
  private final Map<EndPoint, State> open = new HashMap<>();

  /** Those that were accepted and are being set up. */
  private final Set<SelectableChannel> arriving = new HashSet<>();

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
    boolean isRoom;
    EndPoint givenUp = null;
    synchronized (this) {
      isRoom = open.size() + arriving.size() < most;
      if (!isRoom) {
        givenUp = giveUp();
        isRoom = givenUp != null;
      }
      if (isRoom) {
        arriving.add(channel);
      }
    }
    if (givenUp != null) {
      givenUp.close(new TimeoutException("given up for another connection"));
    } else if (!isRoom) {
      IO.close(channel);
    }
  }

  /** Takes out the one to be closed; null if there is none. O(connections). */
  private @Nullable EndPoint giveUp() {
    Map<Object, Integer> byAddress = new HashMap<>();
    for (State state : open.values()) {
      if (state.mayBeGivenUp()) {
        byAddress.merge(state.address, 1, Integer::sum);
      }
    }
    Map.Entry<EndPoint, State> found = null;
    for (Map.Entry<EndPoint, State> entry : open.entrySet()) {
      if (entry.getValue().mayBeGivenUp()
          && (found == null || isBefore(entry.getValue(), found.getValue(), byAddress))) {
        found = entry;
      }
    }
    if (found == null) {
      return null;
    }
    EndPoint connection = found.getKey();
    open.remove(connection);
    return connection;
  }

  private static boolean isBefore(State one, State other, Map<Object, Integer> byAddress) {
    int more = byAddress.getOrDefault(one.address, 0) - byAddress.getOrDefault(other.address, 0);
    return more == 0 ? one.sinceNanos - other.sinceNanos < 0 : more > 0;
  }

  @Override
  public synchronized void onAcceptFailed(SelectableChannel channel, Throwable cause) {
    arriving.remove(channel);
  }

  @Override
  public synchronized void onClosed(SelectableChannel channel) {
    arriving.remove(channel);
  }

  @Override
  public synchronized void onOpened(Connection connection) {
    EndPoint endPoint = connection.getEndPoint();
    if (endPoint.getTransport() instanceof SelectableChannel channel) {
      arriving.remove(channel);
    }
    open.put(endPoint, new State(address(endPoint), clock.nanoTime()));
  }

  private static Object address(EndPoint endPoint) {
    SocketAddress remote = endPoint.getRemoteSocketAddress();
    return remote instanceof InetSocketAddress address ? address.getAddress() : "unknown";
  }

  @Override
  public synchronized void onClosed(Connection connection) {
    open.remove(connection.getEndPoint());
    notifyAll();
  }

  /** A header is there. False if the connection was given up: nothing may be done. */
  synchronized boolean request(EndPoint connection) {
    return isAt(connection, Step.REQUEST, clock.nanoTime());
  }

  /** Who asks was let in. False if the connection was given up: nothing may be done. */
  synchronized boolean letIn(EndPoint connection) {
    State state = open.get(connection);
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
    State state = open.get(connection);
    if (state == null) {
      return false;
    }
    state.step = step;
    state.sinceNanos = sinceNanos;
    return true;
  }

  /** Closes those whose time is up. */
  void sweep() {
    List<EndPoint> late = new ArrayList<>();
    synchronized (this) {
      long now = clock.nanoTime();
      open.forEach(
          (connection, state) -> {
            long limit = state.step == Step.HEADER ? headerNanos : exchangeNanos;
            if (state.step != Step.STREAM && now - state.sinceNanos > limit) {
              late.add(connection);
            }
          });
      late.forEach(open::remove);
      notifyAll();
    }
    late.forEach(connection -> connection.close(new TimeoutException("too slow")));
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
