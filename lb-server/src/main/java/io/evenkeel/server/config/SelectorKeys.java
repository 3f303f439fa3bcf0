package io.evenkeel.server.config;

import io.evenkeel.core.Selector;
import io.evenkeel.core.Selectors;
import io.evenkeel.server.config.BalancerConfig.SelectorConfig;
import io.evenkeel.server.config.Shape.Fields;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** How a server is picked: a name, or an object of the name and its options. */
final class SelectorKeys {

  private static final Type<String> NAMES = Types.words(Selectors.names());

  private static final Key<SelectorConfig, String> NAME =
      Key.required("name", NAMES, SelectorConfig::name, "Which one.");

  private static final List<Key<SelectorConfig, Optional<String>>> OPTIONS =
      List.of(
          option(
              "placement",
              Types.words(List.of("envoy", "ketama", "nginx")),
              "envoy",
              "Of ring_hash: with whom it agrees on every key."),
          option(
              "minimum_size",
              Types.numeric("a whole number"),
              "1024",
              "Of ring_hash as Envoy's: points on the ring, at least."),
          option(
              "maximum_size",
              Types.numeric("a whole number"),
              "8388608",
              "Of ring_hash as Envoy's: points on the ring, at most."),
          option(
              "table_size",
              Types.numeric("a prime"),
              "65537",
              "Of maglev: slots of its table, a prime."),
          option(
              "bounded",
              Types.numeric("a number above 0"),
              "off",
              "So that no server carries more than its share by so much more: 0.25 for 1.25 times."),
          option(
              "zone",
              Types.text(),
              "none",
              "Where this program stands; its servers are used first."),
          option(
              "subset",
              Types.text("[0-9]{1,9}/[0-9]{1,9}", "CLIENT/SIZE, as 3/20"),
              "all",
              "Of many servers only so many: client 3, from 0, of several with 20 servers each."),
          option(
              "sticky_ttl",
              Types.text("[0-9]{1,12}(ms|s|m|h)", "a duration such as 10m"),
              "off",
              "How long a client's address keeps its server after its last connection began."),
          option(
              "sticky_max",
              Types.numeric("a whole number"),
              "100000",
              "How many addresses that is remembered of."));

  private static final Shape<SelectorConfig> SHAPE =
      new Shape<>(
          "a selector, as {name: ring_hash, bounded: 0.25}", keys(), SelectorKeys::selector);

  static final Type<SelectorConfig> TYPE =
      Types.shorthand(
          Types.mapped(
              NAMES,
              name -> new SelectorConfig(name, Map.of()),
              config -> config.options().isEmpty() ? config.name() : null),
          SHAPE);

  private SelectorKeys() {}

  private static List<Key<SelectorConfig, ?>> keys() {
    List<Key<SelectorConfig, ?>> keys = new ArrayList<>();
    keys.add(NAME);
    keys.addAll(OPTIONS);
    return keys;
  }

  private static Key<SelectorConfig, Optional<String>> option(
      String name, Type<String> type, String defaultText, String description) {
    Function<SelectorConfig, Optional<String>> getter =
        config -> Optional.ofNullable(config.options().get(name));
    return Key.optional(name, type, getter, defaultText, description);
  }

  private static SelectorConfig selector(Fields fields) {
    Map<String, String> options = new LinkedHashMap<>();
    for (Key<SelectorConfig, Optional<String>> option : OPTIONS) {
      fields.get(option).ifPresent(value -> options.put(option.name(), value));
    }
    SelectorConfig config = new SelectorConfig(fields.get(NAME), options);
    Selector.Factory unused = Selectors.named(config.name(), config.options()); // for its checks
    return config;
  }
}
