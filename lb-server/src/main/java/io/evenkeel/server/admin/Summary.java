package io.evenkeel.server.admin;

import java.time.Duration;

/** One line in the log, every so often, for those who have no metrics system. */
public final class Summary implements AutoCloseable {

  private Summary() {}

  /**
   * Logs a line at INFO every so often from now on, on a daemon thread of its own.
   *
   * @param every how often; above zero
   * @throws IllegalArgumentException if it is not
   */
  public static Summary start(Inventory inventory, Duration every) {
    throw new UnsupportedOperationException(inventory.balancers() + " " + every);
  }

  /** No more lines. Idempotent. */
  @Override
  public void close() {}
}
