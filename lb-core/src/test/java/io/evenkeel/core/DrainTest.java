package io.evenkeel.core;

import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** A drained server gets nothing new; who drained it hears when it has nothing left. */
class DrainTest {

  private final VirtualTime time = new VirtualTime();
  private final Server a = Server.of("10.0.0.1", 80);
  private final LoadBalancer balancer = LoadBalancer.builder().servers(a).scheduler(time).build();

  private CompletableFuture<Integer> drain(Duration deadline) {
    return balancer.drain(a.id(), deadline).toCompletableFuture();
  }

  @Test
  void nothingInFlight_isDoneAtOnce() {
    assertThat(drain(ofSeconds(30))).isCompletedWithValue(0);
    assertThat(balancer.eligibleCount()).isZero();
  }

  @Test
  void lastLeaseClosed_isDone() {
    Lease first = balancer.acquire();
    Lease second = balancer.acquire();
    CompletableFuture<Integer> done = drain(ofSeconds(30));
    CompletableFuture<Integer> again = drain(ofSeconds(60));
    first.close();
    assertThat(done).isNotDone();
    second.close();
    assertThat(done).isCompletedWithValue(0);
    assertThat(again).isCompletedWithValue(0);
    assertThat(drain(ofSeconds(1))).isCompletedWithValue(0);
  }

  @Test
  void timeIsUp_saysHowManyAreLeft() {
    Lease lease = balancer.acquire();
    CompletableFuture<Integer> done = drain(ofSeconds(30));
    time.advance(ofSeconds(29));
    assertThat(done).isNotDone();
    time.advance(ofSeconds(1));
    assertThat(done).isCompletedWithValue(1);
    assertThat(balancer.eligibleCount()).as("goes on draining").isZero();
    lease.close();
  }

  @Test
  void removedWhileDraining_isDoneWithItsLastLease() {
    Lease lease = balancer.acquire();
    CompletableFuture<Integer> done = drain(ofSeconds(30));
    balancer.remove(a.id());
    assertThat(done).isNotDone();
    lease.close();
    assertThat(done).isCompletedWithValue(0);
  }

  @Test
  void resumed_isCancelled_andTheServerIsBack() {
    Lease lease = balancer.acquire();
    CompletableFuture<Integer> done = drain(ofSeconds(30));
    balancer.maintain(a.id());
    assertThat(balancer.resume(a.id())).isTrue();
    assertThatThrownBy(done::join).hasRootCauseInstanceOf(CancellationException.class);
    assertThat(balancer.eligibleCount()).isEqualTo(1);
    lease.close();
    CompletableFuture<Integer> next = drain(ofSeconds(30));
    assertThat(next).isCompletedWithValue(0);
  }

  @Test
  void maintenance_isIndependentOfHealth() {
    try (BlockOwner owner = balancer.claim(Block.PROBE_DOWN)) {
      owner.set(a.id(), "a test");
      assertThat(balancer.maintain(a.id())).isTrue();
      assertThat(balancer.maintain(a.id())).isFalse();
      owner.clear(a.id(), "a test");
      assertThat(balancer.nodes().get(0).blocks()).containsExactly(Block.MAINTENANCE);
      assertThat(balancer.resume(a.id())).isTrue();
      assertThat(balancer.eligibleCount()).isEqualTo(1);
    }
  }

  @Test
  void schedulerThatTakesNothing_isSaid_andTheServerDrains() {
    VirtualTime over = new VirtualTime();
    over.shutdown();
    LoadBalancer one = LoadBalancer.builder().servers(a).scheduler(over).build();
    Lease lease = one.acquire();
    assertThat(one.drain(a.id(), ofSeconds(1)).toCompletableFuture()).isCompletedExceptionally();
    assertThat(one.eligibleCount()).isZero();
    lease.close();
  }

  @Test
  void closed_leavesNoTimer_andTheDrainWaitsForItsLeases() {
    VirtualTime time = new VirtualTime();
    LoadBalancer one = LoadBalancer.builder().servers(a).scheduler(time).build();
    Lease lease = one.acquire();
    CompletableFuture<Integer> done = one.drain(a.id(), ofSeconds(9)).toCompletableFuture();
    one.close();
    assertThat(time.pending()).isZero();
    assertThat(done).isNotDone();
    lease.close();
    assertThat(done).isCompletedWithValue(0);
  }

  @Test
  void withoutAScheduler_theDeadlineIsKept() throws Exception {
    LoadBalancer plain = LoadBalancer.builder().servers(a).build();
    Lease lease = plain.acquire();
    assertThat(plain.drain(a.id(), Duration.ofMillis(20)).toCompletableFuture().get()).isEqualTo(1);
    lease.close();
  }

  @Test
  void badInput_isNamed() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> drain(ofSeconds(-1)))
        .withMessageStartingWith("deadline: ");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> balancer.drain("nobody", ofSeconds(1)))
        .withMessageContaining("nobody");
  }

  /**
   * The moment that a drain says that nothing is left, nothing is, and nothing comes: a pick that
   * read the snapshot before the drain, and counts itself after, must see that it came too late.
   */
  @Test
  void pickersAtTheSameTime_noneHasALeaseOnceItIsDone() throws Exception {
    Server b = Server.of("10.0.0.2", 80);
    LoadBalancer racing = LoadBalancer.builder().servers(a, b).build();
    AtomicBoolean safeToStop = new AtomicBoolean();
    AtomicBoolean over = new AtomicBoolean();
    AtomicInteger tooLate = new AtomicInteger();
    Threads.run(
        4,
        index -> {
          if (index == 0) {
            try {
              for (int round = 0; round < 2_000; round++) {
                racing.drain(a.id(), ofSeconds(60)).toCompletableFuture().get();
                safeToStop.set(true);
                Thread.onSpinWait();
                safeToStop.set(false);
                racing.resume(a.id());
              }
            } finally {
              over.set(true);
            }
          }
          while (!over.get()) {
            try (Lease lease = racing.acquire()) {
              if (lease.server().equals(a) && safeToStop.get()) {
                tooLate.incrementAndGet();
              }
            }
          }
        });
    assertThat(tooLate).hasValue(0);
    assertThat(racing.nodes()).allMatch(node -> node.inFlight() == 0);
  }
}
