package io.evenkeel.proxy;

import io.evenkeel.core.BalancerEvent;
import io.evenkeel.core.BalancerEvent.ServerAdded;
import io.evenkeel.core.BalancerEvent.ServerRemoved;
import io.evenkeel.core.BalancerEvent.ServerUpdated;
import io.evenkeel.core.BalancerListener;
import io.evenkeel.core.Node;
import io.evenkeel.core.Server;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The socket addresses of servers. Looking a name up blocks, so it never happens on an event loop:
 * names are looked up when the proxy starts, by {@link LookUps} when a server is added, and again
 * after a connect to it failed, for its address may have changed. Address literals need no look-up.
 * Safe for use by any thread.
 *
 * <p>A server is <b>awaited</b> while its name is looked up for the first time: nothing is known
 * against it yet, and it cannot be connected to. A member that is awaited has a look-up that is
 * queued or under way; at the end of that it is awaited no more, found or not, whatever fails, and
 * then those who wait are told.
 */
final class ServerAddresses implements BalancerListener, AutoCloseable {

  private static final Pattern IPV4 =
      Pattern.compile("((25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)(\\.(?!$)|$)){4}");

  /** Looks a name up; {@link InetAddress#getAllByName} but in tests. */
  interface Resolver {
    InetAddress[] lookUp(String host) throws UnknownHostException;
  }

  /**
   * What a server's host stands for. Hosts go by server, so that none is kept for longer than that,
   * but not by all of it: a weight may change at any time.
   *
   * @param addresses null while it is awaited, none if it was not found
   */
  private record Known(String host, int port, @Nullable List<InetSocketAddress> addresses) {

    static Known of(Server server, @Nullable List<InetSocketAddress> addresses) {
      return new Known(server.host(), server.port(), addresses);
    }

    boolean isAwaited() {
      return addresses == null;
    }

    boolean isOf(Server server) {
      return host.equals(server.host());
    }

    /** With the port that the server has now. */
    Known at(int portNow) {
      return port == portNow
          ? this
          : new Known(
              host,
              portNow,
              addresses == null
                  ? null
                  : withPort(addresses.stream().map(InetSocketAddress::getAddress), portNow));
    }

    /** After a look-up; what was found before stays if that found nothing. */
    Known lookedUp(InetAddress[] found) {
      if (found.length == 0) {
        return addresses == null ? new Known(host, port, List.of()) : this;
      }
      return new Known(host, port, withPort(Stream.of(found), port));
    }
  }

  /**
   * The members, by id. Changed by {@link #change} alone. A look-up only ever replaces what is
   * there, so that a server that left is not kept.
   */
  private final Map<String, Known> known = new ConcurrentHashMap<>();

  /**
   * How many of {@link #known} are awaited, or more for a moment: it is raised before one can be
   * seen there and lowered afterwards. So who reads 0 finds none that was there before.
   */
  private final AtomicInteger awaitedCount = new AtomicInteger();

  private final Resolver resolver;
  private final LookUps lookUps;
  private final Runnable onLookedUp;

  /**
   * @param onLookedUp called after each look-up, when servers that were awaited may be so no more;
   *     by any thread
   */
  ServerAddresses(String threadName, Resolver resolver, Runnable onLookedUp) {
    this.resolver = resolver;
    this.onLookedUp = onLookedUp;
    this.lookUps = new LookUps(daemons(threadName), resolver, this::lookedUp);
  }

  private static ThreadFactory daemons(String name) {
    return task -> {
      Thread thread = new Thread(task, name);
      thread.setDaemon(true);
      return thread;
    };
  }

  /** Takes these servers in and looks them up now, on the caller's thread. */
  void resolveAll(List<Node> nodes) throws UnknownHostException {
    for (Node node : nodes) {
      Server server = node.server();
      Known found = Known.of(server, lookUp(server));
      change(server.id(), before -> found);
      forgetUnlessMember(node);
    }
  }

  /** Whether any member is awaited. Costs one volatile read. */
  boolean isAnyAwaited() {
    return awaitedCount.get() > 0;
  }

  /**
   * The addresses of a server that was picked, in the order in which to try them; never blocks.
   *
   * @return none if its name was not found; null if it is awaited, or was removed a moment ago
   */
  @Nullable List<InetSocketAddress> find(Node node) {
    Server server = node.server();
    Known of = known.get(server.id());
    if (of == null || !of.isOf(server)) {
      if (!node.isMember()) { // whoever learns of it now would never forget
        return isLiteral(server.host()) ? literal(server) : null;
      }
      of = join(server); // the event that it is there is still due
      forgetUnlessMember(node);
    }
    if (of.isAwaited()) {
      lookUps.begin(server.host(), true); // as a rule it has been; else one too many does no harm
    }
    return of.at(server.port()).addresses;
  }

  /** Whether this member must not be picked yet. Never blocks. */
  boolean isAwaited(Node node) {
    return find(node) == null;
  }

  /**
   * The addresses of a server, at least one, in the order in which to try them; never blocks.
   *
   * @throws UnknownHostException if its name is not looked up yet, or could not be
   */
  List<InetSocketAddress> of(Server server) throws UnknownHostException {
    Known of = known.get(server.id());
    List<InetSocketAddress> addresses =
        of != null && of.isOf(server) ? of.at(server.port()).addresses : null;
    if (addresses != null && !addresses.isEmpty()) {
      return addresses;
    }
    if (isLiteral(server.host())) {
      return lookUp(server); // removed a moment ago, or the event that it was added is due
    }
    suspect(server);
    throw notFound(server);
  }

  static UnknownHostException notFound(Server server) {
    return new UnknownHostException("server " + server + ": host not found: " + server.host());
  }

  /** This address was connected to: it is tried first from now on. */
  void worked(Server server, InetSocketAddress address) {
    Known of = known.get(server.id());
    if (of == null || of.addresses == null || of.addresses.indexOf(address) <= 0) {
      return;
    }
    List<InetSocketAddress> reordered = new ArrayList<>(of.addresses);
    reordered.remove(address);
    reordered.add(0, address);
    // Unless it was looked up meanwhile.
    boolean unused = swap(server.id(), of, new Known(of.host, of.port, List.copyOf(reordered)));
  }

  /** A connect to this server failed: its name may stand for another address now. */
  void suspect(Server server) {
    if (!isLiteral(server.host())) {
      lookUps.begin(server.host(), false);
    }
  }

  @Override
  public void onEvent(BalancerEvent event) {
    Server server = event.server();
    if (event instanceof ServerAdded || event instanceof ServerUpdated) {
      Known joined = join(server);
      if (joined.addresses != null && joined.addresses.isEmpty()) {
        suspect(server);
      }
    } else if (event instanceof ServerRemoved) {
      change(server.id(), before -> null);
    }
  }

  @Override
  public void close() {
    lookUps.close();
  }

  // ---- what is known ----

  /** A server is a member, with this host; what is known of that stays. */
  private Known join(Server server) {
    Known after =
        Objects.requireNonNull(
            change(
                server.id(),
                before ->
                    before != null && before.isOf(server)
                        ? before.at(server.port())
                        : Known.of(server, isLiteral(server.host()) ? literal(server) : null)));
    if (after.isAwaited()) {
      lookUps.begin(server.host(), true); // first it is known, then that: see lookedUp
    }
    return after;
  }

  /**
   * For who has made something known of a server without an event. A node that has left says so
   * before the event that it has: either that event comes after what was made known, and undoes it,
   * or it is seen here. (Should the id be a member's again, {@link #find} learns of that anew.)
   */
  private void forgetUnlessMember(Node node) {
    if (!node.isMember()) {
      change(node.server().id(), before -> null);
    }
  }

  /**
   * A look-up has ended; it is none of {@link LookUps} any more. A server of this host that joined
   * before that is seen here, one that joins later begins another look-up.
   */
  private void lookedUp(String host, InetAddress[] found) {
    for (String id : known.keySet()) {
      change(id, of -> of != null && of.host.equals(host) ? of.lookedUp(found) : of);
    }
    onLookedUp.run();
  }

  /** What is known of this server now, after the change; null for nothing. */
  private @Nullable Known change(String id, UnaryOperator<@Nullable Known> change) {
    while (true) {
      Known before = known.get(id);
      Known after = change.apply(before);
      if (Objects.equals(after, before) || swap(id, before, after)) {
        return after;
      }
    }
  }

  /** Whether it was so before, and so has changed. See {@link #awaitedCount}. */
  private boolean swap(String id, @Nullable Known before, @Nullable Known after) {
    if (after != null && after.isAwaited()) {
      awaitedCount.incrementAndGet();
    }
    boolean swapped;
    if (after == null) {
      swapped = before != null && known.remove(id, before);
    } else if (before == null) {
      swapped = known.putIfAbsent(id, after) == null;
    } else {
      swapped = known.replace(id, before, after);
    }
    Known gone = swapped ? before : after;
    if (gone != null && gone.isAwaited()) {
      awaitedCount.decrementAndGet();
    }
    return swapped;
  }

  // ---- looking up on the caller's thread ----

  private List<InetSocketAddress> lookUp(Server server) throws UnknownHostException {
    try {
      return withPort(Stream.of(resolver.lookUp(server.host())), server.port());
    } catch (UnknownHostException e) {
      UnknownHostException named = notFound(server);
      named.initCause(e);
      throw named;
    }
  }

  /** Does not block. None if it says nothing to this machine, as a scope of no interface. */
  private List<InetSocketAddress> literal(Server server) {
    try {
      return lookUp(server);
    } catch (UnknownHostException | RuntimeException e) { // a resolver may throw anything
      return List.of();
    }
  }

  private static List<InetSocketAddress> withPort(Stream<InetAddress> addresses, int port) {
    return addresses.map(address -> new InetSocketAddress(address, port)).toList();
  }

  /** No name has a colon, and the JDK looks up nothing that has one. */
  private static boolean isLiteral(String host) {
    return host.indexOf(':') >= 0 || IPV4.matcher(host).matches();
  }
}
