package io.evenkeel.core;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the snapshot built anew from time to time while servers start slowly. One timer for all of
 * them, and none when nobody starts. Safe for use by any thread.
 */
final class SlowStartTimer implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(LoadBalancer.class);

  private final ControlPlane control;
  private final Timers timers;

  /** The timer that runs; null if none does. Guarded by this. */
  private @Nullable Pending pending;

  /** Guarded by this. */
  private boolean closed;

  /** A step that is to come. */
  private static final class Pending {
    private final long stepNanos;
    private Runnable stop = () -> {};

    Pending(long stepNanos) {
      this.stepNanos = stepNanos;
    }
  }

  SlowStartTimer(ControlPlane control, Timers timers) {
    this.control = control;
    this.timers = timers;
  }

  /** A slow start is under way: it is to go on a while later. */
  synchronized void arm(long stepNanos) {
    if (closed || (pending != null && pending.stepNanos <= stepNanos)) {
      return;
    }
    stop(); // a longer one, of a window that was
    Pending next = new Pending(stepNanos);
    try {
      next.stop = timers.later(() -> step(next), stepNanos);
      pending = next;
    } catch (RuntimeException e) { // shut down, or whatever a user's scheduler throws
      log.warn("slow start: the scheduler takes no task; weights stay as they are", e);
    }
  }

  private void step(Pending due) {
    synchronized (this) {
      if (closed || pending != due) { // stopped too late
        return;
      }
      pending = null;
    }
    try {
      control.refresh();
    } catch (Throwable e) { // a user's selector factory: the next step may be luckier
      log.warn("slow start: could not work out the weights anew", e);
    }
  }

  /** Weights stay as they are. */
  @Override
  public synchronized void close() {
    closed = true;
    stop();
  }

  private synchronized void stop() {
    if (pending != null) {
      pending.stop.run();
      pending = null;
    }
  }
}
