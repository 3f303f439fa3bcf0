package io.evenkeel.health;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What one check is given to work with. Safe for use by any thread. */
public final class ProbeContext {

  /**
   * What a check waits for.
   *
   * @param forUs whether that is our own doing, which its server cannot help
   */
  private record Waiting(String what, boolean forUs) {}

  private final Duration timeout;
  private final ProbeLoop loop;
  private final HostAddress address;

  /** Guarded by itself, as is {@link #ended}. */
  private final List<Runnable> atEnd = new ArrayList<>(1);

  private boolean ended;

  /** Written by who makes the check, read by who ends it. */
  private volatile @Nullable Waiting waiting;

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
    waiting = new Waiting(what, false);
  }

  /** Notes that it waits for something of our own: not being over in time says nothing then. */
  void waitsForUs(String what) {
    waiting = new Waiting(what, true);
  }

  @Nullable String waitsFor() {
    Waiting now = waiting;
    return now == null ? null : now.what;
  }

  /** How it went, if its time is up now. */
  ProbeResult timedOut() {
    Waiting now = waiting;
    if (now != null && now.forUs) {
      return ProbeResult.inconclusive(now.what);
    }
    return ProbeResult.failure(
        "timed out after " + HealthPolicy.text(timeout) + (now == null ? "" : " " + now.what));
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
