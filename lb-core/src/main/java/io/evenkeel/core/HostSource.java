package io.evenkeel.core;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/**
 * A host name whose every address is a server, looked up again and again as this machine looks up
 * names: by {@link InetAddress#getAllByName}, with its hosts file, its search domains and its
 * resolver. Each address is one server, whose id is {@code address:port}. Immutable; safe for use
 * by any thread.
 *
 * <p>The JDK does not say how long an answer may be relied on, so it is asked at an interval; and
 * it keeps answers itself, for 30 s unless the security property {@code networkaddress.cache.ttl}
 * says otherwise: asked more often, it says the same. It does not say either whether a name is
 * unknown or its resolver unwell. Both count as failures: the last good list stays, whatever {@link
 * LoadBalancerBuilder#allowEmpty} is, and the next look-up comes sooner: after 1 s, 2 s, 4 s and so
 * on up to 30 s or the interval. {@link DnsSource} knows the difference, times to live and SRV
 * records.
 *
 * <p>The first answer comes after the balancer is built: {@link LoadBalancer#ready}.
 */
public final class HostSource implements ServerSource {

  private static final Duration SHORTEST = Duration.ofSeconds(1);
  private static final Duration LONGEST = Duration.ofHours(24);

  /** Who looks names up. */
  @FunctionalInterface
  interface Lookup {
    InetAddress[] allByName(String host) throws UnknownHostException;
  }

  private final String host;
  private final int port;
  private final Duration interval;
  private final @Nullable ScheduledExecutorService scheduler;
  private final Lookup lookup;

  private HostSource(
      String host,
      int port,
      Duration interval,
      @Nullable ScheduledExecutorService scheduler,
      Lookup lookup) {
    this.host = host;
    this.port = port;
    this.interval = interval;
    this.scheduler = scheduler;
    this.lookup = lookup;
  }

  /**
   * The addresses of a host, looked up every 30 s.
   *
   * @param host not blank, without control characters
   * @param port the servers' port, 0 to 65535
   * @throws IllegalArgumentException if an argument is out of its range
   */
  public static HostSource of(String host, int port) {
    Server unused = Server.of(host, port); // for its checks
    return new HostSource(host, port, Duration.ofSeconds(30), null, InetAddress::getAllByName);
  }

  /**
   * The same host, looked up so often, give or take 10 %, so that many clients do not ask at once.
   *
   * @param interval 1 s to 24 h; 30 s by default
   * @throws IllegalArgumentException if it is out of range
   */
  public HostSource withInterval(Duration interval) {
    Duration checked = Bounds.check("interval", interval, SHORTEST, LONGEST);
    return new HostSource(host, port, checked, scheduler, lookup);
  }

  /**
   * The same host, looked up by a scheduler of yours, whose thread is blocked for as long as the
   * resolver takes; by default each balancer has a daemon thread of its own for it.
   */
  public HostSource withScheduler(ScheduledExecutorService scheduler) {
    return new HostSource(
        host, port, interval, Objects.requireNonNull(scheduler, "scheduler"), lookup);
  }

  /** For tests. */
  HostSource withLookup(Lookup lookup) {
    return new HostSource(host, port, interval, scheduler, lookup);
  }

  @Override
  public AutoCloseable start(Sink sink) {
    RefreshSchedule schedule = RefreshSchedule.every(interval, Randomness.ofThreads());
    return new Refresher(this::ask, () -> {}, schedule, sink, scheduler).startNow();
  }

  private Refresher.Answer ask() throws IOException {
    try {
      List<Server> servers = new ArrayList<>();
      for (InetAddress address : lookup.allByName(host)) {
        servers.add(Server.of(address.getHostAddress(), port));
      }
      return new Refresher.Answer(servers.stream().distinct().toList(), 0);
    } catch (UnknownHostException e) {
      throw new IOException(
          "host '" + host + "' does not resolve (expected: a name with an address)", e);
    }
  }

  @Override
  public String toString() {
    return "host '" + host + "'";
  }
}
