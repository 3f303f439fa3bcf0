package io.evenkeel.server.config;

import io.evenkeel.server.config.ConfigFile.Format;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes configurations: whole, as JSON, and changes into a text that somebody wrote by hand, whose
 * comments and order stay.
 */
public final class ConfigWriter {

  private ConfigWriter() {}

  /**
   * A configuration as JSON, without what is as by default. In place of secrets it has {@code
   * (unchanged)}, and of the headers and texts that checks send: {@link ConfigFile#readJson} takes
   * them from the configuration in force.
   */
  public static String json(Config config) {
    Map<String, Object> tree = tree(config);
    RootKeys.hideSecrets(tree);
    return Trees.json(tree, true);
  }

  /** What was made of a text. */
  public enum How {
    /** There was nothing to change. */
    UNCHANGED,
    /** What changed was changed where it stood. */
    EDITED,
    /**
     * Whole sections, such as a balancer, were written anew, since their changes had no place in
     * them; or something came or went within brackets that have comments between their parts. Those
     * comments are gone.
     */
    REWRITTEN
  }

  /**
   * A text that says what it should.
   *
   * @param text it reads as the configuration that was asked for
   */
  public record Edit(String text, How how) {}

  /**
   * Changes a config file's text so that it reads as another configuration. What does not change
   * stays as it is, to the letter, and so do comments between things; one that stands within
   * something that goes, or behind it in its last line, goes with it.
   *
   * @param file whose text it is: for its format, and for the folder that paths in it are relative
   *     to
   * @param original what the file says, a configuration
   * @param after what it should say; tokens can be removed, but those that are new or have another
   *     secret cannot be written
   * @return how it was done; its text was read again, and is {@code after}
   * @throws ConfigException if the original is no configuration, or cannot be changed so
   */
  public static Edit edit(Path file, String original, Config after) throws ConfigException {
    return edit(original, Format.of(file), ConfigFile.folder(file), after);
  }

  static Edit edit(String original, Format format, @Nullable Path folder, Config after)
      throws ConfigException {
    Config before = ConfigFile.parse(original, format, folder);
    if (isSame(before, after)) {
      return new Edit(original, How.UNCHANGED);
    }
    TextEdit edit = new TextEdit(original, format);
    String edited = edit.edit(tree(before), tree(after));
    if (readsAs(edited, format, folder, after)) {
      return new Edit(edited, edit.hasLostComments() ? How.REWRITTEN : How.EDITED);
    }
    String rewritten = new TextEdit(original, format).rewrite(tree(before), tree(after));
    Config read = ConfigFile.parse(rewritten, format, folder);
    if (!isSame(read, after)) {
      throw new ConfigException(
          List.of(new Problem(0, 0, "", "the change cannot be written to the file")));
    }
    return new Edit(rewritten, How.REWRITTEN);
  }

  private static boolean readsAs(String text, Format format, @Nullable Path folder, Config wanted) {
    try {
      return isSame(ConfigFile.parse(text, format, folder), wanted);
    } catch (ConfigException e) {
      return false;
    }
  }

  /** By all that can be written, and the secrets; policies may have more, which no file has. */
  static boolean isSame(Config a, Config b) {
    return tree(a).equals(tree(b)) && tokens(a).equals(tokens(b));
  }

  private static List<AdminConfig.Token> tokens(Config config) {
    AdminConfig admin = config.admin();
    return admin == null ? List.of() : admin.tokens();
  }

  @SuppressWarnings("unchecked") // a shape writes a tree
  static Map<String, Object> tree(Config config) {
    return (Map<String, Object>) RootKeys.SHAPE.write(config);
  }
}
