package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Whatever a source says, in any order: the members are those of its last good list. */
class DiscoverySequenceTest {

  /** Null: a failure. A null in it, an id twice, or nothing in it: garbage. */
  private record Step(List<Integer> ids, int drained) {}

  @Provide
  Arbitrary<List<Step>> steps() {
    Arbitrary<List<Integer>> good =
        Arbitraries.integers().between(0, 6).set().ofMinSize(1).ofMaxSize(6).map(ArrayList::new);
    Arbitrary<List<Integer>> any =
        Arbitraries.integers().between(0, 6).injectNull(0.1).list().ofMaxSize(4);
    Arbitrary<List<Integer>> lists =
        Arbitraries.frequencyOf(
            net.jqwik.api.Tuple.of(4, good),
            net.jqwik.api.Tuple.of(2, any),
            net.jqwik.api.Tuple.of(1, Arbitraries.just(null)));
    return net.jqwik.api.Combinators.combine(lists, Arbitraries.integers().between(-3, 6))
        .as(Step::new)
        .list()
        .ofMaxSize(25);
  }

  @Property(tries = 200)
  void members_areThoseOfTheLastGoodList_andWhoStaysKeepsAll(
      @ForAll("steps") List<Step> steps, @ForAll boolean allowEmpty) {
    ServerSource.Sink[] sink = new ServerSource.Sink[1];
    LoadBalancer balancer =
        LoadBalancer.builder()
            .source(
                s -> {
                  sink[0] = s;
                  return () -> {};
                })
            .allowEmpty(allowEmpty)
            .build();
    Set<String> expected = new LinkedHashSet<>();
    Set<String> drained = new LinkedHashSet<>();
    Map<String, Node> nodes = new HashMap<>();
    Map<String, Lease> leases = new HashMap<>();
    for (Step step : steps) {
      if (step.ids == null) {
        sink[0].failed(new IOException("no answer"));
      } else {
        sink[0].update(step.ids.stream().map(i -> i == null ? null : server(i, step)).toList());
        boolean good =
            !step.ids.contains(null)
                && Set.copyOf(step.ids).size() == step.ids.size()
                && (allowEmpty || !step.ids.isEmpty());
        if (good) {
          expected = step.ids.stream().map(i -> "s" + i).collect(Collectors.toSet());
        }
      }
      Map<String, Node> now = new HashMap<>();
      balancer.nodes().forEach(node -> now.put(node.server().id(), node));
      assertThat(now.keySet()).isEqualTo(expected);
      nodes.keySet().retainAll(expected);
      leases.keySet().retainAll(expected);
      drained.retainAll(expected);
      nodes.forEach((id, node) -> assertThat(now.get(id)).isSameAs(node));
      now.forEach(
          (id, node) -> {
            assertThat(node.has(Block.DRAINING)).isEqualTo(drained.contains(id));
            assertThat(node.inFlight()).isEqualTo(leases.containsKey(id) ? 1 : 0);
          });
      nodes.putAll(now);
      Lease lease = balancer.tryAcquire(Query.any());
      if (lease != null && leases.putIfAbsent(lease.server().id(), lease) != null) {
        lease.close();
      }
      if (expected.contains("s" + step.drained)) {
        balancer.drain("s" + step.drained);
        drained.add("s" + step.drained);
      }
    }
    balancer.close();
  }

  private static Server server(int id, Step step) {
    return Servers.server(id).withWeight(1 + step.ids.size()).withTier(step.ids.size() % 2);
  }
}
