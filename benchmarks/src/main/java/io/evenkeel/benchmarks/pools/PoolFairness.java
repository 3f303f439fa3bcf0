package io.evenkeel.benchmarks.pools;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.HdrHistogram.Histogram;

/**
 * Who gets how much of a pool of ten that 64 threads want all the time: the share of the slowest
 * thread, and how long a borrow takes. Uses take no time, or some hundred microseconds without a
 * core, as a request to another machine does.
 */
final class PoolFairness {

  static final int THREADS = 64;

  private static final int DIGITS = 2;

  /**
   * What came of one run.
   *
   * @param perSecond uses a second, of all threads
   * @param slowest the uses of the slowest thread, as a share of the mean
   * @param p999Nanos 99.9 % of the borrows took at most this long
   */
  record Outcome(double perSecond, double slowest, long p999Nanos, long maxNanos) {}

  private PoolFairness() {}

  /**
   * Lets them run.
   *
   * @param holdNanos how long each is held; 0 not at all
   */
  static Outcome run(Contestant pool, double seconds, long holdNanos) throws Exception {
    AtomicBoolean stop = new AtomicBoolean();
    AtomicReference<Throwable> failure = new AtomicReference<>();
    long[] uses = new long[THREADS];
    Histogram[] waits = new Histogram[THREADS];
    Thread[] threads = new Thread[THREADS];
    CountDownLatch together = new CountDownLatch(1);
    for (int i = 0; i < THREADS; i++) {
      int index = i;
      waits[i] = new Histogram(DIGITS);
      threads[i] =
          new Thread(
              () -> {
                try {
                  together.await();
                  long count = 0;
                  while (!stop.get()) {
                    long begun = System.nanoTime();
                    Object borrowed = pool.borrow();
                    waits[index].recordValue(System.nanoTime() - begun);
                    hold(holdNanos);
                    pool.giveBack(borrowed);
                    count++;
                  }
                  uses[index] = count;
                } catch (Throwable e) {
                  failure.set(e);
                }
              });
      threads[i].start();
    }
    long begun = System.nanoTime();
    together.countDown();
    Thread.sleep((long) (seconds * 1_000));
    stop.set(true);
    for (Thread thread : threads) {
      thread.join();
    }
    double took = (System.nanoTime() - begun) / 1e9;
    if (failure.get() != null) {
      throw new IllegalStateException(failure.get());
    }
    Histogram all = new Histogram(DIGITS);
    long sum = 0;
    long least = Long.MAX_VALUE;
    for (int i = 0; i < THREADS; i++) {
      all.add(waits[i]);
      sum += uses[i];
      least = Math.min(least, uses[i]);
    }
    return new Outcome(
        sum / took,
        (double) least * THREADS / sum,
        all.getValueAtPercentile(99.9),
        all.getMaxValue());
  }

  private static void hold(long nanos) {
    if (nanos > 0) {
      java.util.concurrent.locks.LockSupport.parkNanos(nanos);
    }
  }

  /** {@code PoolFairness NAME SECONDS HOLD_NANOS}: one line of {@link Outcome}'s components. */
  public static void main(String[] args) throws Exception {
    Outcome outcome =
        run(Contestants.named(args[0]), Double.parseDouble(args[1]), Long.parseLong(args[2]));
    System.out.printf(
        "outcome %s %s %d %d%n",
        outcome.perSecond(), outcome.slowest(), outcome.p999Nanos(), outcome.maxNanos());
    System.exit(0); // some pools have threads that are no daemons
  }
}
