package io.evenkeel.server.admin;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.evenkeel.server.admin.HttpProblem.Fault;
import io.evenkeel.server.config.Spelling;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the object in a request may say: from it a body is checked, and the same is shown as its
 * schema, so that these two cannot differ. Immutable.
 *
 * @param name of the schema
 * @param fields all that there may be
 */
record Form(String name, List<Field> fields) {

  /** The longest text. */
  private static final int LONGEST = 255;

  /** The most faults that are told at once. */
  private static final int MOST_FAULTS = 20;

  /** The most entries of a map. */
  private static final int MOST_ENTRIES = 64;

  enum Kind {
    INTEGER,
    TEXT,
    CHOICE,
    /** Texts by texts. */
    MAP
  }

  /**
   * One key.
   *
   * @param least of an integer
   * @param most of an integer
   * @param choices of a choice
   * @param nullable whether null is allowed, and means none
   */
  record Field(
      String key,
      Kind kind,
      long least,
      long most,
      List<String> choices,
      boolean required,
      boolean nullable,
      String meaning) {

    static Field integer(String key, long least, long most, String meaning) {
      return new Field(key, Kind.INTEGER, least, most, List.of(), false, false, meaning);
    }

    static Field text(String key, String meaning) {
      return new Field(key, Kind.TEXT, 1, LONGEST, List.of(), false, false, meaning);
    }

    static Field choice(String key, List<String> choices, String meaning) {
      return new Field(key, Kind.CHOICE, 0, 0, choices, false, false, meaning);
    }

    static Field map(String key, String meaning) {
      return new Field(key, Kind.MAP, 0, MOST_ENTRIES, List.of(), false, false, meaning);
    }

    Field asRequired() {
      return new Field(key, kind, least, most, choices, true, nullable, meaning);
    }

    Field orNull() {
      return new Field(key, kind, least, most, choices, required, true, meaning);
    }

    /** What is wrong with a value; null if nothing is. */
    private @Nullable String complaint(JsonNode value) {
      if (nullable && value.isNull()) {
        return null;
      }
      boolean good =
          switch (kind) {
            case INTEGER ->
                value.isIntegralNumber()
                    && value.canConvertToLong()
                    && value.longValue() >= least
                    && value.longValue() <= most;
            case TEXT -> value.isTextual() && isLine(value.textValue());
            case CHOICE -> value.isTextual() && choices.contains(value.textValue());
            case MAP -> isMap(value);
          };
      return good ? null : shown(value) + " (expected: " + expected() + ")";
    }

    private String expected() {
      String what =
          switch (kind) {
            case INTEGER -> least + " to " + most;
            case TEXT -> "a text of 1 to " + LONGEST + " characters, none of them a control one";
            case CHOICE -> String.join(", ", choices);
            case MAP ->
                "an object of at most "
                    + MOST_ENTRIES
                    + " texts of at most "
                    + LONGEST
                    + " characters, none of them a control one";
          };
      return nullable ? what + ", or null" : what;
    }

    private static boolean isLine(String text) {
      return !text.isBlank()
          && text.length() <= LONGEST
          && text.codePoints().noneMatch(Field::isUnfit);
    }

    /** What no line, no path and no page can show: control characters, halves of characters. */
    private static boolean isUnfit(int codePoint) {
      return Character.isISOControl(codePoint)
          || (codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE);
    }

    private static boolean isMap(JsonNode value) {
      if (!value.isObject() || value.size() > MOST_ENTRIES) {
        return false;
      }
      for (Map.Entry<String, JsonNode> entry : value.properties()) {
        JsonNode text = entry.getValue();
        if (!isLine(entry.getKey())
            || !text.isTextual()
            || !(text.textValue().isEmpty() || isLine(text.textValue()))) {
          return false;
        }
      }
      return true;
    }

    private ObjectNode schema() {
      ObjectNode schema = JsonNodeFactory.instance.objectNode();
      String type =
          switch (kind) {
            case INTEGER -> "integer";
            case TEXT, CHOICE -> "string";
            case MAP -> "object";
          };
      if (nullable) {
        schema.putArray("type").add(type).add("null");
      } else {
        schema.put("type", type);
      }
      schema.put("description", meaning);
      switch (kind) {
        case INTEGER -> schema.put("minimum", least).put("maximum", most);
        case TEXT -> schema.put("minLength", least).put("maxLength", most);
        case CHOICE -> {
          ArrayNode names = schema.putArray("enum");
          choices.forEach(names::add);
        }
        default -> // MAP
            schema
                .put("maxProperties", most)
                .putObject("additionalProperties")
                .put("type", "string")
                .put("maxLength", LONGEST);
      }
      return schema;
    }
  }

  /** Immutable, whatever list that is. */
  Form {
    fields = List.copyOf(fields);
  }

  /** What a good body says, by key; absent what it does not name. */
  static final class Values {
    private final Map<String, JsonNode> values = new LinkedHashMap<>();

    boolean has(String key) {
      return values.containsKey(key);
    }

    /** Of a null, 0. */
    Optional<Integer> integer(String key) {
      return Optional.ofNullable(values.get(key)).map(JsonNode::intValue);
    }

    /** Of a null, nothing: see {@link #has}. */
    Optional<String> text(String key) {
      return Optional.ofNullable(values.get(key)).map(JsonNode::textValue);
    }

    Map<String, String> map(String key) {
      Map<String, String> map = new LinkedHashMap<>();
      JsonNode object = values.get(key);
      if (object != null) {
        object.properties().forEach(e -> map.put(e.getKey(), e.getValue().textValue()));
      }
      return map;
    }

    /** As JSON has them. */
    @Override
    public String toString() {
      return values.toString();
    }
  }

  /**
   * Reads a body.
   *
   * @throws HttpProblem that names all that is wrong
   */
  Values read(byte[] body) throws HttpProblem {
    ObjectNode object = JsonBody.object(body);
    List<Fault> faults = new ArrayList<>();
    Values values = new Values();
    for (Map.Entry<String, JsonNode> entry : object.properties()) {
      Optional<Field> field = field(entry.getKey());
      if (field.isEmpty()) {
        faults.add(Fault.at(pointer(entry.getKey()), unknown(entry.getKey())));
        continue;
      }
      String complaint = field.get().complaint(entry.getValue());
      if (complaint == null) {
        values.values.put(entry.getKey(), entry.getValue());
      } else {
        faults.add(Fault.at(pointer(entry.getKey()), complaint));
      }
    }
    for (Field field : fields) {
      if (field.required() && !object.has(field.key())) {
        faults.add(Fault.at(pointer(field.key()), "missing (expected: " + field.expected() + ")"));
      }
    }
    if (!faults.isEmpty()) {
      throw HttpProblem.of(422, faults.subList(0, Math.min(faults.size(), MOST_FAULTS)));
    }
    return values;
  }

  private Optional<Field> field(String key) {
    return fields.stream().filter(field -> field.key().equals(key)).findFirst();
  }

  private String unknown(String key) {
    List<String> keys = fields.stream().map(Field::key).toList();
    String near = Spelling.nearest(key, keys);
    return "unknown key"
        + (near == null ? "" : ", did you mean " + near + "?")
        + " (expected: "
        + String.join(", ", keys)
        + ")";
  }

  private static String pointer(String key) {
    return "/" + LogText.clean(key).replace("~", "~0").replace("/", "~1");
  }

  /** A value that was wrong, short. */
  private static String shown(JsonNode value) {
    String text = LogText.clean(value.toString());
    return text.length() <= 60 ? text : text.substring(0, 60) + "...";
  }

  ObjectNode schema() {
    ObjectNode schema =
        JsonNodeFactory.instance
            .objectNode()
            .put("type", "object")
            .put("additionalProperties", false);
    ObjectNode properties = schema.putObject("properties");
    ArrayNode required = JsonNodeFactory.instance.arrayNode();
    for (Field field : fields) {
      properties.set(field.key(), field.schema());
      if (field.required()) {
        required.add(field.key());
      }
    }
    if (!required.isEmpty()) {
      schema.set("required", required);
    }
    return schema;
  }
}
