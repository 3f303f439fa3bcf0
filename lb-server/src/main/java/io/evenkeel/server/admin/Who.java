package io.evenkeel.server.admin;

import io.evenkeel.server.config.AdminConfig.Role;

/**
 * Whose request it is.
 *
 * @param name of the token, or {@code anonymous}
 * @param address where the request comes from
 * @param session the key of a session; empty if it was no session's
 */
record Who(String name, String address, Role role, String session) {

  static Who anonymous(String address) {
    return new Who("anonymous", address, Role.WRITE, "");
  }

  /** As the log names them. */
  @Override
  public String toString() {
    return name + " (" + address + ")";
  }
}
