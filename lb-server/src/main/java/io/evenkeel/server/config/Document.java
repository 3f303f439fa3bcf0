package io.evenkeel.server.config;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import io.evenkeel.server.config.Value.Entries;
import io.evenkeel.server.config.Value.Entry;
import io.evenkeel.server.config.Value.Items;
import io.evenkeel.server.config.Value.Kind;
import io.evenkeel.server.config.Value.Place;
import io.evenkeel.server.config.Value.Scalar;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;

/**
 * From a text to a tree of {@link Value}s, by Jackson's streams. What YAML offers beyond what JSON
 * says in other words is refused: anchors, aliases, tags, several documents; so each value stands
 * in one place. Of plain words only {@code true} and {@code false} are booleans, as in YAML 1.2:
 * {@code no} and {@code off} are texts. Keys that are there twice are problems; what follows is
 * read all the same. A text that is no YAML or JSON at all ends at its first problem.
 */
final class Document {

  /** Of text, in characters. */
  private static final int LARGEST = 4 << 20;

  /** As in every body of the admin API, so are the digits of a number. */
  private static final int DEEPEST = 16;

  /** Of what the parsers say, where a part of the text follows. */
  private static final String UNKNOWN_TAG = "found undefined tag handle";

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxStringLength(LARGEST)
                  .maxNameLength(4096)
                  .maxNumberLength(32)
                  .build())
          .build();

  private static final YAMLFactory YAML =
      YAMLFactory.builder().loaderOptions(loaderOptions()).build();

  private static LoaderOptions loaderOptions() {
    LoaderOptions options = new LoaderOptions();
    options.setCodePointLimit(LARGEST);
    return options;
  }

  private final JsonParser parser;
  private final Offsets offsets;
  private final Reading reading;

  private Document(JsonParser parser, Offsets offsets, Reading reading) {
    this.parser = parser;
    this.offsets = offsets;
    this.reading = reading;
  }

  /** The tree; null if there is none, and the problem said. */
  static @Nullable Value read(String text, ConfigFile.Format format, Reading reading) {
    if (text.length() > LARGEST) {
      reading.problem(
          new Place(0, 0, 0, 0),
          "",
          text.length() + " characters (expected: " + LARGEST + " at most)");
      return null;
    }
    boolean isYaml = format == ConfigFile.Format.YAML;
    try (JsonParser parser = (isYaml ? YAML : JSON).createParser(text)) {
      return new Document(parser, new Offsets(text, isYaml), reading).document();
    } catch (JsonProcessingException e) {
      reading.problem(place(e), "", message(e));
    } catch (IOException | YAMLException e) {
      reading.problem(new Place(0, 0, 0, 0), "", String.valueOf(e.getMessage()));
    } catch (Unreadable e) {
      reading.problem(e.place, e.path, String.valueOf(e.getMessage()));
    }
    return null;
  }

  private Value document() throws IOException {
    JsonToken first = parser.nextToken();
    if (first == null) {
      throw new Unreadable(new Place(1, 1, 0, 0), "", "nothing (expected: a configuration)");
    }
    Value value = value(first, "", 0);
    if (parser.nextToken() != null) {
      throw new Unreadable(place(), "", "more after the end (expected: one document)");
    }
    return value;
  }

  private Value value(JsonToken token, String path, int depth) throws IOException {
    if (parser instanceof YAMLParser yaml) {
      requirePlain(yaml, path);
    }
    return switch (token) {
      case START_OBJECT -> entries(path, depth + 1);
      case START_ARRAY -> items(path, depth + 1);
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> scalar(Kind.NUMBER);
      case VALUE_TRUE, VALUE_FALSE -> {
        // YAML 1.1 has yes, no, on and off, too.
        Scalar scalar = scalar(Kind.BOOLEAN);
        yield scalar.text().equalsIgnoreCase("true") || scalar.text().equalsIgnoreCase("false")
            ? scalar
            : new Scalar(scalar.place(), Kind.TEXT, scalar.text());
      }
      case VALUE_NULL -> scalar(Kind.NOTHING);
      default -> {
        Scalar scalar = scalar(Kind.TEXT);
        boolean isEmpty = scalar.place().start() == scalar.place().end();
        yield isEmpty ? new Scalar(scalar.place(), Kind.NOTHING, "") : scalar;
      }
    };
  }

  private void requirePlain(YAMLParser yaml, String path) throws IOException {
    if (yaml.isCurrentAlias()) {
      throw new Unreadable(place(), path, "alias (expected: the value itself)");
    }
    if (yaml.getObjectId() != null || offsets.isAnchor(place().start())) {
      throw new Unreadable(place(), path, "anchor (expected: the value alone)");
    }
    if (yaml.getTypeId() != null) {
      throw new Unreadable(place(), path, "tag (expected: the value alone)");
    }
  }

  private Scalar scalar(Kind kind) throws IOException {
    String text = parser.getText();
    return new Scalar(place(), kind, text);
  }

  private Value items(String path, int depth) throws IOException {
    Place start = begin(path, depth);
    List<Value> values = new ArrayList<>();
    JsonToken token;
    while ((token = parser.nextToken()) != JsonToken.END_ARRAY && token != null) {
      values.add(value(token, path + "[" + values.size() + "]", depth));
    }
    return new Items(closed(start), List.copyOf(values));
  }

  private Value entries(String path, int depth) throws IOException {
    Place start = begin(path, depth);
    Map<String, Entry> values = new LinkedHashMap<>();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String key = parser.getText();
      Place keyPlace = keyPlace();
      String keyPath = Reading.child(path, key);
      Value value = value(parser.nextToken(), keyPath, depth);
      Entry before = values.putIfAbsent(key, new Entry(keyPlace, value));
      if (before != null) {
        reading.problem(
            keyPlace,
            keyPath,
            "is there twice (expected: once; the other is in line " + before.key().line() + ")");
      }
    }
    return new Entries(closed(start), values);
  }

  private Place begin(String path, int depth) {
    Place start = place();
    if (depth > DEEPEST) {
      throw new Unreadable(start, Reading.shown(path), "too deep (expected: no such depth)");
    }
    return start;
  }

  /** With the end of what the parser stands on: for YAML's blocks that is too far, see TextEdit. */
  private Place closed(Place start) {
    return new Place(start.line(), start.column(), start.start(), place().end());
  }

  /** JSON's parser stands behind the colon by now: from quote to quote, then. */
  private Place keyPlace() {
    Place place = place();
    return new Place(
        place.line(), place.column(), place.start(), offsets.keyEnd(place.start(), place.end()));
  }

  private Place place() {
    JsonLocation start = parser.currentTokenLocation();
    return new Place(
        start.getLineNr(),
        start.getColumnNr(),
        offsets.index(start.getCharOffset()),
        offsets.index(parser.currentLocation().getCharOffset()));
  }

  private static Place place(JsonProcessingException e) {
    if (e.getCause() instanceof MarkedYAMLException marked && marked.getProblemMark() != null) {
      return new Place(
          marked.getProblemMark().getLine() + 1, marked.getProblemMark().getColumn() + 1, 0, 0);
    }
    JsonLocation location = e.getLocation();
    return location == null
        ? new Place(0, 0, 0, 0)
        : new Place(Math.max(0, location.getLineNr()), Math.max(0, location.getColumnNr()), 0, 0);
  }

  /** Without texts of the document: one may be a secret. */
  private static String message(JsonProcessingException e) {
    if (e.getCause() instanceof MarkedYAMLException marked && marked.getProblem() != null) {
      String problem = marked.getProblem();
      return "not YAML: "
          + (problem.startsWith(UNKNOWN_TAG) ? "a tag (expected: the value alone)" : problem);
    }
    String message = String.valueOf(e.getOriginalMessage()).strip();
    if (message.startsWith("Unrecognized token")) {
      return "not JSON: a word (expected: an object, a list, a text in quotes, a number, true,"
          + " false or null)";
    }
    return message.lines().findFirst().orElse("cannot be read");
  }

  /** Where characters are: YAML's parser counts code points. */
  private static final class Offsets {

    private final String text;
    private final boolean isInCodePoints;
    private int codePoints;
    private int chars;

    Offsets(String text, boolean isYaml) {
      this.text = text;
      this.isInCodePoints = isYaml && text.codePoints().anyMatch(c -> c > 0xffff);
    }

    int index(long offset) {
      int wanted = (int) Math.max(0, offset);
      if (!isInCodePoints) {
        return Math.min(wanted, text.length());
      }
      // Offsets come nearly in order, so this goes on from the last one.
      while (codePoints < wanted && chars < text.length()) {
        chars = text.offsetByCodePoints(chars, 1);
        codePoints++;
      }
      while (codePoints > wanted && chars > 0) {
        chars = text.offsetByCodePoints(chars, -1);
        codePoints--;
      }
      return chars;
    }

    /** Jackson tells of those of objects alone; nothing else that is a value begins so. */
    boolean isAnchor(int index) {
      return index < text.length() && text.charAt(index) == '&';
    }

    int keyEnd(int start, int end) {
      if (start >= text.length() || text.charAt(start) != '"') {
        return end;
      }
      int i = start + 1;
      while (i < text.length() && text.charAt(i) != '"') {
        i += text.charAt(i) == '\\' ? 2 : 1;
      }
      return Math.min(i + 1, text.length());
    }
  }

  /** Ends the reading: nothing after it would make sense. */
  private static final class Unreadable extends RuntimeException {

    private static final long serialVersionUID = 1;

    private final transient Place place;
    private final String path;

    Unreadable(Place place, String path, String message) {
      super(message, null, false, false);
      this.place = place;
      this.path = path;
    }
  }
}
