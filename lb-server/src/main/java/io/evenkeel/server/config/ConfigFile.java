package io.evenkeel.server.config;

import io.evenkeel.core.Server;
import io.evenkeel.server.config.Value.Entries;
import io.evenkeel.server.config.Value.Entry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Reads config files. Whatever is wrong in one is said at once, each problem with its place and
 * with what is allowed; what reads well is in the ranges of the builders that it goes to. Nothing
 * is looked up but files and environment variables that tokens stand in.
 */
public final class ConfigFile {

  /** How a document is written. */
  public enum Format {
    /** YAML, of which JSON is nearly a part. */
    YAML,
    /** JSON. */
    JSON;

    /** By a file's name: JSON if it ends in {@code .json}. */
    public static Format of(Path file) {
      return file.toString().toLowerCase(Locale.ROOT).endsWith(".json") ? JSON : YAML;
    }
  }

  private ConfigFile() {}

  /**
   * Reads a file.
   *
   * @throws IOException if it cannot be read, or is not UTF-8
   * @throws ConfigException if it is no configuration
   */
  public static Config read(Path file) throws IOException, ConfigException {
    byte[] bytes = Files.readAllBytes(file);
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new IOException("'" + file + "' is not UTF-8", e);
    }
    return read(file, text);
  }

  /**
   * The same of a text that was read already.
   *
   * @param file whose it is: for its format, and for the folder that paths in it are relative to
   * @throws ConfigException if it is no configuration
   */
  public static Config read(Path file, String text) throws ConfigException {
    return parse(text, Format.of(file), folder(file));
  }

  /**
   * Reads a text.
   *
   * @param folder that relative paths start from; null for the process' own
   * @throws ConfigException if it is no configuration
   */
  public static Config parse(String text, Format format, @Nullable Path folder)
      throws ConfigException {
    return parse(text, format, new Reading(folder, null, System::getenv));
  }

  /**
   * Reads JSON as {@link ConfigWriter#json} writes it.
   *
   * @param inForce whose secrets stay where the text has {@code (unchanged)} for one: tokens by
   *     their names, headers of checks and texts to send by their balancers' names
   * @throws ConfigException if it is no configuration
   */
  public static Config readJson(String json, Config inForce) throws ConfigException {
    return parse(json, Format.JSON, new Reading(null, inForce, System::getenv));
  }

  static @Nullable Path folder(Path file) {
    return file.toAbsolutePath().getParent();
  }

  static Config parse(
      String text,
      Format format,
      @Nullable Path folder,
      UnaryOperator<@Nullable String> environment)
      throws ConfigException {
    return parse(text, format, new Reading(folder, null, environment));
  }

  private static Config parse(String text, Format format, Reading reading) throws ConfigException {
    Value value = Document.read(plain(text), format, reading);
    if (value instanceof Entries entries) {
      Entry balancers = entries.values().get("balancers");
      if (balancers != null && balancers.value() instanceof Entries named) {
        reading.balancers = List.copyOf(named.values().keySet());
      }
    }
    return read(value, RootKeys.SHAPE, reading);
  }

  /**
   * Reads a list of servers: an object whose key {@code servers} has one as a balancer has it; it
   * may be empty.
   *
   * @throws ConfigException if it is none
   */
  public static List<Server> servers(String text, Format format) throws ConfigException {
    Reading reading = new Reading(null, null, System::getenv);
    return read(Document.read(plain(text), format, reading), ServerKeys.FILE, reading);
  }

  private static <T> T read(@Nullable Value value, Type<T> type, Reading reading)
      throws ConfigException {
    T read = value == null ? null : type.read(value, "", reading);
    if (read == null || reading.hasProblems()) {
      throw reading.exception();
    }
    return read;
  }

  private static String plain(String text) {
    return text.startsWith("\uFEFF") ? text.substring(1) : text;
  }
}
