package io.evenkeel.server.admin;

import io.evenkeel.core.HostPort;
import io.evenkeel.core.NanoClock;
import io.evenkeel.server.config.AdminConfig.Role;
import io.evenkeel.server.config.AdminConfig.Token;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Collects what an {@link AdminServer} is to be. Not safe for use by several threads at once. */
public final class AdminServerBuilder {

  private static final int SHORTEST_SECRET = 16;
  private static final int LONGEST_SECRET = 1024;

  final Inventory inventory;
  final List<Token> tokens = new ArrayList<>();
  @Nullable ConfigControl control;
  Limits limits = Limits.DEFAULT;
  NanoClock clock = NanoClock.system();
  private String host = "127.0.0.1";
  private int port = 9901;

  /**
   * What a caller may cost.
   *
   * @param header until a request's header is there, counted from the connection's beginning or its
   *     last answer
   * @param exchange from there until the answer is out
   * @param lastAnswers for requests that are being answered when it is closed
   * @param wrongToken before a wrong token is answered
   * @param connections at a time; one more takes the place of another: see {@link Connections}
   * @param streams of events at a time
   * @param streamBytes that a stream may be behind
   * @param sessions at a time; one more ends the oldest
   * @param session how long one lasts
   */
  record Limits(
      Duration header,
      Duration exchange,
      Duration lastAnswers,
      Duration wrongToken,
      int connections,
      int streams,
      int streamBytes,
      int sessions,
      Duration session) {
    static final Limits DEFAULT =
        new Limits(
            Duration.ofSeconds(15),
            Duration.ofSeconds(30),
            Duration.ofSeconds(2),
            Duration.ofSeconds(1),
            256,
            32,
            1024 * 1024,
            64,
            Duration.ofHours(12));
  }

  AdminServerBuilder(Inventory inventory) {
    this.inventory = Objects.requireNonNull(inventory, "inventory");
  }

  /**
   * Where it listens; 127.0.0.1:9901 by default. An address beyond this machine's loopback demands
   * a {@link #token}.
   *
   * @param host a name or an address; looked up when it is started
   * @param port 0 for any that is free
   */
  public AdminServerBuilder bind(String host, int port) {
    HostPort checked = new HostPort(host, port);
    this.host = checked.host();
    this.port = checked.port();
    return this;
  }

  /**
   * Lets in who holds this secret, and from now on nobody without one.
   *
   * @param name whose it is, for the log; unique
   * @param secret 16 to 1,024 characters of ASCII that can be seen; best 32 random ones
   * @throws IllegalArgumentException if it is none; the message does not show it
   */
  public AdminServerBuilder token(String name, String secret, Role role) {
    Objects.requireNonNull(role, "role");
    if (name.isBlank() || name.chars().anyMatch(Character::isISOControl)) {
      throw new IllegalArgumentException(
          "token: '" + LogText.clean(name) + "' (expected: a name without control characters)");
    }
    if (tokens.stream().anyMatch(token -> token.name().equals(name))) {
      throw new IllegalArgumentException(
          "token: '" + name + "' (expected: another name, it is there)");
    }
    if (secret.length() < SHORTEST_SECRET
        || secret.length() > LONGEST_SECRET
        || !secret.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
      throw new IllegalArgumentException(
          "token: the secret of '"
              + name
              + "' (expected: "
              + SHORTEST_SECRET
              + " to "
              + LONGEST_SECRET
              + " characters of ASCII, no space)");
    }
    tokens.add(new Token(name, secret, role));
    return this;
  }

  /** What changes the configuration as a whole; without one the API says that there is none. */
  public AdminServerBuilder config(ConfigControl control) {
    this.control = Objects.requireNonNull(control, "control");
    return this;
  }

  /** For tests. */
  AdminServerBuilder limits(Limits limits) {
    this.limits = limits;
    return this;
  }

  /** For tests: of deadlines and sessions. */
  AdminServerBuilder clock(NanoClock clock) {
    this.clock = clock;
    return this;
  }

  /**
   * Looks whether it can be started: for those who have other things to start before it.
   *
   * @throws IOException if the name is unknown, or the address is not to be had now
   * @throws IllegalArgumentException as {@link #start}
   */
  public void check() throws IOException {
    InetSocketAddress wanted = wanted();
    try (ServerSocket free = new ServerSocket()) {
      free.bind(wanted);
    }
  }

  private InetSocketAddress wanted() throws IOException {
    InetAddress address = InetAddress.getByName(host);
    requireTokensBeyondLoopback(host, address, tokens);
    return new InetSocketAddress(address, port);
  }

  /**
   * Starts it.
   *
   * @throws IOException if the name is unknown, or the address is not to be had
   * @throws IllegalArgumentException if it is beyond loopback, and there is no token
   */
  public AdminServer start() throws IOException {
    return new AdminServer(this, wanted());
  }

  static void requireTokensBeyondLoopback(String host, InetAddress address, List<Token> tokens) {
    if (!address.isLoopbackAddress() && tokens.isEmpty()) {
      throw new IllegalArgumentException(
          "bind: "
              + host
              + " (expected: a loopback address, or a token for who comes from outside)");
    }
  }
}
