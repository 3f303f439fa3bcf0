package io.evenkeel.server;

import io.evenkeel.core.BalancerChange;
import io.evenkeel.server.admin.AdminServer;
import io.evenkeel.server.admin.AdminServerBuilder;
import io.evenkeel.server.admin.ConfigControl;
import io.evenkeel.server.config.AdminConfig;
import io.evenkeel.server.config.BalancerConfig;
import io.evenkeel.server.config.Config;
import io.evenkeel.server.config.ConfigException;
import io.evenkeel.server.config.ListenerConfig;
import io.evenkeel.server.config.Problem;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * From one configuration to another, all of it or nothing. It is prepared first, which may wait:
 * names are looked up, new balancers are built and find their servers, selectors and sources are
 * tried, new listeners and a new admin server are begun. Then it is committed, under locks and so
 * without a wait: listeners take other settings, new guards begin, which both can be taken back,
 * and all balancers change as one. After that nothing fails. Closed, it does what may take a while
 * and is certain now; or, if it was not committed, takes back what was done. Used by one thread.
 */
final class Transition implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Transition.class);

  private final Running running;
  private final Config before;
  private final Config next;

  /** What takes back what was done; the last step first. */
  private final Deque<Runnable> undo = new ArrayDeque<>();

  private final Map<String, RunningBalancer> newBalancers = new LinkedHashMap<>();
  private final Map<String, RunningListener> newListeners = new LinkedHashMap<>();
  private final List<RunningBalancer.Change> changed = new ArrayList<>();

  /** What is to be done once the change is certain. */
  private final List<Runnable> afterwards = new ArrayList<>();

  private @Nullable AdminServer newAdmin;
  private Runnable otherTokens = () -> {};

  private Transition(Running running, Config before, Config next) {
    this.running = running;
    this.before = before;
    this.next = next;
  }

  /**
   * Does all that may fail or wait.
   *
   * @param before what runs, but for what was changed since by the API
   * @throws ConfigException if the next cannot be; nothing has changed
   */
  static Transition prepare(Running running, Config before, Config next) throws ConfigException {
    Transition transition = new Transition(running, before, next);
    try {
      transition.prepare();
      return transition;
    } catch (Throwable e) {
      transition.close();
      throw e;
    }
  }

  private void prepare() throws ConfigException {
    running.requireNotEnding();
    List<Problem> restart = Differences.needRestart(before, next);
    if (!restart.isEmpty()) {
      throw new ConfigException(restart);
    }
    for (BalancerConfig balancer : next.balancers()) {
      RunningBalancer there = running.findBalancer(balancer.name());
      BalancerConfig was = before.balancer(balancer.name()).orElse(balancer);
      if (there == null) {
        start(balancer);
      } else if (!was.equals(balancer)) {
        changed.add(there.prepare(was, balancer));
      }
    }
    AdminServerBuilder admin = admin();
    for (ListenerConfig listener : next.listeners()) { // late: they accept at once
      ListenerConfig was = before.listener(listener.name()).orElse(null);
      if (was == null || !was.address().equals(listener.address())) {
        start(listener);
      }
    }
    if (admin != null) { // last: no client waits for what it loads, and its address was to be had
      start(admin);
    }
  }

  private void start(BalancerConfig balancer) throws ConfigException {
    RunningBalancer started = RunningBalancer.start(balancer);
    undo.push(started::close);
    newBalancers.put(balancer.name(), started);
  }

  private void start(ListenerConfig listener) throws ConfigException {
    RunningBalancer fresh = newBalancers.get(listener.balancer());
    RunningListener started =
        RunningListener.start(
            listener,
            (fresh == null ? running.balancer(listener.balancer()) : fresh).balancer(),
            running.inventory().events().listener(listener.name()));
    undo.push(
        () -> {
          started.mute(); // another one may have its name
          int unused = started.proxy().shutdown(Duration.ZERO);
        });
    newListeners.put(listener.name(), started);
  }

  /**
   * For another one than that of now, whose address can be had; null if it is the same, or none.
   */
  private @Nullable AdminServerBuilder admin() throws ConfigException {
    AdminConfig config = next.admin();
    AdminConfig was = before.admin();
    if (config == null) {
      return null;
    }
    AdminServer there = running.admin();
    if (was != null && there != null && was.address().equals(config.address())) {
      newAdmin = there;
      if (!was.tokens().equals(config.tokens())) {
        otherTokens = () -> there.useTokens(config.tokens());
      }
      return null;
    }
    Refusal.requireResolvable("admin.address", config.address().host());
    AdminServerBuilder builder =
        AdminServer.builder(running.inventory())
            .bind(config.address().host(), config.address().port());
    config.tokens().forEach(token -> builder.token(token.name(), token.secret(), token.role()));
    ConfigControl control = running.control();
    if (control != null) {
      builder.config(control);
    }
    try {
      builder.check();
      return builder;
    } catch (IllegalArgumentException | IOException e) {
      throw refused(config, e);
    }
  }

  private void start(AdminServerBuilder builder) throws ConfigException {
    try {
      AdminServer started = builder.start();
      undo.push(started::close);
      newAdmin = started;
    } catch (IllegalArgumentException | IOException e) {
      throw refused(Objects.requireNonNull(next.admin()), e);
    }
  }

  private static ConfigException refused(AdminConfig config, Exception e) {
    return e instanceof IOException
        ? Refusal.at(
            "admin.address", "'" + config.address() + "': " + e.getMessage() + Running.FREE_PORT, e)
        : Refusal.at("admin", String.valueOf(e.getMessage()), e);
  }

  /**
   * Puts the next configuration in force. Waits for no look-up; for a change by the API that is
   * under way, so that none is made between a look at the servers and their change.
   *
   * @throws ConfigException if it cannot be all the same, as when the program is about to end; to
   *     be closed then, and nothing has changed
   */
  void commit() throws ConfigException {
    synchronized (running.inventory().changeLock()) {
      synchronized (running) {
        running.requireNotEnding();
        for (ListenerConfig listener : next.listeners()) {
          ListenerConfig was = before.listener(listener.name()).orElse(listener);
          if (!was.equals(listener) && !newListeners.containsKey(listener.name())) {
            update(running.listener(listener.name()), was, listener);
          }
        }
        List<Runnable> whenCertain = new ArrayList<>();
        List<BalancerChange> all = new ArrayList<>();
        for (RunningBalancer.Change one : changed) {
          one.of().guard(one, undo, whenCertain);
          all.add(one.of().change(one));
        }
        apply(all);
        undo.clear(); // from here on nothing fails
        afterwards.add(otherTokens);
        afterwards.addAll(whenCertain);
        running.replace(next, newBalancers, newListeners, newAdmin);
      }
    }
  }

  private void update(RunningListener listener, ListenerConfig was, ListenerConfig is)
      throws ConfigException {
    listener.update(is);
    undo.push(
        () -> {
          try {
            listener.update(was);
          } catch (ConfigException e) {
            throw new IllegalStateException("what was in force can be again", e);
          }
        });
  }

  /** What is refused here has come up since it was tried, as by servers found meanwhile. */
  private static void apply(List<BalancerChange> all) throws ConfigException {
    try {
      boolean unused = BalancerChange.applyAll(all);
    } catch (IllegalArgumentException | IllegalStateException e) {
      throw Refusal.at("balancers", String.valueOf(e.getMessage()), e);
    }
  }

  /**
   * Ends the change, made or not: to be called under no lock, for guards that leave may wait.
   * Idempotent.
   */
  @Override
  public void close() {
    while (!undo.isEmpty()) {
      quietly(undo.pop());
    }
    afterwards.forEach(Transition::quietly);
    afterwards.clear();
  }

  /** Whatever one step throws, the others are taken, too. */
  private static void quietly(Runnable step) {
    try {
      step.run();
    } catch (Throwable e) {
      log.error("a step of a change could not be taken", e);
    }
  }
}
