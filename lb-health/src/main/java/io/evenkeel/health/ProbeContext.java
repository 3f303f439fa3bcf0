package io.evenkeel.health;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What one check is given to work with. Safe for use by any thread. */
public final class ProbeContext {

  /** What a check waits for before it has begun to ask anybody: its server cannot help it. */
  static final String FOR_US = "waiting for a thread to look up the host";

  private final Duration timeout;
  private final ProbeLoop loop;
  private final HostAddress address;

  /** Guarded by itself, as is {@link #ended}. */
  private final List<Runnable> atEnd = new ArrayList<>(1);

  private boolean ended;

  /** Written by who makes the check, read by who ends it. */
  private volatile @Nullable String waitsFor;

  ProbeContext(Duration timeout, ProbeLoop loop, HostAddress address) {
    this.timeout = timeout;
    this.loop = loop;
    this.address = address;
  }

  /** How long the check may take; the monitor sees to it, and a probe need not. */
  public Duration timeout() {
    return timeout;
  }

  /** Notes what the check waits for, to be said if it is not over in time. */
  void waitsFor(String what) {
    waitsFor = what;
  }

  @Nullable String waitsFor() {
    return waitsFor;
  }

  /** Where the server's host was found last. */
  HostAddress address() {
    return address;
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
