package io.evenkeel.server;

import io.evenkeel.core.Server;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Servers as the command line gives them: see {@link Server#parse}. */
final class ServerSpec {

  static final String SYNTAX =
      "HOST:PORT[,weight=N][,tier=N][,zone=Z][,max_concurrent=N][,id=NAME]";

  private ServerSpec() {}

  /**
   * Checks what only all of them together can get wrong.
   *
   * @param andOthers whether more servers come from elsewhere
   * @throws IllegalArgumentException if an id is there twice, or no server may receive anything
   */
  static void checkTogether(List<Server> servers, boolean andOthers) {
    Set<String> ids = new HashSet<>();
    for (Server server : servers) {
      if (!ids.add(server.id())) {
        throw new IllegalArgumentException(
            "'" + server.id() + "' is there twice (expected: unique ids; id=NAME sets one)");
      }
    }
    if (!andOthers && servers.stream().allMatch(server -> server.weight() == 0)) {
      throw new IllegalArgumentException("every weight is 0 (expected: one above 0 at least)");
    }
  }
}
