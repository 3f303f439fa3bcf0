package io.evenkeel.health;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What to know before looking up a host: an address literal needs no lookup, a name blocks. */
final class HostNames {

  private static final Pattern IPV4 =
      Pattern.compile("((25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)(\\.(?!$)|$)){4}");

  private HostNames() {}

  /** The address that a literal stands for, found without blocking; null for a name. */
  static @Nullable InetAddress literal(String host) {
    // No name has a colon, and the JDK looks up nothing that has one.
    if (host.indexOf(':') < 0 && !IPV4.matcher(host).matches()) {
      return null;
    }
    try {
      return InetAddress.getByName(host);
    } catch (UnknownHostException e) {
      return null;
    }
  }
}
