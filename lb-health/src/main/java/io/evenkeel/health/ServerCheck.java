package io.evenkeel.health;

import io.evenkeel.core.NanoClock;
import io.evenkeel.core.Server;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The checks of one server, one after the other: waits until one is due, begins it, gives it its
 * time, reports how it went, waits again.
 *
 * <p>All of it happens in tasks of {@link Wiring#serial}, but for {@link #stop}, which may come
 * from any thread at any time; what it has to reach is guarded by {@link #lock}, and that is never
 * held while somebody else's code runs.
 */
final class ServerCheck {

  /** What the checks of all servers share. */
  record Wiring(
      Probe probe,
      HealthPolicy policy,
      NanoClock clock,
      ScheduledExecutorService scheduler,
      Executor serial,
      ProbeLoop loop) {}

  private static final Logger log = LoggerFactory.getLogger(HealthMonitor.class);

  private final Server server;
  private final Wiring wiring;
  private final BiConsumer<ServerCheck, ProbeResult> report;

  /** What the results so far have led to. The monitor's; in serial tasks only. */
  HealthState state = HealthState.UNKNOWN;

  /** When the next check begins, by the clock. In serial tasks only. */
  private long dueNanos;

  private final Object lock = new Object();

  /** Guarded by {@link #lock}. */
  private boolean stopped;

  /** Until the next check is due. Guarded by {@link #lock}. */
  private @Nullable Future<?> timer;

  /** The check that is under way; its result counts, no other's. Guarded by {@link #lock}. */
  private @Nullable Attempt underWay;

  ServerCheck(Server server, Wiring wiring, BiConsumer<ServerCheck, ProbeResult> report) {
    this.server = server;
    this.wiring = wiring;
    this.report = report;
  }

  Server server() {
    return server;
  }

  void start(long delayNanos) {
    dueNanos = wiring.clock.nanoTime() + delayNanos;
    waitUntilDue();
  }

  /** Nothing begins after this, and what is under way is given up. Idempotent; any thread. */
  void stop() {
    Future<?> stoppedTimer;
    Attempt stoppedAttempt;
    synchronized (lock) {
      stopped = true;
      stoppedTimer = timer;
      stoppedAttempt = underWay;
      timer = null;
      underWay = null;
    }
    if (stoppedTimer != null) {
      stoppedTimer.cancel(false);
    }
    if (stoppedAttempt != null) {
      stoppedAttempt.end();
    }
  }

  private void waitUntilDue() {
    long delayNanos = Math.max(0, dueNanos - wiring.clock.nanoTime());
    synchronized (lock) {
      if (!stopped) {
        timer = schedule(this::begin, delayNanos);
      }
    }
  }

  private void begin() {
    Attempt attempt = new Attempt();
    synchronized (lock) {
      if (stopped) {
        return;
      }
      timer = null;
      underWay = attempt;
      // Before the probe is called, whose own time counts too.
      attempt.deadline =
          schedule(() -> finish(attempt, timedOut()), wiring.policy.timeout().toNanos());
    }
    try {
      attempt.run();
    } catch (Throwable e) {
      log.debug("{}: the probe threw", server, e);
      finish(attempt, ProbeResult.failure(e));
    }
  }

  /** In a serial task, like everything that follows from it. */
  private void finish(Attempt attempt, ProbeResult result) {
    synchronized (lock) {
      if (underWay != attempt) {
        return; // Late: its time was up, or nobody wants to know any more.
      }
      underWay = null;
    }
    attempt.end();
    try {
      report.accept(this, result);
    } finally {
      // Keeps to its own beat; one that was missed is not made up for.
      dueNanos += wiring.policy.interval().toNanos();
      dueNanos += Math.max(0, wiring.clock.nanoTime() - dueNanos);
      waitUntilDue();
    }
  }

  private ProbeResult timedOut() {
    Duration timeout = wiring.policy.timeout();
    return ProbeResult.failure("timed out after " + HealthPolicy.text(timeout));
  }

  private @Nullable Future<?> schedule(Runnable task, long delayNanos) {
    try {
      return wiring.scheduler.schedule(
          () -> wiring.serial.execute(task), delayNanos, TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      log.debug("{}: checked no more, since the scheduler takes no more tasks", server);
      return null;
    }
  }

  /** One check, from its beginning to its result or the end of its time. */
  private final class Attempt {

    private final ProbeContext context = new ProbeContext(wiring.policy.timeout(), wiring.loop);

    /** Guarded by {@link #lock}. */
    private @Nullable Future<?> deadline;

    /** Guarded by {@link #lock}. */
    private @Nullable CompletionStage<ProbeResult> stage;

    /** Guarded by {@link #lock}. */
    private boolean ended;

    void run() {
      CompletionStage<ProbeResult> begun = wiring.probe.check(server, context);
      if (begun == null) {
        finish(this, ProbeResult.failure("the probe returned null"));
        return;
      }
      boolean endedMeanwhile;
      synchronized (lock) {
        stage = begun;
        endedMeanwhile = ended;
      }
      if (endedMeanwhile) {
        cancel(begun);
        return;
      }
      begun.whenComplete(
          (result, error) -> wiring.serial.execute(() -> finish(this, resultOf(result, error))));
    }

    /** Gives back what the check holds. Idempotent; any thread. */
    void end() {
      Future<?> endedDeadline;
      CompletionStage<ProbeResult> endedStage;
      synchronized (lock) {
        ended = true;
        endedDeadline = deadline;
        endedStage = stage;
      }
      if (endedDeadline != null) {
        endedDeadline.cancel(false);
      }
      context.end();
      if (endedStage != null) {
        cancel(endedStage);
      }
    }

    private void cancel(CompletionStage<ProbeResult> stage) {
      try {
        stage.toCompletableFuture().cancel(true);
      } catch (RuntimeException e) {
        log.debug("{}: the probe's stage cannot be cancelled", server, e);
      }
    }

    private ProbeResult resultOf(@Nullable ProbeResult result, @Nullable Throwable error) {
      if (error != null) {
        Throwable cause = error instanceof CompletionException ? error.getCause() : error;
        return ProbeResult.failure(cause == null ? error : cause);
      }
      return result == null ? ProbeResult.failure("the probe's result is null") : result;
    }
  }
}
