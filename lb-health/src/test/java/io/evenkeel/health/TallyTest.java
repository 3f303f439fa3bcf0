package io.evenkeel.health;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.jspecify.annotations.Nullable;

class TallyTest {

  private static final Tally.Limits NO_SHARE = new Tally.Limits(3, null, 0);

  @Example
  void moreThanHalfOfTheLastTen_isOneSettingOfTheShare() {
    Tally tally = new Tally(new Tally.Limits(0, OutcomeWindow.ofCount(10), 0.5), 0);
    for (int i = 0; i < 5; i++) {
      tally.success(0);
    }
    for (int i = 0; i < 5; i++) {
      assertThat(tally.failure(0)).isNull(); // five of ten are not more than half
    }
    assertThat(tally.failure(0)).isEqualTo("6 of the last 10 failed");
  }

  @Example
  void successBetween_countsAnew() {
    Tally tally = new Tally(NO_SHARE, 0);
    assertThat(tally.failure(0)).isNull();
    assertThat(tally.failure(0)).isNull();
    assertThat(tally.ignoresSuccess()).isFalse();
    tally.success(0);
    assertThat(tally.ignoresSuccess()).isTrue();
    assertThat(tally.failure(0)).isNull();
    assertThat(tally.failure(0)).isNull();
    assertThat(tally.failure(0)).isEqualTo("3 failures in a row");
  }

  /** Two rules together say, each of them, what they say alone. */
  @Property(tries = 300)
  void rules_doNotResetOneAnother(
      @ForAll @Size(max = 200) List<@IntRange(max = 2) Integer> outcomes,
      @ForAll @IntRange(min = 1, max = 5) int inARow,
      @ForAll @IntRange(min = 1, max = 12) int size) {
    OutcomeWindow window = OutcomeWindow.ofCount(size);
    Tally both = new Tally(new Tally.Limits(inARow, window, 0.5), 0);
    Tally row = new Tally(new Tally.Limits(inARow, null, 0), 0);
    Tally share = new Tally(new Tally.Limits(0, window, 0.5), 0);
    for (int outcome : outcomes) {
      if (outcome == 0) {
        both.success(0);
        row.success(0);
        share.success(0);
        continue;
      }
      assertThat(both.failure(0)).isEqualTo(joined(row.failure(0), share.failure(0)));
    }
  }

  private static @Nullable String joined(@Nullable String one, @Nullable String other) {
    return one == null ? other : other == null ? one : one + ", " + other;
  }
}
