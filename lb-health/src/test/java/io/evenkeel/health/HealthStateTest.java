package io.evenkeel.health;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.health.HealthState.Status;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class HealthStateTest {

  private static final HealthPolicy RISE_2_FALL_3 = HealthPolicy.builder().build();

  @Example
  void unknown_firstResult_decidesAtOnce() {
    assertThat(after()).isEqualTo(new HealthState(Status.UNKNOWN, 0));
    assertThat(after(true)).isEqualTo(new HealthState(Status.UP, 0));
    assertThat(after(false)).isEqualTo(new HealthState(Status.DOWN, 0));
  }

  @Example
  void up_failures_goesDownAtTheThreshold() {
    assertThat(after(true, false)).isEqualTo(new HealthState(Status.UP, 1));
    assertThat(after(true, false, false)).isEqualTo(new HealthState(Status.UP, 2));
    assertThat(after(true, false, false, false)).isEqualTo(new HealthState(Status.DOWN, 0));
  }

  @Example
  void up_successAmongFailures_countsAnew() {
    assertThat(after(true, false, false, true)).isEqualTo(new HealthState(Status.UP, 0));
    assertThat(after(true, false, false, true, false, false))
        .isEqualTo(new HealthState(Status.UP, 2));
  }

  @Example
  void down_successes_goesUpAtTheThreshold() {
    assertThat(after(false, true)).isEqualTo(new HealthState(Status.DOWN, 1));
    assertThat(after(false, true, true)).isEqualTo(new HealthState(Status.UP, 0));
  }

  @Example
  void down_failureAmongSuccesses_countsAnew() {
    assertThat(after(false, true, false)).isEqualTo(new HealthState(Status.DOWN, 0));
    assertThat(after(false, true, false, true)).isEqualTo(new HealthState(Status.DOWN, 1));
  }

  /** The model looks back over all results instead of counting as they come. */
  @Property
  void next_anyResults_agreesWithAModelThatLooksBack(
      @ForAll @Size(max = 60) List<Boolean> results,
      @ForAll @IntRange(min = 1, max = 4) int rise,
      @ForAll @IntRange(min = 1, max = 4) int fall) {
    HealthPolicy policy =
        HealthPolicy.builder().healthyThreshold(rise).unhealthyThreshold(fall).build();
    HealthState state = HealthState.UNKNOWN;
    Status expected = Status.UNKNOWN;
    for (int n = 1; n <= results.size(); n++) {
      state = state.next(results.get(n - 1), policy);
      if (n == 1) {
        expected = results.get(0) ? Status.UP : Status.DOWN;
      } else if (lastAre(true, rise, results.subList(0, n))) {
        expected = Status.UP;
      } else if (lastAre(false, fall, results.subList(0, n))) {
        expected = Status.DOWN;
      }
      assertThat(state.status()).isEqualTo(expected);
      assertThat(state.against()).isBetween(0, Math.max(rise, fall) - 1);
    }
  }

  private static boolean lastAre(boolean success, int count, List<Boolean> results) {
    int n = results.size();
    return n >= count && results.subList(n - count, n).stream().allMatch(r -> r == success);
  }

  private static HealthState after(boolean... results) {
    HealthState state = HealthState.UNKNOWN;
    for (boolean result : results) {
      state = state.next(result, RISE_2_FALL_3);
    }
    return state;
  }
}
