package io.evenkeel.health;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** What one check is given to work with. Safe for use by any thread. */
public final class ProbeContext {

  private final Duration timeout;
  private final ProbeLoop loop;

  /** Guarded by itself, as is {@link #ended}. */
  private final List<Runnable> atEnd = new ArrayList<>(1);

  private boolean ended;

  ProbeContext(Duration timeout, ProbeLoop loop) {
    this.timeout = timeout;
    this.loop = loop;
  }

  /** How long the check may take; the monitor sees to it, and a probe need not. */
  public Duration timeout() {
    return timeout;
  }

  /** Where the built-in probes do their I/O. */
  ProbeLoop loop() {
    return loop;
  }

  /**
   * Runs an action when the check is over, whatever ended it. Sockets hang on this and not on the
   * stage that the probe returned, because a user may have wrapped that in a stage of their own,
   * whose cancellation does not reach ours.
   */
  void onEnd(Runnable action) {
    synchronized (atEnd) {
      if (!ended) {
        atEnd.add(action);
        return;
      }
    }
    action.run();
  }

  /** The check is over. Idempotent. */
  void end() {
    List<Runnable> actions;
    synchronized (atEnd) {
      ended = true;
      actions = List.copyOf(atEnd);
      atEnd.clear();
    }
    actions.forEach(Runnable::run);
  }
}
