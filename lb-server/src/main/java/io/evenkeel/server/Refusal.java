package io.evenkeel.server;

import io.evenkeel.server.config.ConfigException;
import io.evenkeel.server.config.Problem;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A configuration that is well written, and cannot be put in force here and now. */
final class Refusal {

  private Refusal() {}

  /**
   * One that has no place in a text.
   *
   * @param path what it is about, as in {@link Problem#path()}
   * @param message what is wrong, and what is expected
   */
  static ConfigException at(String path, String message, @Nullable Throwable cause) {
    ConfigException refusal = new ConfigException(List.of(new Problem(0, 0, path, message)));
    if (cause != null) {
      Throwable unused = refusal.initCause(cause);
    }
    return refusal;
  }

  /** Looks a host up. */
  static void requireResolvable(String path, String host) throws ConfigException {
    try {
      InetAddress unused = InetAddress.getByName(host);
    } catch (UnknownHostException e) {
      throw at(
          path,
          "host '" + host + "' does not resolve (expected: an IP address, or a name that resolves)",
          e);
    }
  }
}
