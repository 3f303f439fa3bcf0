package io.evenkeel.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Counts are of all times, percentiles of those in the current minute and the one before. */
class TimeWindowsTest {

  private record Taken(long nanos, long at) {}

  @Property(tries = 200, seed = "7")
  void recentTimes_areThoseOfTheLastTwoMinutes_andNoOthers(
      @ForAll @IntRange(max = 60) int count,
      @ForAll @IntRange(max = 200) int pauseSeconds,
      @ForAll long seed) {
    Random random = new Random(seed);
    TimeWindows windows = new TimeWindows(2);
    List<Taken> all = new ArrayList<>();
    long now = -90_000_000_000L; // a clock may be below zero, and go over it
    for (int i = 0; i < count; i++) {
      now += (long) (random.nextInt(pauseSeconds + 1) * 1e9);
      Taken taken = new Taken((long) Math.pow(10, random.nextDouble() * 14), now);
      windows.record(taken.nanos, taken.at);
      all.add(taken);
    }
    long asked = now + (long) (random.nextInt(pauseSeconds + 1) * 1e9);
    long minute = Math.floorDiv(asked, TimeWindows.WINDOW_NANOS);
    List<Taken> recent =
        all.stream()
            .filter(taken -> Math.floorDiv(taken.at, TimeWindows.WINDOW_NANOS) >= minute - 1)
            .toList();

    TimeWindows.Sum sum = new TimeWindows.Sum(2);
    sum.add(windows, asked);
    ProxyStats.Times times = sum.times();

    assertThat(times.count()).isEqualTo(count);
    assertThat(times.total().toNanos()).isEqualTo(all.stream().mapToLong(Taken::nanos).sum());
    assertThat(times.recentCount()).isEqualTo(recent.size());
    long longest = recent.stream().mapToLong(Taken::nanos).max().orElse(0);
    assertThat(times.max().toNanos()).isBetween(longest, (long) (longest * 1.01) + 1_024);
  }
}
