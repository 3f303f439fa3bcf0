package io.evenkeel.benchmarks.simulation;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** The time, chance, distributions and words that a simulation is made of. */
class PartsTest {

  private record Said(long due, int order) {}

  @Property(tries = 200)
  void timeline_happensInOrder_andAtOnceAsSaid(
      @ForAll @Size(max = 300) List<@IntRange(max = 40) Integer> delays) {
    Timeline timeline = new Timeline();
    List<Said> said = new ArrayList<>();
    List<Said> happened = new ArrayList<>();
    List<Timeline.Line<Said>> lines = new ArrayList<>();
    for (int nanos : new int[] {0, 3, 17}) {
      lines.add(timeline.delay(nanos, happened::add));
    }
    int[] lineNanos = {0, 3, 17};
    for (int i = 0; i < delays.size(); i++) {
      int delay = delays.get(i);
      int order = i;
      // Said one after the other at times that grow, half of it for a line.
      timeline.at(
          i / 4,
          () -> {
            long now = timeline.nanoTime();
            if (order % 2 == 0) {
              Said it = new Said(now + delay, said.size());
              said.add(it);
              timeline.at(it.due(), () -> happened.add(it));
            } else {
              Said it = new Said(now + lineNanos[delay % 3], said.size());
              said.add(it);
              lines.get(delay % 3).add(it);
            }
          });
    }
    timeline.run();
    said.sort(Comparator.comparingLong(Said::due).thenComparingInt(Said::order));
    assertThat(happened).isEqualTo(said);
    assertThat(timeline.happened()).isEqualTo(2L * delays.size());
  }

  @Test
  void timeline_refusesThePast() {
    Timeline timeline = new Timeline();
    timeline.at(5, () -> assertThatThrownBy(() -> timeline.at(4, () -> {})));
    timeline.run();
    assertThatThrownBy(() -> timeline.at(4, () -> {}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("time: 4 (expected: >= 5)");
  }

  @Test
  void work_hasTheMeanThatItSays() {
    for (Work work :
        List.of(
            Work.fixed(ofMillis(3)),
            Work.exponential(ofMillis(3)),
            Work.lognormal(ofMillis(3), 1),
            Work.bimodal(ofMillis(1), ofMillis(21), 0.1))) {
      Chance chance = new Chance(1);
      double sum = 0;
      for (int i = 0; i < 200_000; i++) {
        double nanos = work.draw(chance);
        assertThat(nanos).isNotNegative().isFinite();
        sum += nanos;
      }
      assertThat(work.meanNanos()).as(work.toString()).isCloseTo(3e6, withinPercentage(0.01));
      assertThat(sum / 200_000).as(work.toString()).isCloseTo(3e6, withinPercentage(2));
    }
  }

  @Test
  void normal_hasMean0AndVariance1() {
    Chance chance = new Chance(4);
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < 200_000; i++) {
      double z = chance.normal();
      sum += z;
      squares += z * z;
    }
    assertThat(sum / 200_000).isBetween(-0.01, 0.01);
    assertThat(squares / 200_000).isCloseTo(1, withinPercentage(1));
  }

  @Test
  void arrivals_keepTheirRate_withBurstsToo() {
    Arrivals bursts = new Arrivals(ofSeconds(5), ofMillis(500), 5);
    for (Arrivals arrivals : List.of(Arrivals.steady(), bursts)) {
      Chance chance = new Chance(2);
      double time = 0;
      int inBurst = 0;
      int n = 200_000;
      for (int i = 0; i < n; i++) {
        double next = arrivals.next(time, 1e6, chance);
        assertThat(next).isGreaterThan(time);
        time = next;
        inBurst += time % 5e9 < 5e8 ? 1 : 0;
      }
      assertThat(time / n).isCloseTo(1e6, withinPercentage(1.5));
      double expected = arrivals.equals(bursts) ? 2.5 / 7 : 0.1; // 0.5 s · 5 of that and 4.5 s · 1
      assertThat((double) inBurst / n).isCloseTo(expected, withinPercentage(4));
    }
  }

  @Test
  void text_isRoundedAsPeopleDo() {
    assertThat(Text.nanos(950)).isEqualTo("0.95 µs");
    assertThat(Text.nanos(12_345_678)).isEqualTo("12.3 ms");
    assertThat(Text.nanos(999_600_000)).isEqualTo("1.00 s");
    assertThat(Text.percent(0)).isEqualTo("0 %");
    assertThat(Text.percent(0.00001)).isEqualTo("< 0.01 %");
    assertThat(Text.percent(0.0123)).isEqualTo("1.2 %");
    assertThat(Text.percent(0.5)).isEqualTo("50 %");
    assertThat(Text.number(100, 0)).isEqualTo("100");
    assertThat(Text.number(1.50, 2)).isEqualTo("1.5");
    assertThat(Text.duration(Duration.ofNanos(250_000))).isEqualTo("250 µs");
    assertThat(Text.duration(ofSeconds(301))).isEqualTo("301 s");
  }

  @Test
  void ticks_areRoundAndInRange() {
    assertThat(ScenarioChart.ticks(4e6, 3e8)).containsExactly(5e6, 1e7, 2e7, 5e7, 1e8, 2e8);
    assertThat(ScenarioChart.ticks(4e6, 3e9)).containsExactly(1e7, 1e8, 1e9);
  }

  @Test
  void lines_breakAtSpaces() {
    assertThat(ScenarioChart.lines("one two three", 8)).containsExactly("one two", "three");
    assertThat(ScenarioChart.lines("unbreakable", 3)).containsExactly("unbreakable");
  }
}
