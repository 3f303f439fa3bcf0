package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** The formula as it is documented, and that nothing moves but to or from who changes. */
class RendezvousTest {

  private static Node node(int i, int weight) {
    return new Node(Server.of("10.0.0." + i, 80).withWeight(weight));
  }

  private static List<Node> nodes(int n, int heaviest, Random random) {
    List<Node> nodes = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      nodes.add(node(i, 1 + random.nextInt(heaviest)));
    }
    return nodes;
  }

  private static Selector over(List<Node> nodes) {
    return Selectors.rendezvous().create(new Candidates(nodes, nodes, 1), null);
  }

  /** Straight from the Javadoc, with nothing left out and nothing sped up. */
  private static List<Node> byFormula(List<Node> nodes, long key) {
    return nodes.stream()
        .sorted(
            Comparator.<Node>comparingDouble(node -> score(node, key))
                .thenComparing((a, b) -> Long.compareUnsigned(meet(a, key), meet(b, key)))
                .reversed())
        .toList();
  }

  private static long meet(Node node, long key) {
    long z = key ^ KeyHash.of(node.server().host() + ":" + node.server().port());
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  private static double score(Node node, long key) {
    return node.weight() / -Math.log(((meet(node, key) >>> 12) + 0.5) * Math.pow(2, -52));
  }

  @Property(tries = 200)
  void everyKey_hasTheOrderOfTheScores(
      @ForAll @IntRange(min = 1, max = 40) int n,
      @ForAll @IntRange(min = 1, max = 1_000) int heaviest,
      @ForAll long seed) {
    Random random = new Random(seed);
    List<Node> nodes = nodes(n, random.nextBoolean() ? 1 : heaviest, random);
    Selector selector = over(nodes);
    for (int i = 0; i < 20; i++) {
      long key = random.nextLong();
      Query query = Query.forHash(key);
      for (Node expected : byFormula(nodes, key)) {
        assertThat(selector.select(query)).isSameAs(expected);
        query = query.excluding(expected);
      }
    }
  }

  @Property(tries = 60)
  void serverAddedOrHeavier_takesKeysFromAll_andNoOthersMove(
      @ForAll @IntRange(min = 2, max = 20) int n,
      @ForAll @IntRange(min = 1, max = 5) int heaviest,
      @ForAll long seed) {
    Random random = new Random(seed);
    List<Node> before = nodes(n, heaviest, random);
    int changed = random.nextInt(n);
    List<Node> without = new ArrayList<>(before);
    without.remove(changed);
    List<Node> heavier = new ArrayList<>(before);
    heavier.set(changed, node(changed, before.get(changed).weight() + 1 + random.nextInt(3)));
    Selector small = over(without);
    Selector selector = over(before);
    Selector large = over(heavier);
    for (int i = 0; i < 200; i++) {
      Query key = Query.forHash(random.nextLong());
      int from = without.indexOf(small.select(key));
      int to = before.indexOf(selector.select(key));
      assertThat(to).isIn(changed, from < changed ? from : from + 1);
      assertThat(heavier.indexOf(large.select(key))).isIn(changed, to);
    }
  }

  /** Shares by weight, and those of the keys that a server leaves behind. */
  @Test
  void keys_areSharedByWeight() {
    int[] weights = {1, 2, 3, 4, 10};
    List<Node> nodes = new ArrayList<>();
    for (int i = 0; i < weights.length; i++) {
      nodes.add(node(i, weights[i]));
    }
    Selector selector = over(nodes);
    Map<Node, Integer> first = new HashMap<>();
    Map<Node, Integer> heirs = new HashMap<>();
    int keys = 200_000;
    for (int i = 0; i < keys; i++) {
      Query key = Query.forHash(Mix.mix64(i));
      Node owner = selector.select(key);
      first.merge(owner, 1, Integer::sum);
      if (owner == nodes.get(4)) {
        heirs.merge(selector.select(key.excluding(owner)), 1, Integer::sum);
      }
    }
    for (int i = 0; i < weights.length; i++) {
      assertShare(first.get(nodes.get(i)), keys, weights[i] / 20.0);
    }
    int left = first.get(nodes.get(4));
    for (int i = 0; i < 4; i++) {
      assertShare(heirs.get(nodes.get(i)), left, weights[i] / 10.0);
    }
  }

  /** Hashes that are hardly any, as numbers in a row, are spread, too. */
  @Test
  void numbersInARow_asHashes_areSpread() {
    List<Node> nodes = nodes(10, 1, new Random(1));
    Selector selector = over(nodes);
    Map<Node, Integer> counts = new HashMap<>();
    for (int i = 0; i < 100_000; i++) {
      counts.merge(selector.select(Query.forHash(i)), 1, Integer::sum);
    }
    counts.values().forEach(count -> assertShare(count, 100_000, 0.1));
  }

  /** Within five standard deviations of what chance gives. */
  private static void assertShare(int count, int of, double share) {
    double deviation = Math.sqrt(of * share * (1 - share));
    assertThat((double) count).isBetween(of * share - 5 * deviation, of * share + 5 * deviation);
  }
}
