package io.evenkeel.pool;

import io.evenkeel.core.Lease;
import io.evenkeel.core.Server;
import java.util.Objects;

/**
 * A {@link Pooled} connection to a server that a balancer picked: the two uses end together.
 *
 * <p>{@link #invalidate} says that it went badly, {@link #success} that it went well. Closed
 * without a word it counts as neither, as with any {@link Lease}: a {@code try} block is also left
 * by an exception, and a success that was none would hide a failing server from its balancer. When
 * the connection is {@linkplain #detach detached}, the lease goes on until it is closed.
 *
 * @param <C> the type of connection
 */
public final class Leased<C> extends Pooled<C> {

  private final Lease lease;

  Leased(Slot<C> slot, long ticket, Lease lease) {
    super(slot, ticket);
    this.lease = lease;
  }

  /** The server that was picked. */
  public Server server() {
    return lease.server();
  }

  /** It went well; the first word counts. */
  public void success() {
    lease.success();
  }

  @Override
  public void close() {
    try {
      boolean unused = slot.home.giveBack(slot, ticket);
    } finally {
      lease.close(); // also if the pool has ended this use by force; idempotent
    }
  }

  /** As {@link Pooled#invalidate}; the server has failed, if no word was said before. */
  @Override
  public void invalidate(Throwable cause) {
    Objects.requireNonNull(cause, "cause");
    try {
      boolean unused = slot.home.invalidate(slot, ticket, cause);
    } finally {
      lease.failure(cause); // of no effect once the lease is closed
      lease.close();
    }
  }
}
