package io.evenkeel.health;

import io.evenkeel.core.Server;
import java.util.concurrent.CompletionStage;

/**
 * Asks one server once whether it works. {@link Probes} has the ready-made ones; users may write
 * their own:
 *
 * <pre>{@code
 * Probe probe = (server, context) -> client.ping(server.host(), server.port())
 *     .thenApply(pong -> pong.ok() ? ProbeResult.success() : ProbeResult.failure("not ok"));
 * }</pre>
 *
 * <p>One probe serves all servers of a monitor: {@link #check} is called for several servers before
 * the first has answered, one call at a time, never for a server whose last check is not over. It
 * is called on the monitor's scheduler and must not block, since everybody's checks would wait.
 */
@FunctionalInterface
public interface Probe {

  /**
   * Begins a check.
   *
   * <p>What counts as a failure, and harms nobody else: to throw, to return null, a stage that
   * completes with an exception or with null, and one that is not complete within {@link
   * ProbeContext#timeout()}.
   *
   * <p>When the time is up, the server is removed or the monitor is closed, the stage's {@code
   * toCompletableFuture()} is cancelled, and what it still has to say is ignored.
   *
   * @return completes with the result, on any thread
   */
  CompletionStage<ProbeResult> check(Server server, ProbeContext context);
}
