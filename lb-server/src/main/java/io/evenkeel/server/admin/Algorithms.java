package io.evenkeel.server.admin;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.evenkeel.core.SelectorDescription;
import io.evenkeel.core.Selectors;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What there is to choose from, for people. */
final class Algorithms {

  private static final Set<String> KEYED = Set.of("ip_hash", "maglev", "rendezvous", "ring_hash");

  private static final List<String> OPTIONS_OF_ALL =
      List.of("bounded", "zone", "subset", "sticky_ttl", "sticky_max");

  private static final Map<String, List<String>> OWN_OPTIONS =
      Map.of(
          "ring_hash", List.of("placement", "minimum_size", "maximum_size"),
          "maglev", List.of("table_size"));

  private static final Map<String, String> SUMMARIES =
      Map.ofEntries(
          Map.entry("ip_hash", "the client's address decides; most keys move when a server comes"),
          Map.entry("least_connections", "the fewest in flight for its weight"),
          Map.entry("least_response_time", "the shortest mean latency, for its weight"),
          Map.entry("maglev", "consistent hashing by Google's table; few keys move"),
          Map.entry("peak_ewma", "the better of two by latency, quick to leave a slow server"),
          Map.entry("power_of_two", "the less loaded of two by chance"),
          Map.entry("random", "by chance"),
          Map.entry("rendezvous", "consistent hashing by highest weight; fewest keys move"),
          Map.entry("ring_hash", "consistent hashing on a ring, as Envoy, ketama or nginx"),
          Map.entry("round_robin", "each in turn, whatever its weight"),
          Map.entry("weighted_random", "by chance, in proportion to the weights"),
          Map.entry("weighted_round_robin", "each in turn, in proportion to the weights"));

  private Algorithms() {}

  /** Whether the key of a client decides, not turns, load or chance. */
  static boolean isKeyed(String name) {
    return KEYED.contains(name);
  }

  /** Whether shares of keys go by the weights. */
  static boolean looksAtWeights(String name) {
    return !name.equals("ip_hash");
  }

  static ObjectNode json(SelectorDescription description) {
    ObjectNode json =
        Json.object().put("name", description.name()).put("keyed", isKeyed(description.name()));
    ObjectNode options = json.putObject("options");
    description.options().entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .forEach(option -> options.put(option.getKey(), option.getValue()));
    return json;
  }

  static ObjectNode all() {
    ObjectNode json = Json.object();
    ArrayNode algorithms = json.putArray("algorithms");
    for (String name : Selectors.names()) {
      ObjectNode algorithm =
          algorithms
              .addObject()
              .put("name", name)
              .put("summary", SUMMARIES.getOrDefault(name, ""))
              .put("keyed", isKeyed(name));
      List<String> options = new ArrayList<>(OWN_OPTIONS.getOrDefault(name, List.of()));
      options.addAll(OPTIONS_OF_ALL);
      ArrayNode array = algorithm.putArray("options");
      options.forEach(array::add);
    }
    return json;
  }
}
