package io.evenkeel.proxy;

import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.channels.NetworkChannel;
import java.nio.channels.SocketChannel;

/**
 * Options of every connection, to clients and to servers.
 *
 * @param receiveBufferBytes 0 for what the system does by itself
 * @param sendBufferBytes the same
 */
record SocketSettings(
    boolean noDelay, boolean keepAlive, int receiveBufferBytes, int sendBufferBytes) {

  void apply(SocketChannel channel) throws IOException {
    if (noDelay) {
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    }
    if (keepAlive) {
      channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
    }
    if (sendBufferBytes > 0) {
      channel.setOption(StandardSocketOptions.SO_SNDBUF, sendBufferBytes);
    }
    applyReceiveBuffer(channel);
  }

  /** To a listener, too, before it is bound: the handshake already says how large windows get. */
  void applyReceiveBuffer(NetworkChannel channel) throws IOException {
    if (receiveBufferBytes > 0) {
      channel.setOption(StandardSocketOptions.SO_RCVBUF, receiveBufferBytes);
    }
  }
}
