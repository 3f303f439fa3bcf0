package io.evenkeel.health;

import static io.evenkeel.health.ServerHealth.Status.DOWN;
import static io.evenkeel.health.ServerHealth.Status.UNKNOWN;
import static io.evenkeel.health.ServerHealth.Status.UP;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.health.ServerHealth.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** The machine over all paths, without a server or a clock. */
class HealthStateTest {

  private static final HealthPolicy RISE_2_FALL_3 =
      HealthPolicy.builder()
          .interval(ofSeconds(8))
          .fastInterval(ofSeconds(1))
          .backoffMultiplier(2)
          .maxInterval(ofSeconds(60))
          .build();

  /** What comes in: how a check went, and how long after the one before. */
  record Input(boolean success, boolean decisive, int secondsLater) {}

  @Provide
  Arbitrary<List<Input>> inputs() {
    return Combinators.combine(
            Arbitraries.of(true, false),
            Arbitraries.frequencyOf(
                Tuple.of(9, Arbitraries.just(false)), Tuple.of(1, Arbitraries.just(true))),
            Arbitraries.integers().between(1, 60))
        .as(Input::new)
        .list()
        .ofMaxSize(60);
  }

  @Example
  void unknown_firstResult_decidesAtOnce() {
    assertThat(after()).isEqualTo(new HealthState(UNKNOWN, 0, false, 0));
    assertThat(after(true)).isEqualTo(new HealthState(UP, 1, true, 1));
    assertThat(after(false)).isEqualTo(new HealthState(DOWN, 1, false, 1));
  }

  @Example
  void unknown_firstResultNotToDecide_failsAsOneThatIsUp() {
    HealthPolicy lenient = HealthPolicy.builder().firstResultDecides(false).build();
    assertThat(after(lenient, false)).isEqualTo(new HealthState(UP, 1, false, 1));
    assertThat(after(lenient, false, false, false)).isEqualTo(new HealthState(DOWN, 3, false, 3));
    assertThat(after(lenient, true)).isEqualTo(new HealthState(UP, 1, true, 1));
    HealthPolicy strict =
        HealthPolicy.builder().firstResultDecides(false).unhealthyThreshold(1).build();
    assertThat(after(strict, false)).isEqualTo(new HealthState(DOWN, 1, false, 1));
  }

  @Example
  void up_failures_goesDownAtTheThreshold() {
    assertThat(after(true, false)).isEqualTo(new HealthState(UP, 1, false, 1));
    assertThat(after(true, false, false)).isEqualTo(new HealthState(UP, 1, false, 2));
    assertThat(after(true, false, false, false)).isEqualTo(new HealthState(DOWN, 4, false, 3));
  }

  @Example
  void up_successAmongFailures_countsAnew() {
    assertThat(after(true, false, false, true)).isEqualTo(new HealthState(UP, 1, true, 1));
    assertThat(after(true, false, false, true, false, false))
        .isEqualTo(new HealthState(UP, 1, false, 2));
  }

  @Example
  void down_successes_goesUpAtTheThreshold() {
    assertThat(after(false, true)).isEqualTo(new HealthState(DOWN, 1, true, 1));
    assertThat(after(false, true, true)).isEqualTo(new HealthState(UP, 3, true, 2));
  }

  @Example
  void down_failureAmongSuccesses_countsAnew() {
    assertThat(after(false, true, false)).isEqualTo(new HealthState(DOWN, 1, false, 1));
    assertThat(after(false, true, false, true)).isEqualTo(new HealthState(DOWN, 1, true, 1));
  }

  @Example
  void decisive_needsNoOthers() {
    HealthState up = after(true);
    HealthState down = up.next(false, true, 2, RISE_2_FALL_3);
    assertThat(down).isEqualTo(new HealthState(DOWN, 2, false, 1));
    assertThat(down.next(true, true, 3, RISE_2_FALL_3)).isEqualTo(new HealthState(UP, 3, true, 1));
  }

  @Example
  void inARow_staysAtTheLargestNumber() {
    HealthState state = new HealthState(DOWN, 0, false, Integer.MAX_VALUE);
    assertThat(state.next(false, false, 1, RISE_2_FALL_3)).isEqualTo(state);
    assertThat(state.waitNanos(RISE_2_FALL_3)).isEqualTo(ofSeconds(60).toNanos());
  }

  /** interval, fast while in transition, backoff from the threshold on, fast at a sign of life. */
  @Example
  void waits_alongALife() {
    boolean[] life = {
      true, false, false, false, false, false, false, false, true, false, true, true
    };
    int[] expectedSeconds = {8, 1, 1, 8, 16, 32, 60, 60, 1, 8, 1, 8};
    HealthState state = HealthState.unknown(0);
    assertThat(state.waitNanos(RISE_2_FALL_3)).isEqualTo(ofSeconds(8).toNanos());
    for (int i = 0; i < life.length; i++) {
      state = state.next(life[i], false, i, RISE_2_FALL_3);
      assertThat(Duration.ofNanos(state.waitNanos(RISE_2_FALL_3)))
          .as("after %d: %s", i, state)
          .isEqualTo(ofSeconds(expectedSeconds[i]));
    }
  }

  @Example
  void waits_offFastAndBackoff_areTheInterval() {
    HealthPolicy plain = HealthPolicy.builder().backoffMultiplier(1).build();
    HealthState state = HealthState.unknown(0);
    for (int i = 0; i < 100; i++) {
      state = state.next(i < 2, false, i, plain);
      assertThat(state.waitNanos(plain)).isEqualTo(ofSeconds(5).toNanos());
    }
  }

  /** The model keeps all results and looks back over them, instead of counting as they come. */
  @Property
  void next_anyResults_agreesWithAModelThatLooksBack(
      @ForAll("inputs") List<Input> inputs,
      @ForAll @IntRange(min = 1, max = 4) int rise,
      @ForAll @IntRange(min = 1, max = 4) int fall,
      @ForAll boolean firstDecides) {
    HealthPolicy policy = policy(rise, fall, firstDecides);
    HealthState state = HealthState.unknown(0);
    Status expected = UNKNOWN;
    long expectedSince = 0;
    long now = 0;
    for (int n = 1; n <= inputs.size(); n++) {
      Input input = inputs.get(n - 1);
      List<Input> seen = inputs.subList(0, n);
      now += ofSeconds(input.secondsLater).toNanos();
      state = state.next(input.success, input.decisive, now, policy);

      Status before = expected;
      if (input.decisive || (n == 1 && (firstDecides || input.success))) {
        expected = input.success ? UP : DOWN;
      } else if (lastAre(true, rise, seen)) {
        expected = UP;
      } else if (lastAre(false, fall, seen)) {
        expected = DOWN;
      } else if (n == 1) {
        expected = UP;
      }
      expectedSince = expected == before ? expectedSince : now;
      assertThat(state.status()).isEqualTo(expected);
      assertThat(state.sinceNanos()).isEqualTo(expectedSince);
      assertThat(lastAre(input.success, state.inARow(), seen)).isTrue();
      assertThat(lastAre(input.success, state.inARow() + 1, seen)).isFalse();
    }
  }

  /**
   * However a server flaps, between two changes of its status lie as many checks of the new kind as
   * the threshold says, each a fast interval after the other at least.
   */
  @Property
  void flapping_neverChangesFasterThanTheThresholdsAllow(
      @ForAll @Size(max = 200) List<Boolean> results,
      @ForAll @IntRange(min = 1, max = 5) int rise,
      @ForAll @IntRange(min = 1, max = 5) int fall) {
    HealthPolicy policy = policy(rise, fall, true);
    HealthState state = HealthState.unknown(0);
    long now = 0;
    long changedAt = 0;
    int changedAtResult = 0;
    for (int i = 0; i < results.size(); i++) {
      HealthState next = state.next(results.get(i), false, now, policy);
      if (next.status() != state.status() && state.status() != UNKNOWN) {
        int needed = next.status() == UP ? rise : fall;
        assertThat(i - changedAtResult).isGreaterThanOrEqualTo(needed);
        assertThat(now - changedAt)
            .isGreaterThanOrEqualTo(needed * policy.fastInterval().toNanos());
        assertThat(results.subList(i + 1 - needed, i + 1)).containsOnly(next.status() == UP);
      }
      if (next.status() != state.status()) {
        changedAt = now;
        changedAtResult = i;
      }
      state = next;
      now += state.waitNanos(policy);
    }
  }

  /** Alternating up and down: with thresholds above 1 nothing ever changes. */
  @Example
  void alternating_changesNothing() {
    HealthState state = after(true);
    for (int i = 0; i < 1_000; i++) {
      state = state.next(i % 2 == 1, false, 2 + i, RISE_2_FALL_3);
      assertThat(state.status()).isEqualTo(UP);
    }
  }

  /** The bound that the policy's Javadoc gives: fall checks at most an interval apart. */
  @Property
  void death_isNoticedWithinIntervalTimesFall(
      @ForAll @Size(max = 30) List<Boolean> before,
      @ForAll @IntRange(min = 1, max = 5) int rise,
      @ForAll @IntRange(min = 1, max = 5) int fall,
      @ForAll @DoubleRange(min = 0, max = 1) double jitter,
      @ForAll long seed) {
    HealthPolicy policy =
        HealthPolicy.builder()
            .healthyThreshold(rise)
            .unhealthyThreshold(fall)
            .jitter(jitter)
            .build();
    SplittableRandom random = new SplittableRandom(seed);
    HealthState state = HealthState.unknown(0).next(true, false, 0, policy);
    for (boolean result : before) {
      HealthState next = state.next(result, false, 0, policy);
      state = next.status() == UP ? next : state;
    }
    long waited = 0;
    List<Long> waits = new ArrayList<>();
    while (state.status() == UP) {
      long wait = policy.jittered(state.waitNanos(policy), random);
      assertThat(wait).isBetween(0L, policy.interval().toNanos());
      waits.add(wait);
      waited += wait;
      state = state.next(false, false, waited, policy);
    }
    assertThat(waits).hasSizeLessThanOrEqualTo(fall);
    assertThat(waited).isLessThanOrEqualTo(policy.interval().toNanos() * fall);
  }

  @Property
  void jittered_isShorterByTheShareAtMost_andNeverLonger(
      @ForAll @DoubleRange(min = 0, max = 1) double jitter, @ForAll long seed) {
    HealthPolicy policy = HealthPolicy.builder().jitter(jitter).build();
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < 20; i++) {
      assertThat(policy.jittered(1_000_000, random))
          .isBetween((long) Math.floor(1_000_000 * (1 - jitter)), 1_000_000L);
    }
  }

  @Property
  void backoff_growsToItsCap(
      @ForAll @DoubleRange(min = 1, max = 100) double multiplier,
      @ForAll @IntRange(min = 0, max = 2_000_000_000) int failures) {
    HealthPolicy policy =
        HealthPolicy.builder().backoffMultiplier(multiplier).maxInterval(ofSeconds(77)).build();
    assertThat(policy.backoffNanos(failures))
        .isBetween(policy.interval().toNanos(), ofSeconds(77).toNanos());
    assertThat(policy.backoffNanos(failures + 1))
        .isGreaterThanOrEqualTo(policy.backoffNanos(failures));
    assertThat(policy.backoffNanos(-1)).isEqualTo(policy.interval().toNanos());
  }

  private static HealthPolicy policy(int rise, int fall, boolean firstDecides) {
    return HealthPolicy.builder()
        .healthyThreshold(rise)
        .unhealthyThreshold(fall)
        .fastInterval(ofMillis(500))
        .firstResultDecides(firstDecides)
        .build();
  }

  private static boolean lastAre(boolean success, int count, List<Input> seen) {
    int n = seen.size();
    return n >= count && seen.subList(n - count, n).stream().allMatch(i -> i.success == success);
  }

  private static HealthState after(boolean... results) {
    return after(RISE_2_FALL_3, results);
  }

  /** One nanosecond apart, from 1 on. */
  private static HealthState after(HealthPolicy policy, boolean... results) {
    HealthState state = HealthState.unknown(0);
    for (int i = 0; i < results.length; i++) {
      state = state.next(results[i], false, i + 1, policy);
    }
    return state;
  }
}
