package io.evenkeel.health;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.health.Chaos.Mode;
import java.util.Arrays;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A minute of {@link Chaos}, by what the calls themselves say alone, and with checks beside it.
 * {@code -Dchaos.seed=…} for another minute than those of every build.
 */
class ChaosTest {

  private static final long[] SEEDS = {1, 42, 20_261_121};

  static Stream<Arguments> minutes() {
    Long other = Long.getLong("chaos.seed");
    LongStream seeds = other != null ? LongStream.of(other) : LongStream.of(SEEDS);
    return seeds
        .boxed()
        .flatMap(seed -> Arrays.stream(Mode.values()).map(mode -> Arguments.of(mode, seed)));
  }

  @ParameterizedTest(name = "{0}, -Dchaos.seed={1}")
  @MethodSource("minutes")
  void chaos_deadServersGetNoCalls_ejectionsKeepToTheLimit_andAllIsWellAtTheEnd(
      Mode mode, long seed) {
    Chaos chaos = new Chaos(mode, seed);
    try {
      chaos.run();
      // Else the minute has shown nothing.
      assertThat(chaos.ejections()).as("ejections").isGreaterThan(10);
      assertThat(chaos.overLimit()).as("ejections that the limit forbade").isPositive();
      assertThat(chaos.slowTimeouts()).as("calls too slow for their client").isGreaterThan(100);
      assertThat(chaos.slowBlocks()).as("times that a slow server was taken out").isPositive();
      assertThat(chaos.trials()).as("trials of dead servers").isGreaterThan(10);
      if (mode == Mode.ALL) {
        assertThat(chaos.longDown()).as("servers down for longer than a check takes").isPositive();
      }
    } catch (Throwable e) {
      throw new AssertionError(
          mode + ", -Dchaos.seed=" + seed + ", after " + chaos.elapsed() + ": " + e.getMessage(),
          e);
    }
  }
}
