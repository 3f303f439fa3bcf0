package io.evenkeel.server;

import io.evenkeel.core.Server;
import io.evenkeel.server.config.BalancerConfig;
import io.evenkeel.server.config.Config;
import io.evenkeel.server.config.Durations;
import io.evenkeel.server.config.ListenerConfig;
import io.evenkeel.server.config.Problem;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What tells one configuration from another, as sentences; pure. */
final class Differences {

  private Differences() {}

  /** What cannot be changed while the program runs, if anything of it has. */
  static List<Problem> needRestart(Config before, Config next) {
    List<Problem> problems = new ArrayList<>();
    for (ListenerConfig listener : next.listeners()) {
      ListenerConfig was = before.listener(listener.name()).orElse(null);
      if (was == null || !was.address().equals(listener.address())) {
        continue; // a new one
      }
      String path = "listeners." + listener.name() + ".";
      if (!was.balancer().equals(listener.balancer())) {
        problems.add(restart(path + "balancer", was.balancer()));
      }
      if (!Objects.equals(was.eventLoops(), listener.eventLoops())) {
        Object loops = was.eventLoops();
        problems.add(restart(path + "event_loops", loops == null ? "not given" : loops));
      }
      if (was.reusePort() != listener.reusePort()) {
        problems.add(restart(path + "reuse_port", was.reusePort()));
      }
    }
    return problems;
  }

  private static Problem restart(String path, Object before) {
    return new Problem(0, 0, path, "takes a restart to change (expected: " + before + ")");
  }

  /**
   * The servers that a balancer is to have: those of the next configuration; but one that both have
   * and have alike is as it is now, or gone if it is gone, and one that is in neither stays.
   */
  static List<Server> merge(List<Server> before, List<Server> next, List<Server> now) {
    Map<String, Server> was = byId(before);
    Map<String, Server> is = byId(now);
    Map<String, Server> merged = new LinkedHashMap<>();
    for (Server server : next) {
      Server alike = server.equals(was.get(server.id())) ? is.get(server.id()) : server;
      if (alike != null) {
        merged.put(server.id(), alike);
      }
    }
    Map<String, Server> named = byId(next);
    for (Server server : now) {
      if (!named.containsKey(server.id()) && !was.containsKey(server.id())) {
        merged.put(server.id(), server);
      }
    }
    return List.copyOf(merged.values());
  }

  private static Map<String, Server> byId(Collection<Server> servers) {
    Map<String, Server> byId = new LinkedHashMap<>();
    servers.forEach(server -> byId.put(server.id(), server));
    return byId;
  }

  /** A sentence for each; none if they are equal. */
  static List<String> describe(Config before, Config next) {
    List<String> told = new ArrayList<>();
    describe(
        told,
        "balancer",
        before.balancers(),
        next.balancers(),
        BalancerConfig::name,
        Differences::balancer);
    describe(
        told,
        "listener",
        before.listeners(),
        next.listeners(),
        ListenerConfig::name,
        Differences::listener);
    compare(told, "", before, next, List.of("balancers", "listeners"));
    return told;
  }

  /** How two that have one name are told. */
  private interface Telling<T> {
    void tell(List<String> told, String name, T before, T next);
  }

  private static <T> void describe(
      List<String> told,
      String kind,
      List<T> before,
      List<T> next,
      Function<T, String> name,
      Telling<T> telling) {
    Map<String, T> was = new LinkedHashMap<>();
    before.forEach(one -> was.put(name.apply(one), one));
    for (T one : next) {
      T old = was.remove(name.apply(one));
      String called = kind + " " + name.apply(one);
      if (old == null) {
        told.add(called + ": added");
      } else {
        telling.tell(told, called + ": ", old, one);
      }
    }
    was.keySet().forEach(gone -> told.add(kind + " " + gone + ": removed"));
  }

  private static void balancer(
      List<String> told, String name, BalancerConfig before, BalancerConfig next) {
    describe(
        told,
        name + "server",
        before.servers(),
        next.servers(),
        Server::id,
        (sentences, called, was, is) -> {
          if (!was.equals(is)) {
            sentences.add(called + changes(was, is));
          }
        });
    compare(told, name, before, next, List.of("servers"));
  }

  /** Of one server: Server is no record. */
  private static String changes(Server was, Server is) {
    List<String> changes = new ArrayList<>();
    Map<String, Function<Server, @Nullable Object>> parts = new LinkedHashMap<>();
    parts.put("host", Server::host);
    parts.put("port", Server::port);
    parts.put("weight", Server::weight);
    parts.put("tier", Server::tier);
    parts.put("zone", Server::zone);
    parts.put(
        "max_concurrent", server -> server.maxConcurrent() == 0 ? null : server.maxConcurrent());
    parts.put("metadata", Server::metadata);
    parts.forEach(
        (part, of) -> {
          Object before = of.apply(was);
          Object after = of.apply(is);
          if (!Objects.equals(before, after)) {
            changes.add(change(part, before, after));
          }
        });
    return String.join(", ", changes);
  }

  private static void listener(
      List<String> told, String name, ListenerConfig before, ListenerConfig next) {
    compare(told, name, before, next, List.of());
  }

  /** Component by component. */
  private static <T extends Record> void compare(
      List<String> told, String name, T before, T next, List<String> except) {
    for (RecordComponent component : before.getClass().getRecordComponents()) {
      Object was = value(component, before);
      Object is = value(component, next);
      if (!Objects.equals(was, is) && !except.contains(component.getName())) {
        told.add(name + change(snakeCase(component.getName()), was, is));
      }
    }
  }

  private static @Nullable Object value(RecordComponent component, Record of) {
    try {
      return component.getAccessor().invoke(of);
    } catch (IllegalAccessException | InvocationTargetException e) {
      throw new LinkageError("a public record of ours", e);
    }
  }

  private static String snakeCase(String name) {
    return name.replaceAll("[A-Z]", "_$0").toLowerCase(java.util.Locale.ROOT);
  }

  private static String change(String what, @Nullable Object before, @Nullable Object after) {
    String was = text(before);
    String is = text(after);
    return is.equals(was)
        ? what + " has changed in what is not shown" // a secret
        : what + " is " + is + ", was " + was;
  }

  private static String text(@Nullable Object value) {
    if (value instanceof Duration duration) {
      return Durations.format(duration);
    }
    if (value instanceof BalancerConfig.SelectorConfig selector) {
      return selector.name() + (selector.options().isEmpty() ? "" : " " + selector.options());
    }
    if (value instanceof Integer number && number == Integer.MAX_VALUE) {
      return "unlimited";
    }
    return value == null ? "none" : value.toString();
  }
}
