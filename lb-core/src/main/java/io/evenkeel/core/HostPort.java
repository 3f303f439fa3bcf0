package io.evenkeel.core;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code HOST:PORT} as people write it, an IPv6 address in brackets. Immutable; reading it looks
 * nothing up.
 *
 * @param host a name or an address literal, without brackets
 * @param port 0 to 65535
 */
public record HostPort(String host, int port) {

  private static final Pattern WRITTEN =
      Pattern.compile("(?:\\[([0-9A-Fa-f:.]+(?:%[\\w.-]+)?)]|([\\w.-]+)):(\\d{1,6})");

  /**
   * A host and a port.
   *
   * @throws IllegalArgumentException if the host is blank or the port out of range
   */
  public HostPort {
    Server unused = Server.of(host, port); // for its checks
  }

  /**
   * Reads one.
   *
   * @param lowestPort 0 where "any free port" makes sense, else 1
   * @throws IllegalArgumentException if it is none; the message says what is wrong, and leaves what
   *     is expected to the caller, who knows more of it
   */
  public static HostPort parse(String text, int lowestPort) {
    Matcher written = WRITTEN.matcher(text);
    if (!written.matches()) {
      throw new IllegalArgumentException("not HOST:PORT");
    }
    String ipv6 = written.group(1);
    if (ipv6 != null && !isIpv6(ipv6)) {
      throw new IllegalArgumentException("[" + ipv6 + "] is no IPv6 address");
    }
    int port = Integer.parseInt(written.group(3));
    if (port < lowestPort || port > 65_535) {
      throw new IllegalArgumentException("port " + port + " is not in " + lowestPort + " to 65535");
    }
    return new HostPort(ipv6 != null ? ipv6 : written.group(2), port);
  }

  /**
   * A bracketed host is never looked up by the JDK, only read. A zone is for the machine to judge.
   */
  private static boolean isIpv6(String literal) {
    int zone = literal.indexOf('%');
    try {
      InetAddress unused =
          InetAddress.getByName("[" + (zone < 0 ? literal : literal.substring(0, zone)) + "]");
      return literal.indexOf(':') >= 0;
    } catch (UnknownHostException e) {
      return false;
    }
  }

  /** The same host with another port. */
  public HostPort withPort(int other) {
    return new HostPort(host, other);
  }

  /** As {@link #parse} reads it. */
  @Override
  public String toString() {
    return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
  }
}
