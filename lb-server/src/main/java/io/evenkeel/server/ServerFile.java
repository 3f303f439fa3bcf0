package io.evenkeel.server;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import io.evenkeel.core.FileSource;
import io.evenkeel.core.Server;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Servers as files name them: JSON, YAML, or one a line, by the file's name.
 *
 * <pre>{@code
 * servers:
 *   - host: 10.0.0.1
 *     port: 8080
 *   - {host: 10.0.0.2, port: 8080, weight: 3, tier: 1, zone: east, id: b, metadata: {rack: r7}}
 * }</pre>
 *
 * <p>Read token by token, since what is wrong is to be named with its line and column, and nothing
 * is to be taken for what it is not: no text for a number, no key that is unknown or there twice.
 */
final class ServerFile {

  private static final JsonFactory JSON =
      JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private static final YAMLFactory YAML =
      YAMLFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private final JsonParser parser;

  private ServerFile(JsonParser parser) {
    this.parser = parser;
  }

  /**
   * Reads servers.
   *
   * @throws IllegalArgumentException if something is wrong; the message names the line, what is
   *     wrong and what is expected
   */
  static List<Server> parse(Path file, String text) {
    String name = file.toString().toLowerCase(Locale.ROOT);
    if (name.endsWith(".json")) {
      return parse(JSON, text);
    }
    if (name.endsWith(".yaml") || name.endsWith(".yml")) {
      return parse(YAML, text);
    }
    return FileSource.parseLines(text);
  }

  private static List<Server> parse(JsonFactory format, String text) {
    try (JsonParser parser = format.createParser(text)) {
      return new ServerFile(parser).document();
    } catch (JsonProcessingException e) {
      String what = e.getOriginalMessage().strip().replaceAll("\\s+", " ");
      throw new IllegalArgumentException(at(e.getLocation()) + what, e);
    } catch (IOException e) {
      throw new IllegalArgumentException(String.valueOf(e.getMessage()), e);
    }
  }

  private List<Server> document() throws IOException {
    expect(parser.nextToken(), JsonToken.START_OBJECT, "an object with the key 'servers'");
    List<Server> servers = null;
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      if (!parser.currentName().equals("servers")) {
        throw wrong("unknown key '" + parser.currentName() + "' (expected: servers)");
      }
      expect(parser.nextToken(), JsonToken.START_ARRAY, "a list of servers");
      servers = new ArrayList<>();
      Set<String> ids = new HashSet<>();
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        Server server = server();
        if (!ids.add(server.id())) {
          throw wrong("id '" + server.id() + "' is there already (expected: unique ids)");
        }
        servers.add(server);
      }
    }
    if (servers == null) {
      throw wrong("'servers' is missing (expected: a list of servers)");
    }
    if (parser.nextToken() != null) {
      throw wrong("more after the end (expected: one document)");
    }
    return servers;
  }

  private Server server() throws IOException {
    expect(parser.currentToken(), JsonToken.START_OBJECT, "a server: {host: NAME, port: N}");
    JsonLocation start = parser.currentTokenLocation();
    String host = null;
    Integer port = null;
    List<Change> changes = new ArrayList<>();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String key = parser.currentName();
      switch (key) {
        case "host" -> host = text(key);
        case "port" -> port = number(key, 1, 65_535);
        case "weight" -> {
          int weight = number(key, 0, Server.MAX_WEIGHT);
          changes.add(server -> server.withWeight(weight));
        }
        case "tier" -> {
          int tier = number(key, 0, Integer.MAX_VALUE);
          changes.add(server -> server.withTier(tier));
        }
        case "max_concurrent" -> {
          int most = number(key, 0, Integer.MAX_VALUE);
          changes.add(server -> server.withMaxConcurrent(most));
        }
        case "zone" -> {
          String zone = text(key);
          changes.add(server -> server.withZone(zone));
        }
        case "id" -> {
          String id = text(key);
          changes.add(server -> server.withId(id));
        }
        case "metadata" -> metadata(changes);
        default ->
            throw wrong(
                "unknown key '"
                    + key
                    + "' (expected: host, port, weight, tier, zone, max_concurrent, id or"
                    + " metadata)");
      }
    }
    if (host == null || port == null) {
      String missing = host == null ? "host" : "port";
      throw new IllegalArgumentException(
          at(start) + "'" + missing + "' is missing (expected: host and port)");
    }
    try {
      Server server = Server.of(host, port);
      for (Change change : changes) {
        server = change.apply(server);
      }
      return server;
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(at(start) + e.getMessage(), e);
    }
  }

  /** A step from host and port to what is written. */
  private interface Change {
    Server apply(Server server);
  }

  private void metadata(List<Change> changes) throws IOException {
    expect(parser.nextToken(), JsonToken.START_OBJECT, "metadata: an object of texts");
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String key = parser.currentName();
      String value = text(key);
      changes.add(server -> server.withMetadata(key, value));
    }
  }

  private String text(String key) throws IOException {
    expect(
        parser.nextToken(), JsonToken.VALUE_STRING, key + ": a text; in quotes, if it looks else");
    return parser.getText();
  }

  private int number(String key, int lowest, int highest) throws IOException {
    String expected = key + ": a whole number, " + lowest + " to " + highest;
    expect(parser.nextToken(), JsonToken.VALUE_NUMBER_INT, expected);
    if (parser.getNumberType() == JsonParser.NumberType.INT) {
      int n = parser.getIntValue();
      if (n >= lowest && n <= highest) {
        return n;
      }
    }
    throw wrong("'" + parser.getText() + "' (expected: " + expected + ")");
  }

  private void expect(@Nullable JsonToken token, JsonToken wanted, String expected)
      throws IOException {
    boolean alias = parser instanceof YAMLParser yaml && yaml.isCurrentAlias();
    if (token != wanted || alias) {
      String found = token == null ? "the end" : "'" + parser.getText() + "'";
      throw wrong(found + " (expected: " + expected + ")");
    }
  }

  private IllegalArgumentException wrong(String what) {
    return new IllegalArgumentException(at(parser.currentTokenLocation()) + what);
  }

  private static String at(@Nullable JsonLocation place) {
    return place == null || place.getLineNr() < 1
        ? ""
        : "line " + place.getLineNr() + ", column " + place.getColumnNr() + ": ";
  }
}
