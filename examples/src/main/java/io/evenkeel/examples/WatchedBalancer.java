package io.evenkeel.examples;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import io.evenkeel.health.HealthMonitor;
import io.evenkeel.health.Probes;
import io.evenkeel.server.admin.AdminServer;
import io.evenkeel.server.admin.Inventory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.stream.Stream;

/** A balancer of one's own, with the admin API, the dashboard and the metrics beside it. */
public final class WatchedBalancer implements AutoCloseable {

  private final LoadBalancer balancer;
  private final HealthMonitor monitor;
  private final AdminServer admin;

  WatchedBalancer(List<Server> servers, int port) throws IOException {
    balancer = LoadBalancer.builder().servers(servers).build();
    monitor = HealthMonitor.builder(balancer).probe(Probes.tcp()).start();
    Inventory inventory = new Inventory();
    inventory.put(new Inventory.Balancer("web", balancer, monitor, null, null));
    try {
      admin = AdminServer.builder(inventory).bind("127.0.0.1", port).start();
    } catch (IOException e) {
      monitor.close();
      throw e;
    }
  }

  /** What the program itself picks servers by. */
  LoadBalancer balancer() {
    return balancer;
  }

  /** Where the dashboard is, and the API under {@code /api/v1}. */
  InetSocketAddress address() {
    return admin.address();
  }

  @Override
  public void close() {
    admin.close();
    monitor.close();
    balancer.close();
  }

  /** Takes HOST:PORT arguments, and can be watched until its standard input ends. */
  public static void main(String[] args) throws IOException {
    List<Server> servers = Stream.of(args).map(Arguments::server).toList();
    try (WatchedBalancer running = new WatchedBalancer(servers, 0)) {
      System.out.println(
          "dashboard at http://127.0.0.1:" + running.address().getPort() + "/; Enter ends it");
      int unused = System.in.read();
    }
  }
}
