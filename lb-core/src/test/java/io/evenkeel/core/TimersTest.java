package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Timers without a scheduler of the user's; those with one are in the tests of calls. */
class TimersTest {

  private final Timers timers = new Timers(null);

  /** The application may fill its common pool with work that waits for just this timer. */
  @Test
  void timer_waitsForNobodyInTheCommonPool() {
    CountDownLatch blocked = new CountDownLatch(1);
    AtomicReference<Thread> ran = new AtomicReference<>();
    try {
      for (int i = 0; i < 2 * ForkJoinPool.getCommonPoolParallelism(); i++) {
        ForkJoinPool.commonPool()
            .execute(
                () -> {
                  try {
                    blocked.await();
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                });
      }
      Runnable unused = timers.later(() -> ran.set(Thread.currentThread()), 1);
      Threads.await(() -> ran.get() != null);
    } finally {
      blocked.countDown();
    }
    assertThat(ran.get().getName()).isEqualTo("evenkeel-timer");
    assertThat(ran.get().isDaemon()).isTrue();
  }

  @Test
  void stopped_doesNotRun_andMayBeStoppedAgain() {
    AtomicReference<Thread> ran = new AtomicReference<>();
    Runnable stop = timers.later(() -> ran.set(Thread.currentThread()), Long.MAX_VALUE);
    stop.run();
    stop.run();
    assertThat(ran).hasNullValue();
  }
}
