package io.evenkeel.core;

import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Who can serve: an immutable value. Two values with equal {@linkplain #id() ids} describe the same
 * server, perhaps at different times; {@code equals} compares every component.
 *
 * <pre>{@code
 * Server a = Server.of("10.0.0.1", 8080);
 * Server b = Server.of("10.0.0.2", 8080).withWeight(3).withTier(1).withId("backup");
 * }</pre>
 */
public final class Server {

  /** The largest weight, 1,000,000. */
  public static final int MAX_WEIGHT = 1_000_000;

  private final String id;
  private final String host;
  private final int port;
  private final int weight;
  private final int tier;
  private final @Nullable String zone;
  private final Map<String, String> metadata;

  /** 0 for what the balancer says. */
  private final int maxConcurrent;

  private Server(
      String id,
      String host,
      int port,
      int weight,
      int tier,
      @Nullable String zone,
      Map<String, String> metadata,
      int maxConcurrent) {
    this.id = id;
    this.host = host;
    this.port = port;
    this.weight = weight;
    this.tier = tier;
    this.zone = zone;
    this.metadata = metadata;
    this.maxConcurrent = maxConcurrent;
  }

  /**
   * A server of weight 1, tier 0, no zone and no metadata, whose id is {@code host:port} (an IPv6
   * address stands in brackets there).
   *
   * @param host a name or an address literal; not looked up here; not blank, without control
   *     characters
   * @param port 0 to 65535
   * @throws IllegalArgumentException if an argument is out of its range
   */
  public static Server of(String host, int port) {
    requireText("host", host);
    if (port < 0 || port > 65_535) {
      throw new IllegalArgumentException("port: " + port + " (expected: 0 to 65535)");
    }
    boolean bare = host.indexOf(':') >= 0 && !host.startsWith("[");
    String id = (bare ? "[" + host + "]" : host) + ":" + port;
    return new Server(id, host, port, 1, 0, null, Map.of(), 0);
  }

  /**
   * Reads a server as it is written in one line: {@code
   * HOST:PORT[,weight=N][,tier=N][,zone=Z][,max_concurrent=N][,id=NAME]}, an IPv6 address in
   * brackets, as in {@code [::1]:8080,weight=3}. What is not given is as in {@link #of}. Nothing is
   * looked up.
   *
   * @param text the host, a port from 1 to 65535, and each key once at most, in any order
   * @throws IllegalArgumentException if it is none; the message quotes the text and says what is
   *     allowed
   */
  public static Server parse(String text) {
    return ServerText.parse(text);
  }

  /**
   * This server under another id.
   *
   * @param id not blank, without control characters; unique within a balancer
   * @throws IllegalArgumentException if it is not so
   */
  public Server withId(String id) {
    return new Server(
        requireText("id", id), host, port, weight, tier, zone, metadata, maxConcurrent);
  }

  /**
   * This server with another weight: its share of the picks, relative to the other servers'. A
   * server of weight 0 receives nothing new.
   *
   * @param weight 0 to {@value #MAX_WEIGHT}; 1 by default
   * @throws IllegalArgumentException if it is out of range
   */
  public Server withWeight(int weight) {
    if (weight < 0 || weight > MAX_WEIGHT) {
      throw new IllegalArgumentException(
          "weight: " + weight + " (expected: 0 to " + MAX_WEIGHT + ")");
    }
    return new Server(id, host, port, weight, tier, zone, metadata, maxConcurrent);
  }

  /**
   * This server in another tier. Tier 0 is used first; a higher tier is a backup, used while no
   * server of a lower tier is eligible or left to try.
   *
   * @param tier 0 or more; 0 by default
   * @throws IllegalArgumentException if it is negative
   */
  public Server withTier(int tier) {
    if (tier < 0) {
      throw new IllegalArgumentException("tier: " + tier + " (expected: >= 0)");
    }
    return new Server(id, host, port, weight, tier, zone, metadata, maxConcurrent);
  }

  /**
   * This server in a zone (a rack, a data centre), or in none.
   *
   * @param zone not blank, without control characters; null for none, the default
   * @throws IllegalArgumentException if it is not so
   */
  public Server withZone(@Nullable String zone) {
    return new Server(
        id,
        host,
        port,
        weight,
        tier,
        zone == null ? null : requireText("zone", zone),
        metadata,
        maxConcurrent);
  }

  /**
   * This server with one entry of metadata put in. Evenkeel carries metadata and reads none of it.
   *
   * @throws NullPointerException if an argument is null
   */
  public Server withMetadata(String key, String value) {
    Map<String, String> copy = new HashMap<>(metadata);
    copy.put(Objects.requireNonNull(key, "key"), Objects.requireNonNull(value, "value"));
    return new Server(id, host, port, weight, tier, zone, Map.copyOf(copy), maxConcurrent);
  }

  /**
   * This server with a limit of its own: how many leases it may have at a time, in place of the
   * balancer's {@link LoadBalancerBuilder#maxConcurrent}.
   *
   * @param maxConcurrent 1 or more; 0, the default, for as many as the balancer says
   * @throws IllegalArgumentException if it is negative
   */
  public Server withMaxConcurrent(int maxConcurrent) {
    if (maxConcurrent < 0) {
      throw new IllegalArgumentException("maxConcurrent: " + maxConcurrent + " (expected: >= 0)");
    }
    return new Server(id, host, port, weight, tier, zone, metadata, maxConcurrent);
  }

  /** What makes it this server and no other; {@code host:port} unless given. */
  public String id() {
    return id;
  }

  /** The host name or address literal, as given. */
  public String host() {
    return host;
  }

  /** The port, 0 to 65535. */
  public int port() {
    return port;
  }

  /** The weight, 0 to {@value #MAX_WEIGHT}. */
  public int weight() {
    return weight;
  }

  /** The tier, 0 or more. */
  public int tier() {
    return tier;
  }

  /** The zone, or null for none. */
  public @Nullable String zone() {
    return zone;
  }

  /** The metadata; unmodifiable. */
  public Map<String, String> metadata() {
    return metadata;
  }

  /** How many leases it may have at a time; 0 for as many as the balancer says. */
  public int maxConcurrent() {
    return maxConcurrent;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Server that
        && id.equals(that.id)
        && host.equals(that.host)
        && port == that.port
        && weight == that.weight
        && tier == that.tier
        && Objects.equals(zone, that.zone)
        && maxConcurrent == that.maxConcurrent
        && metadata.equals(that.metadata);
  }

  @Override
  public int hashCode() {
    return id.hashCode();
  }

  /** The id, with host and port behind it where the id does not show them. */
  @Override
  public String toString() {
    return id.endsWith(":" + port) ? id : id + " (" + host + ":" + port + ")";
  }

  /** A server that a user handed over. */
  static Server require(@Nullable Server server) {
    if (server == null) {
      throw new IllegalArgumentException("server: null (expected: a server)");
    }
    return server;
  }

  /** The id of a member, as a user gave it. */
  static String requireId(@Nullable String id) {
    if (id == null) {
      throw new IllegalArgumentException("id: null (expected: that of a server)");
    }
    return id;
  }

  static String requireText(String name, @Nullable String text) {
    if (text == null) {
      throw new IllegalArgumentException(name + ": null (expected: not blank)");
    }
    if (text.isBlank()) {
      throw new IllegalArgumentException(name + ": '" + text + "' (expected: not blank)");
    }
    if (text.chars().anyMatch(Character::isISOControl)) { // they would forge lines of a log
      throw new IllegalArgumentException(
          name + ": '" + text + "' (expected: no control characters)");
    }
    return text;
  }
}
