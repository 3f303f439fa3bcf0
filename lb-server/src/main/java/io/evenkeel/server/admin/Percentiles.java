package io.evenkeel.server.admin;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.evenkeel.core.ServerStats.Latencies;
import io.evenkeel.proxy.ProxyStats.Times;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/** Which percentiles are told of how long something took: one list for the API and the metrics. */
final class Percentiles {

  /** 1 is the longest. */
  static final double[] SHARES = {0.5, 0.9, 0.95, 0.99, 1};

  private static final String[] NAMES = {"p50", "p90", "p95", "p99", "max"};

  private Percentiles() {}

  private static Duration[] of(Times times) {
    return new Duration[] {times.p50(), times.p90(), times.p95(), times.p99(), times.max()};
  }

  private static Duration[] of(Latencies times) {
    return new Duration[] {times.p50(), times.p90(), times.p95(), times.p99(), times.max()};
  }

  /** Of {@link #SHARES}, in their order; each NaN if there is none. */
  static double[] inSeconds(Times times) {
    double[] seconds = inSeconds(of(times));
    if (times.recentCount() == 0) {
      Arrays.fill(seconds, Double.NaN);
    }
    return seconds;
  }

  /** Of {@link #SHARES}, in their order. */
  static double[] inSeconds(Latencies times) {
    return inSeconds(of(times));
  }

  private static double[] inSeconds(Duration[] quantiles) {
    return Arrays.stream(quantiles).mapToDouble(time -> time.toNanos() / 1e9).toArray();
  }

  /** In milliseconds. */
  static ObjectNode put(ObjectNode json, Latencies times) {
    put(json, of(times));
    return json;
  }

  /** The longest of each, in milliseconds; nothing where there is none. */
  static ObjectNode put(ObjectNode json, List<Times> each) {
    each.stream()
        .filter(times -> times.recentCount() > 0)
        .map(Percentiles::of)
        .reduce(Percentiles::longer)
        .ifPresent(longest -> put(json, longest));
    return json;
  }

  private static void put(ObjectNode json, Duration[] quantiles) {
    for (int i = 0; i < NAMES.length; i++) {
      json.put(NAMES[i], Json.millis(quantiles[i]));
    }
  }

  private static Duration[] longer(Duration[] a, Duration[] b) {
    Duration[] longer = a.clone();
    Arrays.setAll(longer, i -> a[i].compareTo(b[i]) > 0 ? a[i] : b[i]);
    return longer;
  }
}
