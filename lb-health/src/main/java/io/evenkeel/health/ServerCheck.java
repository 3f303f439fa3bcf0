package io.evenkeel.health;

import io.evenkeel.core.NanoClock;
import io.evenkeel.core.Server;
import java.util.SplittableRandom;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The checks of one server, one after the other: waits until one is due and may begin, begins it,
 * gives it its time, reports how it went, waits again.
 *
 * <p>All of it happens in tasks of {@link Wiring#serial}, but for {@link #stop}, which may come
 * from any thread at any time; what it has to reach is guarded by {@link #lock}. Of code of others
 * only the scheduler's is called under that, to put a timer on.
 */
final class ServerCheck {

  /**
   * What the checks of all servers share.
   *
   * @param random in serial tasks only
   */
  record Wiring(
      Probe probe,
      HealthPolicy policy,
      NanoClock clock,
      ScheduledExecutorService scheduler,
      Executor serial,
      ProbeLoop loop,
      CheckSlots slots,
      SplittableRandom random) {

    /** The same, with another way to ask. */
    Wiring with(Probe other, HealthPolicy numbers) {
      return new Wiring(other, numbers, clock, scheduler, serial, loop, slots, random);
    }
  }

  /** Hears how checks went, in a serial task. */
  @FunctionalInterface
  interface Report {
    void accept(ServerCheck check, ProbeResult result, long tookNanos);
  }

  private static final Logger log = LoggerFactory.getLogger(HealthMonitor.class);

  /** In serial tasks only, but for what is the same in all. */
  private volatile Wiring wiring;

  private final Report report;
  private final HostAddress address = new HostAddress();

  /** What the results so far have led to. */
  final CheckRecord record;

  /** When the next check begins, by the clock. In serial tasks only. */
  private long dueNanos;

  /**
   * How many timers have been replaced: a task of theirs may be on its way. In serial tasks only.
   */
  private long timers;

  private final Object lock = new Object();

  /** Guarded by {@link #lock}. */
  private boolean stopped;

  /** Until the next check is due. Guarded by {@link #lock}. */
  private @Nullable Future<?> timer;

  /** The check that is under way; its result counts, no other's. Guarded by {@link #lock}. */
  private @Nullable Attempt underWay;

  ServerCheck(Server server, Wiring wiring, Report report) {
    this.wiring = wiring;
    this.report = report;
    this.record = new CheckRecord(server, wiring.clock.nanoTime());
  }

  void start(long delayNanos) {
    dueNanos = wiring.clock.nanoTime() + delayNanos;
    waitUntilDue();
  }

  /**
   * Asks by this from the next check on, which comes no later than its interval says, and somewhere
   * in that, so that not all are checked at once. One that is under way goes on. In a serial task.
   */
  void use(Wiring next) {
    wiring = next;
    HealthPolicy policy = next.policy;
    long waitNanos = record.state().waitNanos(policy);
    long soonestNanos = next.clock.nanoTime() + next.random.nextLong(Math.max(1, waitNanos));
    Future<?> late;
    synchronized (lock) {
      late = timer;
      if (late == null || soonestNanos - dueNanos >= 0) {
        return; // under way, or due earlier
      }
      timer = null;
    }
    late.cancel(false);
    timers++;
    dueNanos = soonestNanos;
    waitUntilDue();
  }

  /**
   * Nothing begins after this, and what is under way is given up. Idempotent; any thread.
   *
   * @return whether a check was under way
   */
  boolean stop() {
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
    return stoppedAttempt != null;
  }

  private void waitUntilDue() {
    long delayNanos = Math.max(0, dueNanos - wiring.clock.nanoTime());
    long number = timers;
    synchronized (lock) {
      if (!stopped) {
        timer = schedule(() -> due(number), delayNanos);
      }
    }
  }

  private void due(long number) {
    if (number != timers) {
      return; // another has taken its place
    }
    synchronized (lock) {
      if (stopped) {
        return;
      }
      timer = null;
    }
    wiring.slots.beginInTurn(this);
  }

  /** It has a slot, which it gives back when it is over. */
  void begin() {
    Attempt attempt = new Attempt();
    synchronized (lock) {
      if (stopped) {
        return; // and the monitor with it: the slot is of no more use
      }
      underWay = attempt;
      // Before the probe is called, whose own time counts too.
      attempt.deadline = schedule(() -> timeIsUp(attempt), attempt.timeoutNanos);
    }
    try {
      attempt.run();
    } catch (Throwable e) {
      log.debug("{}: the probe threw", record.server(), e);
      later(attempt, ProbeResult.failure(e));
    }
  }

  /** Not at once: that would begin the next check of another server within this one. */
  private void later(Attempt attempt, ProbeResult result) {
    wiring.serial.execute(() -> finish(attempt, result));
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
      report.accept(this, result, wiring.clock.nanoTime() - attempt.begunNanos);
    } finally {
      try {
        // Keeps to its own beat; one that was missed is not made up for.
        HealthPolicy policy = wiring.policy;
        dueNanos += policy.jittered(record.state().waitNanos(policy), wiring.random);
        dueNanos += Math.max(0, wiring.clock.nanoTime() - dueNanos);
        waitUntilDue();
      } finally {
        wiring.slots.isOver();
      }
    }
  }

  /**
   * If that comes much too late by the clock, this process has stood still, and answers may lie
   * about that nobody could read: they get some time for it, once.
   */
  private void timeIsUp(Attempt attempt) {
    long timeoutNanos = attempt.timeoutNanos;
    long lateNanos = wiring.clock.nanoTime() - attempt.begunNanos - timeoutNanos;
    if (lateNanos <= timeoutNanos / 10) {
      finish(attempt, attempt.context.timedOut());
      return;
    }
    synchronized (lock) {
      if (underWay == attempt) {
        attempt.deadline =
            schedule(
                () -> finish(attempt, attempt.context.timedOut()),
                Math.min(lateNanos, timeoutNanos));
      }
    }
  }

  private @Nullable Future<?> schedule(Runnable task, long delayNanos) {
    try {
      return wiring.scheduler.schedule(
          () -> wiring.serial.execute(task), delayNanos, TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      log.debug("{}: checked no more, since the scheduler takes no more tasks", record.server());
      return null;
    }
  }

  /** One check, from its beginning to its result or the end of its time. */
  private final class Attempt {

    private final long begunNanos = wiring.clock.nanoTime();
    private final long timeoutNanos = wiring.policy.timeout().toNanos();
    private final ProbeContext context =
        new ProbeContext(wiring.policy.timeout(), wiring.loop, address);

    /** Guarded by {@link #lock}. */
    private @Nullable Future<?> deadline;

    /** Guarded by {@link #lock}. */
    private @Nullable CompletionStage<ProbeResult> stage;

    /** Guarded by {@link #lock}. */
    private boolean ended;

    void run() {
      CompletionStage<ProbeResult> begun = wiring.probe.check(record.server(), context);
      if (begun == null) {
        later(this, ProbeResult.failure("the probe returned null"));
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
      begun.whenComplete((result, error) -> later(this, resultOf(result, error)));
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
        log.debug("{}: the probe's stage cannot be cancelled", record.server(), e);
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
