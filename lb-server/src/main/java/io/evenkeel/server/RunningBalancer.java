package io.evenkeel.server;

import io.evenkeel.core.HostPort;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.LoadBalancerBuilder;
import io.evenkeel.core.Node;
import io.evenkeel.core.Server;
import io.evenkeel.health.HealthMonitor;
import io.evenkeel.health.Probes;
import io.evenkeel.proxy.TcpProxy;
import io.evenkeel.proxy.TcpProxyBuilder;
import io.evenkeel.server.config.Durations;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.BindException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * What {@code evenkeel run} runs: a balancer, its proxy and its health monitor, from the first
 * connection to the last. Life: {@link #start}, serve, and on SIGTERM or SIGINT, by the virtual
 * machine's shutdown hook, drain and exit 0. A signal before the start is complete ends the process
 * as signals do.
 */
final class RunningBalancer {

  private final TcpProxy proxy;
  private final Duration drain;
  private final PrintWriter out;

  private RunningBalancer(TcpProxy proxy, Duration drain, PrintWriter out) {
    this.proxy = proxy;
    this.drain = drain;
    this.out = out;
  }

  /**
   * Starts to accept, and then says so on {@code out}.
   *
   * @throws StartFailure if a host does not resolve or the address cannot be had; nothing is left
   *     running then
   */
  static RunningBalancer start(RunOptions options, PrintWriter out) throws StartFailure {
    requireResolvable("--listen", options.listen.host());
    for (Server server : options.servers) {
      requireResolvable("--server", server.host());
    }
    if (options.dnsResolver != null) {
      requireResolvable("--dns-resolver", options.dnsResolver.host());
    }
    Discovered discovered = options.discovered();
    LoadBalancer balancer = startBalancer(options, discovered);
    try {
      if (discovered != null) {
        for (Node node : balancer.nodes()) {
          requireResolvable(discovered.option(), node.server().host());
        }
      }
      return start(options, balancer, out);
    } catch (Throwable e) {
      balancer.close();
      throw e;
    }
  }

  private static RunningBalancer start(RunOptions options, LoadBalancer balancer, PrintWriter out)
      throws StartFailure {
    TcpProxy proxy = startProxy(options, balancer);
    try {
      HealthMonitor unused = startMonitor(options, balancer);
    } catch (Throwable e) {
      proxy.shutdown(Duration.ZERO);
      throw e;
    }
    RunningBalancer running = new RunningBalancer(proxy, options.drain, out);
    Runtime.getRuntime().addShutdownHook(new Thread(running::drainAndHalt, "evenkeel-drain"));
    running.say(
        "listening on "
            + options.listen.withPort(proxy.localAddress().getPort())
            + ", "
            + count(balancer.nodes().size(), "server")
            + ", "
            + options.selector);
    return running;
  }

  /** Returns never: the process ends by a signal. */
  void serveUntilSignal() throws InterruptedException {
    new CountDownLatch(1).await();
  }

  /** With its first servers, wherever they come from. */
  private static LoadBalancer startBalancer(RunOptions options, @Nullable Discovered discovered)
      throws StartFailure {
    LoadBalancerBuilder builder =
        LoadBalancer.builder().servers(options.servers).selector(options.selectorFactory());
    return discovered == null ? builder.build() : discovered.start(builder);
  }

  private static TcpProxy startProxy(RunOptions options, LoadBalancer balancer)
      throws StartFailure {
    HostPort listen = options.listen;
    TcpProxyBuilder builder =
        TcpProxy.builder(balancer)
            .listen(listen.host(), listen.port())
            .warmConnections(options.warmConnections)
            .connectTimeout(options.connectTimeout)
            .idleTimeout(options.idleTimeout);
    if (options.eventLoops != null) {
      builder.eventLoops(options.eventLoops);
    }
    TcpProxy proxy = builder.build();
    try {
      proxy.start();
      return proxy;
    } catch (BindException e) {
      throw new StartFailure(
          "--listen: '"
              + listen
              + "': "
              + e.getMessage()
              + " (expected: a free port on an address of this machine; port 0 takes any)",
          e);
    } catch (IOException e) {
      throw new StartFailure("--listen: '" + listen + "': " + e.getMessage(), e);
    }
  }

  private static HealthMonitor startMonitor(RunOptions options, LoadBalancer balancer) {
    return HealthMonitor.builder(balancer)
        .probe(Probes.tcp())
        .policy(options.healthPolicy())
        .start();
  }

  private static void requireResolvable(String option, String host) throws StartFailure {
    try {
      InetAddress unused = InetAddress.getByName(host);
    } catch (UnknownHostException e) {
      throw new StartFailure(
          option
              + ": host '"
              + host
              + "' does not resolve (expected: an IP address, or a name that resolves)",
          e);
    }
  }

  /**
   * On the shutdown hook's thread, once. The health monitor ends with the process: closed, it would
   * take its blocks back, and the last line of the log would say that dead servers are available.
   */
  private void drainAndHalt() {
    int status = 1;
    try {
      int open = proxy.openRelays();
      if (open > 0) {
        say("draining " + count(open, "relay") + " for up to " + Durations.format(drain));
      }
      int cut = proxy.shutdown(drain);
      say(cut == 0 ? "stopped" : "stopped, " + count(cut, "relay") + " cut");
      status = 0;
    } finally {
      Runtime.getRuntime().halt(status);
    }
  }

  private void say(String what) {
    out.println("evenkeel: " + what);
    out.flush();
  }

  private static String count(int n, String what) {
    return n + " " + what + (n == 1 ? "" : "s");
  }
}
