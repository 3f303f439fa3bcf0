package io.evenkeel.server.config;

import java.util.LinkedHashMap;
import java.util.Map;

/** What a config file may say: a JSON Schema for editors, and tables for the docs. */
public final class ConfigSchema {

  private ConfigSchema() {}

  /**
   * A JSON Schema, draft 2020-12. It says all that a schema can: keys, kinds, ranges of numbers,
   * words. What goes beyond, such as ranges of durations and names that must be there, only reading
   * finds.
   */
  public static String json() {
    return Trees.json(schema(), true) + "\n";
  }

  static Map<String, Object> schema() {
    Map<String, Object> schema = new LinkedHashMap<>();
    schema.put("$schema", "https://json-schema.org/draft/2020-12/schema");
    schema.put("title", "Evenkeel configuration");
    schema.putAll(RootKeys.SHAPE.schema());
    return schema;
  }

  /** The keys of every object as tables of Markdown, each under its path. */
  static String tables() {
    StringBuilder out = new StringBuilder();
    tables("", RootKeys.SHAPE, out);
    return out.toString();
  }

  private static void tables(String path, Type<?> type, StringBuilder out) {
    if (!(type instanceof Shape<?> shape)) {
      for (Map.Entry<String, Type<?>> part : type.parts().entrySet()) {
        tables(path + part.getKey(), part.getValue(), out);
      }
      return;
    }
    out.append("### ").append(path.isEmpty() ? "The document" : "`" + path + "`").append("\n\n");
    out.append("| key | is | default | |\n|---|---|---|---|\n");
    for (Key<?, ?> key : shape.keys()) {
      out.append("| `").append(key.name()).append("` | ");
      out.append(cell(key.type().expected())).append(" | ");
      String shown = key.isRequired() ? "must be there" : key.shownDefault();
      boolean isWords = key.isRequired() || key.defaultText() != null;
      out.append(isWords ? shown : "`" + shown + "`").append(" | ");
      out.append(cell(key.description())).append(" |\n");
    }
    out.append('\n');
    for (Key<?, ?> key : shape.keys()) {
      tables(Reading.child(path, key.name()), key.type(), out);
    }
  }

  private static String cell(String text) {
    return text.replace("|", "\\|");
  }
}
