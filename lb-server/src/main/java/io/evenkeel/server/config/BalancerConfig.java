package io.evenkeel.server.config;

import io.evenkeel.core.HostPort;
import io.evenkeel.core.Server;
import io.evenkeel.health.CircuitPolicy;
import io.evenkeel.health.HealthPolicy;
import io.evenkeel.health.OutlierPolicy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One balancer: its servers, how one is picked, and how their health is known.
 *
 * @param name unique among balancers
 * @param servers those that the file names itself; unique ids
 * @param discovery where more come from; null for nowhere
 * @param health null for no checks
 * @param ejection null for none
 * @param breaker null for none
 * @param maxConcurrent connections a server may have at a time, unless it says so itself; {@link
 *     Integer#MAX_VALUE} for no limit
 * @param slowStart null for none
 * @param panicThreshold 0 to 1; 0 for none
 */
public record BalancerConfig(
    String name,
    List<Server> servers,
    @Nullable DiscoveryConfig discovery,
    SelectorConfig selector,
    @Nullable HealthConfig health,
    @Nullable OutlierPolicy ejection,
    @Nullable CircuitPolicy breaker,
    int maxConcurrent,
    @Nullable SlowStartConfig slowStart,
    double panicThreshold) {

  /** Immutable, whatever list that is. */
  public BalancerConfig {
    servers = List.copyOf(servers);
  }

  /**
   * How a server is picked.
   *
   * @param name one of {@link io.evenkeel.core.Selectors#names()}
   * @param options as {@link io.evenkeel.core.Selectors#named(String, Map)} takes them
   */
  public record SelectorConfig(String name, Map<String, String> options) {
    /** Immutable, whatever map that is. */
    public SelectorConfig {
      options = Map.copyOf(options);
    }
  }

  /** Where servers come from. */
  public sealed interface DiscoveryConfig {
    /** A file, read again when it changes; relative to the config file's folder. */
    record FromFile(Path path) implements DiscoveryConfig {}

    /**
     * Addresses of a name.
     *
     * @param resolver the DNS server to ask; null for the system's
     */
    record FromDns(HostPort name, @Nullable HostPort resolver) implements DiscoveryConfig {}

    /**
     * SRV records of a name.
     *
     * @param resolver the DNS server to ask; null for the system's
     */
    record FromSrv(String name, @Nullable HostPort resolver) implements DiscoveryConfig {}
  }

  /** How servers are checked, and when. */
  public record HealthConfig(ProbeConfig probe, HealthPolicy policy) {}

  /** Slow start, as {@link io.evenkeel.core.LoadBalancerBuilder#slowStart(Duration, double)}. */
  public record SlowStartConfig(Duration window, double aggression) {}
}
