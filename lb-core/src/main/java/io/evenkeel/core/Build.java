package io.evenkeel.core;

import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The building of one snapshot: what nodes' seats are told apart by, and what is put off until the
 * snapshot is in force. Guarded by the balancer's change lock.
 */
final class Build {

  private static final Logger log = LoggerFactory.getLogger(LoadBalancer.class);

  private final List<Runnable> putOff = new ArrayList<>();

  void add(Runnable action) {
    putOff.add(action);
  }

  /** The snapshot is in force, and stays so whatever happens here. */
  void inForce() {
    for (Runnable action : putOff) {
      try {
        action.run();
      } catch (RuntimeException e) { // of a user's clock
        log.warn("a selector could not clear up after a change", e);
      }
    }
    putOff.clear();
  }
}
