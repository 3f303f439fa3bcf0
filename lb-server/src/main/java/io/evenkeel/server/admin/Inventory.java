package io.evenkeel.server.admin;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.NanoClock;
import io.evenkeel.health.CircuitBreakers;
import io.evenkeel.health.HealthMonitor;
import io.evenkeel.health.OutlierDetector;
import io.evenkeel.proxy.TcpProxy;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The balancers and listeners of this process by their names: what the admin API, the dashboard and
 * the metrics show and change. They come and go while it is used; owns none of them, but listens to
 * the balancers for its {@link #events}, until they are removed from it. Safe for use by any
 * thread.
 */
public final class Inventory {

  /**
   * A balancer and those that block its servers.
   *
   * @param name unique among balancers
   * @param monitor null if nobody checks
   * @param detector null if nobody ejects
   * @param breakers null if there are none
   */
  public record Balancer(
      String name,
      LoadBalancer balancer,
      @Nullable HealthMonitor monitor,
      @Nullable OutlierDetector detector,
      @Nullable CircuitBreakers breakers) {
    /** A balancer alone. */
    public static Balancer of(String name, LoadBalancer balancer) {
      return new Balancer(name, balancer, null, null, null);
    }
  }

  /**
   * A proxy that was started.
   *
   * @param name unique among listeners
   * @param balancer the name of the balancer that it asks
   */
  public record Listener(String name, TcpProxy proxy, String balancer) {}

  private final NanoClock clock;
  private final InstantSource wallClock;
  private final long createdNanos;
  private final EventLog events;
  private final Object changeLock = new Object();

  // Copied with each change, so that who reads has one moment's.
  private volatile Map<String, Balancer> balancers = Map.of();
  private volatile Map<String, Listener> listeners = Map.of();

  /** Of nothing yet. */
  public Inventory() {
    this(NanoClock.system(), InstantSource.system());
  }

  /** For tests: all that shows and counts what is in here has its time from here. */
  Inventory(NanoClock clock, InstantSource wallClock) {
    this.clock = clock;
    this.wallClock = wallClock;
    this.createdNanos = clock.nanoTime();
    this.events = new EventLog(clock, wallClock);
  }

  /** What has happened to the balancers and listeners that are or were in here. */
  public EventLog events() {
    return events;
  }

  /**
   * The admin API synchronises on it while it looks at a balancer's servers and changes them by
   * what it saw. Whoever does the same beside it synchronises on it, too, so that neither change is
   * lost; and waits for nothing meanwhile.
   */
  public Object changeLock() {
    return changeLock;
  }

  NanoClock clock() {
    return clock;
  }

  InstantSource wallClock() {
    return wallClock;
  }

  /** How long there has been this inventory: the program's uptime, in seconds. */
  double ageSeconds() {
    return (clock.nanoTime() - createdNanos) / 1e9;
  }

  /** Adds a balancer, or puts it in the place of the one of that name. */
  public synchronized void put(Balancer balancer) {
    balancers = with(balancers, balancer.name(), balancer);
    events.attach(balancer.name(), balancer.balancer());
  }

  /** Adds a listener, or puts it in the place of the one of that name. */
  public synchronized void put(Listener listener) {
    listeners = with(listeners, listener.name(), listener);
  }

  /** No effect if there is none of that name. */
  public synchronized void removeBalancer(String name) {
    balancers = with(balancers, name, null);
    events.detach(name);
  }

  /** No effect if there is none of that name. */
  public synchronized void removeListener(String name) {
    listeners = with(listeners, name, null);
    events.forgetListener(name);
  }

  private static <T> Map<String, T> with(Map<String, T> before, String name, @Nullable T value) {
    Map<String, T> after = new LinkedHashMap<>(before);
    if (value == null) {
      after.remove(name);
    } else {
      after.put(Objects.requireNonNull(name, "name"), value);
    }
    return after;
  }

  /** In the order in which they were added; a moment's. */
  public List<Balancer> balancers() {
    return List.copyOf(balancers.values());
  }

  /** In the order in which they were added; a moment's. */
  public List<Listener> listeners() {
    return List.copyOf(listeners.values());
  }

  /** Null if there is none of that name. */
  public @Nullable Balancer balancer(String name) {
    return balancers.get(name);
  }
}
