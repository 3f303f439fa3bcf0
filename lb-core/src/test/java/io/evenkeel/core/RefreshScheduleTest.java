package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

/** Times to live within bounds, failures backed off, everything moved by up to a tenth. */
class RefreshScheduleTest {

  private static final long SECOND = 1_000_000_000L;

  @Property
  void answer_isAskedForAgainWhenItsTimeIsOver_withinBounds_giveOrTakeATenth(
      @ForAll @LongRange(max = 1_000_000 * SECOND) long ttl,
      @ForAll @LongRange(min = 1, max = 400 * SECOND) long min,
      @ForAll @LongRange(max = 400 * SECOND) long more,
      @ForAll long seed) {
    RefreshSchedule schedule = new RefreshSchedule(min, min + more, Randomness.seeded(seed));
    long exact = Math.max(min, Math.min(ttl, min + more));
    assertThat(schedule.afterAnswer(ttl)).isBetween(exact - exact / 10, exact + exact / 10);
  }

  @Property
  void failures_areBackedOff_giveOrTakeATenth(
      @ForAll @LongRange(min = 1) long inARow, @ForAll long seed) {
    RefreshSchedule schedule =
        RefreshSchedule.every(Duration.ofMinutes(5), Randomness.seeded(seed));
    long exact = inARow > 5 ? 30 * SECOND : SECOND << (inARow - 1);
    assertThat(schedule.afterFailure(inARow)).isBetween(exact - exact / 10, exact + exact / 10);
  }

  @Property
  void failures_areNotTriedLaterThanTheUpperBound(
      @ForAll @LongRange(min = 1) long inARow, @ForAll long seed) {
    RefreshSchedule schedule =
        RefreshSchedule.every(Duration.ofMillis(100), Randomness.seeded(seed));
    assertThat(schedule.afterFailure(inARow)).isBetween(SECOND / 100 * 9, SECOND / 100 * 11);
  }

  @Test
  void manyClients_atABound_doNotMeetAgain() {
    Set<Long> moments = new HashSet<>();
    for (int i = 0; i < 1_000; i++) {
      moments.add(
          new RefreshSchedule(5 * SECOND, 300 * SECOND, Randomness.seeded(i)).afterAnswer(0));
    }
    assertThat(moments).hasSizeGreaterThan(990);
    assertThat(moments).anyMatch(t -> t < 5 * SECOND).anyMatch(t -> t > 5 * SECOND);
  }
}
