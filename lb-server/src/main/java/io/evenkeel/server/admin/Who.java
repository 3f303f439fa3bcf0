package io.evenkeel.server.admin;

import io.evenkeel.server.config.AdminConfig.Role;
import io.evenkeel.server.config.AdminConfig.Token;
import org.jspecify.annotations.Nullable;

/**
 * Whose request it is.
 *
 * @param token by which they were let in; null where nobody needs one
 * @param address where the request comes from
 * @param session the key of a session; empty if it was no session's
 */
record Who(@Nullable Token token, String address, String session) {

  static Who anonymous(String address) {
    return new Who(null, address, "");
  }

  String name() {
    return token == null ? "anonymous" : token.name();
  }

  Role role() {
    return token == null ? Role.WRITE : token.role();
  }

  /** As the log names them. */
  @Override
  public String toString() {
    return name() + " (" + address + ")";
  }
}
