package io.evenkeel.proxy;

import java.io.IOException;
import java.net.ConnectException;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.StandardProtocolFamily;
import java.nio.channels.SocketChannel;

/** How a connection to a server comes about, step by step, without blocking. */
final class ServerSockets {

  private ServerSockets() {}

  /**
   * A socket for this address.
   *
   * @throws NoRouteToHostException if this machine does not know the address's family
   * @throws IOException if there is no descriptor
   */
  static SocketChannel open(InetSocketAddress server) throws IOException {
    // Of the address's own family: a socket of both has one more option to set, and maps addresses.
    StandardProtocolFamily family =
        server.getAddress() instanceof Inet4Address
            ? StandardProtocolFamily.INET
            : StandardProtocolFamily.INET6;
    try {
      return SocketChannel.open(family);
    } catch (UnsupportedOperationException e) { // as IPv6 may be
      throw new NoRouteToHostException(server + ": " + e.getMessage());
    }
  }

  /** Begins to connect; true if it is connected already. */
  static boolean connect(
      SocketChannel channel,
      InetSocketAddress server,
      SocketSettings settings,
      SourceAddresses sources)
      throws IOException {
    channel.configureBlocking(false);
    settings.apply(channel);
    sources.bind(channel, server);
    return channel.connect(server);
  }

  /**
   * To a dead port of this host that happened to be drawn as our own: TCP connects it to itself.
   *
   * @throws ConnectException if it is so
   */
  static void requireNotToItself(SocketChannel connected) throws IOException {
    if (connected.getLocalAddress().equals(connected.getRemoteAddress())) {
      throw new ConnectException("connected to itself: nobody listens there");
    }
  }
}
