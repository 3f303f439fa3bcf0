package io.evenkeel.server;

import io.evenkeel.core.DnsSource;
import io.evenkeel.core.HostPort;
import io.evenkeel.core.Selector;
import io.evenkeel.core.Selectors;
import io.evenkeel.core.Server;
import io.evenkeel.health.HealthPolicy;
import io.evenkeel.proxy.OnServerDown;
import io.evenkeel.server.config.AdminConfig;
import io.evenkeel.server.config.BalancerConfig;
import io.evenkeel.server.config.BalancerConfig.DiscoveryConfig;
import io.evenkeel.server.config.BalancerConfig.HealthConfig;
import io.evenkeel.server.config.BalancerConfig.SelectorConfig;
import io.evenkeel.server.config.Config;
import io.evenkeel.server.config.ListenerConfig;
import io.evenkeel.server.config.ProbeConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * The options of {@code evenkeel run}: what they must be together, and the configuration that they
 * make, alone or over that of a file. What was not given is null or empty. Filled in by picocli.
 *
 * <p>Half of its length is the help text of the options, which stands where they are declared.
 */
final class RunOptions {

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = {
        "Everything from a config file, YAML or JSON: 'evenkeel check FILE' checks one, 'evenkeel schema'"
            + " describes them. Options beside it override it, after each reload too: --admin and --drain"
            + " always; --listen, --event-loops, --warm-connections and the two timeouts if the file has one"
            + " listener; --server (instead of all of the file's), --server-file, --dns, --dns-srv,"
            + " --dns-resolver, --selector, --selector-option and those of health checks if it has"
            + " one balancer."
      })
  @Nullable Path config;

  @Option(
      names = "--listen",
      paramLabel = "HOST:PORT",
      converter = Converters.OfListenAddress.class,
      description =
          "Where to accept connections: 0.0.0.0 or [::] as HOST for every address of this machine,"
              + " 0 as PORT for any free one, which is printed.")
  @Nullable HostPort listen;

  @Option(
      names = "--server",
      paramLabel = ServerSpec.SYNTAX,
      converter = Converters.OfServer.class,
      description = {
        "A server; give one for each, or an option below that finds them. An IPv6 address stands in"
            + " brackets.",
        "weight: 0 to 1000000, 1 by default, 0 for nothing new; its share, but for round_robin,"
            + " random and ip_hash, which give everyone the same.",
        "tier: 0 by default; a higher one is a backup, used while no lower one is available.",
        "zone: where it stands.",
        "max_concurrent: how many connections it may have at a time; no limit by default.",
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
      completionCandidates = SelectorNames.class,
      converter = Converters.OfSelector.class,
      description = {"How a server is picked: ${COMPLETION-CANDIDATES}.", "  Default: round_robin"})
  @Nullable String selector;

  @Option(
      names = "--selector-option",
      paramLabel = "NAME=VALUE",
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
      converter = Converters.OfCountOrNone.class,
      description = {
        "Connections to each server that are made beforehand, so that a client need not wait for"
            + " one. A server must bear connections that say nothing for 30s.",
        "  Default: 0"
      })
  @Nullable Integer warmConnections;

  @Option(
      names = "--connect-timeout",
      paramLabel = "DURATION",
      converter = Converters.OfPositiveDuration.class,
      description = {
        "How long connecting to a server may take before another one is tried.",
        "  Default: 5s"
      })
  @Nullable Duration connectTimeout;

  @Option(
      names = "--idle-timeout",
      paramLabel = "DURATION",
      converter = Converters.OfPositiveDuration.class,
      description = {
        "A connection on which nothing moves for so long is closed.",
        "  Default: 60s"
      })
  @Nullable Duration idleTimeout;

  @Option(
      names = "--health-interval",
      paramLabel = "DURATION",
      converter = Converters.OfPositiveDuration.class,
      description = {
        "How often each server is checked: by connecting to it, unless the file says otherwise.",
        "  Default: 5s"
      })
  @Nullable Duration healthInterval;

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
      converter = Converters.OfCount.class,
      description = {"Good checks in a row that bring a server back.", "  Default: 2"})
  @Nullable Integer rise;

  @Option(
      names = "--fall",
      paramLabel = "N",
      converter = Converters.OfCount.class,
      description = {"Failed checks in a row that take a server out.", "  Default: 3"})
  @Nullable Integer fall;

  @Option(
      names = "--drain",
      paramLabel = "DURATION",
      converter = Converters.OfDuration.class,
      description = {
        "How long open connections may go on after SIGTERM or SIGINT; 0s cuts them.",
        "  Default: 30s"
      })
  @Nullable Duration drain;

  @Option(
      names = "--admin",
      paramLabel = "HOST:PORT",
      converter = Converters.OfListenAddress.class,
      description = {
        "Where to serve the dashboard, the admin API and metrics: an address of loopback, as"
            + " 127.0.0.1:9901; elsewhere it takes a token, which only a config file can name.",
        "  Default: nowhere"
      })
  @Nullable HostPort admin;

  /** What the options override where there is no file: what a file leaves out, and TCP checks. */
  static final Config BARE =
      new Config(
          List.of(
              new ListenerConfig(
                  "main",
                  new HostPort("127.0.0.1", 0),
                  "main",
                  null,
                  false,
                  Integer.MAX_VALUE,
                  0,
                  0,
                  Duration.ofSeconds(5),
                  3,
                  Duration.ofSeconds(5),
                  Duration.ofSeconds(15),
                  Duration.ofSeconds(60),
                  Duration.ofSeconds(30),
                  Duration.ZERO,
                  List.of(),
                  0,
                  OnServerDown.FINISH,
                  true,
                  false,
                  0,
                  0,
                  0,
                  0,
                  1)),
          List.of(
              new BalancerConfig(
                  "main",
                  List.of(),
                  null,
                  new SelectorConfig("round_robin", Map.of()),
                  new HealthConfig(new ProbeConfig.Tcp(), HealthPolicy.builder().build()),
                  null,
                  null,
                  Integer.MAX_VALUE,
                  null,
                  0)),
          null,
          Duration.ofSeconds(30),
          false,
          Duration.ZERO);

  /**
   * Checks what no option can get wrong alone, as far as that can be seen without the file.
   *
   * @throws IllegalArgumentException if something is; the message begins with the option's name
   */
  void checkTogether() {
    if (config == null) {
      if (listen == null) {
        throw new IllegalArgumentException("--listen: missing (expected: --listen HOST:PORT)");
      }
      Config unused = over(BARE);
      return;
    }
    boolean unused = checkServers();
    Map<String, String> named = namedSelectorOptions();
    if (selector != null) { // else what the file's may have
      checkSelector(new SelectorConfig(selector, named));
    }
  }

  /**
   * The configuration that these options make.
   *
   * @param base what they override: what the file says, or {@link #BARE}
   * @throws IllegalArgumentException if an option is wrong, alone or beside others or the file; the
   *     message begins with its name
   */
  Config over(Config base) {
    boolean isFinding = checkServers();
    return over(base, listeners(base.listeners()), balancers(base.balancers(), isFinding));
  }

  private Config over(
      Config config, List<ListenerConfig> listeners, List<BalancerConfig> balancers) {
    AdminConfig before = config.admin();
    return new Config(
        listeners,
        balancers,
        admin == null
            ? before
            : new AdminConfig(
                admin,
                before == null ? List.of() : before.tokens(),
                before != null && before.writeBack()),
        or(drain, config.drain()),
        config.watch(),
        config.summary());
  }

  private List<ListenerConfig> listeners(List<ListenerConfig> all) {
    if (isOnly("listener", all.size(), givenOfListener())) {
      ListenerConfig l = all.get(0);
      return List.of(
          new ListenerConfig(
              l.name(),
              or(listen, l.address()),
              l.balancer(),
              eventLoops == null ? l.eventLoops() : eventLoops,
              l.reusePort(),
              l.maxConnections(),
              l.acceptRate(),
              l.maxWaiting(),
              l.waitTimeout(),
              l.connectAttempts(),
              or(connectTimeout, l.connectTimeout()),
              l.connectDeadline(),
              or(idleTimeout, l.idleTimeout()),
              l.halfClosedTimeout(),
              l.maxLifetime(),
              l.sourceAddresses(),
              or(warmConnections, l.warmConnections()),
              l.onServerDown(),
              l.tcpNoDelay(),
              l.keepAlive(),
              l.receiveBuffer(),
              l.sendBuffer(),
              l.readBuffer(),
              l.lowWater(),
              l.highWater()));
    }
    return all;
  }

  private List<BalancerConfig> balancers(List<BalancerConfig> all, boolean isFinding) {
    if (isOnly("balancer", all.size(), givenOfBalancer())) {
      BalancerConfig b = all.get(0);
      List<String> ofHealth = givenOfHealth();
      if (b.health() == null && !ofHealth.isEmpty()) {
        throw new IllegalArgumentException(
            ofHealth.get(0)
                + ": health of balancer "
                + b.name()
                + " is off (expected: beside a file that has its servers checked)");
      }
      return List.of(
          new BalancerConfig(
              b.name(),
              servers.isEmpty() ? b.servers() : servers,
              isFinding ? discovery() : asking(b.discovery(), b.name()),
              selector(b.selector()),
              b.health() == null ? null : health(b.health()),
              b.ejection(),
              b.breaker(),
              b.maxConcurrent(),
              b.slowStart(),
              b.panicThreshold()));
    }
    return all;
  }

  /** Whether an option of that kind was given; complains if it is not clear to what it belongs. */
  private static boolean isOnly(String kind, int count, List<String> given) {
    if (!given.isEmpty() && count > 1) {
      throw new IllegalArgumentException(
          given.get(0)
              + ": the file has "
              + count
              + " "
              + kind
              + "s (expected: beside a file with one "
              + kind
              + ")");
    }
    return !given.isEmpty();
  }

  private List<String> givenOfListener() {
    List<String> given = new ArrayList<>();
    add(given, "--listen", listen);
    add(given, "--event-loops", eventLoops);
    add(given, "--warm-connections", warmConnections);
    add(given, "--connect-timeout", connectTimeout);
    add(given, "--idle-timeout", idleTimeout);
    return given;
  }

  private List<String> givenOfBalancer() {
    List<String> given = new ArrayList<>();
    add(given, "--server", servers.isEmpty() ? null : servers);
    given.addAll(finding());
    add(given, "--dns-resolver", dnsResolver);
    add(given, "--selector", selector);
    add(given, "--selector-option", selectorOptions.isEmpty() ? null : selectorOptions);
    given.addAll(givenOfHealth());
    return given;
  }

  private List<String> givenOfHealth() {
    List<String> given = new ArrayList<>();
    add(given, "--health-interval", healthInterval);
    add(given, "--health-timeout", healthTimeout);
    add(given, "--rise", rise);
    add(given, "--fall", fall);
    return given;
  }

  private List<String> finding() {
    List<String> finding = new ArrayList<>();
    add(finding, "--server-file", serverFile);
    add(finding, "--dns", dns);
    add(finding, "--dns-srv", dnsSrv);
    return finding;
  }

  private static void add(List<String> given, String name, @Nullable Object value) {
    if (value != null) {
      given.add(name);
    }
  }

  private static <T> T or(@Nullable T given, T otherwise) {
    return given == null ? otherwise : given;
  }

  /** Where servers come from beside those that are given; null for nowhere. */
  private @Nullable DiscoveryConfig discovery() {
    if (serverFile != null) {
      return new DiscoveryConfig.FromFile(serverFile);
    }
    if (dns != null) {
      return new DiscoveryConfig.FromDns(dns, dnsResolver);
    }
    return dnsSrv == null ? null : new DiscoveryConfig.FromSrv(dnsSrv, dnsResolver);
  }

  /** The file's, by way of the DNS server that was given. */
  private @Nullable DiscoveryConfig asking(@Nullable DiscoveryConfig before, String balancer) {
    if (dnsResolver == null) {
      return before;
    }
    if (before instanceof DiscoveryConfig.FromDns from) {
      return new DiscoveryConfig.FromDns(from.name(), dnsResolver);
    }
    if (before instanceof DiscoveryConfig.FromSrv from) {
      return new DiscoveryConfig.FromSrv(from.name(), dnsResolver);
    }
    throw new IllegalArgumentException(
        "--dns-resolver: balancer "
            + balancer
            + " does not find its servers by DNS (expected: beside --dns, --dns-srv or a file with"
            + " one of them)");
  }

  /** Options alone are put over those of the file; with a selector they are all there is. */
  private SelectorConfig selector(SelectorConfig before) {
    Map<String, String> named = namedSelectorOptions();
    if (selector == null) {
      before.options().forEach(named::putIfAbsent);
    }
    SelectorConfig after = new SelectorConfig(or(selector, before.name()), named);
    checkSelector(after);
    return after;
  }

  private Map<String, String> namedSelectorOptions() {
    Map<String, String> named = new LinkedHashMap<>();
    for (String option : selectorOptions) {
      int equals = option.indexOf('=');
      if (equals < 1) {
        throw new IllegalArgumentException(
            "--selector-option: '" + option + "' (expected: NAME=VALUE)");
      }
      String name = option.substring(0, equals);
      if (named.put(name, option.substring(equals + 1)) != null) {
        throw new IllegalArgumentException(
            "--selector-option: '" + name + "' is there twice (expected: once)");
      }
    }
    return named;
  }

  private static void checkSelector(SelectorConfig selector) {
    try {
      Selector.Factory unused = Selectors.named(selector.name(), selector.options());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("--selector-option: " + e.getMessage(), e);
    }
  }

  /** How often, how long and how many: what is asked of the servers is not the options' to say. */
  private HealthConfig health(HealthConfig before) {
    HealthPolicy.Builder policy = before.policy().toBuilder();
    try {
      if (healthInterval != null) {
        policy.interval(healthInterval);
      }
      if (healthTimeout != null) {
        policy.timeout(healthTimeout);
      }
      if (rise != null) {
        policy.healthyThreshold(rise);
      }
      if (fall != null) {
        policy.unhealthyThreshold(fall);
      }
      return new HealthConfig(before.probe(), policy.build());
    } catch (IllegalArgumentException e) {
      String message = String.valueOf(e.getMessage());
      boolean isOfOption =
          message.startsWith("interval")
              || (message.startsWith("timeout") && healthTimeout != null);
      throw new IllegalArgumentException(
          (isOfOption ? "--health-" : "--health-interval: beside the file's ") + message, e);
    }
  }

  /** Whether servers are found beside those that are given; complains if that is not clear. */
  private boolean checkServers() {
    List<String> finding = finding();
    if (finding.size() > 1) {
      throw new IllegalArgumentException(
          finding.get(1) + ": beside " + finding.get(0) + " (expected: one of them)");
    }
    if (dnsResolver != null
        && dns == null
        && dnsSrv == null
        && (config == null || serverFile != null)) {
      throw new IllegalArgumentException(
          "--dns-resolver: without --dns or --dns-srv (expected: one of them)");
    }
    if (config == null && servers.isEmpty() && finding.isEmpty()) {
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
    try {
      ServerSpec.checkTogether(servers, !finding.isEmpty() || servers.isEmpty());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("--server: " + e.getMessage(), e);
    }
    return !finding.isEmpty();
  }

  /** The option that a place in the configuration comes from, where there is no file. */
  String optionOf(String path) {
    if (path.startsWith("listeners.")) {
      return "--listen";
    }
    if (path.startsWith("admin")) {
      return "--admin";
    }
    if (path.endsWith(".resolver")) {
      return "--dns-resolver";
    }
    List<String> finding = finding();
    return path.contains(".discovery") && !finding.isEmpty() ? finding.get(0) : "--server";
  }

  /** For the help text. */
  static final class SelectorNames implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return Selectors.names().iterator();
    }
  }
}
