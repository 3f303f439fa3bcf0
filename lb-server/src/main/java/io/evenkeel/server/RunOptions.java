package io.evenkeel.server;

import io.evenkeel.core.DnsSource;
import io.evenkeel.core.HostPort;
import io.evenkeel.core.Selector;
import io.evenkeel.core.Selectors;
import io.evenkeel.core.Server;
import io.evenkeel.health.HealthPolicy;
import io.evenkeel.server.config.Durations;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Help;
import picocli.CommandLine.Option;

/** The options of {@code evenkeel run}, and what they must be together. Filled in by picocli. */
final class RunOptions {

  private static final Duration HEALTH_TIMEOUT = Duration.ofSeconds(3);

  @Option(
      names = "--listen",
      required = true,
      showDefaultValue = Help.Visibility.NEVER,
      paramLabel = "HOST:PORT",
      converter = Converters.OfListenAddress.class,
      description =
          "Where to accept connections: 0.0.0.0 or [::] as HOST for every address of this machine,"
              + " 0 as PORT for any free one, which is printed.")
  HostPort listen = new HostPort("0.0.0.0", 0);

  @Option(
      names = "--server",
      showDefaultValue = Help.Visibility.NEVER,
      paramLabel = ServerSpec.SYNTAX,
      converter = Converters.OfServer.class,
      description = {
        "A server; give one for each, or an option below that finds them. An IPv6 address stands in"
            + " brackets.",
        "weight: 0 to 1000000, 1 by default, 0 for nothing new; its share, but for round_robin,"
            + " random and ip_hash, which give everyone the same.",
        "tier: 0 by default; a higher one is a backup, used while no lower one is available.",
        "zone: where it stands.",
        "id: its name in the log, HOST:PORT by default."
      })
  List<Server> servers = new ArrayList<>();

  @Option(
      names = "--server-file",
      paramLabel = "FILE",
      description = {
        "Servers from a file, which is read again when it changes: one a line as for --server, with"
            + " # for comments; or, by its name, .json, .yaml or .yml: a list 'servers' of host, port,"
            + " weight, tier, zone, id, metadata. A bad or missing file changes nothing. Beside"
            + " --server, both."
      })
  @Nullable Path serverFile;

  @Option(
      names = "--dns",
      paramLabel = "NAME:PORT",
      converter = Converters.OfServerAddress.class,
      description = {
        "Servers from DNS: each address of this complete name. Asked again when its time to live is"
            + " over. Beside --server, both."
      })
  @Nullable HostPort dns;

  @Option(
      names = "--dns-srv",
      paramLabel = "NAME",
      description = {
        "The same by SRV records, as _http._tcp.example.com: priority is the tier, weight the weight."
      })
  @Nullable String dnsSrv;

  @Option(
      names = "--dns-resolver",
      paramLabel = "HOST:PORT",
      converter = Converters.OfServerAddress.class,
      description = {
        "The DNS server to ask, as 127.0.0.1:8600 for Consul.",
        "  Default: those of this machine"
      })
  @Nullable HostPort dnsResolver;

  @Option(
      names = "--selector",
      paramLabel = "NAME",
      defaultValue = "round_robin",
      completionCandidates = SelectorNames.class,
      converter = Converters.OfSelector.class,
      description = "How a server is picked: ${COMPLETION-CANDIDATES}.")
  String selector = "round_robin";

  @Option(
      names = "--selector-option",
      paramLabel = "NAME=VALUE",
      showDefaultValue = Help.Visibility.NEVER,
      description = {
        "More about how; give one for each.",
        "bounded: as 0.25, so that no server carries more than 1.25 times its share.",
        "sticky_ttl: as 10m, how long a client's address keeps its server after its last connection began;"
            + " sticky_max: how many addresses, 100000 by default.",
        "zone: where this program stands; servers of that zone are used first.",
        "subset: as 3/20, client 3 (from 0) of several with 20 servers each.",
        "Of ring_hash: placement (envoy, ketama, nginx), minimum_size, maximum_size; of maglev:"
            + " table_size."
      })
  List<String> selectorOptions = new ArrayList<>();

  @Option(
      names = "--event-loops",
      paramLabel = "N",
      converter = Converters.OfCount.class,
      description = {"Threads that carry the traffic.", "  Default: one per core"})
  @Nullable Integer eventLoops;

  @Option(
      names = "--warm-connections",
      paramLabel = "N",
      defaultValue = "0",
      converter = Converters.OfCountOrNone.class,
      description =
          "Connections to each server that are made beforehand, so that a client need not wait for"
              + " one. A server must bear connections that say nothing for 30s.")
  int warmConnections;

  @Option(
      names = "--connect-timeout",
      paramLabel = "DURATION",
      defaultValue = "5s",
      converter = Converters.OfPositiveDuration.class,
      description = "How long connecting to a server may take before another one is tried.")
  Duration connectTimeout = Duration.ZERO;

  @Option(
      names = "--idle-timeout",
      paramLabel = "DURATION",
      defaultValue = "60s",
      converter = Converters.OfPositiveDuration.class,
      description = "A connection on which nothing moves for so long is closed.")
  Duration idleTimeout = Duration.ZERO;

  @Option(
      names = "--health-interval",
      paramLabel = "DURATION",
      defaultValue = "5s",
      converter = Converters.OfPositiveDuration.class,
      description = "How often each server is checked, by connecting to it.")
  Duration healthInterval = Duration.ZERO;

  @Option(
      names = "--health-timeout",
      paramLabel = "DURATION",
      converter = Converters.OfPositiveDuration.class,
      description = {
        "How long a check may take; at most --health-interval.",
        "  Default: 3s, or --health-interval where that is shorter"
      })
  @Nullable Duration healthTimeout;

  @Option(
      names = "--rise",
      paramLabel = "N",
      defaultValue = "2",
      converter = Converters.OfCount.class,
      description = "Good checks in a row that bring a server back.")
  int rise;

  @Option(
      names = "--fall",
      paramLabel = "N",
      defaultValue = "3",
      converter = Converters.OfCount.class,
      description = "Failed checks in a row that take a server out.")
  int fall;

  @Option(
      names = "--drain",
      paramLabel = "DURATION",
      defaultValue = "30s",
      converter = Converters.OfDuration.class,
      description = "How long open connections may go on after SIGTERM or SIGINT; 0s cuts them.")
  Duration drain = Duration.ZERO;

  /**
   * Where servers come from beside those that are given; null for nowhere. The resolver is looked
   * up.
   */
  @Nullable Discovered discovered() {
    if (serverFile != null) {
      return Discovered.file(serverFile, servers);
    }
    if (dns != null) {
      return Discovered.dns("--dns", DnsSource.addresses(dns.host(), dns.port()), this);
    }
    return dnsSrv == null
        ? null
        : Discovered.dns("--dns-srv", DnsSource.srv(dnsSrv).withTargetAddresses(), this);
  }

  /**
   * How a server is picked, with its options.
   *
   * @throws IllegalArgumentException if an option is wrong; the message begins with the option
   */
  Selector.Factory selectorFactory() {
    Map<String, String> options = new LinkedHashMap<>();
    for (String option : selectorOptions) {
      int equals = option.indexOf('=');
      if (equals < 1) {
        throw new IllegalArgumentException(
            "--selector-option: '" + option + "' (expected: NAME=VALUE)");
      }
      String name = option.substring(0, equals);
      if (options.put(name, option.substring(equals + 1)) != null) {
        throw new IllegalArgumentException(
            "--selector-option: '" + name + "' is there twice (expected: once)");
      }
    }
    try {
      return Selectors.named(selector, options);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("--selector-option: " + e.getMessage(), e);
    }
  }

  /** The health check's timeout: as given, else 3 s, cut to the interval. */
  Duration healthTimeout() {
    if (healthTimeout != null) {
      return healthTimeout;
    }
    return HEALTH_TIMEOUT.compareTo(healthInterval) < 0 ? HEALTH_TIMEOUT : healthInterval;
  }

  /**
   * The numbers of the health checks.
   *
   * @throws IllegalArgumentException if they are out of range; the message begins with the option
   */
  HealthPolicy healthPolicy() {
    try {
      return HealthPolicy.builder()
          .interval(healthInterval)
          .timeout(healthTimeout())
          .healthyThreshold(rise)
          .unhealthyThreshold(fall)
          .build();
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("--health-" + e.getMessage(), e);
    }
  }

  /**
   * Checks what no option can get wrong alone.
   *
   * @throws IllegalArgumentException if something is; the message begins with the option's name
   */
  void checkTogether() {
    boolean isFinding = checkWhereFrom();
    try {
      ServerSpec.checkTogether(servers, isFinding);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("--server: " + e.getMessage(), e);
    }
    if (healthTimeout().compareTo(healthInterval) > 0) {
      throw new IllegalArgumentException(
          "--health-timeout: '"
              + Durations.format(healthTimeout())
              + "' (expected: at most --health-interval, "
              + Durations.format(healthInterval)
              + ")");
    }
    HealthPolicy unused = healthPolicy();
    Selector.Factory unusedToo = selectorFactory();
  }

  /** Whether servers are found beside those that are given; complains if that is not clear. */
  private boolean checkWhereFrom() {
    List<String> finding = new ArrayList<>();
    if (serverFile != null) {
      finding.add("--server-file");
    }
    if (dns != null) {
      finding.add("--dns");
    }
    if (dnsSrv != null) {
      finding.add("--dns-srv");
    }
    if (finding.size() > 1) {
      throw new IllegalArgumentException(
          finding.get(1) + ": beside " + finding.get(0) + " (expected: one of them)");
    }
    if (dnsResolver != null && dns == null && dnsSrv == null) {
      throw new IllegalArgumentException(
          "--dns-resolver: without --dns or --dns-srv (expected: one of them)");
    }
    if (servers.isEmpty() && finding.isEmpty()) {
      throw new IllegalArgumentException(
          "--server: missing (expected: --server "
              + ServerSpec.SYNTAX
              + ", --server-file FILE, --dns NAME:PORT or --dns-srv NAME)");
    }
    if (dnsSrv != null) {
      try {
        DnsSource unused = DnsSource.srv(dnsSrv);
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException("--dns-srv: " + e.getMessage(), e);
      }
    }
    return !finding.isEmpty();
  }

  /** For the help text. */
  static final class SelectorNames implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return Selectors.names().iterator();
    }
  }
}
