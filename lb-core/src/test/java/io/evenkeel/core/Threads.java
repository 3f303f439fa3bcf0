package io.evenkeel.core;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * Several threads at once, for stress tests: started together, joined, their failures passed on.
 */
public final class Threads {

  /** What one of the threads does. */
  @FunctionalInterface
  public interface Body {
    /** The work of the thread of this index, 0 to n − 1. */
    void run(int index) throws Exception;
  }

  private Threads() {}

  /** Runs a body in n threads that start together, and returns when all have ended. */
  public static void run(int n, Body body) throws InterruptedException {
    CyclicBarrier together = new CyclicBarrier(n);
    AtomicReference<Throwable> failure = new AtomicReference<>();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      int index = i;
      Thread thread =
          new Thread(
              () -> {
                try {
                  together.await();
                  body.run(index);
                } catch (Throwable e) {
                  if (!failure.compareAndSet(null, e)) {
                    failure.get().addSuppressed(e);
                  }
                }
              },
              "stress-" + i);
      threads.add(thread);
      thread.start();
    }
    for (Thread thread : threads) {
      thread.join();
    }
    if (failure.get() != null) {
      throw new AssertionError("a thread failed: " + failure.get(), failure.get());
    }
  }

  /** Waits for what another thread is about to make true; only a stuck test runs into the limit. */
  public static void await(BooleanSupplier condition) {
    long deadline = System.nanoTime() + 30_000_000_000L;
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - deadline > 0) {
        throw new AssertionError("did not come true");
      }
      LockSupport.parkNanos(20_000);
    }
  }

  /** A seed for a stress test: {@code -Dseed=…} to repeat a run, random otherwise. Print it. */
  public static long seed() {
    return Long.getLong("seed", ThreadLocalRandom.current().nextLong());
  }
}
