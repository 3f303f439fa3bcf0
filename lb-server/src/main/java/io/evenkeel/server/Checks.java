package io.evenkeel.server;

import io.evenkeel.health.HttpProbe;
import io.evenkeel.health.Probe;
import io.evenkeel.health.Probes;
import io.evenkeel.server.config.ProbeConfig;
import java.util.Map;

/** The probe that a configuration describes. */
final class Checks {

  private Checks() {}

  static Probe probe(ProbeConfig config) {
    if (config instanceof ProbeConfig.Http http) {
      return http(http);
    }
    if (config instanceof ProbeConfig.SendExpect dialogue) {
      return Probes.sendExpect(dialogue.send(), dialogue.expect());
    }
    if (config instanceof ProbeConfig.Agent agent) {
      return Probes.agent(agent.port());
    }
    return Probes.tcp();
  }

  private static HttpProbe http(ProbeConfig.Http config) {
    HttpProbe probe =
        Probes.http(config.path())
            .withMethod(config.method())
            .withStatus(config.leastStatus(), config.mostStatus());
    if (config.body() != null) {
      probe = probe.withBody(config.body());
    }
    if (config.host() != null) {
      probe = probe.withHost(config.host());
    }
    for (Map.Entry<String, String> header : config.headers().entrySet()) {
      probe = probe.withHeader(header.getKey(), header.getValue());
    }
    if (!config.tls()) {
      return probe;
    }
    return config.verify() ? probe.withTls() : probe.withTlsTrustingAnyone();
  }
}
