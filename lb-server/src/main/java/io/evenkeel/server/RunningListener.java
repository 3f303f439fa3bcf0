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
import java.time.Duration;
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

  /** Longer than any process lives: {@link TcpProxyBuilder#maxLifetime} has no word for never. */
  private static final Duration NEVER = Duration.ofDays(36_525);

  private static final int READ_BUFFER_BYTES = 512 << 10;

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
    configure(builder, config);
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
      proxy.update(builder -> configure(builder, config));
    } catch (IllegalArgumentException e) {
      throw Refusal.at("listeners." + name, String.valueOf(e.getMessage()), e);
    }
  }

  /** All but what cannot be changed later. */
  private static void configure(TcpProxyBuilder builder, ListenerConfig config) {
    builder
        .maxConnections(config.maxConnections())
        .maxWaiting(config.maxWaiting())
        .waitTimeout(config.waitTimeout())
        .connectAttempts(config.connectAttempts())
        .connectTimeout(config.connectTimeout())
        .connectDeadline(config.connectDeadline())
        .idleTimeout(config.idleTimeout())
        .halfClosedTimeout(config.halfClosedTimeout())
        .maxLifetime(config.maxLifetime().isZero() ? NEVER : config.maxLifetime())
        .sourceAddresses(config.sourceAddresses())
        .warmConnections(config.warmConnections())
        .onServerDown(config.onServerDown())
        .tcpNoDelay(config.tcpNoDelay())
        .keepAlive(config.keepAlive())
        .socketBuffers(config.receiveBuffer(), config.sendBuffer())
        .readBuffer(config.readBuffer() == 0 ? READ_BUFFER_BYTES : config.readBuffer())
        .waterMarks(config.lowWater(), config.highWater())
        .acceptRate(config.acceptRate() == 0 ? Integer.MAX_VALUE : config.acceptRate());
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
