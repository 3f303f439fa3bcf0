package io.evenkeel.server;

import io.evenkeel.core.HostPort;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Selectors;
import io.evenkeel.server.admin.AdminServer;
import io.evenkeel.server.admin.ConfigControl;
import io.evenkeel.server.admin.Inventory;
import io.evenkeel.server.config.Config;
import io.evenkeel.server.config.ConfigException;
import io.evenkeel.server.config.ListenerConfig;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
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
 * The balancers and listeners that a configuration has started, and those that were in one before
 * and have relays still. To start is to change from nothing to a configuration; to reload, from one
 * to another: see {@link Transition}. Safe for use by any thread; nothing that waits is done under
 * its lock. One change at a time.
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

  /** What the admin API changes the configuration by; null for nothing. */
  @Nullable ConfigControl control() {
    return control;
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
  void change(Config before, Config next) throws ConfigException {
    try (Transition transition = Transition.prepare(this, before, next)) {
      transition.commit();
    }
  }

  /** Null if there is none of that name. */
  synchronized @Nullable RunningBalancer findBalancer(String name) {
    return balancers.get(name);
  }

  /** What is not to change any more. */
  synchronized void requireNotEnding() throws ConfigException {
    if (ending) {
      throw Refusal.at("drain", "the program is about to end (expected: no more changes)", null);
    }
  }

  /** Of a name that there is. */
  synchronized RunningListener listener(String name) {
    return Objects.requireNonNull(listeners.get(name), name);
  }

  /** Null if there is none. */
  synchronized @Nullable AdminServer admin() {
    return admin;
  }

  /** The last step of a change: those of the next configuration take over, the others leave. */
  synchronized void replace(
      Config next,
      Map<String, RunningBalancer> newBalancers,
      Map<String, RunningListener> newOnes,
      @Nullable AdminServer nextAdmin) {
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
    AdminServer old = admin;
    admin = nextAdmin;
    if (old != null && old != nextAdmin) { // it may be one of its own threads that is here
      inBackground("evenkeel-admin-close", old);
    }
  }

  /** Closes what may take a while, since who asks for it holds locks. */
  static void inBackground(String name, AutoCloseable closing) {
    Runnable close =
        () -> {
          try {
            closing.close();
          } catch (Exception e) {
            log.warn("{}: could not be closed", name, e);
          }
        };
    try {
      Thread thread = new Thread(close, name);
      thread.setDaemon(true);
      thread.start();
    } catch (OutOfMemoryError e) { // there is no thread for it
      close.run();
    }
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
    try {
      thread.start();
    } catch (OutOfMemoryError e) { // nobody cuts its relays then, before the program ends
      log.error("listener {}: no thread for its drain", listener.name(), e);
    }
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
        inBackground("evenkeel-balancer-close", balancer::close);
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
    AdminServer last = admin();
    if (last != null) {
      last.close(); // under no lock: who asks it something may need that
    }
    synchronized (this) {
      balancers.values().forEach(RunningBalancer::close);
      abandoned.forEach(RunningBalancer::close);
    }
  }
}
