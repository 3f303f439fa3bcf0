package io.evenkeel.server.config;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.PrettyPrinter;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.core.util.Separators.Spacing;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** From maps, lists, texts and numbers to JSON and to YAML in one line. */
final class Trees {

  private static final JsonFactory FACTORY = new JsonFactory();

  /** What YAML reads as a text without quotes, whatever stands around it. */
  private static final Pattern PLAIN =
      Pattern.compile(
          "[A-Za-z_/][A-Za-z0-9_./%-]*(:[0-9]+)?|[0-9]{1,3}(\\.[0-9]{1,3}){3}(:[0-9]+)?");

  /** The same where no bracket is around it: a server with its weight. */
  private static final Pattern ALONE =
      Pattern.compile("[A-Za-z0-9][A-Za-z0-9.-]*:[0-9]+(,[a-z_]+=[A-Za-z0-9_.:-]*[A-Za-z0-9])+");

  private static final Pattern WORD =
      Pattern.compile("(?i)true|false|yes|no|on|null|y|n|[0-9]*\\.?[0-9]*(e[0-9]+)?");

  private static final Pattern DURATION_OR_SIZE = Pattern.compile("[0-9]+(ms|s|m|h|KiB|MiB|GiB)");

  private Trees() {}

  /** Without what may be left out. */
  static String json(Object value, boolean isPretty) {
    StringWriter out = new StringWriter();
    try (JsonGenerator json = FACTORY.createGenerator(out)) {
      if (isPretty) {
        DefaultIndenter lines = DefaultIndenter.SYSTEM_LINEFEED_INSTANCE.withLinefeed("\n");
        Separators separators =
            PrettyPrinter.DEFAULT_SEPARATORS.withObjectFieldValueSpacing(Spacing.AFTER);
        json.setPrettyPrinter(
            new DefaultPrettyPrinter(separators)
                .withArrayIndenter(lines)
                .withObjectIndenter(lines));
      }
      write(json, value);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // of a StringWriter: never
    }
    return out.toString();
  }

  private static void write(JsonGenerator json, Object value) throws IOException {
    if (value instanceof Map<?, ?> map) {
      json.writeStartObject();
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        String key = String.valueOf(entry.getKey());
        if (!(map instanceof Tree tree && tree.mayLeaveOut(key))) {
          json.writeFieldName(key);
          write(json, entry.getValue());
        }
      }
      json.writeEndObject();
    } else if (value instanceof List<?> list) {
      json.writeStartArray();
      for (Object item : list) {
        write(json, item);
      }
      json.writeEndArray();
    } else if (value instanceof Number number) {
      json.writeNumber(plain(number));
    } else if (value instanceof Boolean is) {
      json.writeBoolean(is);
    } else {
      json.writeString(String.valueOf(value));
    }
  }

  private static String plain(Number number) {
    return new BigDecimal(number.toString()).toPlainString();
  }

  /** In one line of YAML, without what may be left out; briefly where there is a brief text. */
  static String flow(@Nullable Object value) {
    return flow(value, true, false);
  }

  /**
   * The same.
   *
   * @param isBrief whether the value itself may be written briefly; its parts may be in any case
   * @param isAlone whether no bracket is around it, so that a comma ends nothing
   */
  static String flow(@Nullable Object value, boolean isBrief, boolean isAlone) {
    if (value instanceof Map<?, ?> map) {
      if (isBrief && map instanceof Tree tree && tree.brief() != null) {
        return isAlone && ALONE.matcher(tree.brief()).matches() ? tree.brief() : text(tree.brief());
      }
      StringJoiner all = new StringJoiner(", ", "{", "}");
      map.forEach(
          (key, item) -> {
            if (!(map instanceof Tree tree && tree.mayLeaveOut(String.valueOf(key)))) {
              all.add(text(String.valueOf(key)) + ": " + flow(item));
            }
          });
      return all.toString();
    }
    if (value instanceof List<?> list) {
      StringJoiner all = new StringJoiner(", ", "[", "]");
      list.forEach(item -> all.add(flow(item)));
      return all.toString();
    }
    if (value instanceof Number number) {
      return plain(number);
    }
    return value instanceof Boolean ? value.toString() : text(String.valueOf(value));
  }

  /**
   * An object in lines of YAML, of which the first begins where it stands and the others with
   * spaces; its lists and objects in lines, too, and theirs in one.
   */
  static String block(Map<?, ?> map, int spaces) {
    StringJoiner lines = new StringJoiner("\n" + " ".repeat(spaces));
    map.forEach(
        (key, value) -> {
          if (map instanceof Tree tree && tree.mayLeaveOut(String.valueOf(key))) {
            return;
          }
          String name = text(String.valueOf(key)) + ":";
          if (value instanceof List<?> list && !list.isEmpty()) {
            lines.add(name);
            list.forEach(item -> lines.add("  - " + flow(item, true, true)));
          } else {
            lines.add(name + " " + flow(value));
          }
        });
    return lines.toString();
  }

  /** A text in YAML: without quotes, where nothing else could be read. */
  static String text(String text) {
    boolean isPlain =
        (PLAIN.matcher(text).matches() && !WORD.matcher(text).matches())
            || DURATION_OR_SIZE.matcher(text).matches();
    return isPlain ? text : json(text, false);
  }
}
