package io.evenkeel.core;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** What some nodes have been used for, added up. Not safe for use by several threads. */
final class Totals {

  long picks;
  long successes;
  long neutral;
  long inFlight;
  private final Map<FailureKind, Long> failures = new EnumMap<>(FailureKind.class);

  Totals() {
    for (FailureKind kind : FailureKind.values()) {
      failures.put(kind, 0L);
    }
  }

  /** Of every kind; unmodifiable, but it changes with this. */
  Map<FailureKind, Long> failuresByKind() {
    return Collections.unmodifiableMap(failures);
  }

  /** Outcomes before picks: every outcome that is seen here is that of a pick that is seen too. */
  void add(Node node) {
    successes += node.successes();
    neutral += node.neutral();
    failures.replaceAll((kind, count) -> count + node.failures(kind));
    picks += node.picks();
    inFlight += node.inFlight();
  }

  void add(Totals other) {
    successes += other.successes;
    neutral += other.neutral;
    failures.replaceAll((kind, count) -> count + other.failures.getOrDefault(kind, 0L));
    picks += other.picks;
    inFlight += other.inFlight;
  }

  /**
   * The totals of all who were members of a balancer once. A node is kept for as long as a lease on
   * it is open, and then added in for good: a removed node that was seen idle stays so, for a pick
   * that comes too late is taken back before it is counted.
   *
   * <p>Only who says the outcome of a lease in one thread, while another closes it, may come too
   * late to be counted here.
   *
   * <p>Guarded by the balancer's change lock.
   */
  static final class Departed {

    private final Totals settled = new Totals();
    private final List<Node> inUse = new ArrayList<>();

    /** Nodes that were marked as removed before a snapshot without them was published. */
    void add(List<Node> removed) {
      inUse.addAll(removed);
      settle();
    }

    /** As of now; a copy. */
    Totals totals() {
      settle();
      Totals now = new Totals();
      now.add(settled);
      inUse.forEach(now::add);
      return now;
    }

    private void settle() {
      inUse.removeIf(
          node -> {
            boolean idle = node.inFlight() == 0;
            if (idle) {
              settled.add(node);
              settled.inFlight = 0; // a pick that is about to be taken back may have been seen
            }
            return idle;
          });
    }
  }
}
