package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.HashRing.Placement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Each key has an order of its own over the servers, and gets the first that may be picked. */
class RingHashSelectorTest {

  private static final int N = 12;
  private static final List<String> KEYS = RingServers.keys(300);

  /** The selectors that one factory makes, as a balancer would hold them. */
  private static final class Chain {
    private final Selector.Factory factory;
    private final List<Node> members;
    private RingHashSelector selector;

    Chain(Selector.Factory factory, List<Server> servers) {
      this.factory = factory;
      this.members = servers.stream().map(Node::new).toList();
      rebuild(Set.of());
    }

    void rebuild(Set<Integer> blocked) {
      List<Node> eligible = new ArrayList<>();
      for (int i = 0; i < members.size(); i++) {
        if (!blocked.contains(i)) {
          eligible.add(members.get(i));
        }
      }
      selector = (RingHashSelector) factory.create(new Candidates(members, eligible, 1), selector);
    }
  }

  /** The servers in the order of their first points from the key on. */
  private static List<Server> order(HashRing ring, String key) {
    long[] hashes = ring.hashes();
    Placement placement = ring.placement();
    long hash = placement == Placement.ENVOY ? placement.place(key) : placement.place(key) >>> 32;
    int first = 0;
    while (first < hashes.length && Long.compareUnsigned(hashes[first], hash) < 0) {
      first++;
    }
    List<Server> order = new ArrayList<>();
    for (int i = 0; i < hashes.length; i++) {
      Server server = ring.server(hashes[(first + i) % hashes.length]);
      if (!order.contains(server)) {
        order.add(server);
      }
    }
    return order;
  }

  @Property(tries = 60)
  void blockedTriedOrFull_theNextInTheKeysOwnOrder(
      @ForAll Placement placement,
      @ForAll @Size(max = 11) Set<@IntRange(max = 11) Integer> blocked,
      @ForAll @Size(max = 6) Set<@IntRange(max = 11) Integer> tried,
      @ForAll @Size(max = 6) Set<@IntRange(max = 11) Integer> full) {
    Chain chain = new Chain(Selectors.ringHash(placement), RingServers.even(N));
    chain.rebuild(blocked);
    Set<Node> without = new HashSet<>();
    full.forEach(i -> without.add(chain.members.get(i)));
    for (String key : KEYS.subList(0, 40)) {
      Query query = Query.forKey(key);
      for (int i : tried) {
        query = query.excluding(chain.members.get(i));
      }
      Node left = null;
      Node leftWithRoom = null;
      for (Server server : order(chain.selector.ring(), key)) {
        int i = RingServers.even(N).indexOf(server);
        if (!blocked.contains(i) && !tried.contains(i)) {
          left = left == null ? chain.members.get(i) : left;
          if (leftWithRoom == null && !full.contains(i)) {
            leftWithRoom = chain.members.get(i);
          }
        }
      }
      assertThat(chain.selector.select(query)).isSameAs(left);
      assertThat(chain.selector.peek(query)).isSameAs(left);
      assertThat(chain.selector.select(query, node -> !without.contains(node)))
          .isSameAs(leftWithRoom);
    }
  }

  /** A health flip moves no key of another server, and the keys come back; and builds no ring. */
  @Property(tries = 60)
  void healthFlips_moveNoKeyOfAHealthyServer(
      @ForAll Placement placement,
      @ForAll @Size(min = 1, max = 11) Set<@IntRange(max = 11) Integer> blocked) {
    Chain chain = new Chain(Selectors.ringHash(placement), RingServers.even(N));
    HashRing ring = chain.selector.ring();
    Map<String, Node> before = new HashMap<>();
    KEYS.forEach(key -> before.put(key, chain.selector.select(Query.forKey(key))));
    chain.rebuild(blocked);
    assertThat(chain.selector.ring()).isSameAs(ring);
    for (String key : KEYS) {
      Node now = chain.selector.select(Query.forKey(key));
      if (blocked.contains(chain.members.indexOf(before.get(key)))) {
        assertThat(blocked).doesNotContain(chain.members.indexOf(now));
      } else {
        assertThat(now).isSameAs(before.get(key));
      }
    }
    chain.rebuild(Set.of());
    assertThat(chain.selector.ring()).isSameAs(ring);
    KEYS.forEach(
        key -> assertThat(chain.selector.select(Query.forKey(key))).isSameAs(before.get(key)));
  }

  @Test
  void balancer_drainAndResume_keepsTheRing_otherChangesBuildOne() {
    List<RingHashSelector> made = new ArrayList<>();
    Selector.Factory factory = Selectors.ringHash(Placement.ENVOY, 500, 5_000);
    LoadBalancer balancer =
        LoadBalancer.builder()
            .servers(RingServers.even(4))
            .selector(
                (candidates, previous) -> {
                  made.add((RingHashSelector) factory.create(candidates, previous));
                  return made.get(made.size() - 1);
                })
            .build();
    String id = RingServers.server(2).id();
    HashRing ring = made.get(made.size() - 1).ring();
    balancer.drain(id);
    balancer.resume(id);
    balancer.update(RingServers.server(2).withMetadata("rack", "7"));
    assertThat(made).hasSizeGreaterThan(2).allMatch(selector -> selector.ring() == ring);
    balancer.update(RingServers.server(2).withWeight(2));
    HashRing heavier = made.get(made.size() - 1).ring();
    assertThat(heavier).isNotSameAs(ring);
    balancer.add(RingServers.server(9));
    HashRing more = made.get(made.size() - 1).ring();
    assertThat(more).isNotSameAs(heavier);
    balancer.add(RingServers.server(10).withWeight(0));
    assertThat(made.get(made.size() - 1).ring()).isSameAs(more);
  }

  @Test
  void otherSizesOrPlacement_takeOverNoRing() {
    List<Node> members = RingServers.even(3).stream().map(Node::new).toList();
    Candidates candidates = new Candidates(members, members, 1);
    RingHashSelector one = (RingHashSelector) Selectors.ringHash().create(candidates, null);
    for (Selector.Factory other :
        List.of(
            Selectors.ringHash(Placement.NGINX),
            Selectors.ringHash(Placement.ENVOY, 2_000, HashRing.LARGEST_SIZE),
            Selectors.ringHash(Placement.ENVOY, 1_024, 2_000))) {
      assertThat(((RingHashSelector) other.create(candidates, one)).ring()).isNotSameAs(one.ring());
    }
    RingHashSelector again =
        (RingHashSelector) Selectors.ringHash(Placement.ENVOY).create(candidates, one);
    assertThat(again.ring()).isSameAs(one.ring());
  }

  /** A server so light that it has no point still serves when nobody else can. */
  @Test
  void serverWithoutAPoint_comesLast() {
    List<Server> servers = RingServers.weighted(List.of(1, 1_000, 1_000));
    Chain chain = new Chain(Selectors.ringHash(Placement.KETAMA), servers);
    assertThat(chain.selector.ring().shares().get(servers.get(0))).isZero();
    Query query = Query.forKey("key");
    List<Node> reached = new ArrayList<>();
    for (Node node = chain.selector.select(query); node != null; ) {
      reached.add(node);
      query = query.excluding(node);
      node = chain.selector.select(query);
    }
    assertThat(reached).hasSize(3).endsWith(chain.members.get(0));
    chain.rebuild(Set.of(1, 2));
    assertThat(chain.selector.select(Query.forKey("key"))).isSameAs(chain.members.get(0));
    assertThat(chain.selector.select(Query.forKey("key"), node -> false)).isNull();
  }

  /** Everybody tried or full: all are asked once, not every point. */
  @Test
  void nobodyLeft_theWalkIsNotBegun() {
    Chain chain = new Chain(Selectors.ringHash(Placement.NGINX), RingServers.even(100));
    int[] asked = {0};
    Node none =
        chain.selector.select(
            Query.forKey("key"),
            node -> {
              asked[0]++;
              return false;
            });
    assertThat(none).isNull();
    assertThat(asked[0]).isEqualTo(101);
    Query query = Query.forKey("key");
    for (Node node : chain.members) {
      query = query.excluding(node);
    }
    assertThat(chain.selector.select(query)).isNull();
  }

  /** Room that comes and goes with every question: the walk ends after one turn of the ring. */
  @Test
  void roomThatGoesAgain_theWalkEnds() {
    Chain chain = new Chain(Selectors.ringHash(Placement.NGINX), RingServers.even(10));
    int[] asked = {0};
    Node none = chain.selector.select(Query.forKey("key"), node -> ++asked[0] == 2);
    assertThat(none).isNull();
    assertThat(asked[0]).isLessThanOrEqualTo(1_600 + 2);
  }

  @ParameterizedTest
  @EnumSource
  void keyOfEveryKind_goesWhereTheRingSays(Placement placement) {
    Chain chain = new Chain(Selectors.ringHash(placement), RingServers.even(30));
    HashRing ring = chain.selector.ring();
    for (String key :
        List.of("", "a", "0123456789abcdef", "ключ", "\ud83d\ude00", "é".repeat(90))) {
      byte[] bytes = key.getBytes(java.nio.charset.StandardCharsets.UTF_8);
      assertThat(pick(chain, Query.forKey(key))).isEqualTo(ring.server(key));
      assertThat(pick(chain, Query.forKey(java.nio.CharBuffer.wrap(key))))
          .isEqualTo(ring.server(key));
      assertThat(pick(chain, Query.forKey(bytes))).isEqualTo(ring.server(bytes));
      assertThat(ring.server(bytes)).isEqualTo(ring.server(key));
    }
    for (long hash : new long[] {0, 1, -1, 0x1234_5678_9abc_def0L}) {
      assertThat(pick(chain, Query.forHash(hash))).isEqualTo(ring.server(hash));
    }
    if (placement != Placement.ENVOY) {
      assertThat(ring.server(0x1_0000_0005L)).isEqualTo(ring.server(5L));
    }
  }

  private static Server pick(Chain chain, Query query) {
    return chain.selector.select(query).server();
  }

  /** Slow starts scale what other selectors weigh by, and a ring is none the wiser. */
  @Test
  void scaledWeights_doNotCount() {
    List<Node> members = RingServers.weighted(List.of(1, 2, 3)).stream().map(Node::new).toList();
    int[] scaled = {10, 100, 1};
    Candidates candidates =
        new Candidates(members, members, scaled, Environment.seeded(1, NanoClock.system()));
    RingHashSelector selector =
        (RingHashSelector) Selectors.ringHash(Placement.NGINX).create(candidates, null);
    assertThat(selector.ring().points()).isEqualTo(6 * 160);
    assertThat(Arrays.stream(scaled).sum()).isEqualTo(111);
  }

  @Test
  void changedAddress_ofTheSameId_buildsARing() {
    Server one = Server.of("10.0.0.1", 80).withId("one");
    Chain chain = new Chain(Selectors.ringHash(), List.of(one));
    assertThat(
            chain.selector.ring().isOf(List.of(one), Placement.ENVOY, 1_024, HashRing.LARGEST_SIZE))
        .isTrue();
    for (Server other :
        List.of(
            Server.of("10.0.0.2", 80).withId("one"),
            Server.of("10.0.0.1", 81).withId("one"),
            one.withId("two"),
            one.withWeight(2))) {
      assertThat(
              chain
                  .selector
                  .ring()
                  .isOf(List.of(other), Placement.ENVOY, 1_024, HashRing.LARGEST_SIZE))
          .isFalse();
    }
  }
}
