package io.evenkeel.health;

import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class EjectionStateTest {

  private static final long SECOND = 1_000_000_000;
  private static final OutlierPolicy EXACT = OutlierPolicy.builder().jitter(0).build();

  @Example
  void ejections_growByTheBaseTimeUpToTheCap() {
    EjectionState state = EjectionState.inUse(0);
    for (int n = 1; n <= 12; n++) {
      state = state.eject(0, 0, EXACT);
      assertThat(state.lengthNanos()).isEqualTo(Math.min(300, 30 * n) * SECOND);
      state = state.back(0);
    }
  }

  @Example
  void timeInUse_takesOneOffForEachBaseTime_withOrWithoutTraffic() {
    EjectionState state = EjectionState.inUse(0).eject(0, 0, EXACT).back(0).eject(0, 0, EXACT);
    state = state.back(0);
    assertThat(state.eject(30 * SECOND - 1, 0, EXACT).lengthNanos()).isEqualTo(90 * SECOND);
    assertThat(state.eject(30 * SECOND, 0, EXACT).lengthNanos()).isEqualTo(60 * SECOND);
    assertThat(state.eject(60 * SECOND, 0, EXACT).lengthNanos()).isEqualTo(30 * SECOND);
    assertThat(state.eject(9_999 * SECOND, 0, EXACT).lengthNanos()).isEqualTo(30 * SECOND);
  }

  /** However long it failed before, it is forgiven within the longest ejection's time. */
  @Example
  void ejectedForADay_isForgivenAsOthersAre() {
    EjectionState state = EjectionState.inUse(0);
    for (int n = 0; n < 10_000; n++) {
      state = state.eject(0, 0, EXACT).back(0);
    }
    assertThat(state.eject(300 * SECOND, 0, EXACT).lengthNanos()).isEqualTo(30 * SECOND);
  }

  /** Seconds in use before each ejection; a model that walks through the time. */
  @Property(tries = 300)
  void anySequence_agreesWithAModelThatWalksThroughTime(
      @ForAll @Size(max = 40) List<@IntRange(max = 200) Integer> inUse,
      @ForAll @IntRange(max = 99) int chance) {
    OutlierPolicy policy =
        OutlierPolicy.builder()
            .ejectionTime(ofSeconds(7))
            .maxEjectionTime(ofSeconds(40))
            .jitter(0.3)
            .build();
    EjectionState state = EjectionState.inUse(0);
    long now = 0;
    int times = 0;
    for (int seconds : inUse) {
      for (int s = 1; s <= seconds; s++) {
        times -= s % 7 == 0 && times > 0 ? 1 : 0;
      }
      now += seconds * SECOND;
      times = Math.min(6, times + 1); // six times seven is more than forty
      state = state.eject(now, chance / 100.0, policy);
      double full = Math.min(40, 7 * times);
      assertThat(state.lengthNanos())
          .isEqualTo((long) (full * SECOND * (1 - 0.3 * (chance / 100.0))));
      now += state.lengthNanos();
      state = state.back(now);
      assertThat(state.lengthNanos()).isZero();
    }
  }
}
