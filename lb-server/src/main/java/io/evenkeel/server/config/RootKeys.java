package io.evenkeel.server.config;

import io.evenkeel.server.config.Shape.Fields;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a document may say: the whole of it. */
final class RootKeys {

  /** What listeners, balancers and tokens may be called. */
  static final String NAME = "[A-Za-z0-9][A-Za-z0-9_-]{0,63}";

  static final String NAME_EXPECTED =
      "up to 64 letters, digits, '_' and '-', of which the first is a letter or digit";

  private static final Key<Config, Map<String, ListenerConfig>> LISTENERS =
      Key.required(
          "listeners",
          Types.map(NAME, NAME_EXPECTED, 1, ListenerKeys.SHAPE),
          config -> {
            Map<String, ListenerConfig> byName = new LinkedHashMap<>();
            config.listeners().forEach(listener -> byName.put(listener.name(), listener));
            return byName;
          },
          "Where clients come in, by names.");

  private static final Key<Config, Map<String, BalancerConfig>> BALANCERS =
      Key.required(
          "balancers",
          Types.map(NAME, NAME_EXPECTED, 1, BalancerKeys.SHAPE),
          config -> {
            Map<String, BalancerConfig> byName = new LinkedHashMap<>();
            config.balancers().forEach(balancer -> byName.put(balancer.name(), balancer));
            return byName;
          },
          "Servers, and how one of them is picked, by names.");

  private static final Key<Config, Optional<AdminConfig>> ADMIN =
      Key.of(
          "admin",
          AdminKeys.TYPE,
          config -> Optional.ofNullable(config.admin()),
          Optional.empty(),
          "The admin API and dashboard: off, on (at 127.0.0.1:9901), or an object.");

  private static final Key<Config, Duration> DRAIN =
      Key.of(
          "drain",
          Types.duration(Duration.ZERO, Durations.LONGEST),
          Config::drain,
          Duration.ofSeconds(30),
          "How long open connections may go on after SIGTERM, or when their listener leaves; 0s"
              + " cuts them.");

  private static final Key<Config, Boolean> WATCH =
      Key.of(
          "watch",
          Types.bool(),
          Config::watch,
          false,
          "Whether a change of this file is a reload.");

  private static final Key<Config, Optional<Duration>> SUMMARY =
      Key.of(
          "summary",
          Types.wordOr("off", Types.duration(Duration.ofSeconds(1), Duration.ofDays(1))),
          config -> Optional.of(config.summary()).filter(time -> !time.isZero()),
          Optional.empty(),
          "How often a line in the log sums up what happened.");

  static final Shape<Config> SHAPE =
      new Shape<>(
          "listeners and balancers",
          List.of(LISTENERS, BALANCERS, ADMIN, DRAIN, WATCH, SUMMARY),
          RootKeys::config);

  private RootKeys() {}

  /** Takes from what was written what may be a secret and is not hidden in any case. */
  static void hideSecrets(Map<String, Object> written) {
    if (written.get(BALANCERS.name()) instanceof Tree balancers) {
      balancers.values().forEach(BalancerKeys::hideSecrets);
    }
  }

  private static Config config(Fields fields) {
    return new Config(
        List.copyOf(fields.get(LISTENERS).values()),
        List.copyOf(fields.get(BALANCERS).values()),
        fields.get(ADMIN).orElse(null),
        fields.get(DRAIN),
        fields.get(WATCH),
        fields.get(SUMMARY).orElse(Duration.ZERO));
  }
}
