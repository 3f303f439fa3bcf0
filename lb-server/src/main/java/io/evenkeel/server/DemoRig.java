package io.evenkeel.server;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;

import io.evenkeel.core.BalancerEvent;
import io.evenkeel.core.BalancerEvent.ServerBlocked;
import io.evenkeel.core.BalancerEvent.ServerUnblocked;
import io.evenkeel.core.Block;
import io.evenkeel.core.HostPort;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Node;
import io.evenkeel.health.HealthMonitor;
import io.evenkeel.health.HealthPolicy;
import io.evenkeel.health.Probes;
import io.evenkeel.proxy.TcpProxy;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * All that the demo runs, started together and closed together: servers, balancer, proxy, traffic.
 */
final class DemoRig implements AutoCloseable {

  static final List<String> NAMES = List.of("alpha", "beta", "gamma");

  static final HealthPolicy POLICY =
      HealthPolicy.builder()
          .interval(ofMillis(500))
          .timeout(ofMillis(400))
          .healthyThreshold(2)
          .unhealthyThreshold(2)
          .build();

  /** Whether a server is up, and when the health check found out, by {@link System#nanoTime}. */
  record Verdict(boolean up, long nanos) {}

  private final Deque<Runnable> closers = new ArrayDeque<>();
  private final List<DemoServer> servers = new ArrayList<>();

  /** What the health check said last of each server that it has taken out or brought back. */
  private final Map<String, Verdict> verdicts = new ConcurrentHashMap<>();

  private final LoadBalancer balancer;
  private final InetSocketAddress address;
  private final DemoTraffic traffic;

  /** Starts everything, or nothing. */
  DemoRig() throws IOException {
    try {
      for (String name : NAMES) {
        DemoServer server = new DemoServer(name);
        closers.push(server::close);
        servers.add(server);
      }
      balancer =
          LoadBalancer.builder()
              .servers(servers.stream().map(DemoServer::server).toList())
              .listener(this::onEvent)
              .build();
      TcpProxy proxy =
          TcpProxy.builder(balancer)
              .listen(InetAddress.getLoopbackAddress().getHostAddress(), 0)
              .build();
      proxy.start();
      closers.push(
          () -> {
            int unused = proxy.shutdown(ofSeconds(1));
          });
      address = proxy.localAddress();
      HealthMonitor monitor =
          HealthMonitor.builder(balancer).probe(Probes.tcp()).policy(POLICY).start();
      closers.push(monitor::close);
      traffic = new DemoTraffic(address, NAMES);
      closers.push(traffic::close);
    } catch (IOException | RuntimeException e) {
      close();
      throw e;
    }
  }

  List<DemoServer> servers() {
    return servers;
  }

  LoadBalancer balancer() {
    return balancer;
  }

  DemoTraffic traffic() {
    return traffic;
  }

  /** Where the proxy listens. */
  HostPort address() {
    return new HostPort(address.getAddress().getHostAddress(), address.getPort());
  }

  Node node(String name) {
    return balancer.nodes().stream()
        .filter(node -> node.server().id().equals(name))
        .findFirst()
        .orElseThrow();
  }

  /** What the health check said last of this server: that it is up if it never said a word. */
  Verdict verdict(String name) {
    return verdicts.getOrDefault(name, new Verdict(true, System.nanoTime()));
  }

  private void onEvent(BalancerEvent event) {
    if (event instanceof ServerBlocked blocked && blocked.block() == Block.PROBE_DOWN) {
      verdicts.put(event.server().id(), new Verdict(false, System.nanoTime()));
    } else if (event instanceof ServerUnblocked cleared && cleared.block() == Block.PROBE_DOWN) {
      verdicts.put(event.server().id(), new Verdict(true, System.nanoTime()));
    }
  }

  @Override
  public void close() {
    while (!closers.isEmpty()) {
      closers.pop().run();
    }
  }
}
