package io.evenkeel.examples;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import io.evenkeel.health.HealthMonitor;
import io.evenkeel.health.HealthPolicy;
import io.evenkeel.health.Probes;
import io.evenkeel.proxy.TcpProxy;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/** A TCP balancer inside one's own process: three parts, started together and closed together. */
public final class EmbeddedProxy implements AutoCloseable {

  private final TcpProxy proxy;
  private final HealthMonitor monitor;

  EmbeddedProxy(List<Server> servers) throws IOException {
    LoadBalancer balancer = LoadBalancer.builder().servers(servers).build();
    proxy = TcpProxy.builder(balancer).listen("127.0.0.1", 0).build();
    proxy.start();
    HealthPolicy policy =
        HealthPolicy.builder()
            .interval(Duration.ofSeconds(1))
            .timeout(Duration.ofMillis(500))
            .build();
    monitor = HealthMonitor.builder(balancer).probe(Probes.tcp()).policy(policy).start();
  }

  /** Where clients connect to. */
  InetSocketAddress address() {
    return proxy.localAddress();
  }

  @Override
  public void close() {
    int cut = proxy.shutdown(Duration.ofSeconds(5));
    monitor.close();
    System.out.println("stopped, connections cut: " + cut);
  }

  /** Takes HOST:PORT arguments, and listens until its standard input ends. */
  public static void main(String[] args) throws IOException {
    List<Server> servers = Stream.of(args).map(Arguments::server).toList();
    try (EmbeddedProxy running = new EmbeddedProxy(servers)) {
      System.out.println("listening on " + running.address() + "; Enter ends it");
      int unused = System.in.read();
    }
  }
}
