package io.evenkeel.server;

import io.evenkeel.core.HostPort;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.proxy.ProxyEvent;
import io.evenkeel.proxy.TcpProxy;
import io.evenkeel.proxy.TcpProxyBuilder;
import io.evenkeel.server.admin.Inventory;
import io.evenkeel.server.config.ConfigException;
import io.evenkeel.server.config.ListenerConfig;
import java.io.IOException;
import java.net.BindException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/** One listener that runs. */
record RunningListener(
    String name,
    HostPort address,
    String balancer,
    LoadBalancer asked,
    TcpProxy proxy,
    AtomicBoolean muted) {

  /**
   * Accepts from now on.
   *
   * @throws ConfigException if the address cannot be had; nothing is left open then
   */
  static RunningListener start(
      ListenerConfig config, LoadBalancer balancer, Consumer<? super ProxyEvent> events)
      throws ConfigException {
    HostPort address = config.address();
    String path = "listeners." + config.name() + ".address";
    Refusal.requireResolvable(path, address.host());
    AtomicBoolean muted = new AtomicBoolean();
    TcpProxyBuilder builder =
        TcpProxy.builder(balancer)
            .listen(address.host(), address.port())
            .reusePort(config.reusePort())
            .onEvent(
                event -> {
                  if (!muted.get()) {
                    events.accept(event);
                  }
                });
    if (config.eventLoops() != null) {
      builder.eventLoops(config.eventLoops());
    }
    config.applyTo(builder);
    TcpProxy proxy = builder.build();
    try {
      proxy.start();
      return new RunningListener(config.name(), address, config.balancer(), balancer, proxy, muted);
    } catch (BindException e) {
      throw Refusal.at(path, "'" + address + "': " + e.getMessage() + Running.FREE_PORT, e);
    } catch (IOException e) {
      throw Refusal.at(path, "'" + address + "': " + e.getMessage(), e);
    }
  }

  /**
   * Takes what can be changed while it runs.
   *
   * @throws ConfigException if it cannot be; nothing has changed
   */
  void update(ListenerConfig config) throws ConfigException {
    try {
      proxy.update(config::applyTo);
    } catch (IllegalArgumentException e) {
      throw Refusal.at("listeners." + name, String.valueOf(e.getMessage()), e);
    }
  }

  /** Where it listens: with the port that it got, if it asked for any. */
  HostPort localAddress() {
    return address.withPort(proxy.localAddress().getPort());
  }

  /** Another one has its name from now on: what becomes of this one is not to be told as its. */
  void mute() {
    muted.set(true);
  }

  boolean uses(LoadBalancer balancer) {
    return asked == balancer;
  }

  Inventory.Listener entry() {
    return new Inventory.Listener(name, proxy, balancer);
  }
}
