package io.evenkeel.server.config;

import io.evenkeel.server.config.Value.Items;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A list.
 *
 * @param identity what must differ, as messages show it; null if nothing must
 */
record ListOf<T>(Type<T> type, @Nullable Function<T, String> identity) implements Type<List<T>> {
  @Override
  public @Nullable List<T> read(Value value, String path, Reading reading) {
    if (!(value instanceof Items items)) {
      reading.problem(value.place(), path, Types.found(value) + " (expected: " + expected() + ")");
      return null;
    }
    List<T> read = new ArrayList<>();
    Map<String, Integer> indexes = new HashMap<>();
    for (int i = 0; i < items.values().size(); i++) {
      Value itemValue = items.values().get(i);
      String itemPath = path + "[" + i + "]";
      T item = type.read(itemValue, itemPath, reading);
      if (item == null) {
        continue;
      }
      read.add(item);
      Integer before = identity == null ? null : indexes.putIfAbsent(identity.apply(item), i);
      if (identity != null && before != null) {
        String id = Reading.shown(identity.apply(item));
        String other = "; the other is " + path + "[" + before + "]";
        reading.problem(
            itemValue.place(),
            itemPath,
            "'" + id + "' is there twice (expected: once" + other + ")");
      }
    }
    return read.size() == items.values().size() ? read : null;
  }

  @Override
  public Map<String, Type<?>> parts() {
    return Map.of("[]", type);
  }

  @Override
  public Map<String, Object> schema() {
    return Types.ordered("type", "array", "items", type.schema());
  }

  @Override
  public String expected() {
    return "a list; each: " + type.expected();
  }

  @Override
  public Object write(List<T> value) {
    List<Object> items = new ArrayList<>();
    for (T item : value) {
      Object written = type.write(item);
      if (written != null) {
        items.add(written);
      }
    }
    return items;
  }
}
