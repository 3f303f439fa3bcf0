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
  private final long stepNanos;

  /** What stops the timer; null if none runs. Guarded by this. */
  private @Nullable Runnable stop;

  /** Guarded by this. */
  private boolean closed;

  SlowStartTimer(ControlPlane control, Timers timers, long stepNanos) {
    this.control = control;
    this.timers = timers;
    this.stepNanos = stepNanos;
  }

  /** A slow start is under way: it is to go on a while later. */
  synchronized void arm() {
    if (closed || stop != null) {
      return;
    }
    try {
      stop = timers.later(this::step, stepNanos);
    } catch (RuntimeException e) { // shut down, or whatever a user's scheduler throws
      log.warn("slow start: the scheduler takes no task; weights stay as they are", e);
    }
  }

  private void step() {
    synchronized (this) {
      stop = null;
      if (closed) {
        return;
      }
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
    if (stop != null) {
      stop.run();
      stop = null;
    }
  }
}
