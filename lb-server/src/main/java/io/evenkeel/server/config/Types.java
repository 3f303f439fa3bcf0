package io.evenkeel.server.config;

import io.evenkeel.core.HostPort;
import io.evenkeel.server.config.Value.Entries;
import io.evenkeel.server.config.Value.Items;
import io.evenkeel.server.config.Value.Kind;
import io.evenkeel.server.config.Value.Scalar;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The kinds of values that are no objects. Long, for there are many: each is a few lines, and they
 * share how a scalar is read, described and written.
 */
final class Types {

  private static final String DURATION = "^[0-9]{1,12}(ms|s|m|h)$";
  private static final Pattern SIZE = Pattern.compile("([0-9]{1,10})(B|KiB|MiB|GiB)?");
  private static final Pattern WHOLE = Pattern.compile("-?(0|[1-9][0-9]{0,17})");
  private static final Pattern DECIMAL =
      Pattern.compile("-?([0-9]{1,30}(\\.[0-9]{0,30})?|\\.[0-9]{1,30})");

  private static final String JSON_NUMBER = "-?(0|[1-9][0-9]{0,15})(\\.[0-9]{1,15})?";

  private Types() {}

  /** In that order, in every run. */
  static Map<String, Object> ordered(Object... keysAndValues) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      map.put((String) keysAndValues[i], keysAndValues[i + 1]);
    }
    return map;
  }

  /** From a scalar. */
  private record Simple<T>(
      String expected,
      Map<String, Object> schema,
      Function<Scalar, @Nullable T> reader,
      Function<T, Object> writer,
      boolean isSecret)
      implements Type<T> {

    @Override
    public @Nullable T read(Value value, String path, Reading reading) {
      if (value instanceof Scalar scalar && scalar.kind() != Kind.NOTHING) {
        try {
          T meant = reader.apply(scalar);
          if (meant != null) {
            return meant;
          }
        } catch (IllegalArgumentException e) {
          reading.problem(value.place(), path, String.valueOf(e.getMessage()));
          return null;
        }
      }
      String found =
          isSecret && value instanceof Scalar scalar && scalar.kind() != Kind.NOTHING
              ? "what is there"
              : found(value);
      reading.problem(value.place(), path, found + " (expected: " + expected + ")");
      return null;
    }

    @Override
    public @Nullable Object write(T value) {
      return writer.apply(value);
    }
  }

  /** What a message says that it found. */
  static String found(Value value) {
    if (value instanceof Scalar scalar) {
      return scalar.kind() == Kind.NOTHING ? "nothing" : "'" + Reading.shown(scalar.text()) + "'";
    }
    return value instanceof Items ? "a list" : "an object";
  }

  /** The same in place of an object, without the text: it may be a secret in the wrong place. */
  static String notAnObject(Value value) {
    boolean isText = value instanceof Scalar scalar && scalar.kind() != Kind.NOTHING;
    return isText ? "no object" : found(value);
  }

  private static <T> Type<T> simple(
      String expected,
      Map<String, Object> schema,
      Function<Scalar, @Nullable T> reader,
      Function<T, Object> writer) {
    return new Simple<>(expected, schema, reader, writer, false);
  }

  private static @Nullable String text(Scalar scalar) {
    return scalar.kind() == Kind.TEXT ? scalar.text() : null;
  }

  /** Any text. */
  static Type<String> text() {
    return simple(
        "a text; in quotes, if it looks like a number",
        ordered("type", "string"),
        Types::text,
        text -> text);
  }

  /**
   * A text of a form.
   *
   * @param pattern of the whole text
   * @param expected in words
   */
  static Type<String> text(String pattern, String expected) {
    return text(pattern, Integer.MAX_VALUE, expected);
  }

  /**
   * The same of a text that has no more than so many characters.
   *
   * @param longest of what is matched with the pattern; the schema does not say it
   */
  static Type<String> text(String pattern, int longest, String expected) {
    return text(pattern, longest, expected, false);
  }

  /** As {@link #text(String, String)}; no message shows it. */
  static Type<String> secret(String pattern, String expected) {
    return text(pattern, Integer.MAX_VALUE, expected, true);
  }

  private static Type<String> text(String pattern, int longest, String expected, boolean isSecret) {
    Pattern compiled = Pattern.compile(pattern);
    return new Simple<>(
        expected,
        ordered("type", "string", "pattern", "^(?:" + pattern + ")$"),
        scalar -> {
          String text = text(scalar);
          if (text != null && text.length() > longest) {
            throw new IllegalArgumentException(
                text.length() + " characters (expected: " + longest + " at most)");
          }
          return text != null && compiled.matcher(text).matches() ? text : null;
        },
        text -> text,
        isSecret);
  }

  /** A number that is kept as it is written; in quotes, too. */
  static Type<String> numeric(String expected) {
    return new Simple<>(
        expected,
        ordered("type", List.of("number", "string")),
        scalar -> scalar.kind() == Kind.NUMBER || scalar.kind() == Kind.TEXT ? scalar.text() : null,
        text -> text.matches(JSON_NUMBER) ? new BigDecimal(text) : text,
        false);
  }

  /** A text of a form that may look like a number. */
  static Type<String> numericOrText(String pattern, String expected) {
    return simple(
        expected,
        ordered("type", List.of("integer", "string"), "pattern", "^(?:" + pattern + ")$"),
        scalar ->
            scalar.kind() != Kind.BOOLEAN && scalar.text().matches(pattern) ? scalar.text() : null,
        text -> text);
  }

  static Type<Boolean> bool() {
    return simple(
        "true or false",
        ordered("type", "boolean"),
        scalar -> scalar.kind() == Kind.BOOLEAN ? Boolean.valueOf(scalar.text()) : null,
        is -> is);
  }

  static Type<Integer> integer(int least, int most) {
    String expected =
        most == Integer.MAX_VALUE
            ? "a whole number, " + least + " or more"
            : "a whole number, " + least + " to " + most;
    return simple(
        expected,
        ordered("type", "integer", "minimum", least, "maximum", most),
        scalar -> {
          if (scalar.kind() != Kind.NUMBER || !WHOLE.matcher(scalar.text()).matches()) {
            return null;
          }
          long n = Long.parseLong(scalar.text());
          return n >= least && n <= most ? (int) n : null;
        },
        n -> n);
  }

  static Type<Double> decimal(double least, double most) {
    return simple(
        "a number, " + shortest(least) + " to " + shortest(most),
        ordered("type", "number", "minimum", least, "maximum", most),
        scalar -> {
          if (scalar.kind() != Kind.NUMBER || !DECIMAL.matcher(scalar.text()).matches()) {
            return null;
          }
          double n = Double.parseDouble(scalar.text());
          return n >= least && n <= most ? n : null;
        },
        n -> new BigDecimal(Double.toString(n)).stripTrailingZeros());
  }

  private static String shortest(double n) {
    return new BigDecimal(Double.toString(n)).stripTrailingZeros().toPlainString();
  }

  static Type<Duration> duration(Duration least, Duration most) {
    String expected =
        "a duration such as 500ms, 5s, 2m or 1h, from "
            + Durations.format(least)
            + " to "
            + Durations.format(most);
    return simple(
        expected,
        ordered("type", "string", "pattern", DURATION),
        scalar -> {
          String text = text(scalar);
          if (text == null || !text.matches(DURATION)) {
            return null;
          }
          try {
            Duration duration = Durations.parse(text);
            return duration.compareTo(least) < 0 || duration.compareTo(most) > 0 ? null : duration;
          } catch (IllegalArgumentException e) {
            return null;
          }
        },
        Durations::format);
  }

  /** Bytes, as a number or with a unit. */
  static Type<Integer> size(int least, int most) {
    return simple(
        "a size such as 4096, 64KiB or 1MiB, from " + sizeText(least) + " to " + sizeText(most),
        ordered(
            "anyOf",
            List.of(
                ordered("type", "integer", "minimum", least, "maximum", most),
                ordered("type", "string", "pattern", "^" + SIZE.pattern() + "$"))),
        scalar -> {
          Matcher written = SIZE.matcher(scalar.text());
          if (scalar.kind() == Kind.BOOLEAN || !written.matches()) {
            return null;
          }
          String unit = written.group(2) == null ? "B" : written.group(2);
          int shift =
              switch (unit) {
                case "KiB" -> 10;
                case "MiB" -> 20;
                case "GiB" -> 30;
                default -> 0;
              };
          long bytes = Long.parseLong(written.group(1)) << shift;
          return bytes >= least && bytes <= most ? (int) bytes : null;
        },
        Types::size);
  }

  private static Object size(int bytes) {
    String text = sizeText(bytes);
    return text.matches("[0-9]+") ? (Object) bytes : text;
  }

  static String sizeText(int bytes) {
    if (bytes > 0 && bytes % (1 << 30) == 0) {
      return bytes / (1 << 30) + "GiB";
    }
    if (bytes > 0 && bytes % (1 << 20) == 0) {
      return bytes / (1 << 20) + "MiB";
    }
    return bytes > 0 && bytes % 1024 == 0 ? bytes / 1024 + "KiB" : Integer.toString(bytes);
  }

  /** One of an enum's constants, by its name in lower case. */
  static <E extends Enum<E>> Type<E> oneOf(Class<E> type) {
    Map<String, E> byName = new LinkedHashMap<>();
    for (E constant : type.getEnumConstants()) {
      byName.put(constant.name().toLowerCase(Locale.ROOT), constant);
    }
    return words(byName, constant -> constant.name().toLowerCase(Locale.ROOT));
  }

  /** One of some words. */
  static Type<String> words(Collection<String> words) {
    Map<String, String> byWord = new LinkedHashMap<>();
    words.forEach(word -> byWord.put(word, word));
    return words(byWord, word -> word);
  }

  /** {@code on}, or {@code true}. */
  static <T> Type<T> on(T meaning) {
    return simple(
        "on",
        ordered("enum", List.of("on", true)),
        scalar -> {
          boolean isOn = scalar.kind() == Kind.TEXT && scalar.text().equals("on");
          boolean isTrue = scalar.kind() == Kind.BOOLEAN && Boolean.parseBoolean(scalar.text());
          return isOn || isTrue ? meaning : null;
        },
        value -> false);
  }

  /** One of some words, each of which means something. */
  static <T> Type<T> words(Map<String, T> byWord, Function<T, Object> writer) {
    List<String> words = List.copyOf(byWord.keySet());
    return simple(
        words.size() == 1 ? words.get(0) : "one of " + String.join(", ", words),
        ordered("enum", words),
        scalar -> scalar.kind() == Kind.TEXT ? byWord.get(scalar.text()) : null,
        writer);
  }

  /**
   * An address.
   *
   * @param lowestPort 0 where that means any free one
   * @param hostByDefault what a missing host means; null if there must be one
   */
  static Type<HostPort> address(int lowestPort, @Nullable String hostByDefault) {
    String expected =
        "HOST:PORT, an IPv6 address in brackets as in [::1]:9000"
            + (hostByDefault == null ? "" : ", or :PORT for every address of this machine")
            + (lowestPort == 0 ? "; port 0 takes a free one" : "");
    return simple(
        expected,
        ordered(
            "type",
            "string",
            "pattern",
            hostByDefault == null
                ? "^(\\[[0-9A-Fa-f:.]+(%[\\w.-]+)?\\]|[\\w.-]+):[0-9]{1,5}$"
                : "^(\\[[0-9A-Fa-f:.]+(%[\\w.-]+)?\\]|[\\w.-]+)?:[0-9]{1,5}$"),
        scalar -> {
          String text = text(scalar);
          if (text == null) {
            return null;
          }
          boolean isShort = hostByDefault != null && text.startsWith(":");
          try {
            return HostPort.parse(isShort ? hostByDefault + text : text, lowestPort);
          } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                found(scalar) + ": " + e.getMessage() + " (expected: " + expected + ")", e);
          }
        },
        HostPort::toString);
  }

  /** A type of something else that is read from it, where it can be. */
  static <S, T> Type<T> mapped(
      Type<S> type, Function<S, T> reader, Function<T, @Nullable Object> writer) {
    return new Mapped<>(type, reader, writer);
  }

  private record Mapped<S, T>(
      Type<S> type, Function<S, T> reader, Function<T, @Nullable Object> writer)
      implements Type<T> {
    @Override
    public @Nullable T read(Value value, String path, Reading reading) {
      S read = type.read(value, path, reading);
      if (read == null) {
        return null;
      }
      try {
        return reader.apply(read);
      } catch (IllegalArgumentException e) {
        reading.problem(value.place(), path, String.valueOf(e.getMessage()));
        return null;
      }
    }

    @Override
    public Map<String, Type<?>> parts() {
      return Map.of("", type);
    }

    @Override
    public Map<String, Object> schema() {
      return type.schema();
    }

    @Override
    public String expected() {
      return type.expected();
    }

    @Override
    public @Nullable Object write(T value) {
      return writer.apply(value);
    }
  }

  /** A word, such as {@code off}, for none of it; {@code false} is off, too. */
  static <T> Type<Optional<T>> wordOr(String word, Type<T> type) {
    return new WordOr<>(word, type);
  }

  private record WordOr<T>(String word, Type<T> type) implements Type<Optional<T>> {
    @Override
    @SuppressWarnings("NullableOptional") // null: no value; empty: the word
    public @Nullable Optional<T> read(Value value, String path, Reading reading) {
      if (value instanceof Scalar scalar && isWord(scalar)) {
        return Optional.empty();
      }
      if (value instanceof Scalar && !takes(value)) {
        reading.problem(value.place(), path, found(value) + " (expected: " + expected() + ")");
        return null;
      }
      T read = type.read(value, path, reading);
      return read == null ? null : Optional.of(read);
    }

    private boolean isWord(Scalar scalar) {
      return (scalar.text().equals(word) && scalar.kind() == Kind.TEXT)
          || (word.equals("off")
              && scalar.kind() == Kind.BOOLEAN
              && scalar.text().equalsIgnoreCase("false"));
    }

    /** Tried, so that the message names the word, too, where it is a simple value that is wrong. */
    private boolean takes(Value value) {
      return type.read(value, "", new Reading(null, null, name -> null)) != null;
    }

    @Override
    public Map<String, Type<?>> parts() {
      return Map.of("", type);
    }

    @Override
    public Map<String, Object> schema() {
      List<Object> words = word.equals("off") ? List.of(word, false) : List.of(word);
      return ordered("anyOf", List.of(ordered("enum", words), type.schema()));
    }

    @Override
    public String expected() {
      return word + (type instanceof Shorthand<T> ? ", " : ", or ") + type.expected();
    }

    @Override
    public @Nullable Object write(Optional<T> value) {
      return value.isPresent() ? type.write(value.get()) : word;
    }
  }

  /** Something that has no word for none of it: it is left out. */
  static <T> Type<Optional<T>> optional(Type<T> type) {
    return mapped(type, Optional::of, value -> value.isPresent() ? type.write(value.get()) : null);
  }

  /** A scalar for what may also be an object. */
  static <T> Type<T> shorthand(Type<T> brief, Type<T> full) {
    return new Shorthand<>(brief, full);
  }

  private record Shorthand<T>(Type<T> brief, Type<T> full) implements Type<T> {
    @Override
    public @Nullable T read(Value value, String path, Reading reading) {
      if (value instanceof Scalar scalar && scalar.kind() != Kind.NOTHING) {
        return brief.read(value, path, reading);
      }
      if (value instanceof Entries) {
        return full.read(value, path, reading);
      }
      reading.problem(value.place(), path, found(value) + " (expected: " + expected() + ")");
      return null;
    }

    @Override
    public Map<String, Type<?>> parts() {
      return Map.of("", full);
    }

    @Override
    public Map<String, Object> schema() {
      return ordered("anyOf", List.of(brief.schema(), full.schema()));
    }

    @Override
    public String expected() {
      return brief.expected() + ", or " + full.expected();
    }

    @Override
    public @Nullable Object write(T value) {
      Object written = full.write(value);
      return written instanceof Tree tree && brief.write(value) instanceof String text
          ? tree.withBrief(text)
          : written;
    }
  }

  static <T> Type<List<T>> list(Type<T> type) {
    return new ListOf<>(type, null);
  }

  /**
   * A list of what differs.
   *
   * @param identity what must differ; messages show it
   */
  static <T> Type<List<T>> listOfUnique(Type<T> type, Function<T, String> identity) {
    return new ListOf<>(type, identity);
  }

  /** Objects or texts by names of the user's. */
  static <T> Type<Map<String, T>> map(String pattern, String names, int least, Type<T> type) {
    return new MapOf<>(Pattern.compile(pattern), names, least, type);
  }
}
