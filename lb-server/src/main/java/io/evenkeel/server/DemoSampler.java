package io.evenkeel.server;

import io.evenkeel.core.Node;
import io.evenkeel.server.DemoTable.Row;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;

/** Reads the table's rows off the running demo. Used by one thread. */
final class DemoSampler {

  /** Latencies are those of so many samples, the newest ones. */
  private static final int RECENT = 4;

  private final DemoRig rig;
  private final Map<String, Long> picksBefore = new HashMap<>();
  private final Map<String, Deque<Histogram>> recent = new HashMap<>();
  private long beforeNanos = System.nanoTime();

  DemoSampler(DemoRig rig) {
    this.rig = rig;
  }

  /** One row for each server, in order. */
  List<Row> sample() {
    long now = System.nanoTime();
    double seconds = (now - beforeNanos) / 1e9;
    beforeNanos = now;
    List<Row> rows = new ArrayList<>();
    for (Node node : rig.balancer().nodes()) {
      String name = node.server().id();
      long picks = node.picks();
      Long before = picksBefore.put(name, picks);
      Histogram latency = recentLatency(name);
      boolean none = latency.getTotalCount() == 0;
      rows.add(
          new Row(
              name,
              picks,
              (picks - (before == null ? 0 : before)) / seconds,
              node.inFlight(),
              none ? -1 : latency.getValueAtPercentile(50),
              none ? -1 : latency.getValueAtPercentile(99),
              node.blocks()));
    }
    return rows;
  }

  private Histogram recentLatency(String name) {
    Deque<Histogram> samples = recent.computeIfAbsent(name, key -> new ArrayDeque<>());
    samples.addLast(rig.traffic().takeLatencies(name));
    if (samples.size() > RECENT) {
      samples.removeFirst();
    }
    Histogram sum = new Histogram(samples.getLast());
    sum.reset();
    samples.forEach(sum::add);
    return sum;
  }
}
