package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

/**
 * Retries never exceed their share of the calls and the floor, over any window, and are granted.
 */
class RetryBudgetTest {

  private static final Duration WINDOW = Duration.ofSeconds(10);

  /** Some time, some calls, and then somebody asks for some retries. */
  record Step(long nanos, int calls, int asked) {}

  @Provide
  Arbitrary<List<Step>> steps() {
    Arbitrary<Long> nanos =
        Arbitraries.oneOf(
            Arbitraries.longs().between(0, 300_000_000L),
            Arbitraries.longs().between(0, 3_000_000_000L),
            Arbitraries.of(1_000_000_000L, 10_000_000_000L, 11_000_000_000L, 1L << 55));
    return Combinators.combine(
            nanos, Arbitraries.integers().between(0, 200), Arbitraries.integers().between(0, 60))
        .as(Step::new)
        .list()
        .ofMaxSize(80);
  }

  @Property(tries = 300)
  void overAnyWindow_retriesStayWithinTheirShareAndTheFloor(@ForAll("steps") List<Step> steps) {
    for (double[] numbers : new double[][] {{0.2, 10}, {0.5, 0}, {0, 3}, {2, 0.5}}) {
      check(steps, numbers[0], numbers[1], Long.MAX_VALUE - 5_000_000_000L);
    }
  }

  private static void check(List<Step> steps, double ratio, double floor, long origin) {
    VirtualTime time = new VirtualTime(origin);
    RetryBudget budget = budget(time, ratio, floor);
    List<Long> calls = new ArrayList<>();
    List<Long> retries = new ArrayList<>();
    for (Step step : steps) {
      time.advance(Duration.ofNanos(step.nanos));
      for (int i = 0; i < step.calls; i++) {
        budget.deposit();
        calls.add(time.nanoTime());
      }
      int granted = 0;
      while (granted < step.asked && budget.tryWithdraw() >= 0) {
        granted++;
      }
      long now = time.nanoTime();
      retries.addAll(Collections.nCopies(granted, now));
      if (granted > 0) {
        assertThat((double) lately(retries, now, WINDOW.toNanos()))
            .isLessThanOrEqualTo(ratio * lately(calls, now, WINDOW.toNanos()) + 10 * floor + 1e-6);
      }
      if (granted < step.asked) {
        assertThat(lately(retries, now, WINDOW.toNanos() / 10 * 11) + 1.0)
            .as("refused")
            .isGreaterThan(10 * floor);
      }
    }
  }

  /** How many are not longer ago than that; the times may wrap around. */
  private static long lately(List<Long> times, long now, long nanos) {
    return times.stream().filter(t -> now - t < nanos).count();
  }

  @Test
  void floor_isThereFromTheFirstMoment_andAgainAfterTheWindow() {
    VirtualTime time = new VirtualTime();
    RetryBudget budget = budget(time, 0.2, 10);
    assertThat(drain(budget)).isEqualTo(100);
    time.advance(Duration.ofSeconds(5));
    assertThat(drain(budget)).isZero();
    time.advance(Duration.ofSeconds(6));
    assertThat(drain(budget)).isEqualTo(100);
    time.advance(Duration.ofDays(36_500));
    assertThat(drain(budget)).isEqualTo(100);
  }

  @Test
  void share_ofTheCallsOfTheLastWindow_isGranted() {
    VirtualTime time = new VirtualTime();
    RetryBudget budget = budget(time, 0.2, 0);
    for (int i = 0; i < 60_000; i++) {
      time.advance(Duration.ofMillis(1));
      budget.deposit();
    }
    // Of the 10,000 calls of the last 10 s, those of the current slot and the nine before.
    assertThat(drain(budget)).isBetween(1_790, 2_000);
  }

  @Test
  void oldCalls_earnNothing() {
    VirtualTime time = new VirtualTime();
    RetryBudget budget = budget(time, 0.2, 0);
    for (int i = 0; i < 1_000; i++) {
      budget.deposit();
    }
    time.advance(Duration.ofSeconds(12));
    assertThat(drain(budget)).isZero();
  }

  @Test
  void nothingToGrant_whereBothNumbersAreZero() {
    RetryBudget budget = budget(new VirtualTime(), 0, 0);
    for (int i = 0; i < 100; i++) {
      budget.deposit();
    }
    assertThat(budget.tryWithdraw()).isNegative();
  }

  @Test
  void refund_givesBackToTheSlotThatItWasTakenFrom() {
    VirtualTime time = new VirtualTime();
    RetryBudget budget = budget(time, 0, 1);
    long granted = budget.tryWithdraw();
    assertThat(drain(budget)).isEqualTo(9);
    budget.refund(granted);
    assertThat(drain(budget)).isEqualTo(1);
    long late = granted;
    time.advance(Duration.ofSeconds(11));
    assertThat(drain(budget)).isEqualTo(10);
    budget.refund(late); // its slot is another's now
    assertThat(drain(budget)).isZero();
  }

  @Test
  void manyThreads_neverWithdrawMoreThanThereIs_norLoseACall() throws Exception {
    RetryBudget budget = budget(() -> 42, 0.2, 10);
    AtomicLong granted = new AtomicLong();
    int threads = 8;
    int each = 20_000;
    Threads.run(
        threads,
        index -> {
          for (int i = 0; i < each; i++) {
            budget.deposit();
            long slot = budget.tryWithdraw();
            if (slot >= 0 && i % 3 == 0) {
              budget.refund(slot);
            } else if (slot >= 0) {
              granted.incrementAndGet();
            }
          }
        });
    long all = threads * (long) each / 5 + 100;
    assertThat(granted.get()).isLessThanOrEqualTo(all);
    assertThat(granted.get() + drain(budget)).isEqualTo(all);
  }

  @Test
  void movingClock_manyThreads_stayWithinTheBoundOfTheWholeTime() throws Exception {
    AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 1_000);
    RetryBudget budget = budget(clock::get, 0.2, 10);
    AtomicLong granted = new AtomicLong();
    int threads = 6;
    int each = 20_000;
    long step = 1_000_000;
    Threads.run(
        threads,
        index -> {
          for (int i = 0; i < each; i++) {
            clock.addAndGet(step);
            budget.deposit();
            if (budget.tryWithdraw() >= 0) {
              granted.incrementAndGet();
            }
          }
        });
    long windows = threads * (long) each * step / WINDOW.toNanos() + 1;
    assertThat(granted.get()).isLessThanOrEqualTo(threads * each / 5 + windows * 100);
    assertThat(granted.get()).isPositive();
  }

  @Test
  void badNumbers_areNamedWithWhatIsAllowed() {
    LoadBalancerBuilder builder = LoadBalancer.builder();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.retryBudget(-0.1, 10, WINDOW))
        .withMessage("ratio: -0.1 (expected: 0 to 1000)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.retryBudget(0.1, Double.NaN, WINDOW))
        .withMessage("minPerSecond: NaN (expected: 0 to 1000000)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.retryBudget(0.1, 10, Duration.ofMillis(999)))
        .withMessage("window: PT0.999S (expected: 1 s to 60 s)");
  }

  private static RetryBudget budget(NanoClock clock, double ratio, double minPerSecond) {
    return new RetryBudget(clock, new RetryBudget.Numbers(ratio, minPerSecond, WINDOW));
  }

  private static int drain(RetryBudget budget) {
    int granted = 0;
    while (budget.tryWithdraw() >= 0) {
      granted++;
    }
    return granted;
  }
}
