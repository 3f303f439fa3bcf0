package io.evenkeel.proxy;

import java.io.IOException;
import java.net.BindException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.util.List;

/**
 * Where connections to servers come from: one local address after the other, of the family that is
 * asked for. Event loop only.
 *
 * <p>The address is reused, so that a port may serve for several servers at a time and is free
 * again at once: bound without that, each port of an address would serve one connection only.
 */
final class SourceAddresses {

  private final List<InetAddress> ipv4;
  private final List<InetAddress> ipv6;
  private int turn;

  /** Begins with the address of this number, for loops not to begin with the same. */
  SourceAddresses(List<InetAddress> addresses, int first) {
    ipv4 = addresses.stream().filter(Inet4Address.class::isInstance).toList();
    ipv6 = addresses.stream().filter(a -> !(a instanceof Inet4Address)).toList();
    turn = first;
  }

  /**
   * Binds a channel that is to be connected there; left to the system if there is no address of
   * that family. Goes on to the next address where there is no port left.
   */
  void bind(SocketChannel channel, InetSocketAddress server) throws IOException {
    List<InetAddress> all = server.getAddress() instanceof Inet4Address ? ipv4 : ipv6;
    if (all.isEmpty()) {
      return;
    }
    channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
    for (int left = all.size(); ; left--) {
      InetAddress next = all.get(Integer.remainderUnsigned(turn++, all.size()));
      try {
        channel.bind(new InetSocketAddress(next, 0));
        return;
      } catch (BindException e) {
        if (left == 1) {
          throw e;
        }
      }
    }
  }

  /**
   * Looks whether they are addresses of this machine.
   *
   * @throws BindException if one is not; it says which
   */
  static void check(List<InetAddress> addresses) throws IOException {
    for (InetAddress address : addresses) {
      try (SocketChannel channel = SocketChannel.open()) {
        channel.bind(new InetSocketAddress(address, 0));
      } catch (IOException e) {
        BindException named =
            new BindException(
                "sourceAddresses: " + address.getHostAddress() + ": " + e.getMessage());
        named.initCause(e);
        throw named;
      }
    }
  }
}
