package io.evenkeel.core;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Those who watch the outcomes of one balancer. Guarded by its change lock. */
final class OutcomeWatches {

  private final List<OutcomeWatch<?>> watches = new ArrayList<>();

  /** All members have its listeners, or the factory throws and none has. */
  <L extends OutcomeListener> OutcomeWatch<L> add(
      ControlPlane control, Collection<Node> members, Function<? super Node, ? extends L> factory) {
    OutcomeWatch<L> watch = new OutcomeWatch<>(control, factory);
    Map<Node, OutcomeWatch.Place<L>> places = new LinkedHashMap<>(members.size() * 2);
    members.forEach(node -> places.put(node, watch.place(node)));
    places.forEach(Node::addPlace);
    watches.add(watch);
    return watch;
  }

  void remove(OutcomeWatch<?> watch, Collection<Node> members) {
    watches.remove(watch);
    members.forEach(node -> node.removePlace(watch));
  }

  /** Gives a new member its listeners. A factory that throws is no reason to refuse a server. */
  void join(Node node) {
    for (OutcomeWatch<?> watch : watches) {
      try {
        node.addPlace(watch.place(node));
      } catch (Throwable e) {
        watch.failed(e);
      }
    }
  }
}
