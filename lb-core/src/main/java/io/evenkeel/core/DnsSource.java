package io.evenkeel.core;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/**
 * Servers that DNS publishes, as Kubernetes does for headless services and Consul for all: SRV
 * records, or the A and AAAA records of one name. Asks DNS servers itself, since the JDK's resolver
 * shows neither SRV records nor times to live, and needs dnsjava for that: {@code
 * dnsjava:dnsjava:3.6.4} on the class path. Immutable; safe for use by any thread.
 *
 * <pre>{@code
 * LoadBalancer balancer = LoadBalancer.builder()
 *     .source(DnsSource.srv("_http._tcp.orders.shop.svc.cluster.local"))
 *     .build();
 * balancer.ready().toCompletableFuture().get(5, SECONDS);
 * }</pre>
 *
 * <p><b>When it asks.</b> Again when the shortest time to live of an answer is over, at least 5 s
 * and at most 5 min by default, give or take 10 %. After a failure in 1 s, 2 s, 4 s and so on up to
 * 30 s, give or take 10 %.
 *
 * <p><b>What an answer is.</b> Records; or that there are none, as when the name does not exist
 * (NXDOMAIN), has no such records (NODATA), or the service is decidedly not there (RFC 2782: an SRV
 * target of "."). That is an empty list, which is ignored unless {@link
 * LoadBalancerBuilder#allowEmpty} is set. All else is a failure, after which the last good list
 * stays: no answer in time, SERVFAIL, REFUSED, a referral, garbage. Each server is asked twice
 * before a failure is one, over UDP, and over TCP where the answer was cut. A and AAAA are separate
 * questions: where one fails, what it said last is used beside what the other says now.
 *
 * <p>Names are taken as they are written, complete: search domains are not tried, and a hosts file
 * is not read ({@link HostSource} does both). The first answer comes after the balancer is built:
 * {@link LoadBalancer#ready}.
 */
public final class DnsSource implements ServerSource {

  /** What is asked, and how. Not changed any more once it is a source's. */
  static final class Settings {
    final String name;

    /** Null for SRV records. */
    final @Nullable Integer port;

    /** Whether an SRV target's address is looked up too. */
    boolean targetAddresses;

    /** None for those of this machine. */
    List<InetSocketAddress> resolvers = List.of();

    Duration timeout = Duration.ofSeconds(2);
    Duration minTtl = Duration.ofSeconds(5);
    Duration maxTtl = Duration.ofMinutes(5);
    @Nullable ScheduledExecutorService scheduler;

    Settings(String name, @Nullable Integer port) {
      this.name = name;
      this.port = port;
    }

    Settings copy() {
      Settings copy = new Settings(name, port);
      copy.targetAddresses = targetAddresses;
      copy.resolvers = resolvers;
      copy.timeout = timeout;
      copy.minTtl = minTtl;
      copy.maxTtl = maxTtl;
      copy.scheduler = scheduler;
      return copy;
    }
  }

  private final Settings settings;

  private DnsSource(Settings settings) {
    this.settings = settings;
  }

  /**
   * The servers of an SRV record set. The records' lowest priority is tier 0, the next one tier 1
   * and so on. Weights are weights; 0, of which RFC 2782 says "a very small chance", is 1, which
   * gives it the chance that the RFC's own algorithm does. A server's host is the record's target,
   * which whoever connects looks up; its id is {@code target:port}, however its address changes.
   * See {@link #withTargetAddresses}.
   *
   * @param service the complete name, as in {@code _http._tcp.example.com}
   * @throws IllegalArgumentException if it is blank or has control characters
   */
  public static DnsSource srv(String service) {
    return of(service, null);
  }

  /**
   * The addresses of a name, A and AAAA records; each is one server, whose id is {@code
   * address:port}.
   *
   * @param name the complete name
   * @param port the servers' port, 0 to 65535
   * @throws IllegalArgumentException if an argument is out of its range
   */
  public static DnsSource addresses(String name, int port) {
    return of(name, port);
  }

  private static DnsSource of(String name, @Nullable Integer port) {
    Server unused = Server.of("port", port == null ? 0 : port); // for its check
    return new DnsSource(new Settings(Server.requireText("name", name), port));
  }

  /**
   * The same, with the address of each SRV target as its server's host: for targets that whoever
   * connects cannot look up, as those of a Consul agent that is no resolver of this machine. Ids
   * stay {@code target:port}. A target with several addresses is one server all the same, at the
   * address that it had while that is still one of them, else at the lowest, IPv4 first. One that
   * has none is left out. Addresses that come with the answer are not asked for.
   *
   * <p>A target whose look-up fails stays at the address that it had. After the first target that
   * nobody answers for in time, no more are asked for until the next round, and those that were
   * silent are asked for last then: a resolver that is down is waited for once, not once for each
   * target. Where more targets are missing for want of an answer than have an address, all of it
   * counts as a failure, after which the last good list stays: a few servers are not to get what
   * was meant for many.
   */
  public DnsSource withTargetAddresses() {
    Settings next = settings.copy();
    next.targetAddresses = true;
    return new DnsSource(next);
  }

  /**
   * The same, asked of these DNS servers in this order; by default of those that this machine is
   * set up to ask when the JVM asks for the first time: it does not notice when they change.
   *
   * @param resolvers at least one, resolved
   * @throws IllegalArgumentException if there is none or one is not resolved
   */
  public DnsSource withResolver(InetSocketAddress... resolvers) {
    List<InetSocketAddress> all = List.of(resolvers);
    if (all.isEmpty()) {
      throw new IllegalArgumentException("resolvers: none (expected: at least one)");
    }
    for (InetSocketAddress resolver : all) {
      if (resolver.isUnresolved()) {
        throw new IllegalArgumentException(
            "resolver: " + resolver + " (expected: an IP address, or a name that resolves)");
      }
    }
    Settings next = settings.copy();
    next.resolvers = all;
    return new DnsSource(next);
  }

  /**
   * The same, with this time limit for each answer of one server.
   *
   * @param timeout 10 ms to 1 min; 2 s by default
   * @throws IllegalArgumentException if it is out of range
   */
  public DnsSource withTimeout(Duration timeout) {
    Duration checked =
        Bounds.check("timeout", timeout, Duration.ofMillis(10), Duration.ofMinutes(1));
    Settings next = settings.copy();
    next.timeout = checked;
    return new DnsSource(next);
  }

  /**
   * The same, with these bounds for how long an answer is relied on.
   *
   * @param min 100 ms to 24 h; 5 s by default
   * @param max {@code min} to 24 h; 5 min by default
   * @throws IllegalArgumentException if one is out of range
   */
  public DnsSource withTtl(Duration min, Duration max) {
    Duration day = Duration.ofHours(24);
    Duration checkedMin = Bounds.check("min", min, Duration.ofMillis(100), day);
    Duration checkedMax = Bounds.check("max", max, min, day);
    Settings next = settings.copy();
    next.minTtl = checkedMin;
    next.maxTtl = checkedMax;
    return new DnsSource(next);
  }

  /**
   * The same, asked by a scheduler of yours, whose thread is blocked until there is an answer; by
   * default each balancer has a daemon thread of its own for it.
   */
  public DnsSource withScheduler(ScheduledExecutorService scheduler) {
    Settings next = settings.copy();
    next.scheduler = Objects.requireNonNull(scheduler, "scheduler");
    return new DnsSource(next);
  }

  /**
   * Begins to ask.
   *
   * @throws IllegalStateException if dnsjava is not on the class path
   * @throws IllegalArgumentException if the name is no DNS name
   */
  @Override
  public AutoCloseable start(Sink sink) {
    DnsLookup lookup;
    try {
      lookup = new DnsLookup(settings);
    } catch (NoClassDefFoundError e) {
      throw new IllegalStateException(
          this + ": dnsjava is not there (expected: dnsjava:dnsjava:3.6.4 on the class path)", e);
    }
    RefreshSchedule schedule =
        new RefreshSchedule(
            settings.minTtl.toNanos(), settings.maxTtl.toNanos(), Randomness.ofThreads());
    return new Refresher(lookup, lookup, schedule, sink, settings.scheduler).startNow();
  }

  @Override
  public String toString() {
    return "DNS " + (settings.port == null ? "SRV" : "addresses") + " of '" + settings.name + "'";
  }
}
