package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What every selector must do: each that ships, by name, plain and with all that goes around; and
 * the one in the Javadoc.
 */
class SelectorContractTest {

  /** The example of {@link Selector}'s Javadoc, word by word. */
  private static final Selector.Factory FIRST =
      (candidates, previous) ->
          query -> {
            for (Node node : candidates.eligible()) {
              if (!query.isTried(node)) {
                return node;
              }
            }
            return null;
          };

  private static final Map<String, String> ALL_AROUND =
      Map.of("bounded", "0.25", "zone", "a", "subset", "1/2", "sticky_ttl", "10m");

  static Stream<Named<Selector.Factory>> everySelector() {
    Stream<Named<Selector.Factory>> around =
        Selectors.names().stream().map(name -> named(name, ALL_AROUND));
    Stream<Named<Selector.Factory>> one =
        Stream.of("round_robin", "least_connections")
            .flatMap(
                name ->
                    Stream.of(
                            Map.of("bounded", "0.25"),
                            Map.of("zone", "b"),
                            Map.of("subset", "1/2"),
                            Map.of("sticky_ttl", "10m"))
                        .map(option -> named(name, option)));
    return Stream.of(shippedSelectors(), around, one, Stream.of(Named.of("the user's own", FIRST)))
        .flatMap(selectors -> selectors);
  }

  private static Named<Selector.Factory> named(String name, Map<String, String> options) {
    return Named.of(name + " " + new TreeMap<>(options), Selectors.named(name, options));
  }

  static Stream<Named<Selector.Factory>> shippedSelectors() {
    return Selectors.names().stream().map(name -> Named.of(name, Selectors.named(name)));
  }

  @ParameterizedTest
  @MethodSource("everySelector")
  void noCandidates_select_returnsNull(Selector.Factory factory) {
    assertThat(factory.create(new Candidates(List.of(), List.of(), 1), null).select(Query.any()))
        .isNull();
    Candidates none = new Candidates(nodes(3), List.of(), 1);
    Selector selector = factory.create(none, null);
    assertThat(selector.select(Query.any())).isNull();
    assertThat(factory.create(none, selector).select(Query.any())).isNull();
  }

  @ParameterizedTest
  @MethodSource("everySelector")
  void retries_reachEachEligibleNodeOnce_thenNull(Selector.Factory factory) {
    for (long seed = 0; seed < 50; seed++) {
      List<Node> members = nodes(6);
      List<Node> eligible = List.of(members.get(0), members.get(2), members.get(5));
      Selector selector = factory.create(new Candidates(members, eligible, seed), null);
      Query query = Query.any();
      List<Node> reached = new ArrayList<>();
      for (Node node = selector.select(query); node != null; node = selector.select(query)) {
        reached.add(node);
        query = query.excluding(node);
      }
      assertThat(reached).as("seed %d", seed).containsExactlyInAnyOrderElementsOf(eligible);
    }
  }

  @ParameterizedTest
  @MethodSource("shippedSelectors")
  void everyEligibleNode_isReached(Selector.Factory factory) {
    for (long seed = 0; seed < 50; seed++) {
      List<Node> members = nodes(9);
      List<Node> eligible = members.subList(2, 8);
      Selector selector = factory.create(new Candidates(members, eligible, seed), null);
      Set<Node> reached = Collections.newSetFromMap(new IdentityHashMap<>());
      for (int i = 0; i < 2_000; i++) {
        reached.add(selector.select(Query.any()));
      }
      assertThat(reached).as("seed %d", seed).containsExactlyInAnyOrderElementsOf(eligible);
    }
  }

  /** Random rebuilds, random nodes tried: never one that is ineligible, tried, or of the past. */
  @ParameterizedTest
  @MethodSource("everySelector")
  void randomRebuilds_select_returnsEligibleUntriedNodesOnly(Selector.Factory factory) {
    long seed = Threads.seed();
    Random random = new Random(seed);
    List<Node> pool = nodes(20);
    Selector selector = null;
    for (int round = 0; round < 300; round++) {
      List<Node> members = pool.stream().filter(node -> random.nextInt(4) > 0).toList();
      List<Node> eligible = members.stream().filter(node -> random.nextInt(3) > 0).toList();
      selector = factory.create(new Candidates(members, eligible, seed), selector);
      for (int i = 0; i < 10; i++) {
        Set<Node> tried = new HashSet<>();
        Query query = i % 2 == 0 ? Query.any() : Query.forHash(random.nextInt(5));
        for (Node node : pool) {
          if (random.nextInt(4) == 0) {
            tried.add(node);
            query = query.excluding(node);
          }
        }
        Node picked = selector.select(query);
        List<Node> left = eligible.stream().filter(node -> !tried.contains(node)).toList();
        if (left.isEmpty()) {
          assertThat(picked).as("seed %d", seed).isNull();
        } else {
          assertThat(left).as("seed %d", seed).contains(picked);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("everySelector")
  void previousOfAnotherFactory_isNoHarm(Selector.Factory factory) {
    List<Node> members = nodes(3);
    Selector stranger = query -> null;
    Selector selector = factory.create(new Candidates(members, members, 1), stranger);
    assertThat(selector.select(Query.any())).isIn(members);
  }

  @ParameterizedTest
  @MethodSource("everySelector")
  void oneFactory_servesSeveralBalancersAtOnce(Selector.Factory factory) {
    LoadBalancer one = Servers.balancer(factory, 3, 1);
    LoadBalancer other = Servers.balancer(factory, 2, 1);
    for (int i = 0; i < 20; i++) {
      assertThat(one.acquire().node()).isIn(one.nodes());
      assertThat(other.acquire().node()).isIn(other.nodes());
    }
  }

  @ParameterizedTest
  @MethodSource("everySelector")
  void manyThreadsPickingAndRetrying_underRebuilds_neverGetATriedNode(Selector.Factory factory)
      throws Exception {
    LoadBalancer balancer = Servers.balancer(factory, 4, Threads.seed());
    Threads.run(
        6,
        index -> {
          for (int i = 0; i < 3_000; i++) {
            if (index == 0 && !balancer.drain("s1")) {
              balancer.resume("s1");
            }
            // Three of four are always eligible, so two attempts must always be possible.
            try (Lease first = balancer.acquire();
                Lease second = balancer.acquire(Query.any().excluding(first.node()))) {
              assertThat(second.node()).isNotSameAs(first.node());
            }
          }
        });
    assertThat(balancer.nodes()).allSatisfy(node -> assertThat(node.inFlight()).isZero());
  }

  @Test
  void named_unknown_listsTheNames() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Selectors.named("ring"))
        .withMessage("selector: 'ring' (expected: " + String.join(", ", Selectors.names()) + ")");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Selectors.named(null))
        .withMessage("selector: null (expected: " + String.join(", ", Selectors.names()) + ")");
    assertThat(List.copyOf(Selectors.names()))
        .contains("least_connections", "round_robin")
        .isSorted();
    assertThatThrownBy(() -> Selectors.names().clear())
        .isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void selectorThatThrows_acquire_passesItOnAndLeasesNothing() {
    IllegalStateException thrown = new IllegalStateException("mine");
    LoadBalancer balancer =
        Servers.balancer(
            (candidates, previous) ->
                query -> {
                  throw thrown;
                },
            2,
            1);
    assertThatThrownBy(balancer::acquire).isSameAs(thrown);
    assertThat(balancer.nodes()).allSatisfy(node -> assertThat(node.inFlight()).isZero());
  }

  private static List<Node> nodes(int n) {
    return IntStream.range(0, n)
        .mapToObj(i -> new Node(Servers.server(i).withZone(i % 2 == 0 ? null : "b")))
        .toList();
  }
}
