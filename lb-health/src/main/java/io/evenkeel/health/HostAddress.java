package io.evenkeel.health;

import java.net.InetAddress;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Where the host name of one server was found last, for the checks to come: an outage of DNS is
 * none of the server's. Safe for use by any thread.
 */
final class HostAddress {

  private volatile @Nullable InetAddress last;
  private final AtomicBoolean beingLookedUp = new AtomicBoolean();

  /** Null until it was found once. */
  @Nullable InetAddress last() {
    return last;
  }

  void found(InetAddress address) {
    last = address;
  }

  /** Whether the caller is the one to look it up now; it is to call {@link #lookedUp} then. */
  boolean startLookup() {
    return beingLookedUp.compareAndSet(false, true);
  }

  void lookedUp() {
    beingLookedUp.set(false);
  }
}
