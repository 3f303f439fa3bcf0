package io.evenkeel.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;

class TimerWheelTest {

  private static final long TICK = 1L << 26;

  private final List<Probe> expired = new ArrayList<>();

  private final class Probe extends Timer {
    long deadline;
    long firedAt;
    Runnable then = () -> {};

    @Override
    void expired(long nowNanos) {
      firedAt = nowNanos;
      expired.add(this);
      then.run();
    }

    @Override
    void failed(Throwable cause) {
      deadline = -1;
    }
  }

  /**
   * Beside a plain table of deadlines: never early, at most a tick late, never twice, none lost.
   */
  @Property(tries = 200)
  void anyScheduleOfArmingAndDisarming_agreesWithATable(
      @ForAll @LongRange(min = -1_000_000_000_000L, max = 1_000_000_000_000L) long origin,
      @ForAll long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    TimerWheel wheel = new TimerWheel(origin);
    Map<Probe, Long> table = new HashMap<>();
    List<Probe> probes = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      probes.add(new Probe());
    }
    long now = origin;
    for (int step = 0; step < 200; step++) {
      Probe probe = probes.get(random.nextInt(probes.size()));
      if (random.nextInt(4) == 0) {
        wheel.disarm(probe);
        table.remove(probe);
      } else {
        // Up to three turns of the wheel ahead, now and then in the past.
        probe.deadline = now + random.nextLong(-TICK, 200_000_000_000L);
        wheel.arm(probe, probe.deadline);
        table.put(probe, probe.deadline);
      }
      // Sometimes exactly as long as the wheel says that nothing is due, sometimes a long jump.
      long quiet = wheel.nanosToNext(now);
      long earliest = table.values().stream().mapToLong(d -> d).min().orElse(Long.MAX_VALUE);
      if (quiet != Long.MAX_VALUE && earliest != Long.MAX_VALUE) {
        assertThat(now + quiet).isLessThanOrEqualTo(Math.max(earliest, now) + 2 * TICK);
      } else {
        assertThat(earliest).isEqualTo(Long.MAX_VALUE);
      }
      now +=
          random.nextInt(3) == 0 && quiet != Long.MAX_VALUE
              ? quiet
              : random.nextLong(30_000_000_000L);
      expired.clear();
      wheel.advance(now);
      for (Probe fired : expired) {
        assertThat(table.remove(fired)).isEqualTo(fired.deadline);
        assertThat(fired.deadline).isLessThanOrEqualTo(now);
      }
      long at = now;
      assertThat(table.values()).allMatch(deadline -> deadline > at - 2 * TICK);
    }
  }

  @Example
  void emptyWheel_asksForNoWakeUp() {
    TimerWheel wheel = new TimerWheel(0);
    assertThat(wheel.nanosToNext(0)).isEqualTo(Long.MAX_VALUE);

    Probe probe = new Probe();
    wheel.arm(probe, TimeUnit.SECONDS.toNanos(5));
    assertThat(wheel.nanosToNext(0)).isBetween(TimeUnit.SECONDS.toNanos(5), 5_100_000_000L);
    wheel.disarm(probe);
    wheel.advance(TimeUnit.SECONDS.toNanos(6)); // one wake-up for nothing, then none
    assertThat(wheel.nanosToNext(TimeUnit.SECONDS.toNanos(6))).isEqualTo(Long.MAX_VALUE);
    assertThat(expired).isEmpty();
  }

  @Example
  void armedAgainByItself_goesOffAgain() {
    TimerWheel wheel = new TimerWheel(0);
    Probe probe = new Probe();
    probe.then = () -> wheel.arm(probe, probe.firedAt + TimeUnit.SECONDS.toNanos(1));
    wheel.arm(probe, TimeUnit.SECONDS.toNanos(1));
    for (long now = 0; now <= TimeUnit.SECONDS.toNanos(10); now += TICK / 2) {
      wheel.advance(now);
    }
    assertThat(expired).hasSizeBetween(8, 10);
  }

  @Example
  void disarmsItsNeighboursInTheSameSlot() {
    TimerWheel wheel = new TimerWheel(0);
    Probe first = new Probe();
    Probe second = new Probe();
    Probe third = new Probe();
    for (Probe probe : List.of(first, second, third)) {
      wheel.arm(probe, TICK * 10);
    }
    first.then = () -> wheel.disarm(second);
    wheel.advance(TICK * 11);
    assertThat(expired).containsExactly(first, third);
  }

  @Example
  void oneThatThrows_doesNotKeepTheOthersFromGoingOff() {
    TimerWheel wheel = new TimerWheel(0);
    Probe first = new Probe();
    Probe second = new Probe();
    first.then =
        () -> {
          throw new IllegalStateException("a test");
        };
    wheel.arm(first, TICK);
    wheel.arm(second, TICK);
    wheel.advance(TICK * 2);
    assertThat(expired).containsExactly(first, second);
    assertThat(first.deadline).as("was told").isEqualTo(-1);
  }
}
