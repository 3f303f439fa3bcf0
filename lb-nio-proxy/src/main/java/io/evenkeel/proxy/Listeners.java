package io.evenkeel.proxy;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.channels.ServerSocketChannel;
import java.util.ArrayList;
import java.util.List;

/** Opens the listeners of a proxy: one for each event loop, all on one address. */
final class Listeners {

  private static final QuietLog log = new QuietLog(Listeners.class);

  /** More than any kernel grants; it takes the most that it allows (net.core.somaxconn). */
  private static final int BACKLOG = 65_535;

  private Listeners() {}

  /**
   * Whether several sockets may listen on one address here, with the kernel sharing out clients:
   * other systems have the option, but let the last socket have them all.
   */
  static boolean canShareAddress() {
    return System.getProperty("os.name").equals("Linux");
  }

  /**
   * Opens them.
   *
   * <p>The first is bound alone, so that an address in use is an error even if its user would share
   * it; only then does it agree to share with the others (the kernel looks at the option when each
   * further socket is bound). Where addresses cannot be shared, the loops share one socket.
   *
   * <p>With other processes, the first agrees from the beginning: it may join them.
   *
   * @throws IOException if the address cannot be bound; nothing is left open then
   */
  static List<ServerSocketChannel> open(
      InetSocketAddress address,
      int count,
      boolean shareAddress,
      boolean withOtherProcesses,
      SocketSettings sockets)
      throws IOException {
    StandardProtocolFamily family =
        address.getAddress() instanceof Inet4Address
            ? StandardProtocolFamily.INET
            : StandardProtocolFamily.INET6;
    List<ServerSocketChannel> listeners = new ArrayList<>();
    try {
      ServerSocketChannel first = ServerSocketChannel.open(family);
      listeners.add(first);
      first.configureBlocking(false);
      sockets.applyReceiveBuffer(first);
      if (withOtherProcesses) {
        first.setOption(StandardSocketOptions.SO_REUSEPORT, true);
      }
      first.bind(address, BACKLOG);
      if (count > 1 && shareAddress) {
        first.setOption(StandardSocketOptions.SO_REUSEPORT, true);
      }
      for (int i = 1; i < count; i++) {
        if (!shareAddress) {
          listeners.add(first);
          continue;
        }
        ServerSocketChannel next = ServerSocketChannel.open(family);
        listeners.add(next);
        next.configureBlocking(false);
        next.setOption(StandardSocketOptions.SO_REUSEPORT, true);
        sockets.applyReceiveBuffer(next);
        next.bind(first.getLocalAddress(), BACKLOG);
      }
      return listeners;
    } catch (UnsupportedOperationException e) { // as IPv6 may be, and sharing a port
      closeAll(listeners);
      throw new SocketException(e.getMessage());
    } catch (Throwable e) {
      closeAll(listeners);
      throw e;
    }
  }

  static void closeAll(List<ServerSocketChannel> listeners) {
    for (ServerSocketChannel listener : listeners) {
      try {
        listener.close();
      } catch (IOException e) {
        log.debug("could not close {}", listener, e); // the others must still be closed
      }
    }
  }
}
