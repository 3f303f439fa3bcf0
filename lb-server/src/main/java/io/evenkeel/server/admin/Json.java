package io.evenkeel.server.admin;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.evenkeel.core.FailureKind;
import io.evenkeel.proxy.EndReason;
import io.evenkeel.proxy.ProxyStats;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** How values look in the API: numbers with their unit in the key, to three decimals. */
final class Json {

  private Json() {}

  static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }

  static ArrayNode array() {
    return JsonNodeFactory.instance.arrayNode();
  }

  static double seconds(Duration time) {
    return round(time.toNanos() / 1e9);
  }

  static double millis(Duration time) {
    return round(time.toNanos() / 1e6);
  }

  static double round(double value) {
    return Math.round(value * 1_000) / 1_000.0;
  }

  static ArrayNode rounded(List<Double> values) {
    ArrayNode array = array();
    for (double value : values) {
      array.add(round(value));
    }
    return array;
  }

  /** Those that happened; an absent one is 0. */
  static ObjectNode failures(Map<FailureKind, Long> byKind) {
    ObjectNode json = object();
    byKind.forEach(
        (kind, count) -> {
          if (count > 0) {
            json.put(kind.name(), count);
          }
        });
    return json;
  }

  /** Those that happened; an absent one is 0. */
  static ObjectNode ended(Map<EndReason, Long> byReason) {
    ObjectNode json = object();
    byReason.forEach(
        (reason, count) -> {
          if (count > 0) {
            json.put(reason.name(), count);
          }
        });
    return json;
  }

  /** Percentiles only where there are any. */
  static ObjectNode times(ProxyStats.Times times) {
    ObjectNode json = object().put("count", times.count()).put("total_ms", millis(times.total()));
    return Percentiles.put(json, List.of(times));
  }
}
