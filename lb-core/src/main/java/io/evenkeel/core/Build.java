package io.evenkeel.core;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The building of one snapshot: what nodes' seats are told apart by, whose latency is measured for
 * it, and what is put off until the snapshot is in force. Guarded by the balancer's change lock.
 */
final class Build {

  private static final Logger log = LoggerFactory.getLogger(LoadBalancer.class);

  private final List<Runnable> putOff = new ArrayList<>();

  /** Whose latency its selectors read, and whether peaks count in it. */
  private final IdentityHashMap<Node, Boolean> measured = new IdentityHashMap<>();

  /** Those of them whose latency nobody read before. */
  private final List<Node> begun = new ArrayList<>();

  void add(Runnable action) {
    putOff.add(action);
  }

  /** Has a node's latency measured from now on, for as long as the snapshot is in force. */
  Latency measure(Node node, NanoClock clock, boolean peaks) {
    if (node.latency() == null) {
      begun.add(node);
    }
    measured.put(node, peaks);
    return node.measure(clock, peaks);
  }

  /** The snapshot never comes into force. */
  void refused() {
    begun.forEach(Node::measureNoMore);
  }

  /** The snapshot is in force, and stays so whatever happens here. */
  void inForce(List<Node> members) {
    for (Node node : members) {
      Boolean peaks = measured.get(node);
      Latency latency = node.latency();
      if (peaks == null) {
        node.measureNoMore();
      } else if (latency != null) {
        latency.countPeaks(peaks);
      }
    }
    for (Runnable action : putOff) {
      try {
        action.run();
      } catch (Throwable e) { // of a user's clock
        tell(e);
      }
    }
    putOff.clear();
  }

  private static void tell(Throwable cause) {
    try {
      log.warn("a selector could not clear up after a change", cause);
    } catch (Throwable ignored) {
      // A logger of the user's: the change is made all the same.
    }
  }
}
