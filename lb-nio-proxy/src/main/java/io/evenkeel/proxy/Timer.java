package io.evenkeel.proxy;

import org.jspecify.annotations.Nullable;

/**
 * Something that happens at a time unless it is put off. Links itself into a {@link TimerWheel}, so
 * that arming and disarming allocate nothing. Event loop only.
 */
abstract class Timer {

  @Nullable Timer before;
  @Nullable Timer after;
  long dueTick;

  /** The time has come; the timer is disarmed and may be armed again. */
  abstract void expired(long nowNanos);

  /** {@link #expired} threw. */
  abstract void failed(Throwable cause);
}
