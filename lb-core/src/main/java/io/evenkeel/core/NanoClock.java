package io.evenkeel.core;

/**
 * Where time comes from: nanoseconds since an arbitrary origin, never going back.
 *
 * <p>Only differences between two readings mean anything, as with {@link System#nanoTime()}.
 * Implementations are safe for use by any thread.
 */
@FunctionalInterface
public interface NanoClock {

  /** Now, in nanoseconds since this clock's origin; may be negative. */
  long nanoTime();

  /** The clock of this JVM, {@link System#nanoTime()}. */
  static NanoClock system() {
    return System::nanoTime;
  }
}
