package io.evenkeel.server.config;

import io.evenkeel.health.HttpProbe;
import io.evenkeel.health.Probe;
import io.evenkeel.health.Probes;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What a check does. */
public sealed interface ProbeConfig {

  /**
   * The probe.
   *
   * @throws IllegalArgumentException if something is out of its range
   */
  Probe toProbe();

  /** Connects. */
  record Tcp() implements ProbeConfig {
    @Override
    public Probe toProbe() {
      return Probes.tcp();
    }
  }

  /**
   * Asks by HTTP, as {@link io.evenkeel.health.HttpProbe}. Of headers {@link #toString} has but the
   * names.
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

    @Override
    public String toString() {
      return "Http[path="
          + path
          + ", method="
          + method
          + ", leastStatus="
          + leastStatus
          + ", mostStatus="
          + mostStatus
          + ", body="
          + body
          + ", host="
          + host
          + ", headers="
          + new TreeSet<>(headers.keySet())
          + ", tls="
          + tls
          + ", verify="
          + verify
          + "]";
    }

    @Override
    public Probe toProbe() {
      HttpProbe probe = Probes.http(path).withMethod(method).withStatus(leastStatus, mostStatus);
      if (body != null) {
        probe = probe.withBody(body);
      }
      if (host != null) {
        probe = probe.withHost(host);
      }
      for (Map.Entry<String, String> header : headers.entrySet()) {
        probe = probe.withHeader(header.getKey(), header.getValue());
      }
      if (tls) {
        probe = verify ? probe.withTls() : probe.withTlsTrustingAnyone();
      }
      return probe;
    }
  }

  /** Sends a text, which may be empty and is not in {@link #toString}, and waits for another. */
  record SendExpect(String send, String expect) implements ProbeConfig {
    @Override
    public String toString() {
      return "SendExpect[expect=" + expect + "]";
    }

    @Override
    public Probe toProbe() {
      return Probes.sendExpect(send, expect);
    }
  }

  /** Asks an agent at that port of the server. */
  record Agent(int port) implements ProbeConfig {
    @Override
    public Probe toProbe() {
      return Probes.agent(port);
    }
  }
}
