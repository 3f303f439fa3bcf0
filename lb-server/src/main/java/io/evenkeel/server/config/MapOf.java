package io.evenkeel.server.config;

import io.evenkeel.server.config.Value.Entries;
import io.evenkeel.server.config.Value.Entry;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An object whose keys are names of the user's.
 *
 * @param pattern of the names
 * @param names the same in words
 * @param least how many there must be
 */
record MapOf<T>(Pattern pattern, String names, int least, Type<T> type)
    implements Type<Map<String, T>> {
  @Override
  public @Nullable Map<String, T> read(Value value, String path, Reading reading) {
    if (!(value instanceof Entries entries)) {
      reading.problem(
          value.place(), path, Types.notAnObject(value) + " (expected: " + expected() + ")");
      return null;
    }
    Map<String, T> read = new LinkedHashMap<>();
    for (Map.Entry<String, Entry> entry : entries.values().entrySet()) {
      String name = entry.getKey();
      String childPath = Reading.child(path, name);
      if (!pattern.matcher(name).matches()) {
        reading.problem(entry.getValue().key(), childPath, "as a name (expected: " + names + ")");
        continue;
      }
      T item = type.read(entry.getValue().value(), childPath, reading);
      if (item != null) {
        read.put(name, item);
      }
    }
    if (entries.values().size() < least) {
      reading.problem(value.place(), path, "nothing (expected: " + least + " at least)");
      return null;
    }
    return read.size() == entries.values().size() ? read : null;
  }

  @Override
  public Map<String, Type<?>> parts() {
    return Map.of(".NAME", type);
  }

  @Override
  public Map<String, Object> schema() {
    Map<String, Object> schema = new LinkedHashMap<>();
    schema.put("type", "object");
    schema.put("minProperties", least);
    schema.put("propertyNames", Types.ordered("pattern", "^(?:" + pattern.pattern() + ")$"));
    schema.put("additionalProperties", type.schema());
    return schema;
  }

  @Override
  public String expected() {
    return "an object: NAME to " + type.expected();
  }

  @Override
  public Object write(Map<String, T> value) {
    Tree tree = new Tree();
    value.forEach(
        (name, item) -> {
          Object written = type.write(item);
          if (written != null) {
            tree.put(name, written);
          }
        });
    return tree;
  }
}
