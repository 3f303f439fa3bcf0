package io.evenkeel.server.config;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a check does. */
public sealed interface ProbeConfig {

  /** Connects. */
  record Tcp() implements ProbeConfig {}

  /**
   * Asks by HTTP, as {@link io.evenkeel.health.HttpProbe}.
   *
   * @param leastStatus the lowest good status
   * @param mostStatus the highest good status
   * @param body what the answer has to contain; null for anything
   * @param host instead of the server's; null for that
   * @param tls whether by HTTPS
   * @param verify whether the certificate is looked at
   */
  record Http(
      String path,
      String method,
      int leastStatus,
      int mostStatus,
      @Nullable String body,
      @Nullable String host,
      Map<String, String> headers,
      boolean tls,
      boolean verify)
      implements ProbeConfig {
    /** Immutable, whatever map that is. */
    public Http {
      headers = Map.copyOf(headers);
    }
  }

  /** Sends a text, which may be empty, and waits for another. */
  record SendExpect(String send, String expect) implements ProbeConfig {}

  /** Asks an agent at that port of the server. */
  record Agent(int port) implements ProbeConfig {}
}
