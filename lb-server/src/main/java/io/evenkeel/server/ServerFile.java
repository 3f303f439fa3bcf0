package io.evenkeel.server;

import io.evenkeel.core.FileSource;
import io.evenkeel.core.Server;
import io.evenkeel.server.config.ConfigException;
import io.evenkeel.server.config.ConfigFile;
import io.evenkeel.server.config.ConfigFile.Format;
import io.evenkeel.server.config.Problem;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Servers as files name them: JSON, YAML, or one a line, by the file's name.
 *
 * <pre>{@code
 * servers:
 *   - 10.0.0.1:8080
 *   - {host: 10.0.0.2, port: 8080, weight: 3, tier: 1, zone: east, id: b, metadata: {rack: r7}}
 * }</pre>
 */
final class ServerFile {

  private ServerFile() {}

  /**
   * Reads servers.
   *
   * @throws IllegalArgumentException if something is wrong; the message names, in one line, each
   *     place, what is wrong there and what is expected
   */
  static List<Server> parse(Path file, String text) {
    String name = file.toString().toLowerCase(Locale.ROOT);
    if (name.endsWith(".json")) {
      return parse(Format.JSON, text);
    }
    if (name.endsWith(".yaml") || name.endsWith(".yml")) {
      return parse(Format.YAML, text);
    }
    return FileSource.parseLines(text);
  }

  private static List<Server> parse(Format format, String text) {
    try {
      return ConfigFile.servers(text, format);
    } catch (ConfigException e) {
      String all = e.problems().stream().map(Problem::toString).collect(Collectors.joining("; "));
      throw new IllegalArgumentException(all, e);
    }
  }
}
