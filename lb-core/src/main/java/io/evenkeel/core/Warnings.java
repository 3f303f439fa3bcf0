package io.evenkeel.core;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is wrong with a balancer's configuration: what it finds itself, anew for every change of its
 * members and settings, and what those who own a block have found. Each name is logged once in the
 * life of a balancer, however often it comes and goes.
 *
 * <p>Guarded by the balancer's change lock, but for {@link #current}.
 */
final class Warnings {

  private static final Logger log = LoggerFactory.getLogger(LoadBalancer.class);

  private static final Warning SLOW_START_WITHOUT_WEIGHTS =
      new Warning(
          "slow_start_without_weights",
          "slowStart is set, but this selector does not look at the weights of the moment, so that"
              + " a new server gets its whole share at once; weighted_round_robin and"
              + " weighted_random look at them");

  private final EventQueue events;
  private final Set<String> logged = new HashSet<>();
  private final Map<BlockOwner, Map<String, Warning>> owners = new LinkedHashMap<>();
  private List<Warning> own = List.of();

  /** Written under the change lock, read by anyone. */
  private volatile List<Warning> current = List.of();

  /** Of no members yet. */
  Warnings(EventQueue events) {
    this.events = events;
  }

  List<Warning> current() {
    return current;
  }

  /** Looks at the members and the settings as they are now. */
  void check(Collection<Node> members, Snapshot.Recipe recipe) {
    List<Server> servers = members.stream().map(Node::server).toList();
    own = new ArrayList<>(find(servers, recipe.panicThreshold()));
    if (recipe.slowStart().isOn() && Selectors.ignoresSlowStart(recipe.factory())) {
      own.add(SLOW_START_WITHOUT_WEIGHTS);
    }
    publish();
  }

  void put(BlockOwner owner, Warning warning) {
    owners.computeIfAbsent(owner, o -> new LinkedHashMap<>()).put(warning.name(), warning);
    publish();
  }

  void withdraw(BlockOwner owner, String name) {
    Map<String, Warning> its = owners.get(owner);
    if (its != null && its.remove(name) != null) {
      publish();
    }
  }

  void withdrawAll(BlockOwner owner) {
    if (owners.remove(owner) != null) {
      publish();
    }
  }

  private void publish() {
    List<Warning> all = new ArrayList<>(own);
    owners.values().forEach(its -> all.addAll(its.values()));
    current = List.copyOf(all);
    List<Warning> news = all.stream().filter(warning -> !logged.contains(warning.name())).toList();
    for (Warning warning : news) {
      logged.add(warning.name());
      events.log(() -> log.warn("{}", warning));
    }
  }

  /** See {@link LoadBalancer#warnings()} for what each means. */
  static List<Warning> find(Collection<Server> servers, double panicThreshold) {
    TreeMap<Integer, Integer> weighty = new TreeMap<>(); // by tier, how many have a weight
    for (Server server : servers) {
      weighty.merge(server.tier(), server.weight() > 0 ? 1 : 0, Integer::sum);
    }
    int possible = weighty.values().stream().mapToInt(Integer::intValue).sum();
    if (possible == 0) {
      return servers.isEmpty()
          ? List.of()
          : List.of(
              new Warning(
                  "all_weights_zero", "every server has weight 0, so that none is ever picked"));
    }
    List<Warning> found = new ArrayList<>();
    int below = 0;
    for (Map.Entry<Integer, Integer> tier : weighty.entrySet()) {
      if (tier.getValue() == 0) {
        found.add(
            new Warning(
                "unreachable_tier",
                "tier "
                    + tier.getKey()
                    + ": every server in it has weight 0, so it is never used"));
      } else if (below > 0 && Snapshot.isPanic(possible - below, possible, panicThreshold)) {
        found.add(
            new Warning(
                "unreachable_tier",
                String.format(
                    "tier %d: never takes over when the servers before it (%d of %d) are down, for"
                        + " with panicThreshold %s that is a panic, in which they stay in use",
                    tier.getKey(), below, possible, panicThreshold)));
      }
      below += tier.getValue();
    }
    if (possible > 1 && Snapshot.isPanic(possible - 1, possible, panicThreshold)) {
      found.add(
          new Warning(
              "panic_hides_failures",
              String.format(
                  "panicThreshold %s: one server of %d down is a panic, in which it stays in use,"
                      + " so that a failing server is never taken out",
                  panicThreshold, possible)));
    }
    return List.copyOf(found);
  }
}
