package io.evenkeel.proxy;

import io.evenkeel.core.LoadBalancer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Whether clients are being refused for want of a server: says so in the log once when it begins
 * and once when it is over, not once a client. Safe for use by any thread.
 *
 * <p>It is over when a client is served and none was refused for ten seconds, so that a proxy that
 * serves some and refuses others does not fill the log.
 */
final class Outage {

  private static final QuietLog log = new QuietLog(TcpProxy.class);
  private static final long QUIET_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final LoadBalancer balancer;
  private final LongAdder refused = new LongAdder();

  /** Written under this object's lock; read without it by every client that is served. */
  private volatile boolean going;

  /** A moment's value will do: it only decides when to log. */
  private volatile long lastRefusedNanos;

  Outage(LoadBalancer balancer) {
    this.balancer = balancer;
  }

  /**
   * A client was refused; the cause is its last connect's, or null if there was no server to try.
   */
  void refused(long nowNanos, @Nullable Throwable cause) {
    refused.increment();
    lastRefusedNanos = nowNanos;
    if (!going && begin()) {
      if (cause != null) {
        log.warn("refusing clients, the first because of: {}", cause.toString());
      } else if (balancer.eligibleCount() > 0) {
        log.warn("refusing clients: no server could be picked");
      } else {
        log.info("refusing clients"); // the balancer has said why, as a warning
      }
    }
  }

  /** A client has been connected to a server. */
  void served(long nowNanos) {
    if (going && nowNanos - lastRefusedNanos > QUIET_NANOS && end()) {
      log.info("serving clients again; {} refused so far", refused.sum());
    }
  }

  /** Clients refused so far. */
  long refusedCount() {
    return refused.sum();
  }

  private synchronized boolean begin() {
    boolean begins = !going;
    going = true;
    return begins;
  }

  private synchronized boolean end() {
    boolean ends = going;
    going = false;
    return ends;
  }
}
