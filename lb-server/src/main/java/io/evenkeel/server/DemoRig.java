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
import io.evenkeel.health.HealthPolicy;
import io.evenkeel.server.config.AdminConfig;
import io.evenkeel.server.config.BalancerConfig;
import io.evenkeel.server.config.BalancerConfig.HealthConfig;
import io.evenkeel.server.config.Config;
import io.evenkeel.server.config.ConfigException;
import io.evenkeel.server.config.ProbeConfig;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;

/**
 * All that the demo runs, started together and closed together: servers, balancer, proxy, traffic.
 */
final class DemoRig implements AutoCloseable {

  private static final String BALANCER = RunOptions.BARE.balancers().get(0).name();

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
  private final HostPort address;
  private final String dashboard;
  private final DemoTraffic traffic;

  /** Starts everything, or nothing. */
  DemoRig() throws IOException {
    try {
      for (String name : NAMES) {
        DemoServer server = new DemoServer(name);
        closers.push(server::close);
        servers.add(server);
      }
      Running running = new Running(null);
      running.change(Running.NOTHING, config());
      closers.push(running::close);
      closers.push(
          () -> {
            int unused = running.shutdown(ofSeconds(1));
          });
      balancer = running.balancer(BALANCER).balancer();
      balancer.addListener(this::onEvent);
      address = running.listeners().get(0).localAddress();
      dashboard = Objects.requireNonNull(running.dashboard());
      traffic = new DemoTraffic(new InetSocketAddress(address.host(), address.port()), NAMES);
      closers.push(traffic::close);
    } catch (ConfigException e) {
      close();
      throw new IOException(e.getMessage(), e);
    } catch (IOException | RuntimeException e) {
      close();
      throw e;
    }
  }

  /** Three servers, a listener and a dashboard on free ports. */
  private Config config() {
    BalancerConfig bare = RunOptions.BARE.balancers().get(0);
    BalancerConfig balanced =
        new BalancerConfig(
            bare.name(),
            servers.stream().map(DemoServer::server).toList(),
            null,
            bare.selector(),
            new HealthConfig(new ProbeConfig.Tcp(), POLICY),
            null,
            null,
            bare.maxConcurrent(),
            null,
            bare.panicThreshold());
    return new Config(
        RunOptions.BARE.listeners(),
        List.of(balanced),
        new AdminConfig(new HostPort("127.0.0.1", 0), List.of(), false),
        RunOptions.BARE.drain(),
        false,
        Duration.ZERO);
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
    return address;
  }

  /** Where it is to be watched in a browser. */
  String dashboard() {
    return dashboard;
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
