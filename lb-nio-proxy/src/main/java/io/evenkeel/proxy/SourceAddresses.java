package io.evenkeel.proxy;

import java.io.IOException;
import java.net.BindException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.stream.Stream;

/**
 * Where connections to servers come from: one local address after the other, of the family that is
 * asked for. Event loop only.
 *
 * <p>On Linux each port of an address serves one connection then, whichever its server, and is not
 * free again before the minute is over that TCP keeps what it closed first (TIME_WAIT): {@code
 * bind} picks the port before it knows the server. With {@code net.ipv4.ip_autobind_reuse} set it
 * picks any port of sockets that agree to share it, for which they are asked here.
 */
final class SourceAddresses {

  private final Rotation ipv4;
  private final Rotation ipv6;

  /** Addresses of one family; each has turns of its own, or servers would meet one of them only. */
  private static final class Rotation {

    private final List<InetAddress> all;
    private int turn;

    Rotation(Stream<InetAddress> addresses, int first) {
      this.all = addresses.toList();
      this.turn = first;
    }

    int size() {
      return all.size();
    }

    InetAddress next() {
      return all.get(Integer.remainderUnsigned(turn++, all.size()));
    }
  }

  /** Begins with the address of this number, for loops not to begin with the same. */
  SourceAddresses(List<InetAddress> addresses, int first) {
    ipv4 = new Rotation(addresses.stream().filter(Inet4Address.class::isInstance), first);
    ipv6 = new Rotation(addresses.stream().filter(a -> !(a instanceof Inet4Address)), first);
  }

  /**
   * Binds a channel that is to be connected there; left to the system if there is no address of
   * that family. Goes on to the next address where there is no port left.
   */
  void bind(SocketChannel channel, InetSocketAddress server) throws IOException {
    Rotation addresses = server.getAddress() instanceof Inet4Address ? ipv4 : ipv6;
    if (addresses.size() == 0) {
      return;
    }
    channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
    for (int left = addresses.size(); ; left--) {
      try {
        channel.bind(new InetSocketAddress(addresses.next(), 0));
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
