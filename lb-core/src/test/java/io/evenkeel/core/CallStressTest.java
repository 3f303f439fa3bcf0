package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Many calls at once, hedged, cut off, cancelled: every lease comes back, every call ends. */
class CallStressTest {

  private static final int THREADS = 6;

  private final ScheduledThreadPoolExecutor scheduler = new ScheduledThreadPoolExecutor(2);
  private final AtomicLong ended = new AtomicLong();
  private final AtomicLong begun = new AtomicLong();

  private LoadBalancer balancer() {
    scheduler.setRemoveOnCancelPolicy(true);
    return LoadBalancer.builder()
        .servers(Servers.numbered(4))
        .selector(Selectors.peakEwma())
        .scheduler(scheduler)
        .retryBudget(1_000, 1_000, Duration.ofSeconds(10))
        .build();
  }

  private void checkNothingIsLeft(LoadBalancer balancer) {
    for (Node node : balancer.nodes()) {
      Threads.await(() -> node.inFlight() == 0);
      assertThat(node.successes() + node.failures()).isLessThanOrEqualTo(node.picks());
    }
    Threads.await(() -> scheduler.getQueue().isEmpty());
    scheduler.shutdownNow();
  }

  @Test
  void callAsync_byManyThreads_leavesNothingBehind() throws Exception {
    long seed = Threads.seed();
    System.out.println("seed " + seed);
    LoadBalancer balancer = balancer();
    CallPolicy hedged =
        CallPolicy.builder()
            .attempts(4)
            .hedgeAfter(Duration.ofNanos(50_000))
            .deadline(Duration.ofMillis(5))
            .build();
    CallPolicy learning = CallPolicy.builder().attempts(3).hedgeAtPercentile(80).build();
    Semaphore room = new Semaphore(200);
    int each = 3_000;
    Threads.run(
        THREADS,
        index -> {
          SplittableRandom random = new SplittableRandom(seed + index);
          for (int i = 0; i < each; i++) {
            room.acquire();
            boolean mayHang = i % 2 == 0;
            CompletableFuture<Integer> result =
                balancer.callAsync(
                    mayHang ? hedged : learning,
                    Query.any(),
                    server -> attempt(random(random), mayHang));
            CompletableFuture<Void> counted =
                result.handle(
                    (value, e) -> {
                      ended.incrementAndGet();
                      room.release();
                      return null;
                    });
            assertThat(counted).isNotNull();
            if (random(random) % 10 == 0) {
              result.cancel(true);
            }
          }
        });
    Threads.await(() -> ended.get() == THREADS * (long) each);
    checkNothingIsLeft(balancer);
    assertThat(balancer.nodes().stream().mapToLong(Node::picks).sum())
        .isGreaterThanOrEqualTo(begun.get());
  }

  /** Attempts of one call may run on several threads. */
  private static int random(SplittableRandom random) {
    synchronized (random) {
      return random.nextInt(1_000);
    }
  }

  private CompletableFuture<Integer> attempt(int chance, boolean mayHang) {
    begun.incrementAndGet();
    CompletableFuture<Integer> answer = new CompletableFuture<>();
    if (chance < 200) {
      answer.complete(chance);
    } else if (chance < 300) {
      answer.completeExceptionally(new IOException());
    } else if (chance < 310) {
      throw new IllegalStateException();
    } else if (chance < 320 && mayHang) {
      return answer;
    } else {
      Future<?> unused =
          scheduler.schedule(
              () ->
                  chance % 3 == 0
                      ? answer.completeExceptionally(new IOException())
                      : answer.complete(chance),
              chance % 100,
              TimeUnit.MICROSECONDS);
    }
    return answer;
  }

  @Test
  void callOnAnExecutor_byManyThreads_endsByTheRules_andLeavesNoLeaseTimerOrInterruptBehind()
      throws Exception {
    LoadBalancer balancer = balancer();
    AtomicLong leftInterrupted = new AtomicLong();
    AtomicLong answered = new AtomicLong();
    AtomicLong failed = new AtomicLong();
    ExecutorService executor =
        new ThreadPoolExecutor(
            0, Integer.MAX_VALUE, 60, TimeUnit.SECONDS, new SynchronousQueue<>()) {
          @Override
          protected void afterExecute(Runnable task, Throwable thrown) {
            if (Thread.currentThread().isInterrupted()) {
              leftInterrupted.incrementAndGet();
            }
          }
        };
    CallPolicy policy =
        CallPolicy.builder()
            .attempts(3)
            .executor(executor)
            .hedgeAfter(Duration.ofNanos(100_000))
            .deadline(Duration.ofMillis(20))
            .build();
    Threads.run(
        THREADS,
        index -> {
          SplittableRandom random = new SplittableRandom(index);
          for (int i = 0; i < 500; i++) {
            try {
              int answer = balancer.call(policy, Query.any(), server -> attemptHere(random));
              assertThat(answer).isGreaterThanOrEqualTo(400);
              answered.incrementAndGet();
            } catch (IOException e) {
              assertThat(e).hasMessage("lost");
              failed.incrementAndGet();
            } catch (CallTimeoutException e) {
              assertThat(e).hasMessageStartingWith("no answer within PT0.02S");
              failed.incrementAndGet();
            }
          }
        });
    checkNothingIsLeft(balancer);
    executor.shutdown();
    assertThat(executor.awaitTermination(30, TimeUnit.SECONDS)).as("all interrupted").isTrue();
    assertThat(leftInterrupted).as("threads given back with our interrupt").hasValue(0);
    assertThat(answered.get() + failed.get()).isEqualTo(THREADS * 500L);
    assertThat(balancer.nodes().stream().mapToLong(Node::successes).sum())
        .isGreaterThanOrEqualTo(answered.get());
    assertThat(balancer.nodes().stream().mapToLong(n -> n.successes() + n.failures()).sum())
        .as("who was asked, and nobody else, is judged")
        .isEqualTo(begun.get());
    assertThat(balancer.nodes().stream().mapToLong(Node::picks).sum())
        .as("some were retried or hedged")
        .isGreaterThan(THREADS * 500L);
  }

  /** Answers, fails, or hangs until it is interrupted. */
  private int attemptHere(SplittableRandom random) throws IOException, InterruptedException {
    begun.incrementAndGet();
    int chance = random(random);
    if (chance < 300) {
      throw new IOException("lost");
    }
    if (chance < 400) {
      new Semaphore(0).acquire();
    }
    return chance;
  }
}
