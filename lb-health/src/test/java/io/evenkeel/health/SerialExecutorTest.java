package io.evenkeel.health;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SerialExecutorTest {

  @Test
  void execute_byManyThreads_runsEachOnceOneAtATimeInTheOrderOfEachThread() throws Exception {
    ExecutorService backing = Executors.newFixedThreadPool(3);
    SerialExecutor serial = new SerialExecutor(backing, () -> {}, () -> {});
    int perThread = 20_000;
    int[] seen = new int[2]; // unguarded on purpose: the executor is what guards it
    CountDownLatch done = new CountDownLatch(2 * perThread);
    List<Thread> callers = new ArrayList<>();
    for (int caller = 0; caller < 2; caller++) {
      int index = caller;
      callers.add(
          new Thread(
              () -> {
                for (int i = 0; i < perThread; i++) {
                  int expected = i;
                  serial.execute(
                      () -> {
                        if (seen[index] == expected) {
                          seen[index]++;
                        }
                        done.countDown();
                      });
                }
              }));
    }
    callers.forEach(Thread::start);

    assertThat(done.await(30, TimeUnit.SECONDS)).isTrue();
    backing.shutdown();
    assertThat(backing.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
    assertThat(seen).containsExactly(perThread, perThread);
  }

  @Test
  void execute_taskThrows_runsTheNext() {
    Queue<Runnable> backing = new ArrayDeque<>();
    SerialExecutor serial = new SerialExecutor(backing::add, () -> {}, () -> {});
    List<String> ran = new ArrayList<>();
    serial.execute(
        () -> {
          throw new AssertionError("on purpose");
        });
    serial.execute(() -> ran.add("second"));

    assertThat(backing).hasSize(1);
    backing.remove().run();

    assertThat(ran).containsExactly("second");
    serial.execute(() -> ran.add("third"));
    backing.remove().run();
    assertThat(ran).containsExactly("second", "third");
  }

  @Test
  void execute_backingIsShutDown_dropsTheTaskAndThoseAfter() {
    List<Runnable> asked = new ArrayList<>();
    int[] refusals = {0};
    SerialExecutor serial =
        new SerialExecutor(
            task -> {
              asked.add(task);
              throw new RejectedExecutionException();
            },
            () -> {},
            () -> refusals[0]++);
    serial.execute(() -> {});
    serial.execute(() -> {});

    assertThat(asked).hasSize(1);
    assertThat(refusals).containsExactly(1);
  }

  @Test
  void close_beforeTheTaskRan_runsNothing() {
    Queue<Runnable> backing = new ArrayDeque<>();
    SerialExecutor serial = new SerialExecutor(backing::add, () -> {}, () -> {});
    List<String> ran = new ArrayList<>();
    serial.execute(() -> ran.add("never"));
    serial.close();
    serial.execute(() -> ran.add("nor this"));

    backing.remove().run();

    assertThat(ran).isEmpty();
    assertThat(backing).isEmpty();
  }

  @Test
  void endOfTurn_comesOnceAfterAllThatIsThere() {
    List<Runnable> asked = new ArrayList<>();
    List<String> done = new ArrayList<>();
    SerialExecutor serial = new SerialExecutor(asked::add, () -> done.add("end"), () -> {});
    serial.execute(() -> serial.execute(() -> done.add("b")));
    serial.execute(() -> done.add("a"));
    asked.get(0).run();
    serial.execute(() -> done.add("c"));
    asked.get(1).run();

    assertThat(done).containsExactly("a", "b", "end", "c", "end");
  }
}
