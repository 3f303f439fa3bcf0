package io.evenkeel.pool;

import io.evenkeel.core.Server;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;

/**
 * A {@link Connector} that connects without blocking a thread.
 *
 * @param <C> the type of connection
 */
public interface AsyncConnector<C> extends Connector<C> {

  /**
   * Begins to connect; must not block. Called as {@link Connector#connect} is, but by the thread
   * that wants the connection.
   *
   * @return completes with a connection, never null, or with what went wrong; should do one of the
   *     two sooner or later, for until then it counts toward the maximum
   */
  CompletionStage<C> connectAsync(Server server);

  /** Waits for {@link #connectAsync}; the pool does not call it. */
  @Override
  default C connect(Server server) throws Exception {
    try {
      return connectAsync(server).toCompletableFuture().get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof Exception cause ? cause : e;
    }
  }
}
