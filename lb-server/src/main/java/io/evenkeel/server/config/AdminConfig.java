package io.evenkeel.server.config;

import io.evenkeel.core.HostPort;
import java.util.List;

/**
 * The admin API and dashboard.
 *
 * @param tokens who may do what; may be empty only if the address is a loopback one
 * @param writeBack whether changes by the API are written to the config file
 */
public record AdminConfig(HostPort address, List<Token> tokens, boolean writeBack) {

  /** Immutable, whatever list that is. */
  public AdminConfig {
    tokens = List.copyOf(tokens);
  }

  /** What a token allows. */
  public enum Role {
    /** To look. */
    READ,
    /** To look and to change. */
    WRITE
  }

  /**
   * A bearer token. Its text is not in {@link #toString}.
   *
   * @param name whose it is, for the log
   * @param secret the token itself, at least 16 characters
   */
  public record Token(String name, String secret, Role role) {
    @Override
    public String toString() {
      return "Token[name=" + name + ", role=" + role + "]";
    }
  }
}
