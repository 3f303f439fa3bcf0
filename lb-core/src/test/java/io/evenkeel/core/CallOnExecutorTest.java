package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Blocking calls whose attempts run on an executor. Time is moved by the attempts themselves while
 * the caller waits.
 */
class CallOnExecutorTest {

  private final VirtualTime time = new VirtualTime();
  private final ExecutorService executor = Executors.newCachedThreadPool();
  private final List<String> asked = new CopyOnWriteArrayList<>();
  private final LoadBalancer balancer =
      LoadBalancer.builder()
          .servers(Servers.numbered(3))
          .scheduler(time)
          .clock(time)
          .callPolicy(CallPolicy.builder().executor(executor).build())
          .build();

  @AfterEach
  void nothingIsLeft() throws InterruptedException {
    executor.shutdown();
    assertThat(executor.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
    assertThat(balancer.nodes()).allMatch(node -> node.inFlight() == 0);
    assertThat(time.pending()).isZero();
  }

  private CallPolicy.Builder policy() {
    return CallPolicy.builder().executor(executor);
  }

  @Test
  void attempts_runThere_andAreRetried() throws Exception {
    Thread caller = Thread.currentThread();
    String answer =
        balancer.call(
            server -> {
              assertThat(Thread.currentThread()).isNotSameAs(caller);
              asked.add(server.id());
              if (asked.size() < 3) {
                throw new IOException();
              }
              return server.id();
            });
    assertThat(asked).hasSize(3).doesNotHaveDuplicates().endsWith(answer);
  }

  @Test
  void failure_isThrownAsItIs() {
    for (Exception each :
        List.of(
            new IOException(),
            new TimeoutException("the function's own"),
            new CompletionException(new IOException()),
            new CancellationException("the function's own"))) {
      assertThatThrownBy(
              () ->
                  balancer.call(
                      server -> {
                        throw each;
                      }))
          .isSameAs(each);
    }
    StackOverflowError error = new StackOverflowError();
    assertThatThrownBy(
            () ->
                balancer.call(
                    server -> {
                      asked.add(server.id());
                      throw error;
                    }))
        .isSameAs(error);
    assertThat(asked).hasSize(1);
  }

  @Test
  void noServer_isSaidSo() {
    Servers.numbered(3).forEach(server -> balancer.drain(server.id()));
    assertThatThrownBy(() -> balancer.call(server -> 1))
        .isInstanceOf(NoServerAvailableException.class);
  }

  @Test
  void deadline_interruptsTheAttempt() {
    AtomicBoolean interrupted = new AtomicBoolean();
    CountDownLatch seen = new CountDownLatch(1);
    CountDownLatch never = new CountDownLatch(1);
    assertThatThrownBy(
            () ->
                balancer.call(
                    policy().deadline(Duration.ofSeconds(2)).build(),
                    Query.any(),
                    server -> {
                      time.advance(Duration.ofSeconds(2));
                      try {
                        never.await();
                      } catch (InterruptedException e) {
                        interrupted.set(true);
                      }
                      seen.countDown();
                      return 1;
                    }))
        .isExactlyInstanceOf(CallTimeoutException.class)
        .hasCauseExactlyInstanceOf(TimeoutException.class)
        .hasMessageStartingWith("no answer within PT2S; waiting for [s");
    Threads.await(() -> seen.getCount() == 0);
    assertThat(interrupted).isTrue();
    assertThat(balancer.nodes().stream().mapToLong(Node::failures).sum()).isEqualTo(1);
  }

  @Test
  void hedge_isAsked_andTheLoserIsInterrupted() throws Exception {
    LoadBalancer real = LoadBalancer.builder().servers(Servers.numbered(3)).build();
    AtomicReference<String> loser = new AtomicReference<>();
    CountDownLatch never = new CountDownLatch(1);
    String answer =
        real.call(
            policy().attempts(2).hedgeAfter(Duration.ofMillis(1)).build(),
            Query.any(),
            server -> {
              asked.add(server.id());
              if (asked.indexOf(server.id()) > 0) {
                return server.id();
              }
              try {
                never.await();
              } catch (InterruptedException e) {
                loser.set(server.id());
              }
              return "too late";
            });
    assertThat(asked).hasSize(2).endsWith(answer);
    Threads.await(() -> loser.get() != null);
    assertThat(loser).hasValue(asked.get(0));
    assertThat(Servers.node(real, loser.get()).failures()).isEqualTo(1);
    assertThat(Servers.node(real, answer).successes()).isEqualTo(1);
  }

  @Test
  void interruptedCaller_interruptsTheAttempts() throws Exception {
    CountDownLatch interrupted = new CountDownLatch(1);
    CountDownLatch never = new CountDownLatch(1);
    Thread caller = Thread.currentThread();
    assertThatThrownBy(
            () ->
                balancer.call(
                    server -> {
                      caller.interrupt();
                      try {
                        never.await();
                      } catch (InterruptedException e) {
                        interrupted.countDown();
                      }
                      return 1;
                    }))
        .isExactlyInstanceOf(CancellationException.class)
        .hasCauseExactlyInstanceOf(InterruptedException.class);
    assertThat(Thread.interrupted()).isTrue();
    Threads.await(() -> interrupted.getCount() == 0);
  }

  @Test
  void noRoomInTheExecutor_isNoFaultOfTheServer() {
    ExecutorService closed = Executors.newCachedThreadPool();
    closed.shutdown();
    assertThatThrownBy(
            () ->
                balancer.call(
                    CallPolicy.builder().executor(closed).build(), Query.any(), server -> 1))
        .isInstanceOf(RejectedExecutionException.class);
    assertThat(balancer.nodes()).allMatch(node -> node.failures() == 0);
  }

  @Test
  void attemptThatNeverBegan_isNoFaultOfTheServer() {
    List<Runnable> queued = new ArrayList<>();
    CallPolicy policy =
        CallPolicy.builder()
            .executor(
                task -> {
                  queued.add(task);
                  time.advance(Duration.ofSeconds(1)); // at once: it is not even queued yet
                })
            .deadline(Duration.ofSeconds(1))
            .build();
    assertThatThrownBy(() -> balancer.call(policy, Query.any(), server -> asked.add("never")))
        .isInstanceOf(CallTimeoutException.class);
    queued.forEach(Runnable::run);
    assertThat(queued).hasSize(1);
    assertThat(asked).isEmpty();
    assertThat(balancer.nodes()).allMatch(node -> node.failures() == 0);
  }

  @Test
  void executorThatRunsTheAttemptAndThrows_isFollowedAllTheSame() throws Exception {
    CallPolicy policy =
        CallPolicy.builder()
            .executor(
                task -> {
                  task.run();
                  throw new IllegalStateException("after that");
                })
            .build();
    String answer =
        balancer.call(
            policy,
            Query.any(),
            server -> {
              asked.add(server.id());
              if (asked.size() < 3) {
                throw new IOException();
              }
              return server.id();
            });
    assertThat(asked).hasSize(3).endsWith(answer);
  }

  @Test
  void directExecutor_worksAsWell_andKeepsNoInterruptOfOurs() throws Exception {
    CallPolicy policy =
        CallPolicy.builder()
            .executor(Runnable::run)
            .deadline(Duration.ofSeconds(1))
            .attempts(2)
            .build();
    assertThatThrownBy(
            () ->
                balancer.call(
                    policy,
                    Query.any(),
                    server -> {
                      asked.add(server.id());
                      if (asked.size() == 2) {
                        time.advance(Duration.ofSeconds(1));
                      }
                      throw new IOException();
                    }))
        .isInstanceOf(CallTimeoutException.class);
    assertThat(asked).hasSize(2);
    assertThat(Thread.interrupted()).isFalse();
  }
}
