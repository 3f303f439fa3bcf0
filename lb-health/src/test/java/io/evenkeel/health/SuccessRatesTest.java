package io.evenkeel.health;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.health.OutlierPolicy.SuccessRate;
import io.evenkeel.health.SuccessRates.Outlier;
import io.evenkeel.health.SuccessRates.Sample;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class SuccessRatesTest {

  private static final SuccessRate DEFAULT = SuccessRate.DEFAULT;

  @Example
  void theOneFarBelow_isFound_andSaysWhy() {
    List<Sample<String>> samples = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      samples.add(new Sample<>("good" + i, 990, 1_000));
    }
    samples.add(new Sample<>("bad", 600, 1_000));
    assertThat(SuccessRates.find(samples, DEFAULT))
        .containsExactly(
            new Outlier<>(
                "bad",
                "60.0 % of 1000 succeeded, less than 72.9 %; the mean of 10 servers is 95.1 %"));
  }

  @Example
  void serverWithoutTraffic_isUnknown_neitherGoodNorBad() {
    // Counted as 100 %, the idle would lift the mean, and the middling would be far below.
    List<Sample<String>> samples = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      samples.add(new Sample<>("s" + i, 70, 100));
    }
    samples.add(new Sample<>("s4", 60, 100));
    for (int i = 0; i < 20; i++) {
      samples.add(new Sample<>("idle" + i, 0, 0));
      samples.add(new Sample<>("rare" + i, 99, 99));
    }
    assertThat(SuccessRates.find(samples, DEFAULT))
        .extracting(Outlier::server)
        .containsExactly("s4");
    assertThat(SuccessRates.find(samples.subList(1, samples.size()), DEFAULT))
        .as("four that are known are too few")
        .isEmpty();
  }

  /** Binary fractions make a little deviation where there is none. */
  @Property
  void equalRates_noneIsAnOutlier(
      @ForAll @IntRange(max = 1_000) int successes, @ForAll @IntRange(min = 5, max = 60) int n) {
    List<Sample<Integer>> samples = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      samples.add(new Sample<>(i, successes, 1_000));
    }
    assertThat(SuccessRates.find(samples, new SuccessRate(0, 5, 100))).isEmpty();
  }

  @Property(tries = 500)
  void find_agreesWithTheFormula(
      @ForAll @Size(max = 30) List<@IntRange(max = 200) Integer> successes) {
    List<Sample<Integer>> samples = new ArrayList<>();
    for (int i = 0; i < successes.size(); i++) {
      samples.add(new Sample<>(i, successes.get(i), 200));
    }
    List<Integer> found =
        SuccessRates.find(samples, DEFAULT).stream().map(Outlier::server).toList();
    int n = successes.size();
    double sum = 0;
    double squares = 0;
    for (int s : successes) {
      sum += s / 200.0;
      squares += s / 200.0 * s / 200.0;
    }
    double mean = sum / n;
    double least = mean - 1.9 * Math.sqrt(Math.max(0, squares / n - mean * mean));
    for (int i = 0; i < n; i++) {
      double distance = successes.get(i) / 200.0 - least;
      if (n < 5) {
        assertThat(found).isEmpty();
      } else if (Math.abs(distance) > 1e-6) {
        assertThat(found.contains(i)).isEqualTo(distance < 0);
      }
    }
    for (int i = 1; i < found.size(); i++) { // the worst first: there may be room for one only
      assertThat(successes.get(found.get(i - 1))).isLessThanOrEqualTo(successes.get(found.get(i)));
    }
  }
}
