package io.evenkeel.server;

import io.evenkeel.core.BalancerChange;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.LoadBalancerBuilder;
import io.evenkeel.core.NoServerAvailableException;
import io.evenkeel.core.Node;
import io.evenkeel.core.Selector;
import io.evenkeel.core.SelectorDescription;
import io.evenkeel.core.Selectors;
import io.evenkeel.core.Server;
import io.evenkeel.core.ServerSource;
import io.evenkeel.server.admin.Inventory;
import io.evenkeel.server.config.BalancerConfig;
import io.evenkeel.server.config.BalancerConfig.DiscoveryConfig;
import io.evenkeel.server.config.BalancerConfig.SelectorConfig;
import io.evenkeel.server.config.BalancerConfig.SlowStartConfig;
import io.evenkeel.server.config.ConfigException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * One balancer that runs, and those that look after its servers. Changed by {@link Running}, under
 * its lock; the balancer itself may be changed by the admin API at any time.
 */
final class RunningBalancer {

  /** How long the first answer may take when nobody else can serve. */
  private static final long FIRST_ANSWER_SECONDS = 10;

  private final String name;
  private final LoadBalancer balancer;
  private Guards guards = Guards.NONE;

  private RunningBalancer(String name, LoadBalancer balancer) {
    this.name = name;
    this.balancer = balancer;
  }

  /**
   * With its first servers, wherever they come from.
   *
   * @throws ConfigException if a host does not resolve, or none of its servers is found; nothing is
   *     left running then
   */
  static RunningBalancer start(BalancerConfig config) throws ConfigException {
    requireResolvable(config, List.of());
    LoadBalancerBuilder builder =
        LoadBalancer.builder()
            .servers(config.servers())
            .selector(factory(config.selector()))
            .maxConcurrent(config.maxConcurrent())
            .panicThreshold(config.panicThreshold());
    SlowStartConfig slowStart = config.slowStart();
    if (slowStart != null) {
      builder.slowStart(slowStart.window(), slowStart.aggression());
    }
    RunningBalancer running = new RunningBalancer(config.name(), build(builder, config));
    Deque<Runnable> undo = new ArrayDeque<>();
    try {
      running.awaitServers(config);
      running.guards =
          Guards.NONE.change(running.balancer, without(config), config, undo, List.of());
      return running;
    } catch (Throwable e) {
      undo.forEach(Runnable::run);
      running.close();
      throw e;
    }
  }

  private static LoadBalancer build(LoadBalancerBuilder builder, BalancerConfig config)
      throws ConfigException {
    String path = path(config);
    if (config.discovery() != null) {
      path += ".discovery";
      builder.source(source(config));
    }
    try {
      return builder.build();
    } catch (IllegalArgumentException | IllegalStateException e) {
      throw Refusal.at(path, String.valueOf(e.getMessage()), e);
    }
  }

  /** Of a source that has to find them all. */
  private void awaitServers(BalancerConfig config) throws ConfigException {
    if (config.discovery() == null) {
      return;
    }
    String path = path(config) + ".discovery";
    if (config.servers().isEmpty()) {
      try {
        Object unused =
            balancer.ready().toCompletableFuture().get(FIRST_ANSWER_SECONDS, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw noServers(path, config, e);
      } catch (TimeoutException | ExecutionException | CancellationException e) {
        throw noServers(path, config, e);
      }
    }
    for (Node node : balancer.nodes()) {
      Refusal.requireResolvable(path, node.server().host());
    }
  }

  private ConfigException noServers(String path, BalancerConfig config, Exception cause)
      throws ConfigException {
    String why = "no server";
    try {
      balancer.acquire().close();
    } catch (NoServerAvailableException e) {
      why = String.valueOf(e.getMessage());
    }
    return Refusal.at(
        path, source(config) + ": " + why + " (expected: a server within 10 s)", cause);
  }

  /** The hosts that were not there before, and the DNS server. */
  private static void requireResolvable(BalancerConfig config, List<Server> known)
      throws ConfigException {
    for (int i = 0; i < config.servers().size(); i++) {
      String host = config.servers().get(i).host();
      if (known.stream().noneMatch(server -> server.host().equals(host))) {
        Refusal.requireResolvable(path(config) + ".servers[" + i + "].host", host);
      }
    }
    String resolver = Discovered.resolverHost(config.discovery());
    if (resolver != null) {
      Refusal.requireResolvable(path(config) + ".discovery.resolver", resolver);
    }
  }

  private static String path(BalancerConfig config) {
    return "balancers." + config.name();
  }

  private static Selector.Factory factory(SelectorConfig config) {
    return Selectors.named(config.name(), config.options());
  }

  String name() {
    return name;
  }

  LoadBalancer balancer() {
    return balancer;
  }

  Inventory.Balancer entry() {
    return new Inventory.Balancer(
        name, balancer, guards.monitor(), guards.detector(), guards.breakers());
  }

  /**
   * The configuration with what was changed since by the API. Of a balancer whose servers are
   * found, these are left as they were: what was changed of them goes with the next answer.
   */
  BalancerConfig current(BalancerConfig config) {
    SelectorDescription selector = Selectors.describe(balancer.settings().selector());
    return new BalancerConfig(
        config.name(),
        config.discovery() == null ? inOrderOf(config.servers()) : config.servers(),
        config.discovery(),
        new SelectorConfig(selector.name(), selector.options()),
        config.health(),
        config.ejection(),
        config.breaker(),
        config.maxConcurrent(),
        config.slowStart(),
        config.panicThreshold());
  }

  private List<Server> servers() {
    return balancer.nodes().stream().map(Node::server).toList();
  }

  /** Those that are named there, as there; the others behind them. */
  private List<Server> inOrderOf(List<Server> named) {
    Map<String, Integer> places = new HashMap<>();
    named.forEach(server -> places.put(server.id(), places.size()));
    List<Server> sorted = new ArrayList<>(servers());
    sorted.sort(Comparator.comparingInt(server -> places.getOrDefault(server.id(), named.size())));
    return sorted;
  }

  /**
   * How it is to be another.
   *
   * @param source what is to be followed, if {@code hasOtherSource}; null for none
   * @param found what that found when it was tried; null if it was not
   */
  record Change(
      RunningBalancer of,
      BalancerConfig before,
      BalancerConfig next,
      boolean hasOtherSource,
      @Nullable ServerSource source,
      @Nullable List<Server> found) {}

  /**
   * Looks whether a change can be made, and changes nothing. May wait for another source to find
   * servers.
   *
   * @throws ConfigException if it cannot
   */
  Change prepare(BalancerConfig before, BalancerConfig next) throws ConfigException {
    boolean hasOther =
        !Objects.equals(before.discovery(), next.discovery())
            || (next.discovery() != null && !before.servers().equals(next.servers()));
    if (hasOther && next.discovery() != null) {
      RunningBalancer trial = start(without(next));
      List<Server> found = trial.servers();
      trial.close();
      return new Change(this, before, next, true, source(next), found);
    }
    requireResolvable(next, servers());
    List<Server> servers = next.discovery() == null ? merged(before, next) : servers();
    try { // what its selector says to these servers
      LoadBalancer.builder().servers(servers).selector(factory(next.selector())).build().close();
    } catch (IllegalArgumentException e) {
      throw Refusal.at(path(next), String.valueOf(e.getMessage()), e);
    }
    return new Change(this, before, next, hasOther, null, null);
  }

  private List<Server> merged(BalancerConfig before, BalancerConfig next) throws ConfigException {
    List<Server> servers =
        before.discovery() == null
            ? Differences.merge(before.servers(), next.servers(), servers())
            : next.servers();
    if (servers.isEmpty()) {
      throw Refusal.at(
          path(next) + ".servers",
          "none would be left, since those that stay were removed meanwhile (expected: one at least)",
          null);
    }
    return servers;
  }

  /**
   * The difference between the two configurations, but for the guards; to be applied while the
   * servers of now stay. What was changed since by the API stays, where the two are the same.
   */
  BalancerChange change(Change planned) throws ConfigException {
    BalancerConfig before = planned.before;
    BalancerConfig next = planned.next;
    BalancerChange change = balancer.change();
    if (planned.hasOtherSource) {
      change.source(planned.source);
    }
    if (planned.found != null) { // until it says so itself
      change.servers(planned.found);
    } else if (next.discovery() == null
        && (before.discovery() != null || !before.servers().equals(next.servers()))) {
      change.servers(merged(before, next));
    }
    if (!before.selector().equals(next.selector())) {
      change.selector(factory(next.selector()));
    }
    SlowStartConfig slowStart = next.slowStart();
    return change
        .maxConcurrent(next.maxConcurrent())
        .panicThreshold(next.panicThreshold())
        .slowStart(
            slowStart == null ? Duration.ZERO : slowStart.window(),
            slowStart == null ? 1 : slowStart.aggression());
  }

  /**
   * As configured, and closed by a thread of its own: that may wait for a look-up that hangs, and
   * who replaces it holds locks.
   */
  private static ServerSource source(BalancerConfig config) throws ConfigException {
    DiscoveryConfig discovery = Objects.requireNonNull(config.discovery());
    ServerSource source;
    try {
      source = Discovered.source(discovery, config.servers());
    } catch (IllegalArgumentException e) {
      throw Refusal.at(path(config) + ".discovery", String.valueOf(e.getMessage()), e);
    }
    return new ServerSource() {
      @Override
      public AutoCloseable start(Sink sink) {
        AutoCloseable running = source.start(sink);
        return () -> Running.inBackground("evenkeel-source-close", running);
      }

      @Override
      public String toString() {
        return source.toString();
      }
    };
  }

  /**
   * Begins those that are to look after the servers beside those that do.
   *
   * @param undo gets what takes that back
   * @param afterwards gets what is to be done once the change is certain; it may wait
   */
  void guard(Change planned, Deque<Runnable> undo, List<Runnable> afterwards)
      throws ConfigException {
    Guards now = guards;
    try {
      List<Runnable> updates = new ArrayList<>();
      Guards changed = now.change(balancer, planned.before, planned.next, undo, updates);
      undo.push(() -> guards = now);
      guards = changed;
      afterwards.addAll(updates);
      afterwards.add(() -> now.leave(changed));
    } catch (IllegalArgumentException | IllegalStateException e) {
      throw Refusal.at(path(planned.next), String.valueOf(e.getMessage()), e);
    }
  }

  /** The same, with nobody who looks after its servers. */
  private static BalancerConfig without(BalancerConfig config) {
    return new BalancerConfig(
        config.name(),
        config.servers(),
        config.discovery(),
        config.selector(),
        null,
        null,
        null,
        config.maxConcurrent(),
        config.slowStart(),
        config.panicThreshold());
  }

  /** Ends all of it; nobody uses it any more. */
  void close() {
    guards.leave(Guards.NONE);
    balancer.close();
  }
}
