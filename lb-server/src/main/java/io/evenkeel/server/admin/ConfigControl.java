package io.evenkeel.server.admin;

import io.evenkeel.server.config.ConfigException;
import java.io.IOException;
import java.util.List;

/**
 * What the admin API asks for the configuration as a whole. The program has one; in a process that
 * has none, the API answers that there is no configuration to change. Safe for use by any thread;
 * changes are made one at a time.
 */
public interface ConfigControl {

  /** The configuration in force, changes by the API included, as JSON; no secret is in it. */
  String json();

  /**
   * Puts another configuration in force, as a diff, all or nothing.
   *
   * @param json as a config file of JSON
   * @param who in the log and the {@link EventLog}, in which the implementation tells of it
   * @return what changed, in a few words for each
   * @throws ConfigException if it cannot be; nothing has changed
   * @throws IOException if it is in force but could not be written back
   */
  List<String> replace(String json, String who) throws ConfigException, IOException;

  /**
   * Reads the config file again; as {@link #replace}.
   *
   * @throws IOException if it cannot be read; nothing has changed
   */
  List<String> reload(String who) throws ConfigException, IOException;

  /**
   * Hears that a balancer's servers or selector were changed by the API: writes them to the config
   * file where that is wanted.
   *
   * @throws IOException if it could not be written; the change is in force all the same
   */
  void changed(String balancer, String who) throws IOException;

  /** Begins to drain and end the program; returns at once. */
  void shutdown(String who);

  /** Whether the program is draining, so that it is about to end. */
  default boolean isDraining() {
    return false;
  }
}
