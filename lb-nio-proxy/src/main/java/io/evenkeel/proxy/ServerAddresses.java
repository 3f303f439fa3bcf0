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
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The socket addresses of servers. Looking a name up blocks, so it never happens on an event loop:
 * names are looked up when the proxy starts, by a thread of its own when a server is added, and
 * again after a connect to it failed, for its address may have changed. Address literals need no
 * look-up. Safe for use by any thread.
 */
final class ServerAddresses implements BalancerListener, AutoCloseable {

  private static final QuietLog log = new QuietLog(ServerAddresses.class);
  private static final Pattern IPV4 =
      Pattern.compile("((25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)(\\.(?!$)|$)){4}");

  /** Looks a name up; {@link InetAddress#getAllByName} but in tests. */
  interface Resolver {
    InetAddress[] lookUp(String host) throws UnknownHostException;
  }

  /**
   * What a server's host stands for; none while it is not looked up, or if it could not be. Hosts
   * go by server, so that none is kept for longer than that, but not by all of it: a weight may
   * change at any time.
   */
  private record Known(String host, boolean isLookedUp, List<InetSocketAddress> addresses) {

    static Known nothing(Server server) {
      return new Known(server.host(), false, List.of());
    }

    Known with(List<InetSocketAddress> found) {
      return new Known(host, true, found);
    }

    boolean isOf(Server server) {
      return host.equals(server.host());
    }

    /** The addresses with the port that the server has now. */
    List<InetSocketAddress> addressesOf(Server server) {
      return addresses.isEmpty() || addresses.get(0).getPort() == server.port()
          ? addresses
          : withPort(addresses.stream().map(InetSocketAddress::getAddress), server.port());
    }
  }

  /**
   * The members, by id. A look-up only ever replaces what is there, so that a server that left is
   * not kept.
   */
  private final Map<String, Known> known = new ConcurrentHashMap<>();

  /** Servers whose look-up is queued or under way. */
  private final Set<Server> pending = ConcurrentHashMap.newKeySet();

  /** At most one thread, and none when there has been nothing to look up for a while. */
  private final ThreadPoolExecutor executor;

  private final Resolver resolver;

  ServerAddresses(String threadName, Resolver resolver) {
    this.resolver = resolver;
    executor =
        new ThreadPoolExecutor(
            1,
            1,
            10,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            task -> {
              Thread thread = new Thread(task, threadName);
              thread.setDaemon(true);
              return thread;
            });
    executor.allowCoreThreadTimeOut(true);
  }

  /** Takes these servers in and looks them up now, on the caller's thread. */
  void resolveAll(List<Node> nodes) throws UnknownHostException {
    for (Node node : nodes) {
      Server server = node.server();
      known.putIfAbsent(server.id(), Known.nothing(server));
      replace(server, lookUp(server));
    }
  }

  /**
   * Whether its name is being looked up for the first time, so that nothing is known against it
   * yet. Never blocks.
   */
  boolean isAwaited(Server server) {
    Known of = known.get(server.id());
    if ((of != null && of.isOf(server) && of.isLookedUp) || isLiteral(server.host())) {
      return false;
    }
    resolveSoon(server);
    return true;
  }

  /**
   * The addresses of a server, at least one, in the order in which to try them; never blocks.
   *
   * @throws UnknownHostException if its name is not looked up yet, or could not be
   */
  List<InetSocketAddress> of(Server server) throws UnknownHostException {
    Known of = known.get(server.id());
    if (of != null && of.isOf(server) && !of.addresses.isEmpty()) {
      return of.addressesOf(server);
    }
    if (isLiteral(server.host())) {
      return lookUp(server); // removed a moment ago, or the event that it was added is due
    }
    resolveSoon(server);
    throw new UnknownHostException("server " + server + ": host not found");
  }

  /** This address was connected to: it is tried first from now on. */
  void worked(Server server, InetSocketAddress address) {
    Known of = known.get(server.id());
    if (of == null || of.addresses.indexOf(address) <= 0) {
      return;
    }
    List<InetSocketAddress> reordered = new ArrayList<>(of.addresses);
    reordered.remove(address);
    reordered.add(0, address);
    // Unless it was looked up meanwhile.
    known.replace(server.id(), of, of.with(List.copyOf(reordered)));
  }

  /** A connect to this server failed: its name may stand for another address now. */
  void suspect(Server server) {
    if (!isLiteral(server.host())) {
      resolveSoon(server);
    }
  }

  @Override
  public void onEvent(BalancerEvent event) {
    Server server = event.server();
    if (event instanceof ServerAdded || event instanceof ServerUpdated) {
      Known of =
          known.compute(
              server.id(),
              (id, before) ->
                  before != null && before.isOf(server)
                      ? new Known(before.host, before.isLookedUp, before.addressesOf(server))
                      : Known.nothing(server));
      if (!of.addresses.isEmpty()) {
        return;
      }
      if (isLiteral(server.host())) {
        resolve(server);
      } else {
        resolveSoon(server);
      }
    } else if (event instanceof ServerRemoved) {
      known.remove(server.id());
    }
  }

  private void replace(Server server, List<InetSocketAddress> found) {
    known.computeIfPresent(
        server.id(), (id, before) -> before.isOf(server) ? before.with(found) : before);
  }

  @Override
  public void close() {
    executor.shutdownNow();
  }

  private void resolveSoon(Server server) {
    if (!pending.add(server)) {
      return;
    }
    try {
      executor.execute(
          () -> {
            try {
              resolve(server);
            } finally {
              pending.remove(server);
            }
          });
    } catch (RejectedExecutionException e) {
      pending.remove(server); // closed meanwhile: nobody needs it
    }
  }

  private void resolve(Server server) {
    try {
      replace(server, lookUp(server));
    } catch (UnknownHostException | RuntimeException e) { // a resolver may throw anything
      log.debug("{}: no address", server, e);
      Known unused = // what was found before stays
          known.computeIfPresent(
              server.id(),
              (id, before) -> before.isOf(server) ? before.with(before.addresses) : before);
    }
  }

  private List<InetSocketAddress> lookUp(Server server) throws UnknownHostException {
    try {
      return withPort(Stream.of(resolver.lookUp(server.host())), server.port());
    } catch (UnknownHostException e) {
      UnknownHostException named =
          new UnknownHostException("server " + server + ": host not found: " + server.host());
      named.initCause(e);
      throw named;
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
