package io.evenkeel.core;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * From a selector's name and its options, as texts, to a factory: those of the selector itself, and
 * what goes around any. The order around is {@code bounded}, which is about the loads of those that
 * compete for one key, {@code zone}, {@code subset}, so that a client has no more servers than it
 * says, and {@code sticky}, which remembers what all these chose.
 */
final class SelectorOptions {

  /** The options of one selector, and how it is made with some of them. */
  private record Own(List<String> options, Function<SelectorOptions, Selector.Factory> maker) {}

  private static final Map<String, Own> OWN =
      Map.of(
          "ring_hash",
          new Own(List.of("placement", "minimum_size", "maximum_size"), SelectorOptions::ringHash),
          "maglev",
          new Own(List.of("table_size"), SelectorOptions::maglev));

  private static final List<String> AROUND =
      List.of("bounded", "sticky_max", "sticky_ttl", "subset", "zone");

  private static final int DEFAULT_STICKY_MAX = 100_000;
  private static final Duration LONGEST = Duration.ofDays(365);
  private static final Pattern DURATION = Pattern.compile("(\\d{1,12})(ms|s|m|h)");
  private static final Pattern SUBSET = Pattern.compile("(\\d{1,9})/(\\d{1,9})");

  private final String name;
  private final Selector.Factory plain;
  private final @Nullable Own own;
  private final Map<String, String> options;

  SelectorOptions(String name, Map<String, String> options) {
    this.name = name;
    this.plain = Selectors.named(name);
    this.own = OWN.get(name);
    this.options = copy(options);
    List<String> allowed =
        Stream.concat(own == null ? Stream.of() : own.options.stream(), AROUND.stream())
            .sorted()
            .toList();
    for (String option : this.options.keySet()) {
      if (!allowed.contains(option)) {
        throw new IllegalArgumentException(
            "'"
                + option
                + "': unknown option of "
                + name
                + " (expected: "
                + String.join(", ", allowed)
                + ")");
      }
    }
  }

  private static Map<String, String> copy(Map<String, String> options) {
    if (options == null) {
      throw new IllegalArgumentException("options: null (expected: a map, empty for none)");
    }
    options.forEach(
        (option, value) -> {
          if (option == null || value == null) {
            throw new IllegalArgumentException(
                (option == null ? "options" : option) + ": null (expected: a text)");
          }
        });
    return Map.copyOf(options);
  }

  Selector.Factory factory() {
    return options.isEmpty()
        ? plain
        : new Named(new SelectorDescription(name, options), withOptions());
  }

  private Selector.Factory withOptions() {
    Selector.Factory factory = own == null ? plain : own.maker.apply(this);
    if (has("bounded")) {
      factory = factory.bounded(epsilon());
    }
    if (has("zone")) {
      factory = factory.zoneAware(text("zone"));
    }
    if (has("subset")) {
      Matcher written = SUBSET.matcher(text("subset"));
      if (!written.matches() || Integer.parseInt(written.group(2)) < 1) {
        throw bad("subset", "client index / size, as 3/20: a size of 1 or more");
      }
      factory =
          factory.subset(Integer.parseInt(written.group(1)), Integer.parseInt(written.group(2)));
    }
    if (has("sticky_ttl")) {
      int max = wholeNumber("sticky_max", DEFAULT_STICKY_MAX, 1, Integer.MAX_VALUE);
      return factory.sticky(ttl(), max);
    }
    if (has("sticky_max")) {
      throw new IllegalArgumentException("sticky_max: without sticky_ttl (expected: both)");
    }
    return factory;
  }

  private Selector.Factory ringHash() {
    return Selectors.ringHash(
        placement(),
        wholeNumber("minimum_size", HashRing.DEFAULT_MINIMUM_SIZE, 1, HashRing.LARGEST_SIZE),
        wholeNumber("maximum_size", HashRing.LARGEST_SIZE, 1, HashRing.LARGEST_SIZE));
  }

  private HashRing.Placement placement() {
    if (!has("placement")) {
      return HashRing.Placement.ENVOY;
    }
    return switch (text("placement")) {
      case "envoy" -> HashRing.Placement.ENVOY;
      case "ketama" -> HashRing.Placement.KETAMA;
      case "nginx" -> HashRing.Placement.NGINX;
      default -> throw bad("placement", "envoy, ketama or nginx");
    };
  }

  private Selector.Factory maglev() {
    return Selectors.maglev(
        wholeNumber(
            "table_size",
            MaglevSelector.DEFAULT_TABLE_SIZE,
            MaglevTable.SMALLEST,
            MaglevTable.LARGEST));
  }

  private boolean has(String option) {
    return options.containsKey(option);
  }

  private String text(String option) {
    String text = options.getOrDefault(option, "");
    if (text.isBlank()) {
      throw bad(option, "not blank");
    }
    return text;
  }

  private double epsilon() {
    try {
      double epsilon = Double.parseDouble(text("bounded"));
      if (epsilon > 0 && epsilon < Double.POSITIVE_INFINITY) {
        return epsilon;
      }
    } catch (NumberFormatException e) {
      // as below
    }
    throw bad("bounded", "a number above 0, as 0.25");
  }

  private Duration ttl() {
    Matcher written = DURATION.matcher(text("sticky_ttl"));
    if (written.matches()) {
      long n = Long.parseLong(written.group(1));
      Duration ttl =
          switch (written.group(2)) {
            case "ms" -> Duration.ofMillis(n);
            case "s" -> Duration.ofSeconds(n);
            case "m" -> Duration.ofMinutes(n);
            default -> Duration.ofHours(n);
          };
      if (!ttl.isZero() && ttl.compareTo(LONGEST) <= 0) {
        return ttl;
      }
    }
    throw bad("sticky_ttl", "more than 0, such as 500ms, 5s, 2m or 1h, up to 8760h");
  }

  private int wholeNumber(String option, int byDefault, int lowest, int highest) {
    if (!has(option)) {
      return byDefault;
    }
    try {
      int n = Integer.parseInt(text(option));
      if (n >= lowest && n <= highest) {
        return n;
      }
    } catch (NumberFormatException e) {
      // as below
    }
    throw bad(option, "a whole number, " + lowest + " to " + highest);
  }

  private IllegalArgumentException bad(String option, String expected) {
    return new IllegalArgumentException(
        option + ": '" + options.get(option) + "' (expected: " + expected + ")");
  }
}
