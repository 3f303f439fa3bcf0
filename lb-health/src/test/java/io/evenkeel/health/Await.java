package io.evenkeel.health;

import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Looks again and again until something has become true, and gives up late. */
final class Await {

  private static final long GIVE_UP_NANOS = 30_000_000_000L;

  private Await() {}

  static void until(String what, BooleanSupplier condition) {
    long start = System.nanoTime();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - start > GIVE_UP_NANOS) {
        throw new AssertionError("never came true: " + what);
      }
      LockSupport.parkNanos(500_000);
    }
  }
}
