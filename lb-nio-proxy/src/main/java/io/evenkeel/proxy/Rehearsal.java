package io.evenkeel.proxy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;

/**
 * Goes through a relay's life once, without a peer, when the proxy starts. What the JDK and class
 * loaders open then for the first time, and keep, is there when no descriptor is left: a class that
 * cannot be loaded then never can be in this JVM, even when there are descriptors again.
 */
final class Rehearsal {

  private Rehearsal() {}

  static void run(SocketSettings sockets) throws IOException {
    LoopStats stats = new LoopStats();
    stats.countEnd(EndReason.FINISHED);
    stats.waitTime.record(0, 0);
    RelayRecord record = new RelayRecord(0);
    record.waits();
    record.waited(0);
    record.connected(stats, 0, 0, false);
    ServerCounters unusedCounters = new ServerCounters("none");
    InetSocketAddress nowhere = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    try (SocketChannel channel = ServerSockets.open(nowhere)) { // the first close opens one, too
      sockets.apply(channel);
      channel.setOption(StandardSocketOptions.SO_LINGER, 0);
      String unused = AccessLog.line(EndReason.FINISHED, channel, null, 0, 0, record.times(0));
    }
  }
}
