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
   * The members, each with its addresses, none while its name is not looked up. A look-up only ever
   * replaces what is there, so that a server that left is not kept.
   */
  private final Map<Server, List<InetSocketAddress>> known = new ConcurrentHashMap<>();

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
    nodes.forEach(node -> known.putIfAbsent(node.server(), List.of()));
    for (Node node : nodes) {
      known.replace(node.server(), lookUp(node.server()));
    }
  }

  /**
   * The addresses of a server, at least one, in the order in which to try them; never blocks.
   *
   * @throws UnknownHostException if its name is not looked up yet, or could not be
   */
  List<InetSocketAddress> of(Server server) throws UnknownHostException {
    List<InetSocketAddress> all = known.get(server);
    if (all != null && !all.isEmpty()) {
      return all;
    }
    if (isLiteral(server.host())) {
      return lookUp(server); // removed a moment ago, or the event that it was added is due
    }
    resolveSoon(server);
    throw new UnknownHostException("server " + server + ": host not found yet");
  }

  /** This address was connected to: it is tried first from now on. */
  void worked(Server server, InetSocketAddress address) {
    List<InetSocketAddress> all = known.get(server);
    if (all == null || all.indexOf(address) <= 0) {
      return;
    }
    List<InetSocketAddress> reordered = new ArrayList<>(all);
    reordered.remove(address);
    reordered.add(0, address);
    known.replace(server, all, List.copyOf(reordered)); // unless it was looked up meanwhile
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
    if (event instanceof ServerUpdated updated) {
      known.remove(updated.before());
    }
    if (event instanceof ServerAdded || event instanceof ServerUpdated) {
      known.putIfAbsent(server, List.of());
      if (isLiteral(server.host())) {
        resolve(server);
      } else {
        resolveSoon(server);
      }
    } else if (event instanceof ServerRemoved) {
      known.remove(server);
    }
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
            resolve(server);
            pending.remove(server);
          });
    } catch (RejectedExecutionException e) {
      pending.remove(server); // closed meanwhile: nobody needs it
    }
  }

  private void resolve(Server server) {
    try {
      known.replace(server, lookUp(server));
    } catch (UnknownHostException e) {
      log.debug("{}", e.getMessage());
    }
  }

  private List<InetSocketAddress> lookUp(Server server) throws UnknownHostException {
    try {
      return Stream.of(resolver.lookUp(server.host()))
          .map(address -> new InetSocketAddress(address, server.port()))
          .toList();
    } catch (UnknownHostException e) {
      UnknownHostException named =
          new UnknownHostException("server " + server + ": host not found: " + server.host());
      named.initCause(e);
      throw named;
    }
  }

  /** No name has a colon, and the JDK looks up nothing that has one. */
  private static boolean isLiteral(String host) {
    return host.indexOf(':') >= 0 || IPV4.matcher(host).matches();
  }
}
