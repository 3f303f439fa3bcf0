package io.evenkeel.server.admin;

import static java.time.Duration.ZERO;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Selectors;
import io.evenkeel.core.Server;
import io.evenkeel.core.VirtualTime;
import io.evenkeel.health.CircuitBreakers;
import io.evenkeel.health.HealthMonitor;
import io.evenkeel.health.HealthPolicy;
import io.evenkeel.health.OutlierDetector;
import io.evenkeel.health.ProbeResult;
import io.evenkeel.proxy.TcpProxy;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Something to be watched, on virtual time: an inventory with a balancer of two servers, whose
 * checks a test decides, ejection and circuit breakers, and a real proxy with real connections.
 */
final class WatchedRig implements AutoCloseable {

  /** What a text format may stumble over; an id has no control characters. */
  static final String STRANGE = "a \"quoted\" \\n id, {b=\"c\"} café 😀";

  static final Instant START = Instant.parse("2026-01-02T03:04:05Z");

  final VirtualTime time = new VirtualTime();
  private final long originNanos = time.nanoTime();
  final InstantSource wallClock = () -> START.plusNanos(time.nanoTime() - originNanos);
  final Inventory inventory = new Inventory(time, wallClock);
  final LoadBalancer balancer;
  final HealthMonitor monitor;

  /** By their ids: who fails its checks. */
  final Set<String> sick = ConcurrentHashMap.newKeySet();

  final TcpProxy proxy;
  private final ServerSocket listener;
  private final Deque<Runnable> closers = new ArrayDeque<>();

  WatchedRig() throws IOException {
    listener = new ServerSocket(0, 100, InetAddress.getByName("127.0.0.1"));
    Thread echo = new Thread(this::serve, "echo");
    echo.setDaemon(true);
    echo.start();
    balancer =
        LoadBalancer.builder()
            .servers(server("plain"), server(STRANGE).withWeight(3))
            .selector(Selectors.weightedRoundRobin())
            .recordLatency(ofMinutes(1))
            .clock(time)
            .scheduler(time)
            .seed(1)
            .build();
    monitor =
        HealthMonitor.builder(balancer)
            .probe(
                (server, context) ->
                    CompletableFuture.completedFuture(
                        sick.contains(server.id())
                            ? ProbeResult.failure("connection refused")
                            : ProbeResult.success()))
            .policy(HealthPolicy.builder().interval(ofSeconds(5)).unhealthyThreshold(2).build())
            .clock(time)
            .scheduler(time)
            .seed(1)
            .start();
    OutlierDetector detector =
        OutlierDetector.builder(balancer).clock(time).scheduler(time).seed(1).start();
    CircuitBreakers breakers =
        CircuitBreakers.builder(balancer).clock(time).scheduler(time).seed(1).start();
    inventory.put(new Inventory.Balancer("web", balancer, monitor, detector, breakers));
    proxy =
        TcpProxy.builder(balancer)
            .listen("127.0.0.1", 0)
            .eventLoops(1)
            .onEvent(inventory.events().listener("front"))
            .build();
    proxy.start();
    inventory.put(new Inventory.Listener("front", proxy, "web"));
    closers.push(breakers::close);
    closers.push(detector::close);
    closers.push(monitor::close);
    closers.push(
        () -> {
          int unused = proxy.shutdown(ZERO);
        });
  }

  /** One more, on the same port. */
  Server server(String id) {
    return Server.of("127.0.0.1", listener.getLocalPort()).withId(id);
  }

  private void serve() {
    while (true) {
      try {
        Socket socket = listener.accept();
        Thread thread =
            new Thread(
                () -> {
                  try (socket) {
                    socket.getInputStream().transferTo(socket.getOutputStream());
                  } catch (IOException e) {
                    // the other end is gone
                  }
                },
                "echo");
        thread.setDaemon(true);
        thread.start();
      } catch (IOException e) {
        return;
      }
    }
  }

  /** Clients one after the other, each of whom sends so many bytes and gets them back. */
  void clients(int count, int bytes) throws IOException {
    for (int i = 0; i < count; i++) {
      try (Socket socket = connect()) {
        socket.getOutputStream().write(new byte[bytes]);
        socket.shutdownOutput();
        if (socket.getInputStream().readAllBytes().length != bytes) {
          throw new AssertionError("not all came back");
        }
      }
    }
    // Who has read the end may be ahead of the loop, which has still to count it.
    while (proxy.stats().open() > 0) {
      Thread.onSpinWait();
    }
  }

  Socket connect() throws IOException {
    Socket socket = new Socket("127.0.0.1", proxy.localAddress().getPort());
    socket.setSoTimeout(20_000);
    return socket;
  }

  /** Uses of the balancer without a proxy, that went well. */
  void uses(int count) {
    for (int i = 0; i < count; i++) {
      try (var lease = balancer.acquire()) {
        lease.success();
      }
    }
  }

  void pass(Duration some) {
    time.advance(some);
  }

  @Override
  public void close() throws IOException {
    closers.forEach(Runnable::run);
    balancer.close();
    listener.close();
  }
}
