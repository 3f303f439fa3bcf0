package io.evenkeel.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.evenkeel.server.config.ConfigFile.Format;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The schema takes what the reader takes, and refuses what it can; the docs have its tables. */
class ConfigSchemaTest {

  private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());
  private static final JsonNode SCHEMA = schema();

  private static JsonNode schema() {
    try {
      return new ObjectMapper().readTree(ConfigSchema.json());
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  static List<Path> examples() throws IOException {
    return Examples.all();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("examples")
  void takesTheExamples(Path file) throws IOException {
    assertThat(wrong(SCHEMA, YAML.readTree(Files.readString(file)), "")).isEmpty();
  }

  @Property(tries = 200)
  void takesWhatTheReaderTakes_asWrittenByHand_andByTheWriter(@ForAll long seed) throws Exception {
    String text = new Documents(seed).next();
    Config config = ConfigFile.parse(text, Format.YAML, null);
    assertThat(wrong(SCHEMA, YAML.readTree(text), "")).as(text).isEmpty();
    String json = ConfigWriter.json(config);
    assertThat(wrong(SCHEMA, YAML.readTree(json), "")).as(json).isEmpty();
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(
      strings = {
        "{}",
        "[]",
        "{listeners: {}, balancers: {}}",
        "GOOD, drian: 1s}",
        "GOOD, drain: 1}",
        "GOOD, drain: 1 s}",
        "GOOD, watch: 1}",
        "GOOD, summary: never}",
        "GOOD, admin: maybe}",
        "GOOD, admin: {tokens: {a: {role: root, token: 0123456789abcdef}}}}",
        "GOOD, admin: {tokens: {a: {token: short}}}}",
        "GOOD, admin: {tokens: {'a b': {token: 0123456789abcdef}}}}",
        "{listeners: {w: {address: here}}, balancers: {w: {servers: ['a:1']}}}",
        "{listeners: {w: {address: 'a:1', event_loops: 0}}, balancers: {w: {servers: ['a:1']}}}",
        "{listeners: {w: {address: 'a:1', read_buffer: 1MB}}, balancers: {w: {servers: ['a:1']}}}",
        "{listeners: {w: {address: 'a:1', low_water: -1}}, balancers: {w: {servers: ['a:1']}}}",
        "LISTENER balancers: {w: {servers: [a]}}}",
        "LISTENER balancers: {w: {servers: [{host: a}]}}}",
        "LISTENER balancers: {w: {servers: [{host: a, port: 65536}]}}}",
        "LISTENER balancers: {w: {servers: [{host: a, port: 1, id: 7}]}}}",
        "LISTENER balancers: {w: {servers: ['a:1'], selector: fastest}}}",
        "LISTENER balancers: {w: {servers: ['a:1'], selector: {name: random, size: 1}}}}",
        "LISTENER balancers: {w: {servers: ['a:1'], health: http}}}",
        "LISTENER balancers: {w: {servers: ['a:1'], health: {http: x}}}}",
        "LISTENER balancers: {w: {servers: ['a:1'], health: {jitter: 1.5}}}}",
        "LISTENER balancers: {w: {servers: ['a:1'], ejection: {failure_share: {count: 1}}}}}",
        "LISTENER balancers: {w: {servers: ['a:1'], breaker: {trials: 0}}}}",
        "LISTENER balancers: {w: {servers: ['a:1'], panic_threshold: 50%}}}",
      })
  void refuses_asTheReaderDoes(String text) throws IOException {
    String listener = "{listeners: {w: {address: 'a:1'}},";
    String whole =
        text.replace("GOOD", listener + " balancers: {w: {servers: ['a:1']}}")
            .replace("LISTENER", listener);
    assertThat(wrong(SCHEMA, YAML.readTree(whole), "")).isNotEmpty();
    assertThatThrownBy(() -> ConfigFile.parse(whole, Format.YAML, null))
        .isInstanceOf(ConfigException.class);
  }

  @Test
  void isOfTheDraftThatItSays_andUsesNoWordThatThisTestDoesNotKnow() {
    assertThat(SCHEMA.path("$schema").asText())
        .isEqualTo("https://json-schema.org/draft/2020-12/schema");
    assertThat(ExamplesTest.keys(ConfigSchema.schema(), "")).hasSizeGreaterThan(80);
  }

  @Test
  void itsPatternsAreOfEcma262() {
    List<String> patterns =
        SCHEMA.findValues("pattern").stream()
            .filter(JsonNode::isTextual)
            .map(JsonNode::asText)
            .toList();
    assertThat(patterns).hasSizeGreaterThan(20);
    for (String pattern : patterns) {
      String plain = pattern.replaceAll("\\\\.", "x").replaceAll("\\[[^\\]]*]", "x");
      assertThat(plain).as(pattern).doesNotContainPattern("\\(\\?[^:]");
      assertThat(plain).as("possessive: " + pattern).doesNotContainPattern("[*+?}]\\+");
      assertThat(pattern).doesNotContainPattern("\\\\[^dDwWsSnrtx.()\\[\\]\\\\]");
    }
  }

  @Test
  void theDocsHaveItsTables() throws IOException {
    String docs = Files.readString(Path.of("..", "docs", "config.md"));
    assertThat(docs).contains(ConfigSchema.tables().strip());
  }

  /** What of a document a schema does not take: as much of draft 2020-12 as ours makes use of. */
  private static List<String> wrong(JsonNode schema, JsonNode value, String path) {
    List<String> wrong = new ArrayList<>();
    for (Map.Entry<String, JsonNode> word : schema.properties()) {
      JsonNode says = word.getValue();
      boolean isFine =
          switch (word.getKey()) {
            case "$schema", "title", "description" -> true;
            case "type" -> isOfType(says, value);
            case "enum" -> contains(says, value);
            case "pattern" ->
                !value.isTextual() || Pattern.compile(says.asText()).matcher(value.asText()).find();
            case "minimum" -> !value.isNumber() || value.asDouble() >= says.asDouble();
            case "maximum" -> !value.isNumber() || value.asDouble() <= says.asDouble();
            case "minProperties" -> !value.isObject() || value.size() >= says.asInt();
            case "anyOf" -> anyOf(says, value, path);
            case "items" -> {
              for (int i = 0; value.isArray() && i < value.size(); i++) {
                wrong.addAll(wrong(says, value.get(i), path + "[" + i + "]"));
              }
              yield true;
            }
            case "required" -> {
              boolean hasAll = true;
              for (JsonNode name : says) {
                hasAll &= !value.isObject() || value.has(name.asText());
              }
              yield hasAll;
            }
            case "propertyNames" -> {
              value
                  .fieldNames()
                  .forEachRemaining(
                      name ->
                          wrong.addAll(
                              wrong(
                                  says, YAML.getNodeFactory().textNode(name), path + "." + name)));
              yield true;
            }
            case "properties" -> {
              says.properties()
                  .forEach(
                      property -> {
                        if (value.has(property.getKey())) {
                          wrong.addAll(
                              wrong(
                                  property.getValue(),
                                  value.get(property.getKey()),
                                  path + "." + property.getKey()));
                        }
                      });
              yield true;
            }
            case "additionalProperties" -> {
              value
                  .properties()
                  .forEach(
                      field -> {
                        if (!schema.path("properties").has(field.getKey())) {
                          if (says.isBoolean()) {
                            wrong.add(path + "." + field.getKey() + ": unknown");
                          } else {
                            wrong.addAll(
                                wrong(says, field.getValue(), path + "." + field.getKey()));
                          }
                        }
                      });
              yield true;
            }
            default -> throw new AssertionError("a word that this test does not know: " + word);
          };
      if (!isFine) {
        wrong.add(path + ": " + word.getKey() + " of " + value);
      }
    }
    return wrong;
  }

  private static boolean anyOf(JsonNode choices, JsonNode value, String path) {
    for (JsonNode choice : choices) {
      if (wrong(choice, value, path).isEmpty()) {
        return true;
      }
    }
    return false;
  }

  private static boolean contains(JsonNode list, JsonNode value) {
    for (JsonNode one : list) {
      if (one.equals(value)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isOfType(JsonNode type, JsonNode value) {
    if (type.isArray()) {
      for (JsonNode one : type) {
        if (isOfType(one, value)) {
          return true;
        }
      }
      return false;
    }
    return switch (type.asText()) {
      case "object" -> value.isObject();
      case "array" -> value.isArray();
      case "string" -> value.isTextual();
      case "boolean" -> value.isBoolean();
      case "integer" -> value.isIntegralNumber();
      case "number" -> value.isNumber();
      default -> throw new AssertionError(type);
    };
  }
}
