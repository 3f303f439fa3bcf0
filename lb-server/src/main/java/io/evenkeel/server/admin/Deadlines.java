package io.evenkeel.server.admin;

import io.evenkeel.core.NanoClock;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;

/**
 * When each connection has to have come further, whatever bytes trickle in meanwhile: a whole
 * request header within one time after it was opened or had its last answer, the rest (body and
 * answer) within another. The server below knows only how long nothing happens at all. Safe for use
 * by any thread: a deadline that is moved in the moment in which it is found to be over may still
 * end its connection, as if the request had come a moment later.
 */
final class Deadlines implements Connection.Listener {

  private final NanoClock clock;
  private final long headerNanos;
  private final long exchangeNanos;
  private final Map<EndPoint, Long> due = new ConcurrentHashMap<>();

  Deadlines(NanoClock clock, Duration header, Duration exchange) {
    this.clock = clock;
    this.headerNanos = header.toNanos();
    this.exchangeNanos = exchange.toNanos();
  }

  @Override
  public void onOpened(Connection connection) {
    due.put(connection.getEndPoint(), clock.nanoTime() + headerNanos);
  }

  @Override
  public void onClosed(Connection connection) {
    due.remove(connection.getEndPoint());
  }

  /** A header is there. */
  void handling(EndPoint connection) {
    due.replace(connection, clock.nanoTime() + exchangeNanos);
  }

  /** The answer is out. */
  void answered(EndPoint connection) {
    due.replace(connection, clock.nanoTime() + headerNanos);
  }

  /** The answer goes on for as long as both like. */
  void streaming(EndPoint connection) {
    due.remove(connection);
  }

  /** Closes those whose time is up. */
  void sweep() {
    long now = clock.nanoTime();
    due.forEach(
        (connection, time) -> {
          if (now - time > 0) {
            connection.close(new TimeoutException("too slow"));
          }
        });
  }
}
