package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each key has an order of its own over the members, and gets the first that may be picked. */
class KeyedSelectorTest {

  private static final Map<String, Selector.Factory> SELECTORS =
      new TreeMap<>(
          Map.of(
              "ip_hash", Selectors.ipHash(),
              "maglev", Selectors.maglev(),
              "maglev of 61", Selectors.maglev(61),
              "rendezvous", Selectors.rendezvous()));

  private static Node node(int i, int weight) {
    return new Node(Server.of("10.0." + i / 256 + "." + i % 256, 80).withWeight(weight));
  }

  /** Some of weight 0; the first is not, so that somebody is there. */
  private static List<Node> nodes(int n, int heaviest, Random random) {
    List<Node> nodes = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      nodes.add(node(i, i > 0 && random.nextInt(8) == 0 ? 0 : 1 + random.nextInt(heaviest)));
    }
    return nodes;
  }

  private static List<Node> eligible(List<Node> members) {
    return members.stream().filter(Node::isEligible).toList();
  }

  private static KeyedSelector over(
      Selector.Factory factory, List<Node> members, List<Node> eligible, Selector previous) {
    return (KeyedSelector) factory.create(new Candidates(members, eligible, 1), previous);
  }

  private static List<Node> order(Selector selector, Query key) {
    List<Node> order = new ArrayList<>();
    Query query = key;
    for (Node node = selector.select(query); node != null; node = selector.select(query)) {
      order.add(node);
      query = query.excluding(node);
    }
    return order;
  }

  @Property(tries = 60)
  void blocked_itsKeysGoOnInTheirOwnOrder_noOthersMove_andTheyComeBack(
      @ForAll @IntRange(min = 1, max = 14) int n,
      @ForAll @IntRange(min = 1, max = 4) int heaviest,
      @ForAll long seed) {
    Random random = new Random(seed);
    List<Node> members = nodes(n, heaviest, random);
    List<Node> all = eligible(members);
    List<Node> some = all.stream().filter(node -> random.nextInt(3) > 0).toList();
    Set<Node> roomy = Set.copyOf(all.stream().filter(node -> random.nextBoolean()).toList());
    SELECTORS.forEach(
        (name, factory) -> {
          KeyedSelector whole = over(factory, members, all, null);
          KeyedSelector part = over(factory, members, some, whole);
          KeyedSelector again = over(factory, members, all, part);
          KeyedSelector fresh = over(factory, members, some, null);
          for (int i = 0; i < 40; i++) {
            Query key = Query.forHash(random.nextLong());
            List<Node> order = order(whole, key);
            assertThat(order).as(name).containsExactlyInAnyOrderElementsOf(all);
            List<Node> left = order.stream().filter(some::contains).toList();
            assertThat(order(part, key)).as(name).isEqualTo(left);
            assertThat(order(fresh, key)).as(name).isEqualTo(left);
            assertThat(order(again, key)).as(name).isEqualTo(order);
            assertThat(whole.peek(key)).as(name).isSameAs(order.get(0));
            assertThat(whole.select(key, roomy::contains))
                .as(name)
                .isSameAs(order.stream().filter(roomy::contains).findFirst().orElse(null));
            Query retry = key.excluding(order.get(0));
            assertThat(whole.select(retry, roomy::contains))
                .as(name)
                .isSameAs(order.stream().skip(1).filter(roomy::contains).findFirst().orElse(null));
          }
        });
  }

  @Test
  void nobodyHasRoom_orIsLeft_theSearchEnds() {
    List<Node> members = nodes(9, 1, new Random(4));
    List<Node> all = eligible(members);
    SELECTORS.forEach(
        (name, factory) -> {
          KeyedSelector selector = over(factory, members, all, null);
          Map<Node, Integer> asked = new HashMap<>();
          KeyedSelector.Room none =
              node -> {
                asked.merge(node, 1, Integer::sum);
                return false;
              };
          assertThat(selector.select(Query.forHash(12345), none)).as(name).isNull();
          assertThat(asked.keySet()).as(name).hasSize(all.size());
          assertThat(asked.values()).as(name).allMatch(times -> times <= 2);

          asked.clear();
          Query tried = Query.forHash(12345);
          for (Node node : members) {
            tried = tried.excluding(node);
          }
          assertThat(selector.select(tried, none)).as(name).isNull();
          assertThat(asked).as(name).isEmpty();
        });
  }

  /** Found by others, who list the same servers in another order or under other names. */
  @Property(tries = 30)
  void consistentOnes_orderAndIdsOfServers_doNotMatter(
      @ForAll @IntRange(min = 1, max = 12) int n, @ForAll long seed) {
    Random random = new Random(seed);
    List<Node> members = nodes(n, 3, random);
    List<Node> renamed = new ArrayList<>();
    members.forEach(node -> renamed.add(new Node(node.server().withId("x" + renamed.size()))));
    Collections.shuffle(renamed, random);
    for (Selector.Factory factory : List.of(Selectors.maglev(), Selectors.rendezvous())) {
      Selector one = over(factory, members, eligible(members), null);
      Selector other = over(factory, renamed, eligible(renamed), null);
      for (int i = 0; i < 40; i++) {
        Query key = Query.forHash(random.nextLong());
        assertThat(order(other, key).stream().map(node -> node.server().host()))
            .isEqualTo(order(one, key).stream().map(node -> node.server().host()).toList());
      }
    }
  }

  @Test
  void serversOfOneAddress_shareItsKeys() {
    SELECTORS.forEach(
        (name, factory) -> {
          LoadBalancer balancer = Servers.balancer(factory, 4, 1);
          Map<String, Integer> counts = new HashMap<>();
          for (int key = 0; key < 4_000; key++) {
            counts.merge(Servers.pick(balancer, Query.forKey("k" + key)), 1, Integer::sum);
          }
          assertThat(counts.values()).as(name).hasSize(4).allMatch(c -> c > 800 && c < 1_200);
        });
  }

  @Test
  void noKey_isSpread_andSaidOnceInABalancersLife() {
    SELECTORS.forEach(
        (name, factory) -> {
          List<String> lines;
          Map<String, Integer> counts;
          try (StandardError log = new StandardError()) {
            LoadBalancer balancer = Servers.balancer(factory, 5, 7);
            Servers.pick(balancer, Query.forKey("a"));
            assertThat(log.lines("WARN", "came without a key")).as(name).isEmpty();
            counts = Servers.counts(Servers.picks(balancer, 5_000));
            balancer.drain("s1");
            Servers.picks(balancer, 10);
            balancer.resume("s1");
            Servers.picks(balancer, 10);
            lines = log.lines("WARN", "came without a key");
          }
          assertThat(counts.values()).as(name).hasSize(5).allMatch(c -> c > 800 && c < 1_200);
          assertThat(lines).as(name).hasSize(1);
        });
  }

  // ---- ip_hash ----

  @Property(tries = 100)
  void ipHash_isTheRemainderInTheListOfAll_orTheNextEligible(
      @ForAll @IntRange(min = 1, max = 9) int n, @ForAll long hash, @ForAll long seed) {
    Random random = new Random(seed);
    List<Node> members = nodes(n, 3, random);
    List<Node> some = eligible(members).stream().filter(node -> random.nextBoolean()).toList();
    Selector selector = over(Selectors.ipHash(), members, some, null);
    int member = (int) Long.remainderUnsigned(hash, n);
    List<Node> expected = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      Node node = members.get((member + i) % n);
      if (some.contains(node)) {
        expected.add(node);
      }
    }
    assertThat(order(selector, Query.forHash(hash))).isEqualTo(expected);
  }

  // ---- maglev ----

  @Test
  void maglev_healthAndStandingData_buildNothing_weightsAndServersDo() {
    List<MaglevTable> tables = new ArrayList<>();
    LoadBalancer balancer =
        LoadBalancer.builder()
            .servers(node(0, 1).server(), node(1, 2).server(), node(2, 1).server())
            .selector(
                (candidates, previous) -> {
                  MaglevSelector made =
                      (MaglevSelector) Selectors.maglev().create(candidates, previous);
                  tables.add(made.table());
                  return made;
                })
            .build();
    MaglevTable first = tables.get(tables.size() - 1);
    String id = balancer.nodes().get(1).server().id();
    balancer.drain(id);
    balancer.resume(id);
    BlockOwner prober = balancer.claim(Block.PROBE_DOWN);
    balancer.nodes().forEach(node -> prober.set(node.server().id(), "down"));
    balancer.nodes().forEach(node -> prober.clear(node.server().id(), "up"));
    balancer.update(
        balancer.nodes().stream().map(node -> node.server().withMetadata("a", "b")).toList());
    assertThat(tables).hasSizeGreaterThan(8).allMatch(table -> table == first);

    balancer.update(balancer.nodes().get(1).server().withWeight(5));
    assertThat(tables.get(tables.size() - 1)).isNotSameAs(first);
    balancer.update(balancer.nodes().get(1).server().withWeight(2));
    balancer.add(node(3, 1).server());
    assertThat(tables.get(tables.size() - 1)).isNotSameAs(first);
  }

  @Test
  void maglev_deadServersLoad_isSpreadEvenlyOverTheOthers() {
    List<Node> members = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      members.add(node(i, 1));
    }
    Node dead = members.get(7);
    Selector whole = over(Selectors.maglev(), members, members, null);
    Selector without =
        over(
            Selectors.maglev(),
            members,
            members.stream().filter(node -> node != dead).toList(),
            null);
    Map<Node, Integer> heirs = new HashMap<>();
    for (int slot = 0; slot < 65_537; slot++) {
      Query key = Query.forHash(slot);
      if (whole.select(key) == dead) {
        heirs.merge(without.select(key), 1, Integer::sum);
      }
    }
    int mean = 65_537 / 20 / 19;
    assertThat(heirs).hasSize(19);
    assertThat(heirs.values()).allMatch(c -> c > mean * 0.7 && c < mean * 1.3);
  }

  @Test
  void maglev_tableOfAnotherSizeBefore_isNotTaken() {
    List<Node> members = nodes(5, 1, new Random(1));
    MaglevSelector large = (MaglevSelector) over(Selectors.maglev(), members, members, null);
    MaglevSelector small = (MaglevSelector) over(Selectors.maglev(61), members, members, large);
    assertThat(small.table().size()).isEqualTo(61);
  }

  @ParameterizedTest
  @ValueSource(strings = {"maglev", "rendezvous"})
  void ipv6_isHashedInBrackets(String name) {
    List<Node> bare = List.of(new Node(Server.of("::1", 80)), new Node(Server.of("::2", 80)));
    List<Node> inBrackets =
        List.of(new Node(Server.of("[::1]", 80)), new Node(Server.of("[::2]", 80)));
    Selector one = over(Selectors.named(name), bare, bare, null);
    Selector other = over(Selectors.named(name), inBrackets, inBrackets, null);
    for (int i = 0; i < 100; i++) {
      Query key = Query.forKey("k" + i);
      assertThat(bare.indexOf(one.select(key))).isEqualTo(inBrackets.indexOf(other.select(key)));
    }
  }
}
