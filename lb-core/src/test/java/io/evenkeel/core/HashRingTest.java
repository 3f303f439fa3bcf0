package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.evenkeel.core.HashRing.Change;
import io.evenkeel.core.HashRing.Move;
import io.evenkeel.core.HashRing.Placement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Lookups, shares and moves of a ring, whatever the placement. */
class HashRingTest {

  private static final int POINTS = 160;

  private static HashRing of(List<Server> servers, Placement placement) {
    int size = Math.max(1, POINTS * servers.size());
    return HashRing.of(servers, placement, size, HashRing.LARGEST_SIZE);
  }

  /** The first point at or behind the hash by a plain binary search, wrapping. */
  private static int search(long[] hashes, long hash) {
    int low = 0;
    int high = hashes.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (Long.compareUnsigned(hashes[middle], hash) < 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low == hashes.length ? 0 : low;
  }

  @Property(tries = 150)
  void lookup_agreesWithABinarySearch_forHostileHashesToo(
      @ForAll Placement placement,
      @ForAll @Size(min = 1, max = 70) List<@IntRange(max = 9) Integer> weights,
      @ForAll @IntRange(min = 1, max = 5_000) int minimum,
      @ForAll @Size(30) List<Long> random) {
    HashRing ring =
        HashRing.of(RingServers.weighted(weights), placement, minimum, HashRing.LARGEST_SIZE);
    long[] hashes = ring.hashes();
    List<Long> asked = new ArrayList<>(random);
    asked.addAll(List.of(0L, 1L, -1L, Long.MAX_VALUE, Long.MIN_VALUE));
    for (int i = 0; i < hashes.length; i += 1 + hashes.length / 200) {
      asked.addAll(List.of(hashes[i] - 1, hashes[i], hashes[i] + 1));
    }
    for (long hash : asked) {
      long known = hash & placement.largestHash();
      if (hashes.length == 0) {
        assertThat(ring.server(hash)).isNull();
      } else {
        int expected = search(hashes, known);
        assertThat(ring.find(placement.place(hash))).isEqualTo(expected);
        assertThat(ring.server(hash)).isSameAs(ring.serverOfNumber(ring.number(expected)));
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void hashBehindTheLastPoint_belongsToTheFirst(Placement placement) {
    HashRing ring = of(RingServers.even(5), placement);
    long[] hashes = ring.hashes();
    Server first = ring.server(hashes[0]);
    assertThat(ring.server(hashes[hashes.length - 1] + 1)).isEqualTo(first);
    assertThat(ring.server(placement.largestHash())).isEqualTo(first);
    assertThat(ring.server(0L)).isEqualTo(first);
  }

  /** Of 160,000 numbers of 32 bits some are alike. */
  @Test
  void equalPoints_theFirstServersCounts_andNginxForgetsTheOther() {
    List<Server> servers = RingServers.even(1_000);
    List<Server> reversed = new ArrayList<>(servers);
    Collections.reverse(reversed);
    HashRing nginx = of(servers, Placement.NGINX);
    assertThat(nginx.points()).isLessThan(1_000 * POINTS);
    assertThat(Arrays.stream(nginx.hashes()).distinct().count()).isEqualTo(nginx.points());
    long[] hashes = of(servers, Placement.KETAMA).hashes();
    int doubles = 0;
    for (Placement placement : List.of(Placement.NGINX, Placement.KETAMA)) {
      HashRing ring = of(servers, placement);
      HashRing other = of(reversed, placement);
      for (long hash : hashes) {
        Server one = ring.server(hash);
        Server two = other.server(hash);
        if (!one.equals(two)) {
          doubles++;
          assertThat(servers.indexOf(one)).isLessThan(servers.indexOf(two));
        }
      }
    }
    assertThat(doubles).isPositive();
  }

  @ParameterizedTest
  @EnumSource
  void serversOfOneAddress_haveTheirSharesWhateverTheOrder(Placement placement) {
    Server one = RingServers.server(0).withId("one");
    Server two = RingServers.server(0).withId("two");
    HashRing ring = of(List.of(two, one), placement);
    assertThat(ring.shares().values()).allSatisfy(share -> assertThat(share).isGreaterThan(0.3));
    assertThat(HashRing.movedShare(ring, of(List.of(one, two), placement))).isZero();
    assertThat(HashRing.moves(of(List.of(one), placement), of(List.of(one, two), placement)))
        .allSatisfy(move -> assertThat(move.to()).isEqualTo(two));
  }

  @ParameterizedTest
  @EnumSource
  void noServerWithAWeight_noPoints(Placement placement) {
    HashRing none = of(List.of(), placement);
    Server zero = RingServers.server(0).withWeight(0);
    HashRing weightless = of(List.of(zero), placement);
    for (HashRing ring : List.of(none, weightless)) {
      assertThat(ring.points()).isZero();
      assertThat(ring.server("key")).isNull();
      assertThat(ring.server(new byte[] {1})).isNull();
      assertThat(ring.server(-1L)).isNull();
    }
    assertThat(weightless.shares()).containsExactly(Map.entry(zero, 0.0));
    assertThat(HashRing.moves(none, weightless)).isEmpty();
    HashRing some = of(RingServers.even(1), placement);
    assertThat(HashRing.moves(none, some))
        .containsExactly(new Move(0, placement.largestHash(), null, RingServers.server(0), 1.0));
    assertThat(HashRing.movedShare(some, none)).isEqualTo(1.0);
  }

  @ParameterizedTest
  @EnumSource
  void oneServer_hasEverything(Placement placement) {
    HashRing ring = of(RingServers.even(1), placement);
    assertThat(ring.shares().get(RingServers.server(0))).isCloseTo(1, within(1e-9));
    assertThat(ring.server("any")).isEqualTo(RingServers.server(0));
  }

  @ParameterizedTest
  @EnumSource
  void shares_addUp_andAreWhatLookupsSay(Placement placement) {
    List<Server> servers = RingServers.weighted(List.of(1, 2, 3, 0, 4));
    HashRing ring = of(servers, placement);
    Map<Server, Double> shares = ring.shares();
    assertThat(List.copyOf(shares.keySet())).isEqualTo(servers);
    assertThat(shares.values().stream().mapToDouble(d -> d).sum()).isCloseTo(1, within(1e-9));
    int[] counts = new int[servers.size()];
    int keys = 100_000;
    RingServers.keys(keys).forEach(key -> counts[servers.indexOf(ring.server(key))]++);
    for (int i = 0; i < counts.length; i++) {
      assertThat(counts[i] / (double) keys)
          .isCloseTo(shares.get(servers.get(i)), within(0.01))
          .isCloseTo(servers.get(i).weight() / 10.0, within(0.06));
    }
  }

  /** Every hash is looked up before and after, at the borders of all ranges and within. */
  @Property(tries = 100)
  void moves_areWhatLookupsSay(
      @ForAll Placement placement,
      @ForAll @Size(min = 1, max = 12) List<@IntRange(max = 5) Integer> weights,
      @ForAll @Size(min = 1, max = 12) List<@IntRange(max = 5) Integer> later,
      @ForAll @Size(100) List<Long> random) {
    HashRing before = HashRing.of(RingServers.weighted(weights), placement);
    HashRing after = HashRing.of(RingServers.weighted(later), placement);
    List<Move> moves = HashRing.moves(before, after);
    TreeMap<Long, Move> byFirst = new TreeMap<>(Long::compareUnsigned);
    List<Long> asked = new ArrayList<>(random);
    for (Move move : moves) {
      assertThat(byFirst.put(move.first(), move)).isNull();
      asked.addAll(List.of(move.first() - 1, move.first(), move.last(), move.last() + 1));
    }
    for (long hash : asked) {
      long known = hash & placement.largestHash();
      var entry = byFirst.floorEntry(known);
      boolean moves1 = entry != null && Long.compareUnsigned(known, entry.getValue().last()) <= 0;
      String from = idOf(before.server(hash));
      String to = idOf(after.server(hash));
      if (moves1) {
        assertThat(idOf(entry.getValue().from())).isEqualTo(from).isNotEqualTo(to);
        assertThat(idOf(entry.getValue().to())).isEqualTo(to);
      } else {
        assertThat(from).isEqualTo(to);
      }
    }
    assertThat(HashRing.movedShare(before, before)).isZero();
    double moved = HashRing.movedShare(before, after);
    assertThat(moved)
        .isCloseTo(HashRing.movedShare(after, before), within(1e-9))
        .isBetween(0.0, 1.0);
    if (before.points() > 0 && after.points() > 0) {
      Map<String, Change> changes = HashRing.changes(before, after);
      assertThat(changes.values().stream().mapToDouble(Change::gained).sum())
          .isCloseTo(moved, within(1e-9));
      assertThat(changes.values().stream().mapToDouble(Change::lost).sum())
          .isCloseTo(moved, within(1e-9));
      Map<Server, Double> shares = before.shares();
      before.servers().stream()
          .filter(server -> changes.containsKey(server.id()))
          .forEach(
              server ->
                  assertThat(changes.get(server.id()).lost())
                      .isLessThanOrEqualTo(shares.get(server) + 1e-9));
    }
  }

  private static String idOf(Server server) {
    return server == null ? null : server.id();
  }

  /**
   * Each of about 100 in turn: what moves is its share, all of it from it, 1.05/n at most on
   * average. 99, because for 100 servers memcached clients round to 39 digests each.
   */
  @ParameterizedTest
  @EnumSource
  void oneOfManyLeaves_onlyItsKeysMove(Placement placement) {
    int n = placement == Placement.KETAMA ? 99 : 100;
    List<Server> all = RingServers.even(n);
    HashRing before = of(all, placement);
    double sum = 0;
    for (Server leaving : all) {
      List<Server> rest = new ArrayList<>(all);
      rest.remove(leaving);
      HashRing after = of(rest, placement);
      assertThat(HashRing.moves(before, after))
          .allSatisfy(move -> assertThat(move.from()).isEqualTo(leaving));
      double moved = HashRing.movedShare(before, after);
      assertThat(moved).isCloseTo(before.shares().get(leaving), within(1e-9));
      assertThat(HashRing.moves(after, before))
          .allSatisfy(move -> assertThat(move.to()).isEqualTo(leaving));
      sum += moved;
    }
    assertThat(sum / n).isLessThanOrEqualTo(1.05 / n);
  }

  /** What rounding costs where the others' points change with the number of servers. */
  @Test
  void pointsOfTheOthersChange_aFewMoreKeysMove() {
    List<Server> all = RingServers.even(100);
    List<Server> rest = all.subList(0, 99);
    double ketama = HashRing.movedShare(of(all, Placement.KETAMA), of(rest, Placement.KETAMA));
    double envoy =
        HashRing.movedShare(
            HashRing.of(all, Placement.ENVOY, 16_000, HashRing.LARGEST_SIZE),
            HashRing.of(rest, Placement.ENVOY, 16_000, HashRing.LARGEST_SIZE));
    double envoyByDefault =
        HashRing.movedShare(HashRing.of(all, Placement.ENVOY), HashRing.of(rest, Placement.ENVOY));
    assertThat(ketama).isBetween(0.01, 0.05);
    assertThat(envoy).isBetween(0.01, 0.03);
    assertThat(envoyByDefault).isBetween(0.005, 0.05);
  }

  /** The server's own share changes as its weight does, and all that moves goes to or from it. */
  @Test
  void weightChange_movesInProportion() {
    List<Server> before = RingServers.even(20);
    for (int weight : new int[] {2, 3, 5}) {
      List<Server> after = new ArrayList<>(before);
      after.set(7, before.get(7).withWeight(weight));
      HashRing one = of(before, Placement.NGINX);
      HashRing other = of(after, Placement.NGINX);
      assertThat(HashRing.moves(one, other))
          .allSatisfy(move -> assertThat(move.to()).isEqualTo(after.get(7)));
      double expected = weight / (19.0 + weight) - 1 / 20.0;
      assertThat(HashRing.movedShare(one, other)).isCloseTo(expected, within(0.25 * expected));
      assertThat(HashRing.changes(one, other).get(after.get(7).id()).gained())
          .isCloseTo(HashRing.movedShare(one, other), within(1e-9));
      assertThat(HashRing.moves(other, one))
          .allSatisfy(move -> assertThat(move.from()).isEqualTo(after.get(7)));
    }
  }

  @Test
  void manyServersOfOnePoint_areAllFound() {
    List<Server> servers = RingServers.even(1_000);
    HashRing ring = HashRing.of(servers, Placement.ENVOY, 1_000, 1_000);
    assertThat(ring.points()).isEqualTo(1_000);
    assertThat(Arrays.stream(ring.hashes()).mapToObj(ring::server).toList())
        .containsExactlyInAnyOrderElementsOf(servers);
  }

  @ParameterizedTest
  @EnumSource
  void memory_isAtMostTwelveBytesAPoint(Placement placement) {
    for (int n : new int[] {1, 2, 3, 10, 51, 52, 100, 410, 1_000}) {
      HashRing ring = of(RingServers.even(n), placement);
      assertThat(ring.footprint()).isLessThanOrEqualTo(12L * ring.points() + 4);
    }
    HashRing few = HashRing.of(RingServers.even(512), Placement.ENVOY, 1_024, 1_024);
    assertThat(few.footprint()).isLessThanOrEqualTo(12L * few.points() + 4);
  }

  @Test
  void badInput_isNamed() {
    List<Server> servers = RingServers.even(2);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> HashRing.of(servers, Placement.ENVOY, 0, 10))
        .withMessage("minimum_size: 0 (expected: 1 to 8388608)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Selectors.ringHash(Placement.ENVOY, 1, 8_388_609))
        .withMessage("maximum_size: 8388609 (expected: 1 to 8388608)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Selectors.ringHash(Placement.ENVOY, 20, 10))
        .withMessage("minimum_size: 20 (expected: at most maximum_size, 10)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Selectors.ringHash(null))
        .withMessage("placement: null (expected: envoy, ketama or nginx)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> HashRing.of(servers, null))
        .withMessage("placement: null (expected: envoy, ketama or nginx)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> HashRing.of(List.of(servers.get(0), servers.get(0)), Placement.ENVOY))
        .withMessage("servers: two of the id 10.0.0.0:80 (expected: each once)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> HashRing.of(RingServers.weighted(List.of(52_428, 1)), Placement.NGINX))
        .withMessage(
            "servers: 8388640 points in the placement NGINX, 160 for each weight of 1"
                + " (expected: at most 8388608)");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                HashRing.moves(
                    HashRing.of(servers, Placement.ENVOY), HashRing.of(servers, Placement.NGINX)))
        .withMessageStartingWith("after: a ring of placement NGINX (expected: ENVOY");
  }
}
