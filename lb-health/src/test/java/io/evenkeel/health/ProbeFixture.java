package io.evenkeel.health;

import com.sun.management.UnixOperatingSystemMXBean;
import io.evenkeel.core.Server;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** A loop of its own, real servers, and all of it closed at the end. */
final class ProbeFixture implements AutoCloseable {

  private final List<AutoCloseable> open = new ArrayList<>();
  final ProbeLoop loop = closedLater(new ProbeLoop());

  <T extends AutoCloseable> T closedLater(T closeable) {
    open.add(closeable);
    return closeable;
  }

  ScriptedServer server(ScriptedServer.Script script) throws Exception {
    return closedLater(ScriptedServer.start(script));
  }

  ProbeContext context() {
    return new ProbeContext(Duration.ofDays(1), loop, new HostAddress());
  }

  /** One check, for which there is all the time in the world. */
  ProbeResult check(Probe probe, Server server) throws Exception {
    return probe.check(server, context()).toCompletableFuture().get(60, TimeUnit.SECONDS);
  }

  ProbeResult check(Probe probe, ScriptedServer.Script script) throws Exception {
    try (ScriptedServer server = ScriptedServer.start(script)) {
      return check(probe, server.server());
    }
  }

  static Server refusing() throws Exception {
    try (ServerSocket gone = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return Server.of("127.0.0.1", gone.getLocalPort());
    }
  }

  /** A listener whose queue is full and stays so: the system drops what else wants to connect. */
  Server droppingSyns() throws Exception {
    ServerSocket full = closedLater(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
    for (int i = 0; i < 4; i++) {
      SocketChannel channel = closedLater(SocketChannel.open());
      channel.configureBlocking(false);
      channel.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), full.getLocalPort()));
    }
    return Server.of("127.0.0.1", full.getLocalPort());
  }

  static long descriptors() {
    return ((UnixOperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getOpenFileDescriptorCount();
  }

  static Set<Thread> threads(String namePrefix) {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith(namePrefix))
        .collect(Collectors.toSet());
  }

  @Override
  public void close() throws Exception {
    for (int i = open.size() - 1; i >= 0; i--) {
      open.get(i).close();
    }
  }
}
