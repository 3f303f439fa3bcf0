package io.evenkeel.server.config;

import io.evenkeel.server.config.ConfigFile.Format;
import io.evenkeel.server.config.Value.Entries;
import io.evenkeel.server.config.Value.Entry;
import io.evenkeel.server.config.Value.Items;
import io.evenkeel.server.config.Value.Scalar;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Changes a document by the difference of two trees. Goes down the document along both: where they
 * are equal the text stays, where both are objects or lists their parts are compared, and anything
 * else is written anew. A part of a block goes with its line, and with the comment at that line's
 * end; lines between parts stay.
 *
 * <p>The text is put together from each value's parts and from what is between them, so that no
 * offset changes under way. Whether the result says what it should is the caller's to find out.
 */
final class TextEdit {

  /** A part of an object or a list: from its key or dash to its value's end, and its comment's. */
  private record Part(
      @Nullable String key, int start, int valueStart, int valueEnd, int end, Value value) {}

  private static final Pattern COMMENT = Pattern.compile("[ \\t]*#[^\\r\\n]*");

  private final String text;
  private final Format format;
  private final String newline;
  private final @Nullable Value root;

  /** Within how many brackets it is. */
  private int flows;

  private boolean hasLostComments;

  TextEdit(String original, Format format) {
    this.text = original.startsWith("\uFEFF") ? original.substring(1) : original;
    this.format = format;
    this.newline = text.contains("\r\n") ? "\r\n" : "\n";
    this.root = Document.read(text, format, new Reading(null, null, name -> null));
  }

  /** The document with what differs changed where it stands. */
  String edit(Map<String, Object> before, Map<String, Object> after) {
    return whole(before, after, Integer.MAX_VALUE);
  }

  /** The document with each listener or balancer, or other section, that differs written anew. */
  String rewrite(Map<String, Object> before, Map<String, Object> after) {
    return whole(before, after, 2);
  }

  /** Whether comments between parts are gone, since whose they were nobody can tell. */
  boolean hasLostComments() {
    return hasLostComments;
  }

  private String whole(Object before, Object after, int depth) {
    Value value = Objects.requireNonNull(root);
    int end = end(value);
    return text.substring(0, value.place().start())
        + changed(value, before, after, depth)
        + text.substring(end);
  }

  /** What is to stand where the value does. */
  private String changed(Value value, Object before, Object after, int depth) {
    if (before.equals(after)) {
      return text.substring(value.place().start(), end(value));
    }
    if (depth > 0
        && value instanceof Entries entries
        && before instanceof Map<?, ?> was
        && after instanceof Map<?, ?> is) {
      return assembled(entries, parts -> entries(entries, was, is, depth - 1, parts));
    }
    if (depth > 0
        && value instanceof Items items
        && before instanceof List<?> was
        && after instanceof List<?> is
        && was.size() == items.values().size()) {
      return assembled(items, parts -> items(items, was, is, depth - 1, parts));
    }
    boolean isBlock = !(value instanceof Scalar) && !isFlow(value);
    return isBlock && after instanceof Map<?, ?> map && format == Format.YAML
        ? Trees.block(map, column(value))
        : anew(after, value instanceof Scalar);
  }

  /** In how many characters of its line a value stands. */
  private int column(Value value) {
    return value.place().start() - (text.lastIndexOf('\n', value.place().start() - 1) + 1);
  }

  private String anew(Object value, boolean isBrief) {
    if (format == Format.JSON) {
      String brief = isBrief && value instanceof Tree tree ? tree.brief() : null;
      return Trees.json(brief != null ? brief : value, false);
    }
    return Trees.flow(value, isBrief, flows == 0);
  }

  /**
   * Puts a value together. Between brackets a comment may belong to what is before it, or after it:
   * where parts come or go there, and there are comments, it is done once more without those.
   */
  private String assembled(Value value, Consumer<Assembly> parts) {
    boolean isFlow = isFlow(value);
    flows += isFlow ? 1 : 0;
    Assembly assembly = new Assembly(value, isFlow, false);
    parts.accept(assembly);
    if (assembly.isMisplacing()) {
      hasLostComments = true;
      assembly = new Assembly(value, isFlow, true);
      parts.accept(assembly);
    }
    flows -= isFlow ? 1 : 0;
    return assembly.toString();
  }

  private void entries(
      Entries entries, Map<?, ?> before, Map<?, ?> after, int depth, Assembly assembly) {
    for (Part part : parts(entries, assembly.isFlow)) {
      String key = Objects.requireNonNull(part.key());
      Object was = before.get(key);
      Object is = after.get(key);
      if (was == null && is == null) { // what says the default, or where a secret is
        assembly.keep(part, text.substring(part.valueStart(), part.valueEnd()));
      } else if (is == null) {
        assembly.drop(part);
      } else {
        assembly.keep(part, was == null ? anew(is, true) : changed(part.value(), was, is, depth));
      }
    }
    after.forEach(
        (key, is) -> {
          boolean isSaid =
              entries.values().containsKey(String.valueOf(key)) || is.equals(before.get(key));
          if (!isSaid && !(after instanceof Tree tree && tree.mayLeaveOut(String.valueOf(key)))) {
            String name = String.valueOf(key);
            String written = format == Format.JSON ? Trees.json(name, false) : Trees.text(name);
            assembly.add(written + ": " + anew(is, false));
          }
        });
  }

  private void items(Items items, List<?> before, List<?> after, int depth, Assembly assembly) {
    boolean isFlow = assembly.isFlow;
    Map<Object, Object> wanted = new LinkedHashMap<>();
    after.forEach(item -> wanted.put(identity(item), item));
    boolean areTexts = items.values().stream().allMatch(item -> item instanceof Scalar);
    List<Part> parts = parts(items, isFlow);
    for (int i = 0; i < parts.size(); i++) {
      Object was = before.get(i);
      Object is = wanted.remove(identity(was));
      if (is == null) {
        assembly.drop(parts.get(i));
      } else {
        assembly.keep(parts.get(i), changed(parts.get(i).value(), was, is, depth));
      }
    }
    wanted.values().forEach(item -> assembly.add((isFlow ? "" : "- ") + anew(item, areTexts)));
  }

  /** What makes an item of a list the same one: a server's id. */
  private static Object identity(Object item) {
    if (item instanceof Map<?, ?> map) {
      Object id = map.get("id");
      return id != null ? id : map.get("host") + ":" + map.get("port");
    }
    return item;
  }

  private boolean isFlow(Value value) {
    int start = value.place().start();
    return start < text.length() && (text.charAt(start) == '{' || text.charAt(start) == '[');
  }

  private List<Part> parts(Value value, boolean isFlow) {
    List<Part> parts = new ArrayList<>();
    if (value instanceof Entries entries) {
      for (Map.Entry<String, Entry> entry : entries.values().entrySet()) {
        Entry place = entry.getValue();
        parts.add(part(entry.getKey(), place.key().start(), place.value(), isFlow));
      }
    } else if (value instanceof Items items) {
      for (Value item : items.values()) {
        int start = item.place().start();
        parts.add(part(null, isFlow ? start : dash(start), item, isFlow));
      }
    }
    return parts;
  }

  private Part part(@Nullable String key, int start, Value value, boolean isFlow) {
    int end = end(value);
    return new Part(
        key, start, value.place().start(), end, isFlow ? end : behindComment(end), value);
  }

  /** The dash before an item of a block. */
  private int dash(int start) {
    int dash = text.lastIndexOf('-', start - 1);
    return dash < 0 ? start : dash;
  }

  /** Behind a comment in the same line. */
  private int behindComment(int end) {
    int i = end;
    while (i < text.length() && (text.charAt(i) == ' ' || text.charAt(i) == '\t')) {
      i++;
    }
    if (i == end || i >= text.length() || text.charAt(i) != '#') {
      return end;
    }
    while (i < text.length() && text.charAt(i) != '\n' && text.charAt(i) != '\r') {
      i++;
    }
    return i;
  }

  /**
   * Where a value ends. Of a block the parser says where the next token begins, which may be lines
   * of comments later: it ends with its last part. Of a text in lines it counts the empty ones.
   */
  private int end(Value value) {
    if (value instanceof Scalar || isFlow(value)) {
      int end = value.place().end();
      while (end > value.place().start() && Character.isWhitespace(text.charAt(end - 1))) {
        end--;
      }
      return end;
    }
    List<Part> parts = parts(value, false);
    return parts.isEmpty() ? value.place().end() : parts.get(parts.size() - 1).end();
  }

  /** Puts a value's text together, part by part. */
  private final class Assembly {

    private final boolean isFlow;
    private final int start;
    private final int closer;
    private final int column;
    private final StringBuilder out = new StringBuilder();
    private final int firstLength;
    private int count;

    /** Behind the last part that was kept or dropped. */
    private int at;

    /** Whether the last part was dropped. */
    private boolean hasDropped;

    private @Nullable String separator;

    private final boolean isWithoutComments;
    private boolean hasComments;
    private boolean hasMoved;

    Assembly(Value value, boolean isFlow, boolean isWithoutComments) {
      this.isFlow = isFlow;
      this.isWithoutComments = isWithoutComments;
      this.start = value.place().start();
      this.closer = isFlow ? end(value) - 1 : end(value);
      this.column = isFlow ? 0 : column(value);
      if (isFlow) {
        out.append(text.charAt(start));
      }
      this.at = isFlow ? start + 1 : start;
      this.firstLength = out.length();
    }

    private String gap(Part part) {
      return between(Math.min(at, part.start()), part.start());
    }

    /** What stands there between parts. */
    private String between(int from, int to) {
      String gap = text.substring(from, to);
      hasComments |= gap.indexOf('#') >= 0;
      return isWithoutComments ? COMMENT.matcher(gap).replaceAll("") : gap;
    }

    /** Whether parts came or went where comments are in their gaps. */
    boolean isMisplacing() {
      String unused = between(Math.min(at, closer), closer);
      return isFlow && hasMoved && hasComments;
    }

    void keep(Part part, String value) {
      String gap = gap(part);
      if (isFlow) {
        if (count == 0 && hasDropped) {
          gap = opening(); // and not the comma behind what was dropped
        }
        if (count > 0 && separator == null) {
          separator = gap;
        }
      } else if (hasDropped) {
        gap = behindFirstLine(gap);
      }
      if (!isFlow && out.length() == firstLength) {
        gap = gap.stripLeading();
      }
      out.append(gap);
      out.append(text, part.start(), part.valueStart());
      if (part.valueStart() == part.valueEnd() && !value.isEmpty()) {
        out.append(' '); // there was nothing behind the colon
      }
      out.append(value).append(text, part.valueEnd(), part.end());
      at = part.end();
      hasDropped = false;
      count++;
    }

    void drop(Part part) {
      hasMoved = true;
      String gap = gap(part);
      if (!isFlow) {
        String kept = hasDropped ? behindFirstLine(gap) : gap;
        // Up to the line that goes: comments above it stay.
        int line = kept.lastIndexOf('\n');
        out.append(kept, 0, Math.max(0, line + 1));
      }
      at = part.end();
      hasDropped = true;
    }

    private String behindFirstLine(String gap) {
      int line = gap.indexOf('\n');
      return line < 0 ? gap : gap.substring(line + 1);
    }

    void add(String part) {
      hasMoved = true;
      if (isFlow) {
        if (count > 0) {
          out.append(separator != null ? separator : separatorByFirst());
        }
      } else {
        if (out.length() > 0) {
          trimEnd();
          out.append(newline).append(" ".repeat(column));
        }
      }
      out.append(part);
      count++;
    }

    private void trimEnd() {
      int length = out.length();
      while (length > 0 && Character.isWhitespace(out.charAt(length - 1))) {
        length--;
      }
      out.setLength(length);
    }

    private String separatorByFirst() {
      String gap = opening();
      return gap.contains("\n") ? "," + gap : ", ";
    }

    /** What stands between the bracket and the first part. */
    private String opening() {
      int i = start + 1;
      while (i < closer && Character.isWhitespace(text.charAt(i))) {
        i++;
      }
      return text.substring(start + 1, i);
    }

    /** What stands before the closing bracket. */
    private String closing() {
      if (count == 0) {
        return "";
      }
      if (!hasDropped) {
        return between(Math.min(at, closer), closer);
      }
      int i = closer;
      while (i > start + 1 && Character.isWhitespace(text.charAt(i - 1))) {
        i--;
      }
      return text.substring(i, closer);
    }

    @Override
    public String toString() {
      if (isFlow) {
        return out + closing() + text.charAt(closer);
      }
      if (hasDropped) {
        trimEnd();
      }
      return out.toString();
    }
  }
}
