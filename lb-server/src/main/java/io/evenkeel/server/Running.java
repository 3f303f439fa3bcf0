package io.evenkeel.server;

import io.evenkeel.core.HostPort;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Selectors;
import io.evenkeel.server.admin.AdminServer;
import io.evenkeel.server.admin.AdminServerBuilder;
import io.evenkeel.server.admin.ConfigControl;
import io.evenkeel.server.admin.Inventory;
import io.evenkeel.server.config.AdminConfig;
import io.evenkeel.server.config.BalancerConfig;
import io.evenkeel.server.config.Config;
import io.evenkeel.server.config.ConfigException;
import io.evenkeel.server.config.ListenerConfig;
import io.evenkeel.server.config.Problem;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The balancers and listeners that a configuration has started. To start is to change from nothing
 * to a configuration; to reload, from one to another. Each change is prepared first, by all that
 * may fail and that nobody sees: names are looked up, new balancers are built, new listeners bound.
 * Then it is made; what is made can be taken back, should a step fail all the same. Who leaves,
 * leaves last. Safe for use by any thread; one change at a time.
 */
final class Running {

  private static final Logger log = LoggerFactory.getLogger(Running.class);

  /** What is said of an address that cannot be had. */
  static final String FREE_PORT =
      " (expected: a free port on an address of this machine; port 0 takes any)";

  /** What there is before the start. */
  static final Config NOTHING =
      new Config(List.of(), List.of(), null, Duration.ZERO, false, Duration.ZERO);

  private final Inventory inventory = new Inventory();
  private final @Nullable ConfigControl control;

  // Guarded by this object's lock.
  private final Map<String, RunningBalancer> balancers = new LinkedHashMap<>();
  private final Map<String, RunningListener> listeners = new LinkedHashMap<>();

  /** Those that accept no more and whose relays have some time left. */
  private final Map<RunningListener, Thread> leaving = new LinkedHashMap<>();

  /** Those that are in no configuration any more, until the last of these relays is over. */
  private final Set<RunningBalancer> abandoned = new LinkedHashSet<>();

  private @Nullable AdminServer admin;

  /** Written under the lock. */
  private volatile boolean ending;

  /**
   * Nothing runs yet.
   *
   * @param control what the admin API changes the configuration by; null for nothing
   */
  Running(@Nullable ConfigControl control) {
    this.control = control;
  }

  /** What runs now. */
  Inventory inventory() {
    return inventory;
  }

  /** In the order of the configuration. */
  synchronized List<RunningListener> listeners() {
    return List.copyOf(listeners.values());
  }

  synchronized RunningBalancer balancer(String name) {
    return Objects.requireNonNull(balancers.get(name), name);
  }

  /** What to tell whoever has started it: where clients and operators are welcome. */
  synchronized List<String> welcome() {
    List<String> lines = new ArrayList<>();
    for (RunningListener listener : listeners.values()) {
      LoadBalancer balancer = balancer(listener.balancer()).balancer();
      lines.add(
          "listening on "
              + listener.localAddress()
              + ", "
              + RunCommand.count(balancer.nodes().size(), "server")
              + ", "
              + Selectors.describe(balancer.settings().selector()).name());
    }
    String dashboard = dashboard();
    if (dashboard != null) {
      lines.add("admin on " + dashboard);
    }
    return lines;
  }

  /** Where a browser finds it; null if there is none. */
  synchronized @Nullable String dashboard() {
    if (admin == null) {
      return null;
    }
    InetSocketAddress address = admin.address();
    String host = address.getAddress().getHostAddress();
    String shown = host.equals("0:0:0:0:0:0:0:1") ? "::1" : host; // as browsers write it
    return "http://" + new HostPort(shown, address.getPort()) + "/";
  }

  /** The configuration with what was changed since by the API. */
  synchronized Config current(Config config) {
    return new Config(
        config.listeners(),
        config.balancers().stream().map(one -> balancer(one.name()).current(one)).toList(),
        config.admin(),
        config.drain(),
        config.watch(),
        config.summary());
  }

  /**
   * Makes the difference between two configurations, all of it or nothing.
   *
   * @param before what runs, but for what was changed since by the API
   * @throws ConfigException if that cannot be; nothing has changed
   */
  synchronized void change(Config before, Config next) throws ConfigException {
    if (ending) {
      throw Refusal.at("drain", "the program is about to end (expected: no more changes)", null);
    }
    List<Problem> restart = Differences.needRestart(before, next);
    if (!restart.isEmpty()) {
      throw new ConfigException(restart);
    }
    Deque<Runnable> undo = new ArrayDeque<>();
    try {
      Map<String, RunningBalancer> newBalancers = newBalancers(next, undo);
      checkOthers(before, next);
      AdminServer newAdmin = newAdmin(before, next);
      if (newAdmin != null && newAdmin != admin) {
        undo.push(newAdmin::close);
      }
      Map<String, RunningListener> newListeners = newListeners(before, next, newBalancers, undo);
      for (ListenerConfig listener : next.listeners()) {
        ListenerConfig was = before.listener(listener.name()).orElse(listener);
        if (!was.equals(listener) && !newListeners.containsKey(listener.name())) {
          RunningListener running = Objects.requireNonNull(listeners.get(listener.name()));
          running.update(listener);
          undo.push(() -> updateBack(running, was));
        }
      }
      for (BalancerConfig balancer : next.balancers()) { // last: what is undone here is forgotten
        BalancerConfig was = before.balancer(balancer.name()).orElse(balancer);
        if (!was.equals(balancer)) {
          RunningBalancer running = balancer(balancer.name());
          Runnable back = running.change(was, balancer);
          undo.push(() -> inventory.put(running.entry())); // last: a new monitor, maybe
          undo.push(back);
        }
      }
      undo.clear(); // from here on nothing fails
      replace(next, newBalancers, newListeners);
      if (newAdmin != admin) {
        AdminServer old = admin;
        admin = newAdmin;
        if (old != null) { // by another thread: it may be one of its own that is here
          Thread closing = new Thread(old::close, "evenkeel-admin-close");
          closing.setDaemon(true);
          closing.start();
        }
      }
    } finally {
      while (!undo.isEmpty()) {
        takeBack(undo.pop());
      }
    }
  }

  /** Whatever one step throws, those before it are taken back, too. */
  private static void takeBack(Runnable step) {
    try {
      step.run();
    } catch (RuntimeException e) { // as when the server file of before is not there any more
      log.error("a step of a change that was refused could not be taken back", e);
    }
  }

  private static void updateBack(RunningListener running, ListenerConfig was) {
    try {
      running.update(was);
    } catch (ConfigException e) {
      throw new IllegalStateException("what was in force can be again", e);
    }
  }

  private Map<String, RunningBalancer> newBalancers(Config next, Deque<Runnable> undo)
      throws ConfigException {
    Map<String, RunningBalancer> started = new LinkedHashMap<>();
    for (BalancerConfig balancer : next.balancers()) {
      if (!balancers.containsKey(balancer.name())) {
        RunningBalancer running = RunningBalancer.start(balancer);
        started.put(balancer.name(), running);
        undo.push(running::close);
      }
    }
    return started;
  }

  private void checkOthers(Config before, Config next) throws ConfigException {
    for (BalancerConfig balancer : next.balancers()) {
      BalancerConfig was = before.balancer(balancer.name()).orElse(balancer);
      if (!was.equals(balancer)) {
        balancer(balancer.name()).check(was, balancer);
      }
    }
  }

  /** Those of other addresses too: they accept from now on, and those before leave. */
  private Map<String, RunningListener> newListeners(
      Config before, Config next, Map<String, RunningBalancer> fresh, Deque<Runnable> undo)
      throws ConfigException {
    Map<String, RunningListener> started = new LinkedHashMap<>();
    for (ListenerConfig listener : next.listeners()) {
      ListenerConfig was = before.listener(listener.name()).orElse(null);
      if (was != null && was.address().equals(listener.address())) {
        continue;
      }
      RunningBalancer balancer = fresh.get(listener.balancer());
      RunningListener running =
          RunningListener.start(
              listener,
              (balancer == null ? balancer(listener.balancer()) : balancer).balancer(),
              inventory.events().listener(listener.name()));
      started.put(listener.name(), running);
      undo.push(
          () -> {
            running.mute(); // another one may have its name
            int unused = running.proxy().shutdown(Duration.ZERO);
          });
    }
    return started;
  }

  private @Nullable AdminServer newAdmin(Config before, Config next) throws ConfigException {
    AdminConfig config = next.admin();
    if (config == null || isSame(before.admin(), config)) {
      return config == null ? null : admin;
    }
    Refusal.requireResolvable("admin.address", config.address().host());
    AdminServerBuilder builder =
        AdminServer.builder(inventory).bind(config.address().host(), config.address().port());
    config.tokens().forEach(token -> builder.token(token.name(), token.secret(), token.role()));
    if (control != null) {
      builder.config(control);
    }
    try {
      return builder.start();
    } catch (IllegalArgumentException e) {
      throw Refusal.at("admin", String.valueOf(e.getMessage()), e);
    } catch (IOException e) {
      throw Refusal.at(
          "admin.address", "'" + config.address() + "': " + e.getMessage() + FREE_PORT, e);
    }
  }

  private static boolean isSame(@Nullable AdminConfig before, AdminConfig next) {
    return before != null
        && before.address().equals(next.address())
        && before.tokens().equals(next.tokens());
  }

  private void replace(
      Config next,
      Map<String, RunningBalancer> newBalancers,
      Map<String, RunningListener> newOnes) {
    List<RunningListener> gone = new ArrayList<>();
    Map<String, RunningListener> stay = new LinkedHashMap<>();
    for (ListenerConfig listener : next.listeners()) {
      RunningListener fresh = newOnes.get(listener.name());
      stay.put(
          listener.name(),
          fresh == null ? Objects.requireNonNull(listeners.get(listener.name())) : fresh);
    }
    for (RunningListener listener : listeners.values()) {
      if (newOnes.containsKey(listener.name()) || !stay.containsKey(listener.name())) {
        gone.add(listener);
      }
    }
    listeners.clear();
    listeners.putAll(stay);
    balancers.putAll(newBalancers);
    for (RunningBalancer balancer : List.copyOf(balancers.values())) {
      if (next.balancer(balancer.name()).isEmpty()) {
        balancers.remove(balancer.name());
        abandoned.add(balancer);
      }
    }
    balancers.values().forEach(balancer -> inventory.put(balancer.entry()));
    newOnes.values().forEach(listener -> inventory.put(listener.entry()));
    for (RunningListener listener : leaving.keySet()) {
      if (newOnes.containsKey(listener.name())) {
        listener.mute();
      }
    }
    for (RunningListener listener : gone) {
      if (stay.containsKey(listener.name())) {
        listener.mute();
      }
      leave(listener, next.drain());
    }
    forgetAbandoned();
  }

  /** On a thread of its own, since it waits. */
  private void leave(RunningListener listener, Duration drain) {
    Object unused = listener.proxy().drain();
    Thread thread =
        new Thread(
            () -> {
              int cut = listener.proxy().shutdown(drain);
              assert cut >= 0;
              forget(listener);
            },
            "evenkeel-drain-" + listener.name());
    thread.setDaemon(true);
    leaving.put(listener, thread);
    thread.start();
  }

  private synchronized void forget(RunningListener listener) {
    leaving.remove(listener);
    for (Inventory.Listener shown : inventory.listeners()) {
      if (shown.proxy() == listener.proxy()) { // else another one has its name
        inventory.removeListener(listener.name());
      }
    }
    forgetAbandoned();
  }

  private void forgetAbandoned() {
    for (RunningBalancer balancer : List.copyOf(abandoned)) {
      if (leaving.keySet().stream().noneMatch(listener -> listener.uses(balancer.balancer()))) {
        abandoned.remove(balancer);
        Inventory.Balancer shown = inventory.balancer(balancer.name());
        if (shown != null && shown.balancer() == balancer.balancer()) {
          inventory.removeBalancer(balancer.name());
        }
        balancer.close();
      }
    }
  }

  /** Whether {@link #shutdown} was called. */
  boolean isEnding() {
    return ending;
  }

  /** Clients that are connected now, to those that leave, too. */
  synchronized int openRelays() {
    return Stream.concat(leaving.keySet().stream(), listeners.values().stream())
        .mapToInt(listener -> listener.proxy().openRelays())
        .sum();
  }

  /**
   * Accepts no more, and lets relays finish, those of all listeners in the same time. What looks
   * after the balancers goes on: closed, it would take its blocks back, and the last line of the
   * log would say that dead servers are available.
   *
   * @return how many relays were cut
   */
  int shutdown(Duration drain) {
    List<RunningListener> all;
    Map<RunningListener, Thread> early;
    synchronized (this) {
      ending = true;
      all = List.copyOf(listeners.values());
      early = Map.copyOf(leaving);
    }
    for (RunningListener listener : all) {
      Object unused = listener.proxy().drain();
    }
    long begun = System.nanoTime();
    int cut = 0;
    for (RunningListener listener : all) {
      cut += listener.proxy().shutdown(left(drain, begun));
    }
    for (Map.Entry<RunningListener, Thread> leaver : early.entrySet()) {
      try {
        leaver.getValue().join(Math.max(1, left(drain, begun).toMillis()));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      leaver.getValue().interrupt(); // it has had as long as the others
      cut += leaver.getKey().proxy().shutdown(Duration.ZERO);
    }
    return cut;
  }

  private static Duration left(Duration drain, long begunNanos) {
    Duration left = drain.minusNanos(System.nanoTime() - begunNanos);
    return left.isNegative() ? Duration.ZERO : left;
  }

  /** Cuts what is open, and ends everything. */
  void close() {
    int unused = shutdown(Duration.ZERO);
    synchronized (this) {
      if (admin != null) {
        admin.close();
      }
      balancers.values().forEach(RunningBalancer::close);
      abandoned.forEach(RunningBalancer::close);
    }
  }
}
