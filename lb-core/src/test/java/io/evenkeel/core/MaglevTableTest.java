package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.dynatrace.hash4j.hashing.Hashing;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The table is Envoy's, slot by slot, and shares slots by weight. */
class MaglevTableTest {

  private static final String[] PORTS = {
    "127.0.0.1:90", "127.0.0.1:91", "127.0.0.1:92", "127.0.0.1:93", "127.0.0.1:94", "127.0.0.1:95"
  };

  private static int[] slots(String[] names, int[] weights, int size) {
    MaglevTable table = MaglevTable.of(names, weights, size);
    return IntStream.range(0, size).map(table::server).toArray();
  }

  private static int[] ones(int n) {
    int[] ones = new int[n];
    Arrays.fill(ones, 1);
    return ones;
  }

  // ---- the tables that Envoy's own tests expect (maglev_lb_test.cc) ----

  @Test
  void equalWeights_asEnvoysTestBasic() {
    assertThat(slots(PORTS, ones(6), 7)).containsExactly(2, 4, 0, 1, 5, 0, 3);
  }

  @Test
  void namesThatAreNoAddresses_asEnvoysTestBasicWithHostName() {
    String[] names = {"90", "91", "92", "93", "94", "95"};
    assertThat(slots(names, ones(6), 7)).containsExactly(2, 5, 0, 3, 4, 1, 0);
  }

  @Test
  void weights_asEnvoysTestWeighted() {
    assertThat(slots(Arrays.copyOf(PORTS, 2), new int[] {1, 2}, 17))
        .containsExactly(1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 0, 1, 0, 1);
  }

  @Test
  void equalLocalities_asEnvoysTestLocalityWeighted() {
    assertThat(slots(Arrays.copyOf(PORTS, 2), ones(2), 17))
        .containsExactly(1, 0, 0, 1, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 1);
  }

  @Test
  void differentLocalities_oneOfWeightZero_asEnvoysTestLocalityWeighted() {
    assertThat(slots(Arrays.copyOf(PORTS, 3), new int[] {8, 2, 0}, 17))
        .containsExactly(1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0);
  }

  @Test
  void lopsidedWeights_everyoneHasASlot_asEnvoysTestLocalityWeightedLopsided() {
    String[] names =
        IntStream.range(0, 1024).mapToObj(i -> "127.0.0.1:" + i).toArray(String[]::new);
    int[] weights = ones(1024);
    weights[0] = 127 * 1023;
    int[] counts = counts(slots(names, weights, 65_537), 1024);
    assertThat(counts[0]).isEqualTo(65_537 - 1023);
    assertThat(Arrays.stream(counts, 1, 1024)).containsOnly(1);
  }

  // ---- the definition, word by word ----

  /** Iterations over all servers, as the definition says it: slower, and nothing left out. */
  private static int[] byDefinition(String[] names, int[] weights, int size) {
    List<Integer> servers =
        IntStream.range(0, names.length)
            .filter(i -> weights[i] > 0)
            .boxed()
            .sorted((a, b) -> names[a].compareTo(names[b]))
            .toList();
    double sum = Arrays.stream(weights).sum();
    double largest = Arrays.stream(weights).max().orElseThrow() / sum;
    double[] target = new double[names.length];
    long[] turns = new long[names.length];
    int[] slots = new int[size];
    Arrays.fill(slots, -1);
    int filled = 0;
    for (int iteration = 1; filled < size; iteration++) {
      for (int server : servers) {
        if (filled == size || iteration * (weights[server] / sum) < target[server]) {
          continue;
        }
        target[server] += largest;
        byte[] name = names[server].getBytes(StandardCharsets.UTF_8);
        long offset = Long.remainderUnsigned(Hashing.xxh64().hashBytesToLong(name), size);
        long skip = Long.remainderUnsigned(Hashing.xxh64(1).hashBytesToLong(name), size - 1) + 1;
        int slot = (int) ((offset + skip * turns[server]) % size);
        while (slots[slot] >= 0) {
          turns[server]++;
          slot = (int) ((offset + skip * turns[server]) % size);
        }
        turns[server]++;
        slots[slot] = server;
        filled++;
      }
    }
    return slots;
  }

  @Property(tries = 300)
  void anyWeights_asTheDefinitionSays_andInProportion(
      @ForAll @IntRange(min = 1, max = 60) int n,
      @ForAll @IntRange(min = 1, max = 1_000) int heaviest,
      @ForAll long seed) {
    Random random = new Random(seed);
    int[] sizes = {61, 251, 1009, 4093};
    int size = sizes[random.nextInt(sizes.length)];
    String[] names = new String[n];
    int[] weights = new int[n];
    for (int i = 0; i < n; i++) {
      names[i] = "10.0." + random.nextInt(256) + "." + i + ":" + random.nextInt(65_536);
      weights[i] = i > 0 && random.nextInt(10) == 0 ? 0 : 1 + random.nextInt(heaviest);
    }
    int[] slots = slots(names, weights, size);
    assertThat(slots).isEqualTo(byDefinition(names, weights, size));

    double sum = Arrays.stream(weights).sum();
    long weighty = Arrays.stream(weights).filter(weight -> weight > 0).count();
    int[] counts = counts(slots, n);
    for (int i = 0; i < n; i++) {
      double share = weights[i] / sum;
      if (share == 0) {
        assertThat(counts[i]).isZero();
      } else {
        assertThat((double) counts[i])
            .isBetween(Math.max(1, (size - weighty) * share - 1), size * share + 2);
      }
    }
  }

  @Property(tries = 50)
  void orderOfServers_doesNotMatter(@ForAll @IntRange(min = 2, max = 50) int n, @ForAll long seed) {
    Random random = new Random(seed);
    String[] names =
        IntStream.range(0, n).mapToObj(i -> "10.0.0." + i + ":80").toArray(String[]::new);
    int[] weights = random.ints(n, 1, 5).toArray();
    int[] slots = slots(names, weights, 1009);
    String[] turned = new String[n];
    int[] theirs = new int[n];
    for (int i = 0; i < n; i++) {
      turned[i] = names[n - 1 - i];
      theirs[i] = weights[n - 1 - i];
    }
    int[] other = slots(turned, theirs, 1009);
    assertThat(Arrays.stream(other).map(i -> n - 1 - i).toArray()).isEqualTo(slots);
  }

  @Test
  void moreServersThanACharacterCounts_eachHasItsSlot() {
    String[] names =
        IntStream.range(0, 65_537).mapToObj(i -> "h" + i + ":80").toArray(String[]::new);
    int[] slots = slots(names, ones(65_537), 65_537);
    assertThat(Arrays.stream(slots).distinct().count()).isEqualTo(65_537);
    String[] fewer = Arrays.copyOf(names, 65_536); // the last that a character counts
    assertThat(counts(slots(fewer, ones(65_536), 65_537), 65_536)[65_535]).isBetween(1, 2);
  }

  @Test
  void noServerOfAnyWeight_noTable() {
    assertThat(MaglevTable.of(new String[0], new int[0], 7)).isNull();
    assertThat(MaglevTable.of(new String[] {"a"}, new int[1], 7)).isNull();
  }

  @Test
  void moreServersThanSlots_areRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> MaglevTable.of(PORTS, ones(6), 5))
        .withMessage("table_size: 5 (expected: >= the number of servers, 6)");
  }

  @ParameterizedTest
  @ValueSource(ints = {Integer.MIN_VALUE, -7, 0, 1, 2, 3, 4, 8, 65_536, 5_000_010, 5_000_077, 25})
  void sizeThatIsNone_isRefused(int size) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Selectors.maglev(size))
        .withMessage(
            "table_size: "
                + size
                + " (expected: a prime from 5 to 5000011, such as 65537 or 655373)");
  }

  @ParameterizedTest
  @ValueSource(ints = {5, 7, 65_537, 655_373, 5_000_011})
  void primeSize_isTaken(int size) {
    assertThat(Selectors.maglev(size)).isNotNull();
  }

  /** Measured at 100 servers; a bound, for what the quality report says more exactly. */
  @Test
  void oneOfAHundredGone_fewOtherKeysMove() {
    String[] names =
        IntStream.range(0, 100).mapToObj(i -> "10.0.0." + i + ":80").toArray(String[]::new);
    int[] before = slots(names, ones(100), 65_537);
    for (int gone : new TreeSet<>(List.of(0, 42, 99))) {
      int[] weights = ones(100);
      weights[gone] = 0;
      int[] after = slots(names, weights, 65_537);
      long others =
          IntStream.range(0, 65_537)
              .filter(i -> before[i] != after[i] && before[i] != gone)
              .count();
      assertThat(others / 65_537.0).isLessThan(0.01);
    }
  }

  private static int[] counts(int[] slots, int n) {
    int[] counts = new int[n];
    for (int server : slots) {
      counts[server]++;
    }
    return counts;
  }
}
