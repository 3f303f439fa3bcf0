package io.evenkeel.server.admin;

import io.evenkeel.server.config.ConfigException;
import java.io.IOException;
import java.util.List;
import java.util.function.Predicate;

/**
 * What the admin API asks for the configuration as a whole. The program has one; in a process that
 * has none, the API answers that there is no configuration to change. Safe for use by any thread;
 * changes are made one at a time.
 */
public interface ConfigControl {

  /** Somebody has put another configuration in force than the sender of this one knows. */
  final class ChangedMeanwhileException extends Exception {
    private static final long serialVersionUID = 1;

    /** What is in force stays. */
    public ChangedMeanwhileException() {
      super("the configuration was changed meanwhile (expected: that of If-Match)");
    }
  }

  /** The configuration in force, changes by the API included, as JSON; no secret is in it. */
  String json();

  /**
   * Puts another configuration in force, as a diff, all or nothing.
   *
   * @param json as a config file of JSON
   * @param isExpected whether the configuration in force, as {@link #json} has it, is one in whose
   *     place this may be put; asked at least in the moment before, and more than once perhaps
   * @param who in the log and the {@link EventLog}, in which the implementation tells of it
   * @return what changed, in a few words for each
   * @throws ConfigException if it cannot be; nothing has changed
   * @throws ChangedMeanwhileException if that of now is not expected; nothing has changed
   * @throws IOException if it is in force but could not be written back
   */
  List<String> replace(String json, Predicate<String> isExpected, String who)
      throws ConfigException, ChangedMeanwhileException, IOException;

  /**
   * Reads the config file again, and puts it in force as a diff, all or nothing.
   *
   * @return what changed, in a few words for each
   * @throws ConfigException if it cannot be; nothing has changed
   * @throws IOException if it cannot be read; nothing has changed
   */
  List<String> reload(String who) throws ConfigException, IOException;

  /**
   * Hears that a balancer's servers or selector were changed by the API: writes them to the config
   * file where that is wanted, and whatever could not be written before.
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
