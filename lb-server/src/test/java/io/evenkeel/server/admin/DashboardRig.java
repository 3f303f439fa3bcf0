package io.evenkeel.server.admin;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Selector;
import io.evenkeel.core.Server;
import io.evenkeel.health.HealthMonitor;
import io.evenkeel.health.HealthPolicy;
import io.evenkeel.health.Probes;
import io.evenkeel.health.ServerHealth;
import io.evenkeel.proxy.TcpProxy;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** What a dashboard shows: real servers on loopback, checked, behind a real proxy and balancer. */
final class DashboardRig implements AutoCloseable {

  /** So many failed checks in a row take a server out. */
  static final int FALL = 3;

  private final Deque<AutoCloseable> open = new ArrayDeque<>();
  private final Map<String, Backend> backends = new LinkedHashMap<>();
  final Inventory inventory = new Inventory();

  /** A server that answers each line with so many bytes, as long as the client sends lines. */
  private static final class Backend implements AutoCloseable {
    private final int port;
    private volatile ServerSocket listener;

    Backend() throws IOException {
      listener = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
      port = listener.getLocalPort();
      start();
    }

    private void start() {
      ServerSocket own = listener;
      daemon(
          () -> {
            while (true) {
              try {
                Socket socket = own.accept();
                daemon(() -> serve(socket));
              } catch (IOException e) {
                return; // closed
              }
            }
          });
    }

    private static void serve(Socket socket) {
      try (socket) {
        OutputStream out = socket.getOutputStream();
        int size = 0;
        for (int c = socket.getInputStream().read(); c >= 0; c = socket.getInputStream().read()) {
          if (c == '\n') {
            out.write(new byte[Math.min(size, 1 << 20)]);
            size = 0;
          } else if (c >= '0' && c <= '9') {
            size = size * 10 + c - '0';
          }
        }
      } catch (IOException e) {
        // the client broke off
      }
    }

    void revive() throws IOException {
      ServerSocket again = new ServerSocket();
      again.setReuseAddress(true);
      again.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      listener = again;
      start();
    }

    @Override
    public void close() throws IOException {
      listener.close();
    }
  }

  private static void daemon(Runnable task) {
    Thread thread = new Thread(task, "dashboard-rig");
    thread.setDaemon(true);
    thread.start();
  }

  /** A server of that id that listens on a free port. */
  Server server(String id) throws IOException {
    Backend backend = new Backend();
    open.push(backend);
    backends.put(id, backend);
    return Server.of("127.0.0.1", backend.port).withId(id);
  }

  /** Nobody listens there any more. */
  void kill(String id) throws IOException {
    backends.get(id).close();
  }

  void revive(String id) throws IOException {
    backends.get(id).revive();
  }

  /** A balancer of these, whose health checks find all of them well, and a listener in front. */
  LoadBalancer balancer(String name, Selector.Factory selector, List<Server> servers)
      throws IOException {
    LoadBalancer balancer = LoadBalancer.builder().servers(servers).selector(selector).build();
    open.push(balancer);
    // All are checked at once, and from then on as it is usual.
    HealthMonitor monitor =
        HealthMonitor.builder(balancer).probe(Probes.tcp()).policy(everyMillis(100)).start();
    while (monitor.stats().servers().stream()
            .filter(server -> server.status() == ServerHealth.Status.UP)
            .count()
        < servers.size()) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
    }
    monitor.update(Probes.tcp(), everyMillis(1_000));
    open.push(monitor);
    TcpProxy proxy =
        TcpProxy.builder(balancer)
            .listen("127.0.0.1", 0)
            .eventLoops(1)
            .onEvent(inventory.events().listener(name))
            .build();
    proxy.start();
    open.push(() -> proxy.shutdown(Duration.ZERO));
    inventory.put(new Inventory.Balancer(name, balancer, monitor, null, null));
    inventory.put(new Inventory.Listener(name, proxy, name));
    return balancer;
  }

  private static HealthPolicy everyMillis(int interval) {
    return HealthPolicy.builder()
        .interval(Duration.ofMillis(interval))
        .fastInterval(Duration.ofMillis(100))
        .maxInterval(Duration.ofMillis(interval))
        .timeout(Duration.ofMillis(interval))
        .healthyThreshold(2)
        .unhealthyThreshold(FALL)
        .build();
  }

  /** One client of a listener: asks for so many bytes and has them. */
  void ask(String listener, int bytes) throws IOException {
    ask(listener, "127.0.0.1", bytes, 0);
  }

  /** The same, from this address of loopback; stays connected for a while afterwards. */
  void ask(String listener, String from, int bytes, int millis) throws IOException {
    InetSocketAddress address =
        inventory.listeners().stream()
            .filter(one -> one.name().equals(listener))
            .findFirst()
            .orElseThrow()
            .proxy()
            .localAddress();
    try (Socket socket = new Socket()) {
      socket.bind(new InetSocketAddress(from, 0));
      socket.connect(address);
      socket.setSoTimeout(20_000);
      socket.getOutputStream().write((bytes + "\n").getBytes(StandardCharsets.US_ASCII));
      int left = bytes;
      byte[] buffer = new byte[1 << 16];
      while (left > 0) {
        int read = socket.getInputStream().read(buffer, 0, Math.min(left, buffer.length));
        if (read < 0) {
          throw new IOException(left + " bytes are missing");
        }
        left -= read;
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(millis));
    }
  }

  /** What is to be closed with the rest, before it. */
  <T extends AutoCloseable> T with(T resource) {
    open.push(resource);
    return resource;
  }

  @Override
  public void close() throws Exception {
    for (Iterator<AutoCloseable> it = open.iterator(); it.hasNext(); it.remove()) {
      it.next().close();
    }
  }
}
