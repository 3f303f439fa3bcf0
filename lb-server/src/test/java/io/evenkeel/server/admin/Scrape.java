package io.evenkeel.server.admin;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a scrape says, read anew from its text by the rules of the format and by nothing of ours.
 *
 * @param values by name and labels
 * @param types by the names of families
 */
record Scrape(Map<Sample, Double> values, Map<String, String> types) {

  private static final Pattern LINE =
      Pattern.compile("([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(.*)})? (\\S+)");
  private static final Pattern LABEL =
      Pattern.compile("([a-zA-Z_][a-zA-Z0-9_]*)=\"((?:[^\"\\\\]|\\\\[\\\\\"n])*)\",?");

  /** A series. */
  record Sample(String name, Map<String, String> labels) {}

  static Scrape of(String text) {
    Map<Sample, Double> values = new LinkedHashMap<>();
    Map<String, String> types = new TreeMap<>();
    for (String line : text.split("\n", -1)) {
      if (line.startsWith("# TYPE ")) {
        String[] words = line.split(" ", -1);
        if (types.put(words[2], words[3]) != null) {
          throw new AssertionError("twice: " + line);
        }
      } else if (!line.isEmpty() && !line.startsWith("#")) {
        Matcher matcher = LINE.matcher(line);
        if (!matcher.matches()) {
          throw new AssertionError("no sample: " + line);
        }
        String labels = matcher.group(2) == null ? "" : matcher.group(2);
        Sample sample = new Sample(matcher.group(1), labels(labels));
        if (values.put(sample, Double.parseDouble(matcher.group(3).replace("Inf", "Infinity")))
            != null) {
          throw new AssertionError("twice: " + line);
        }
      }
    }
    return new Scrape(values, types);
  }

  private static Map<String, String> labels(String text) {
    Map<String, String> labels = new TreeMap<>();
    Matcher matcher = LABEL.matcher(text);
    int end = 0;
    while (matcher.find() && matcher.start() == end) {
      end = matcher.end();
      labels.put(matcher.group(1), unescape(matcher.group(2)));
    }
    if (end != text.length()) {
      throw new AssertionError("no labels: " + text);
    }
    return labels;
  }

  private static String unescape(String value) {
    StringBuilder plain = new StringBuilder();
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c == '\\') {
        i++;
        plain.append(value.charAt(i) == 'n' ? '\n' : value.charAt(i));
      } else {
        plain.append(c);
      }
    }
    return plain.toString();
  }

  /** The one of this name and these labels, given as name, value, name, value. */
  double value(String name, String... labels) {
    Map<String, String> wanted = new TreeMap<>();
    for (int i = 0; i < labels.length; i += 2) {
      wanted.put(labels[i], labels[i + 1]);
    }
    Double value = values.get(new Sample(name, wanted));
    if (value == null) {
      throw new AssertionError("no " + name + wanted);
    }
    return value;
  }

  /** All names of samples. */
  Set<String> names() {
    Set<String> names = new HashSet<>();
    values.keySet().forEach(sample -> names.add(sample.name()));
    return names;
  }

  /** How many series have this label with this value. */
  long count(String label, String value) {
    return values.keySet().stream()
        .filter(sample -> value.equals(sample.labels().get(label)))
        .count();
  }
}
