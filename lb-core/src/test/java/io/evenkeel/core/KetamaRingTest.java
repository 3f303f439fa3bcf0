package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.evenkeel.core.HashRing.Placement;
import java.lang.reflect.Proxy;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.spy.memcached.DefaultHashAlgorithm;
import net.spy.memcached.KetamaNodeKeyFormatter;
import net.spy.memcached.KetamaNodeLocator;
import net.spy.memcached.MemcachedNode;
import org.junit.jupiter.api.Test;

/** The placement {@code KETAMA}: beside spymemcached's locator, and what libmemcached answered. */
class KetamaRingTest {

  private static final List<String> KEYS = RingServers.keys(400);

  static {
    // It asserts that there are 160 points a server, which its own rounding of weights breaks.
    KetamaRingTest.class
        .getClassLoader()
        .setClassAssertionStatus("net.spy.memcached.KetamaNodeLocator", false);
  }

  /** spymemcached asks its nodes for nothing but their address. */
  private static MemcachedNode node(InetSocketAddress address) {
    return (MemcachedNode)
        Proxy.newProxyInstance(
            MemcachedNode.class.getClassLoader(),
            new Class<?>[] {MemcachedNode.class},
            (proxy, method, args) ->
                switch (method.getName()) {
                  case "getSocketAddress" -> address;
                  case "toString" -> address.toString();
                  case "hashCode" -> System.identityHashCode(proxy);
                  case "equals" -> proxy == args[0];
                  default -> throw new UnsupportedOperationException(method.toString());
                });
  }

  private static void agree(List<Server> servers, boolean isWeighted) {
    List<MemcachedNode> nodes = new ArrayList<>();
    Map<InetSocketAddress, Integer> weights = new HashMap<>();
    for (Server server : servers) {
      InetSocketAddress address = InetSocketAddress.createUnresolved(server.host(), server.port());
      nodes.add(node(address));
      weights.put(address, server.weight());
    }
    KetamaNodeLocator theirs =
        new KetamaNodeLocator(
            nodes,
            DefaultHashAlgorithm.KETAMA_HASH,
            KetamaNodeKeyFormatter.Format.LIBMEMCACHED,
            isWeighted ? weights : Map.of());
    HashRing ours = HashRing.of(servers, Placement.KETAMA);
    for (String key : KEYS) {
      InetSocketAddress address = (InetSocketAddress) theirs.getPrimary(key).getSocketAddress();
      Server server = ours.server(key);
      assertThat(server.host() + ":" + server.port())
          .as(key)
          .isEqualTo(address.getHostString() + ":" + address.getPort());
    }
  }

  @Property(tries = 50)
  void anyWeights_agreeWithSpymemcached(
      @ForAll @Size(min = 1, max = 60) List<@IntRange(min = 1, max = 1_000) Integer> weights,
      @ForAll @IntRange(min = 1, max = 65_535) int port) {
    agree(
        IntStream.range(0, weights.size())
            .mapToObj(i -> Server.of("cache-" + i + ".example", port).withWeight(weights.get(i)))
            .toList(),
        true);
  }

  @Property(tries = 30)
  void evenWeights_agreeWithSpymemcachedByWeights(@ForAll @IntRange(min = 1, max = 200) int n) {
    agree(RingServers.even(n), true);
  }

  @Test
  void evenWeights_agreeWithSpymemcachedWithoutThem() {
    for (int n : new int[] {1, 2, 3, 10, 24, 99}) {
      agree(RingServers.even(n), false);
    }
  }

  @Test
  void portOfMemcached_isLeftAway() {
    agree(IntStream.range(0, 9).mapToObj(i -> Server.of("10.0.0." + i, 11_211)).toList(), false);
  }

  /**
   * As libmemcached, and unlike the plain product: 25 · (1/25 as a float) is a little less than 1.
   */
  @Test
  void floats_roundAsTheirs() {
    assertThat(HashRing.of(RingServers.even(24), Placement.KETAMA).points()).isEqualTo(24 * 160);
    assertThat(HashRing.of(RingServers.even(25), Placement.KETAMA).points()).isEqualTo(25 * 156);
  }

  /**
   * What libmemcached 1.1.4 of Debian 12, with KETAMA_WEIGHTED, gives as memcached_generate_hash of
   * key-0 to key-119: the servers 10.0.0.0, 10.0.0.1 and so on as letters.
   */
  @Test
  void libmemcached_recordedAnswers_areTheSame() {
    answers(
        11211,
        List.of(1, 1, 1),
        "ccbaababcccbbbcaaabccbaacacbacaacabccbabcacbcabbbcbcabaacaca"
            + "cbbabbccbaaacccbbabccbacaacccbbbcbcaacacbacbccababccaabcacba");
    answers(
        11212,
        List.of(1, 2, 3, 5, 10),
        "edceeadeeceeacceeeadeeecbebeecbeceeecbdeceecbaeedbddeaadeaee"
            + "eeadaebeeedededeeccdacededbbcceaeceedbeddedddeedeebdeeceeedd");
    answers(
        11212,
        List.of(1, 100, 1000),
        "cccccccccccccccccccccccccccccccccccccbcccccccccccbcccccccccc"
            + "ccccccccccccccccccccccccccccccccccccccccccbcccccccbccccccccc");
    answers(
        11212,
        Collections.nCopies(25, 1),
        "wmoeesutxgrvaigvtbkgistglsvwrllrigngbmpmgfijotupfkmwfappgsqh"
            + "exncnpbmwvwetbfnvucthhropsjvcceonnohryouhxtrufgkoqlusechxrob");
  }

  private static void answers(int port, List<Integer> weights, String letters) {
    List<Server> servers =
        IntStream.range(0, weights.size())
            .mapToObj(i -> Server.of("10.0.0." + i, port).withWeight(weights.get(i)))
            .toList();
    HashRing ring = HashRing.of(servers, Placement.KETAMA);
    StringBuilder ours = new StringBuilder();
    for (String key : KEYS.subList(0, 120)) {
      ours.append((char) ('a' + servers.indexOf(ring.server(key))));
    }
    assertThat(ours.toString()).isEqualTo(letters);
  }

  @Test
  void keyThatThrowsHalfway_leavesNothingForTheNext() {
    HashRing ring = HashRing.of(RingServers.even(9), Placement.KETAMA);
    List<Server> before = KEYS.stream().map(key -> ring.server(key)).toList();
    int[] reads = {0};
    CharSequence broken =
        (CharSequence)
            Proxy.newProxyInstance(
                CharSequence.class.getClassLoader(),
                new Class<?>[] {CharSequence.class},
                (proxy, method, args) -> {
                  if (method.getName().equals("length")) {
                    return 4;
                  }
                  if (++reads[0] > 6) { // all four are looked at, and then hashed
                    throw new IllegalStateException("gone");
                  }
                  return 'a';
                });
    assertThatIllegalStateException().isThrownBy(() -> ring.server(broken));
    assertThat(KEYS.stream().map(key -> ring.server(key)).toList()).isEqualTo(before);
  }
}
