package io.evenkeel.server;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Waiting for what tells nobody that it has happened, such as a count in /proc. */
final class Waiting {

  private static final long PATIENCE_SECONDS = 30;

  private Waiting() {}

  /** A condition that may need I/O. */
  interface Condition {
    boolean holds() throws Exception;
  }

  /** Looks again and again until it holds; fails when that takes too long. */
  static void until(String what, Condition condition) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (!condition.holds()) {
      if (System.nanoTime() - deadline > 0) {
        throw new AssertionError("not within " + PATIENCE_SECONDS + " s: " + what);
      }
      pass(20);
    }
  }

  /** Lets time pass, as a window to measure in. */
  static void pass(long millis) throws InterruptedException {
    boolean never = new CountDownLatch(1).await(millis, TimeUnit.MILLISECONDS);
    assert !never;
  }
}
