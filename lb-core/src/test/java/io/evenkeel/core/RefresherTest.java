package io.evenkeel.core;

import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** When it is asked, and that nothing is left when it is closed. */
class RefresherTest {

  private final VirtualTime time = new VirtualTime();
  private final List<Object> heard = new ArrayList<>();

  private final ServerSource.Sink sink =
      new ServerSource.Sink() {
        @Override
        public void update(Collection<Server> servers) {
          heard.add(servers.size());
        }

        @Override
        public void failed(Throwable cause) {
          heard.add(cause.getMessage());
        }
      };

  private static RefreshSchedule tenSeconds() {
    return RefreshSchedule.every(ofSeconds(10), Randomness.seeded(1));
  }

  @Test
  void answers_atTheInterval_failures_soonerAndBackedOff() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    boolean[] unwell = new boolean[1];
    Refresher refresher =
        new Refresher(
                () -> {
                  asked.incrementAndGet();
                  if (unwell[0]) {
                    throw new AssertionError("unwell");
                  }
                  return new Refresher.Answer(List.of(Servers.server(0)), 0);
                },
                () -> {},
                tenSeconds(),
                sink,
                time)
            .startNow();
    assertThat(asked).hasValue(0);
    time.advance(ofSeconds(0));
    assertThat(asked).hasValue(1);
    time.advance(ofSeconds(8));
    assertThat(asked).hasValue(1);
    unwell[0] = true;
    time.advance(ofSeconds(3)); // 9 to 11 s after the first
    assertThat(asked).as("asked, perhaps a retry, too").hasValueBetween(2, 3);
    assertThat(heard.subList(0, 2)).containsExactly(1, "unwell");
    time.advance(ofSeconds(27)); // 1 + 2 + 4 + 8 + 10 = 25, give or take
    assertThat(asked).hasValueBetween(6, 8);
    unwell[0] = false;
    time.advance(ofSeconds(12));
    assertThat(heard).last().isEqualTo(1);
    refresher.close();
    assertThat(time.pending()).isZero();
  }

  @Test
  void nothingNew_isNotTold() throws Exception {
    try (Refresher unused =
        new Refresher(() -> null, () -> {}, tenSeconds(), sink, time)
            .startWith(new Refresher.Answer(List.of(), 0))) {
      time.advance(ofSeconds(100));
      assertThat(heard).containsExactly(0);
      assertThat(time.pending()).isEqualTo(1);
    }
    assertThat(time.pending()).isZero();
  }

  @Test
  void schedulerShutDown_isAFailure_notAnException() {
    time.shutdown();
    Refresher unused = new Refresher(() -> null, () -> {}, tenSeconds(), sink, time).startNow();
    assertThat(heard).containsExactly("the scheduler is shut down: no more refreshes");
  }

  @Test
  void ownThread_isADaemon_andEndsWithClose_alsoInTheMiddleOfAQuestion() throws Exception {
    CountDownLatch asking = new CountDownLatch(1);
    CountDownLatch interrupted = new CountDownLatch(1);
    AtomicReference<Thread> thread = new AtomicReference<>();
    Refresher refresher =
        new Refresher(
                () -> {
                  thread.set(Thread.currentThread());
                  asking.countDown();
                  while (interrupted.getCount() > 0) {
                    try {
                      interrupted.await();
                    } catch (InterruptedException e) {
                      // one that is deaf to it
                    }
                  }
                  return new Refresher.Answer(List.of(), 0);
                },
                interrupted::countDown,
                tenSeconds(),
                sink,
                null)
            .startNow();
    asking.await();
    assertThat(thread.get().isDaemon()).isTrue();
    refresher.close();
    assertThat(thread.get().isAlive()).isFalse();
    assertThat(heard).isEmpty();
  }

  @Test
  void interrupterThatThrows_theThreadEndsAllTheSame() throws Exception {
    CountDownLatch asking = new CountDownLatch(1);
    AtomicReference<Thread> thread = new AtomicReference<>();
    Refresher refresher =
        new Refresher(
                () -> {
                  thread.set(Thread.currentThread());
                  asking.countDown();
                  new CountDownLatch(1).await();
                  return null;
                },
                () -> {
                  throw new IOException("will not");
                },
                tenSeconds(),
                sink,
                null)
            .startNow();
    asking.await();
    assertThatIOException().isThrownBy(refresher::close).withMessage("will not");
    assertThat(thread.get().isAlive()).isFalse();
  }

  @Test
  void ownThread_closedByItself_isNoDeadlock() throws Exception {
    CountDownLatch closed = new CountDownLatch(1);
    AtomicReference<Refresher> refresher = new AtomicReference<>();
    CountDownLatch set = new CountDownLatch(1);
    AtomicReference<Thread> thread = new AtomicReference<>();
    refresher.set(
        new Refresher(
                () -> {
                  set.await();
                  thread.set(Thread.currentThread());
                  refresher.get().close();
                  closed.countDown();
                  return null;
                },
                () -> {},
                tenSeconds(),
                sink,
                null)
            .startNow());
    set.countDown();
    closed.await();
    Threads.await(() -> !thread.get().isAlive());
  }
}
