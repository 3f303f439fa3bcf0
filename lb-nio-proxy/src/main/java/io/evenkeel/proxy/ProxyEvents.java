package io.evenkeel.proxy;

import io.evenkeel.proxy.ProxyEvent.AcceptingPaused;
import io.evenkeel.proxy.ProxyEvent.AcceptingResumed;
import io.evenkeel.proxy.ProxyEvent.Draining;
import io.evenkeel.proxy.ProxyEvent.Listening;
import io.evenkeel.proxy.ProxyEvent.Stopped;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The events of one proxy: puts them in order, and hands them to its listener one at a time,
 * outside any lock. Safe for use by any thread; where nobody listens it costs nothing.
 *
 * <p>An event is put into the queue under this object's lock, and taken out by whoever calls {@link
 * #deliver} while nobody else does: whoever delivers goes on until it finds the queue empty, and
 * gives up delivering under the same lock. So no event stays behind, and a caller that finds
 * somebody delivering may leave.
 *
 * <p>Pauses come and go with each client at a limit, and ten times a second while there is no
 * descriptor; so a pause is over only when no loop has paused for ten seconds. The events of pauses
 * are made beforehand: without descriptors their classes might not be found.
 */
final class ProxyEvents {

  private static final QuietLog log = new QuietLog(TcpProxy.class);
  static final long QUIET_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final @Nullable Consumer<? super ProxyEvent> listener;
  private final Runnable delivery = this::deliver;

  // Guarded by this object's lock.
  private final Queue<ProxyEvent> undelivered = new ArrayDeque<>();
  private final Map<PauseReason, Pauses> pauses = new EnumMap<>(PauseReason.class);
  private boolean delivering;

  /** Whether {@link Listening} is out: nothing may come before it. */
  private boolean listening;

  private boolean draining;

  /** The pauses of all loops for one reason. */
  private static final class Pauses {
    final ProxyEvent paused;
    final ProxyEvent resumed;

    /** Those that pause now. */
    int loops;

    /** Whether the last event of this reason is that it paused. */
    boolean told;

    /** When a loop last went on. */
    long lastNanos;

    Pauses(PauseReason reason) {
      paused = new AcceptingPaused(reason);
      resumed = new AcceptingResumed(reason);
    }
  }

  ProxyEvents(@Nullable Consumer<? super ProxyEvent> listener) {
    this.listener = listener;
    forgetPauses();
  }

  private void forgetPauses() {
    for (PauseReason reason : PauseReason.values()) {
      pauses.put(reason, new Pauses(reason));
    }
  }

  private Pauses pausesFor(PauseReason reason) {
    return Objects.requireNonNull(pauses.get(reason));
  }

  boolean isHeard() {
    return listener != null;
  }

  /** It was started, and may have been drained or have paused meanwhile. */
  synchronized void listening(InetSocketAddress address) {
    listening = true;
    undelivered.add(new Listening(address));
    if (draining) {
      undelivered.add(new Draining());
    }
    pauses.values().forEach(this::tell);
  }

  /** The start failed, and every loop has ended: as if nothing had been. */
  synchronized void startFailed() {
    draining = false;
    forgetPauses();
  }

  synchronized void draining() {
    if (!draining) {
      draining = true;
      if (listening) {
        undelivered.add(new Draining());
      }
    }
  }

  synchronized void stopped(int cut) {
    undelivered.add(new Stopped(cut));
  }

  /**
   * A loop pauses for another reason than before, or time has passed; null for no pause.
   *
   * @return whether there is something to deliver
   */
  synchronized boolean pauseChanged(
      @Nullable PauseReason before, @Nullable PauseReason after, long nowNanos) {
    if (before != null) {
      Pauses left = pausesFor(before);
      left.loops--;
      left.lastNanos = nowNanos;
    }
    if (after != null) {
      Pauses entered = pausesFor(after);
      entered.loops++;
      tell(entered);
    }
    for (Pauses each : pauses.values()) {
      if (each.told && each.loops == 0 && nowNanos - each.lastNanos >= QUIET_NANOS && !draining) {
        each.told = false;
        undelivered.add(each.resumed);
      }
    }
    return !undelivered.isEmpty();
  }

  private void tell(Pauses pause) {
    if (listening && !draining && pause.loops > 0 && !pause.told) {
      pause.told = true;
      undelivered.add(pause.paused);
    }
  }

  /** Calls the listener on this loop, soon. */
  void deliverOn(EventLoop loop) {
    if (isHeard()) {
      loop.execute(delivery);
    }
  }

  /** Calls the listener with all there is, unless somebody does so already. Never throws. */
  void deliver() {
    if (listener == null || !beginDelivering()) {
      return;
    }
    for (ProxyEvent next = next(); next != null; next = next()) {
      try {
        listener.accept(next);
      } catch (Throwable e) {
        log.warn("listener {} failed on {}", listener, next, e);
      }
    }
  }

  private synchronized boolean beginDelivering() {
    boolean begins = !delivering;
    delivering = true;
    return begins;
  }

  /** Null at the end of delivering. */
  private synchronized @Nullable ProxyEvent next() {
    ProxyEvent next = undelivered.poll();
    delivering = next != null;
    return next;
  }

  /** What one loop says of its pauses. Event loop only. */
  static final class OfLoop extends Timer {

    private final ProxyEvents events;
    private final EventLoop loop;

    OfLoop(ProxyEvents events, EventLoop loop) {
      this.events = events;
      this.loop = loop;
    }

    /** It pauses for another reason than before; null for no pause. Never throws. */
    void pauseChanged(@Nullable PauseReason before, @Nullable PauseReason after) {
      if (!events.isHeard() || before == after) {
        return;
      }
      try {
        long now = loop.nowNanos();
        if (before != null) {
          loop.timers().arm(this, now + QUIET_NANOS);
        }
        look(before, after, now);
      } catch (Throwable e) {
        failed(e);
      }
    }

    /**
     * Long enough since this loop last went on. Where another has since, it looks later; where this
     * one has again and again, for another reason, it looked each time.
     */
    @Override
    void expired(long nowNanos) {
      look(null, null, nowNanos);
    }

    private void look(@Nullable PauseReason before, @Nullable PauseReason after, long nowNanos) {
      if (events.pauseChanged(before, after, nowNanos)) {
        events.deliverOn(loop);
      }
    }

    @Override
    void failed(Throwable cause) {
      log.error("events of pauses failed", cause);
    }
  }
}
