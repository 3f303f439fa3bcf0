package io.evenkeel.server.config;

import io.evenkeel.server.config.Value.Entries;
import io.evenkeel.server.config.Value.Entry;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * An object with keys of its own. A key that it has not is a problem, and one that must be there
 * and is not; all keys are read whatever is wrong with one. Only of what is right in each key
 * something is made, by a function that may find that they do not go together: it says so by an
 * {@link IllegalArgumentException} {@code name: value (expected: …)}, as builders do, or through
 * {@link Fields#problem}.
 *
 * @param what it is, in a word or two
 */
record Shape<R>(String what, List<Key<R, ?>> keys, Function<Fields, @Nullable R> maker)
    implements Type<R> {

  Shape {
    keys = List.copyOf(keys);
  }

  /** What was read, key by key. */
  static final class Fields {

    private final Entries entries;
    private final String path;
    private final Reading reading;
    private final Map<String, Object> values = new HashMap<>();

    private Fields(Entries entries, String path, Reading reading) {
      this.entries = entries;
      this.path = path;
      this.reading = reading;
    }

    /** What is there, else the default. */
    @SuppressWarnings("unchecked") // put there by the key itself
    <T> T get(Key<?, T> key) {
      Object value = values.get(key.name());
      T meant = value == null ? key.byDefault() : (T) value;
      if (meant == null) {
        throw new IllegalStateException(key.name());
      }
      return meant;
    }

    boolean has(Key<?, ?> key) {
      return values.containsKey(key.name());
    }

    /** Whether one of these keys is there, and one alone; complains otherwise. */
    boolean hasOneOf(Key<?, ?>... choices) {
      List<String> given =
          Arrays.stream(choices).filter(this::has).map(choice -> choice.name()).toList();
      String all = Arrays.stream(choices).map(Key::name).collect(Collectors.joining(", "));
      if (given.isEmpty()) {
        reading.problem(entries.place(), path, "nothing (expected: one of " + all + ")");
      } else if (given.size() > 1) {
        problem(given.get(1), "beside " + given.get(0) + " (expected: one of " + all + ")");
      }
      return given.size() == 1;
    }

    /** The name under which the object stands. */
    String name() {
      return path.substring(path.lastIndexOf('.') + 1);
    }

    /** Where the object stands. */
    String path() {
      return path;
    }

    Reading reading() {
      return reading;
    }

    /** Says that a key's value is wrong, or, where it is not there, the object. */
    void problem(String key, String message) {
      Entry entry = entries.values().get(key);
      if (entry == null) {
        reading.problem(entries.place(), path, key + ": " + message);
      } else {
        reading.problem(entry.value().place(), Reading.child(path, key), message);
      }
    }

    /** Says that a key must be there. */
    void missing(String key, String expected) {
      reading.problem(
          entries.place(), path, "'" + key + "' is missing (expected: " + expected + ")");
    }

    private void refused(IllegalArgumentException e) {
      String message = String.valueOf(e.getMessage());
      int colon = message.indexOf(": ");
      String name = colon < 0 ? "" : snake(message.substring(0, colon).replace("'", ""));
      if (entries.values().containsKey(name)) {
        problem(name, message.substring(colon + 2));
      } else {
        reading.problem(entries.place(), path, message);
      }
    }

    private static String snake(String name) {
      StringBuilder snake = new StringBuilder();
      name.chars()
          .forEach(
              c -> {
                if (Character.isUpperCase(c)) {
                  snake.append('_');
                }
                snake.append((char) Character.toLowerCase(c));
              });
      return snake.toString();
    }
  }

  @Override
  public @Nullable R read(Value value, String path, Reading reading) {
    if (!(value instanceof Entries entries)) {
      reading.problem(
          value.place(), path, Types.notAnObject(value) + " (expected: " + expected() + ")");
      return null;
    }
    Fields fields = new Fields(entries, path, reading);
    boolean isRight = requireKnown(entries, path, reading);
    for (Key<R, ?> key : keys) {
      isRight &= read(key, fields);
    }
    if (!isRight) {
      return null;
    }
    try {
      return maker.apply(fields);
    } catch (IllegalArgumentException e) {
      fields.refused(e);
      return null;
    }
  }

  private boolean read(Key<R, ?> key, Fields fields) {
    Entry entry = fields.entries.values().get(key.name());
    if (entry == null) {
      if (key.isRequired()) {
        fields.missing(key.name(), key.type().expected());
      }
      return !key.isRequired();
    }
    Object value =
        key.type().read(entry.value(), Reading.child(fields.path, key.name()), fields.reading);
    if (value == null) {
      return false;
    }
    fields.values.put(key.name(), value);
    return true;
  }

  private boolean requireKnown(Entries entries, String path, Reading reading) {
    List<String> names = keys.stream().map(Key::name).toList();
    boolean isRight = true;
    for (Map.Entry<String, Entry> entry : entries.values().entrySet()) {
      String name = entry.getKey();
      if (!names.contains(name)) {
        isRight = false;
        String nearest = Spelling.nearest(name, names);
        reading.problem(
            entry.getValue().key(),
            Reading.child(path, name),
            nearest == null
                ? "unknown key (expected: " + String.join(", ", names) + ")"
                : "unknown key; did you mean '" + nearest + "'?");
      }
    }
    return isRight;
  }

  @Override
  public Map<String, Object> schema() {
    Map<String, Object> properties = new LinkedHashMap<>();
    List<String> required = new ArrayList<>();
    for (Key<R, ?> key : keys) {
      Map<String, Object> property = new LinkedHashMap<>();
      property.put("description", key.description());
      property.putAll(key.type().schema());
      if (key.isRequired()) {
        required.add(key.name());
      } else if (!key.shownDefault().isEmpty()) {
        property.put("description", key.description() + " Default: " + key.shownDefault() + ".");
      }
      properties.put(key.name(), property);
    }
    Map<String, Object> schema = new LinkedHashMap<>();
    schema.put("type", "object");
    schema.put("properties", properties);
    if (!required.isEmpty()) {
      schema.put("required", required);
    }
    schema.put("additionalProperties", false);
    return schema;
  }

  @Override
  public String expected() {
    return "an object: " + what;
  }

  @Override
  public Object write(R value) {
    Tree tree = new Tree();
    for (Key<R, ?> key : keys) {
      key.write(value, tree);
    }
    return tree;
  }
}
