package io.evenkeel.proxy;

import io.evenkeel.core.Node;
import org.jspecify.annotations.Nullable;

/**
 * What is counted and timed of one relay, for the statistics of its loop and for its line in the
 * access log. Event loop only.
 */
final class RelayRecord {

  private static final long NEVER = -1;

  private final long beganNanos;
  private long waitedNanos = NEVER;
  private long connectTimeNanos = NEVER;
  private long firstByteTimeNanos = NEVER;

  /** Good once it was connected. */
  private long connectedNanos;

  /** Of the server that is leased; null if there is none. */
  private @Nullable ServerCounters server;

  /** A client was taken in. */
  RelayRecord(long nowNanos) {
    this.beganNanos = nowNanos;
  }

  void waits() {
    waitedNanos = Math.max(0, waitedNanos);
  }

  /** A wait has come to an end. */
  void waited(long nanos) {
    waitedNanos += nanos;
  }

  void attempts(LoopStats stats, Node node) {
    server = stats.begin(node);
  }

  void connectFailed() {
    if (server != null) {
      server.connectFailures++;
    }
  }

  /**
   * There is a connection to the server.
   *
   * @param since when that began
   * @param isWarm whether it was made beforehand
   */
  void connected(LoopStats stats, long since, long now, boolean isWarm) {
    connectedNanos = now;
    connectTimeNanos = Math.max(0, now - since);
    stats.warm += isWarm ? 1 : 0;
    stats.connectTime.record(connectTimeNanos, now);
    if (server != null) {
      server.connected++;
      server.warm += isWarm ? 1 : 0;
      server.connectTime.record(connectTimeNanos, now);
    }
  }

  /** A warm connection was gone before anything passed over it: the server is connected to anew. */
  void connectsAnew() {
    connectTimeNanos = NEVER;
  }

  /** Whether there is, or was, a connection to a server. */
  boolean wasConnected() {
    return connectTimeNanos != NEVER;
  }

  /** Good once it was connected. */
  long connectedNanos() {
    return connectedNanos;
  }

  void receivedFromClient(int bytes) {
    if (server != null) {
      server.bytesFromClients += bytes;
    }
  }

  void receivedFromServer(LoopStats stats, int bytes, long now) {
    if (server == null) {
      return; // not while it relays
    }
    server.bytesFromServer += bytes;
    if (firstByteTimeNanos == NEVER) {
      firstByteTimeNanos = Math.max(0, now - connectedNanos);
      stats.firstByteTime.record(firstByteTimeNanos, now);
      server.firstByteTime.record(firstByteTimeNanos, now);
    }
  }

  /** It has nothing to do with the server any more. */
  void leavesServer(LoopStats stats) {
    ServerCounters left = server;
    if (left != null) {
      server = null;
      stats.end(left);
    }
  }

  /** It is over; before the channels are closed, for they know no address afterwards. */
  void ended(
      LoopStats stats, EndReason reason, long now, RelayEnd client, @Nullable RelayEnd serverEnd) {
    count(stats, reason, now);
    String serverId = server == null ? null : server.serverId;
    AccessLog.write(reason, client, serverEnd, serverId, this, now);
  }

  private void count(LoopStats stats, EndReason reason, long now) {
    long total = now - beganNanos;
    stats.countEnd(reason);
    if (wasConnected()) {
      stats.duration.record(total, now);
      if (server != null) {
        server.duration.record(total, now);
      }
    }
  }

  /** For the access log. */
  AccessLog.Times times(long now) {
    return new AccessLog.Times(waitedNanos, connectTimeNanos, firstByteTimeNanos, now - beganNanos);
  }
}
