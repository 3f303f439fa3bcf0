package io.evenkeel.server.config;

import io.evenkeel.core.DnsSource;
import io.evenkeel.core.HostPort;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Selectors;
import io.evenkeel.core.Server;
import io.evenkeel.server.config.BalancerConfig.DiscoveryConfig;
import io.evenkeel.server.config.BalancerConfig.HealthConfig;
import io.evenkeel.server.config.BalancerConfig.SelectorConfig;
import io.evenkeel.server.config.BalancerConfig.SlowStartConfig;
import io.evenkeel.server.config.Shape.Fields;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a balancer may say, but for what {@link HealthKeys} and {@link PassiveKeys} have. */
final class BalancerKeys {

  private static final Key<DiscoveryConfig, Optional<Path>> FILE =
      Key.optional(
          "file",
          Types.mapped(Types.text("[\\s\\S]+", "a file's path"), Path::of, Path::toString),
          discovery ->
              discovery instanceof DiscoveryConfig.FromFile file
                  ? Optional.of(file.path())
                  : Optional.empty(),
          "no",
          "Servers from a file, read again when it changes; relative to this one's folder.");

  private static final Key<DiscoveryConfig, Optional<HostPort>> DNS =
      Key.optional(
          "dns",
          Types.address(1, null),
          discovery ->
              discovery instanceof DiscoveryConfig.FromDns dns
                  ? Optional.of(dns.name())
                  : Optional.empty(),
          "no",
          "NAME:PORT: each address of that name is a server; asked again when its time is over.");

  private static final Key<DiscoveryConfig, Optional<String>> SRV =
      Key.optional(
          "srv",
          Types.text(),
          discovery ->
              discovery instanceof DiscoveryConfig.FromSrv srv
                  ? Optional.of(srv.name())
                  : Optional.empty(),
          "no",
          "The same by SRV records, as _http._tcp.example.com: priority is the tier, weight the"
              + " weight.");

  private static final Key<DiscoveryConfig, Optional<HostPort>> RESOLVER =
      Key.optional(
          "resolver",
          Types.address(1, null),
          BalancerKeys::resolver,
          "those of this machine",
          "The DNS server to ask.");

  private static final Shape<DiscoveryConfig> DISCOVERY_SHAPE =
      new Shape<>("file, dns or srv", List.of(FILE, DNS, SRV, RESOLVER), BalancerKeys::discovery);

  private static final Key<SlowStartConfig, Duration> WINDOW =
      Key.required(
          "window",
          Types.duration(Duration.ofMillis(1), Durations.LONGEST),
          SlowStartConfig::window,
          "How long it takes.");

  private static final Key<SlowStartConfig, Double> AGGRESSION =
      Key.of(
          "aggression",
          Types.decimal(0.001, 1_000),
          SlowStartConfig::aggression,
          1.0,
          "1: evenly; more: more weight early on.");

  private static final Type<SlowStartConfig> SLOW_START_TYPE =
      Types.shorthand(
          Types.mapped(
              Types.duration(Duration.ofMillis(1), Durations.LONGEST),
              window -> new SlowStartConfig(window, 1),
              config -> config.aggression() == 1 ? Durations.format(config.window()) : null),
          new Shape<>(
              "a slow start, as {window: 30s, aggression: 1}",
              List.of(WINDOW, AGGRESSION),
              fields -> new SlowStartConfig(fields.get(WINDOW), fields.get(AGGRESSION))));

  private static final Key<BalancerConfig, List<Server>> SERVERS =
      Key.of("servers", ServerKeys.LIST, BalancerConfig::servers, List.of(), "Its servers.");

  private static final Key<BalancerConfig, Optional<DiscoveryConfig>> DISCOVERY =
      Key.optional(
          "discovery",
          DISCOVERY_SHAPE,
          balancer -> Optional.ofNullable(balancer.discovery()),
          "none",
          "Where servers come from beside those.");

  private static final Key<BalancerConfig, SelectorConfig> SELECTOR =
      Key.of(
          "selector",
          SelectorKeys.TYPE,
          BalancerConfig::selector,
          new SelectorConfig("round_robin", Map.of()),
          "How a server is picked: a name, or an object of the name and its options.");

  private static final Key<BalancerConfig, Optional<HealthConfig>> HEALTH =
      Key.of(
          "health",
          HealthKeys.TYPE,
          balancer -> Optional.ofNullable(balancer.health()),
          Optional.of(HealthKeys.DEFAULT),
          "How servers are checked: off, tcp, or an object.");

  private static final Key<BalancerConfig, Optional<Integer>> MAX_CONCURRENT =
      Key.of(
          "max_concurrent",
          Types.wordOr("off", Types.integer(1, Integer.MAX_VALUE)),
          balancer ->
              Optional.of(balancer.maxConcurrent()).filter(limit -> limit < Integer.MAX_VALUE),
          Optional.empty(),
          "Connections that a server may have at a time, unless it says so itself.");

  private static final Key<BalancerConfig, Optional<SlowStartConfig>> SLOW_START =
      Key.of(
          "slow_start",
          Types.wordOr("off", SLOW_START_TYPE),
          balancer -> Optional.ofNullable(balancer.slowStart()),
          Optional.empty(),
          "How long a server that is new or well again takes to its whole share.");

  private static final Key<BalancerConfig, Double> PANIC_THRESHOLD =
      Key.of(
          "panic_threshold",
          Types.decimal(0, 1),
          BalancerConfig::panicThreshold,
          0.0,
          "Below which share of well servers all are used, whatever their health; 0: never.");

  static final Shape<BalancerConfig> SHAPE =
      new Shape<>(
          "a balancer",
          List.of(
              SERVERS,
              DISCOVERY,
              SELECTOR,
              HEALTH,
              PassiveKeys.EJECTION,
              PassiveKeys.BREAKER,
              MAX_CONCURRENT,
              SLOW_START,
              PANIC_THRESHOLD),
          BalancerKeys::balancer);

  private BalancerKeys() {}

  /** Takes from what was written of one what may be a secret. */
  static void hideSecrets(Object balancer) {
    if (balancer instanceof Tree tree) {
      HealthKeys.hideSecrets(tree.get(HEALTH.name()));
    }
  }

  private static Optional<HostPort> resolver(DiscoveryConfig discovery) {
    HostPort resolver = null;
    if (discovery instanceof DiscoveryConfig.FromDns dns) {
      resolver = dns.resolver();
    } else if (discovery instanceof DiscoveryConfig.FromSrv srv) {
      resolver = srv.resolver();
    }
    return Optional.ofNullable(resolver);
  }

  private static @Nullable DiscoveryConfig discovery(Fields fields) {
    if (!fields.hasOneOf(FILE, DNS, SRV)) {
      return null;
    }
    HostPort resolver = fields.get(RESOLVER).orElse(null);
    if (fields.get(FILE).isPresent()) {
      if (resolver != null) {
        fields.problem("resolver", "beside file (expected: beside dns or srv)");
      }
      return new DiscoveryConfig.FromFile(fields.reading().resolve(fields.get(FILE).get()));
    }
    if (fields.get(DNS).isPresent()) {
      return new DiscoveryConfig.FromDns(fields.get(DNS).get(), resolver);
    }
    String name = fields.get(SRV).orElse("");
    try {
      DnsSource unused = DnsSource.srv(name); // for its checks
    } catch (IllegalArgumentException e) {
      fields.problem("srv", String.valueOf(e.getMessage()));
    }
    return new DiscoveryConfig.FromSrv(name, resolver);
  }

  private static BalancerConfig balancer(Fields fields) {
    List<Server> servers = fields.get(SERVERS);
    Optional<DiscoveryConfig> discovery = fields.get(DISCOVERY);
    SelectorConfig selector = fields.get(SELECTOR);
    if (servers.isEmpty() && discovery.isEmpty()) {
      fields.problem("servers", "none (expected: one at least, or a discovery)");
    } else if (discovery.isEmpty() && servers.stream().allMatch(s -> s.weight() == 0)) {
      fields.problem("servers", "every weight is 0 (expected: one above 0 at least)");
    } else if (discovery.isEmpty()) {
      requireGoTogether(selector, servers, fields);
    }
    BalancerConfig config =
        new BalancerConfig(
            fields.name(),
            servers,
            discovery.orElse(null),
            selector,
            fields.get(HEALTH).orElse(null),
            fields.get(PassiveKeys.EJECTION).orElse(null),
            fields.get(PassiveKeys.BREAKER).orElse(null),
            fields.get(MAX_CONCURRENT).orElse(Integer.MAX_VALUE),
            fields.get(SLOW_START).orElse(null),
            fields.get(PANIC_THRESHOLD));
    // What the balancer's builder thinks of it.
    var builder =
        LoadBalancer.builder()
            .maxConcurrent(config.maxConcurrent())
            .panicThreshold(config.panicThreshold());
    SlowStartConfig slowStart = config.slowStart();
    if (slowStart != null) {
      builder.slowStart(slowStart.window(), slowStart.aggression());
    }
    return config;
  }

  /** A balancer is made of them and thrown away: what it runs begins with its first use. */
  private static void requireGoTogether(
      SelectorConfig selector, List<Server> servers, Fields fields) {
    try {
      LoadBalancer.builder()
          .servers(servers)
          .selector(Selectors.named(selector.name(), selector.options()))
          .build()
          .close();
    } catch (IllegalArgumentException e) {
      fields.problem("selector", String.valueOf(e.getMessage()));
    }
  }
}
