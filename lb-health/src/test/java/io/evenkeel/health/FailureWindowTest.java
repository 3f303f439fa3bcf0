package io.evenkeel.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;

/** Sliding windows beside lists of all that ever happened. */
class FailureWindowTest {

  @Property(tries = 300)
  void byCount_isTheLastOfAll(
      @ForAll @Size(max = 400) List<Boolean> outcomes,
      @ForAll @IntRange(min = 1, max = 130) int n) {
    FailureWindow window = FailureWindow.of(OutcomeWindow.ofCount(n), 0);
    for (int i = 1; i <= outcomes.size(); i++) {
      window.record(outcomes.get(i - 1), 0);
      List<Boolean> last = outcomes.subList(Math.max(0, i - n), i);
      assertThat(window.total()).isEqualTo(last.size());
      assertThat(window.failures()).isEqualTo(last.stream().filter(f -> f).count());
    }
  }

  record Outcome(boolean failed, long part) {}

  /** Steps in time from none to longer than the window; 0 to 12 parts. */
  @Property(tries = 300)
  void byTime_isWhatCameInTheLastTenParts(
      @ForAll @Size(max = 200) List<@IntRange(max = 2_000) Integer> steps,
      @ForAll @LongRange(min = Long.MIN_VALUE / 2, max = Long.MAX_VALUE) long origin) {
    Duration length = Duration.ofMillis(100);
    long part = length.toNanos() / FailureWindow.PARTS;
    FailureWindow window = FailureWindow.of(OutcomeWindow.ofTime(length, 1), origin);
    List<Outcome> all = new ArrayList<>();
    long now = origin;
    for (int step : steps) {
      boolean failed = step % 3 == 0;
      // Mostly short steps; some far, to where the ring is empty again.
      now += (step < 1_900 ? step % 700 : step * 10L) * (part / 1_000);
      long current = (now - origin) / part;
      all.add(new Outcome(failed, current));
      window.record(failed, now);
      List<Outcome> in = all.stream().filter(o -> o.part > current - FailureWindow.PARTS).toList();
      assertThat(window.total()).isEqualTo(in.size());
      assertThat(window.failures()).isEqualTo(in.stream().filter(Outcome::failed).count());
    }
  }

  @Example
  void byTime_clockOfAThreadThatWasHeldUp_countsInThePartUnderWay() {
    FailureWindow window = FailureWindow.of(OutcomeWindow.ofTime(Duration.ofMillis(100), 1), 0);
    window.record(true, 95_000_000);
    window.record(true, 5_000_000);
    assertThat(window.failures()).isEqualTo(2);

    window.record(false, 109_000_000);
    assertThat(window.failures()).isEqualTo(2);
  }

  /** No share is exceeded by itself, for all that binary fractions make of it. */
  @Property(tries = 300)
  void exceeds_isExact(
      @ForAll @IntRange(max = 99) int percent,
      @ForAll @IntRange(min = 1, max = 200) int total,
      @ForAll @IntRange(max = 200) int failures) {
    FailureWindow window = FailureWindow.of(OutcomeWindow.ofCount(200), 0);
    for (int i = 0; i < total; i++) {
      window.record(i < failures, 0);
    }
    int failed = Math.min(total, failures);
    assertThat(window.exceeds(percent / 100.0, 1)).isEqualTo(failed * 100 > percent * total);
    assertThat(window.exceeds(percent / 100.0, total + 1)).isFalse();
  }

  @Example
  void badNumbers_areRefusedByName() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> OutcomeWindow.ofCount(0))
        .withMessage("count: 0 (expected: 1 to 100000)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> OutcomeWindow.ofTime(Duration.ofSeconds(-1), 10))
        .withMessage("time: -1s (expected: 0.01s to 24h)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> OutcomeWindow.ofTime(Duration.ZERO, 10))
        .withMessage("time: 0s (expected: 0.01s to 24h)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> OutcomeWindow.ofTime(Duration.ofSeconds(10), 0))
        .withMessage("minimum: 0 (expected: >= 1)");
  }
}
