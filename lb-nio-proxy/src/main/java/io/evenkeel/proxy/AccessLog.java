package io.evenkeel.proxy;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One line for each client when its time with the proxy has ended; docs/proxy.md says what is in
 * it. On a logger of its own, at INFO: while that is off nothing is put together.
 */
final class AccessLog {

  static final String LOGGER = "io.evenkeel.proxy.access";

  private static final QuietLog log = new QuietLog(LOGGER);
  private static final long NEVER = -1;

  private AccessLog() {}

  /** Times in nanoseconds; {@link #NEVER} for what did not happen. */
  record Times(long waited, long connect, long firstByte, long total) {}

  /** The channels are still open: closed they would know no address. */
  static void write(
      EndReason reason,
      RelayEnd client,
      @Nullable RelayEnd server,
      @Nullable String serverId,
      RelayRecord record,
      long now) {
    if (log.isInfoEnabled()) {
      long fromServer = server == null ? 0 : server.bytesRead();
      Times times = record.times(now);
      log.info(
          "{}", line(reason, client.channel(), serverId, client.bytesRead(), fromServer, times));
    }
  }

  static String line(
      EndReason reason,
      SocketChannel client,
      @Nullable String serverId,
      long bytesFromClient,
      long bytesFromServer,
      Times times) {
    StringBuilder line = new StringBuilder(200);
    line.append("end=").append(reason.code());
    line.append(" client=").append(text(client, true));
    line.append(" listener=").append(text(client, false));
    line.append(" server=").append(serverId == null ? "-" : serverId);
    line.append(" from_client=").append(bytesFromClient);
    line.append(" from_server=").append(bytesFromServer);
    append(line.append(" wait_ms="), times.waited);
    append(line.append(" connect_ms="), times.connect);
    append(line.append(" first_byte_ms="), times.firstByte);
    append(line.append(" total_ms="), times.total);
    return line.toString();
  }

  private static void append(StringBuilder line, long nanos) {
    if (nanos == NEVER) {
      line.append('-');
    } else {
      line.append(TimeUnit.NANOSECONDS.toMillis(nanos));
    }
  }

  private static String text(SocketChannel channel, boolean remote) {
    try {
      SocketAddress address = remote ? channel.getRemoteAddress() : channel.getLocalAddress();
      return address instanceof InetSocketAddress inet ? text(inet) : "-";
    } catch (IOException e) {
      return "-"; // closed before it was begun
    }
  }

  /** HOST:PORT, without the slash that an address's own text begins with. */
  static String text(InetSocketAddress address) {
    String host = address.getAddress().getHostAddress();
    return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + address.getPort();
  }
}
